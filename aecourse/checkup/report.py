"""What `checkup` returns: findings as a frame and a table, and the numbers for one figure."""

from dataclasses import dataclass
from html import escape

import numpy as np
import pandas as pd

from aecourse.checkup.findings import FINE, LOOK, NOT_CHECKED, SERIOUS

__all__ = ["Report"]

ORDER = (SERIOUS, LOOK, FINE, NOT_CHECKED)


@dataclass(frozen=True, eq=False, repr=False)
class Report:
    """Findings on one model; shown as a table at the end of a notebook's cell.

    Attributes
    ----------
    findings : DataFrame
        One row per check, the worst first: `check`, `severity` ("serious", "worth a look", "fine", "not checked"),
        `finding`, `evidence`, `advice`, and `numbers`, a dict of the numbers in the evidence.
    losses : DataFrame
        What was compared: `method`, `part`, `mse`, and `low` and `high`, a 99 % interval over rows; in squared units
        of the input, mean over values.
    spectrum : ndarray
        Variances along the principal axes of the standardised code, as shares of their sum.
    code_layer : str
        Layer that was taken for the code.
    by_name : bool
        Whether it is called `code`; else it is the narrowest.
    """

    findings: pd.DataFrame
    losses: pd.DataFrame
    spectrum: np.ndarray
    code_layer: str
    by_name: bool

    @property
    def problems(self) -> pd.DataFrame:
        """The rows of `findings` that are serious or worth a look."""
        return self.findings[self.findings["severity"].isin([SERIOUS, LOOK])]

    @property
    def picture(self) -> dict:
        """What `plots.plot_checkup` draws, by its arguments' names."""
        rank = self.numbers("units").get("effective_rank", 0.0)
        return {"losses": self.losses, "spectrum": self.spectrum, "effective_rank": rank}

    def numbers(self, check) -> dict:
        """The numbers of one check, by its name in `findings`."""
        return self.findings.set_index("check")["numbers"].to_dict()[check]

    def _headline(self):
        counts = self.findings["severity"].value_counts()
        told = ", ".join(f"{counts[severity]} {severity}" for severity in ORDER if severity in counts)
        taken = "by its name" if self.by_name else "the narrowest"
        return f"{len(self.findings)} checks: {told}. Code: layer {self.code_layer!r}, {taken}."

    def __repr__(self):
        lines = [self._headline()]
        for row in self.findings.itertuples():
            lines.append(
                f"{row.severity.upper() if row.severity == SERIOUS else row.severity} | {row.check}: {row.finding}"
            )
            if row.severity in (SERIOUS, LOOK):
                lines += [f"    {text}" for text in (row.evidence, row.advice) if text]
        return "\n".join(lines)

    def _repr_html_(self):
        rest = self.findings.drop(self.problems.index)
        parts = [f"<p>{escape(self._headline())}</p>"]
        if len(self.problems):
            parts.append(_html_table(self.problems))
        if len(rest):
            names = ", ".join(rest["check"])
            parts.append(f"<details><summary>Nothing found: {escape(names)}</summary>{_html_table(rest)}</details>")
        return f'<div class="checkup">{"".join(parts)}</div>'


def _html_table(findings):
    rows = "".join(_html_row(row) for row in findings.itertuples())
    head = "<tr><th>severity</th><th>check</th><th>finding, evidence, what to do</th></tr>"
    return f'<table class="checkup"><thead>{head}</thead><tbody>{rows}</tbody></table>'


def _html_row(row):
    """A problem is told in full; of what is well, the evidence is enough."""
    is_problem = row.severity in (SERIOUS, LOOK)
    finding = f"<strong>{escape(row.finding)}</strong>" if is_problem else escape(row.finding)
    lines = [finding, *(f"<small>{escape(text)}</small>" for text in [row.evidence] if text)]
    lines += [escape(row.advice)] if row.advice else []
    severity = f"<strong>{row.severity}</strong>" if row.severity == SERIOUS else row.severity
    return f"<tr><td>{severity}</td><td>{escape(row.check)}</td><td>{'<br>'.join(lines)}</td></tr>"
