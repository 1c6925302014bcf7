"""The ledger: every claim of the tutorials with what would decide it, read from `book/claims.yml`."""

from dataclasses import MISSING, dataclass, fields
from pathlib import Path

import yaml

from aecourse._checks import check_choice, check_int, check_real, received

__all__ = ["CLAIMED", "LEDGER", "VERDICTS", "Claim", "Ledger", "Source", "load_ledger"]

LEDGER = "claims.yml"
# pyproject.toml puts it there in a wheel; a checkout has it in `book` alone.
INSTALLED = Path(__file__).with_name(LEDGER)
VERDICTS = ("held", "did not hold", "reversed", "too close to call")
CLAIMED = ("higher", "lower", "same")


@dataclass(frozen=True)
class Claim:
    """One claim, made measurable.

    >>> claim = Claim(
    ...     id="mine",
    ...     sentence="A linear output rebuilds wine better than a sigmoid.",
    ...     measure="validation reconstruction loss after 100 epochs",
    ...     unit="MSE per value, standardised",
    ...     treatment="linear output",
    ...     control="sigmoid output",
    ...     claimed="lower",
    ...     smallest=0.05,
    ... )
    >>> claim.claimed, claim.verdict
    ('lower', None)

    The claim says that the measure of `treatment` is, by at least `smallest`, higher or lower than that of `control`;
    or the same, which is to say that they differ by less than `smallest`. A claim about a single arm ("accuracy
    starts at 10 %") has a number instead of the control, its `reference`; one about a range of values ("between 8 and
    12 %") is a claim of "same" with the range's middle as `reference` and half its width as `smallest`.

    Attributes
    ----------
    id : str
        Name of the claim, such as "t1-6a": its source, its number there, and a letter where it takes several measures.
    sentence : str
        The claim in our own words.
    measure, unit : str
        What is measured, one number per seed, and its unit.
    treatment, control : str
        The two arms; `control` is None where there is one arm and a `reference`.
    claimed : {"higher", "lower", "same"}
        How the treatment compares with the control, if the claim is right.
    smallest : float, above 0
        The smallest difference that would matter, in units of the measure.
    reference : float, optional
        The number that a claim about one arm names.
    source, number : str and int, optional
        Key of the tutorial among the ledger's sources, and the number of the claim there.
    smallest_because, refuted_by : str
        Why no smaller difference would matter; what result would refute the claim.
    chapter : str
        Page that computes it, by its file name without suffix.
    label : str
        The claim in a few words, for figures.
    verdict : {"held", "did not hold", "reversed", "too close to call"} or None
        What the ledger says came out; None for a claim outside of it.
    why : str
        The cause that the controls found, in one line.
    """

    id: str
    sentence: str
    measure: str
    unit: str
    treatment: str
    claimed: str
    smallest: float
    control: str | None = None
    reference: float | None = None
    source: str | None = None
    number: int | None = None
    smallest_because: str = ""
    refuted_by: str = ""
    chapter: str = ""
    label: str = ""
    verdict: str | None = None
    why: str = ""

    def __post_init__(self):
        for name in ("id", "sentence", "measure", "unit", "treatment"):
            _check_text(name, getattr(self, name))
        for name in ("smallest_because", "refuted_by", "chapter", "label", "why"):
            _check_text(name, getattr(self, name), may_be_empty=True)
        check_choice("claimed", self.claimed, CLAIMED)
        object.__setattr__(self, "smallest", check_real("smallest", self.smallest, above=0, hint=_float_hint(self)))
        if (self.control is None) == (self.reference is None):
            raise ValueError(
                "`control` must name the other arm, or `reference` the number that one arm is held against, and not "
                f"both. Received: control={self.control!r}, reference={self.reference!r}."
            )
        if self.control is not None:
            _check_text("control", self.control)
        else:
            object.__setattr__(self, "reference", check_real("reference", self.reference))
        if self.number is not None:
            check_int("number", self.number, minimum=1)
        if self.verdict is not None:
            check_choice("verdict", self.verdict, VERDICTS)

    @property
    def other_arm(self) -> str:
        """The control, or the reference as text."""
        return self.control if self.reference is None else f"{self.reference:g}"


@dataclass(frozen=True)
class Source:
    """A tutorial, with what it did and claims as numbered facts, in our words."""

    author: str
    title: str
    year: int
    where: str
    cite: str
    facts: dict[str, str]
    claims: dict[int, str]

    def __post_init__(self):
        for name in ("author", "title", "where", "cite"):
            _check_text(name, getattr(self, name))
        check_int("year", self.year, minimum=1900)
        for name, of_key in (("facts", str), ("claims", int)):
            value = getattr(self, name)
            if not isinstance(value, dict) or not value:
                raise TypeError(f"`{name}` must map {of_key.__name__} to text. {received(name, value)}")
            for key, text in value.items():
                if not isinstance(key, of_key):
                    raise TypeError(f"`{name}` must have keys of type {of_key.__name__}. {received('key', key)}")
                _check_text(f"{name}[{key!r}]", text)


@dataclass(frozen=True)
class Ledger:
    """All sources and claims of one file; `ledger["t1-1"]` is a claim.

    Attributes
    ----------
    path : Path
    sources : dict of str to Source
    claims : dict of str to Claim
        By id, in the order of the file.
    chapters_to_come : tuple of str
        Chapters that don't compute their claims yet.
    """

    path: Path
    sources: dict[str, Source]
    claims: dict[str, Claim]
    chapters_to_come: tuple[str, ...] = ()

    def __getitem__(self, claim_id) -> Claim:
        if claim_id not in self.claims:
            known = ", ".join(self.claims)
            raise ValueError(f"`claim` must be one of {known}. {received('claim', claim_id)}")
        return self.claims[claim_id]


def load_ledger(path=None) -> Ledger:
    """Read the ledger and check every field of it.

    >>> ledger = load_ledger()
    >>> ledger["t1-8a"].claimed
    'same'

    Parameters
    ----------
    path : str or Path, optional
        The file. By default `claims.yml` or `book/claims.yml` in the working directory, or else in the nearest folder
        above it that has one: a notebook finds it beside itself, a script from anywhere in the checkout. Where there
        is no checkout, as in Colab, the copy that was installed with the package.

    Raises
    ------
    FileNotFoundError
        If there is none.
    TypeError, ValueError
        If a field is missing, unknown or wrong; the message names the file, the entry and the field.
    """
    path = _find_ledger() if path is None else Path(path)
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise ValueError(f"{path} must be YAML. Received: {error}") from error
    expected = {"sources": dict, "claims": list, "chapters_to_come": list}
    if not isinstance(content, dict) or set(content) - set(expected) or not {"sources", "claims"} <= set(content):
        keys = list(content) if isinstance(content, dict) else type(content).__name__
        raise ValueError(f"{path} must hold `sources` and `claims`, and may hold `chapters_to_come`. Received: {keys}.")
    for key, kind in expected.items():
        if not isinstance(content.get(key, kind()), kind):
            raise TypeError(f"{path}: `{key}` must be a {kind.__name__}. {received(key, content[key])}")
    sources = {key: _read(Source, entry, f"{path}, source {key!r}") for key, entry in content["sources"].items()}
    claims = {}
    for position, entry in enumerate(content["claims"], start=1):
        name = entry.get("id", f"number {position}") if isinstance(entry, dict) else f"number {position}"
        where = f"{path}, claim {name!r}"
        claim = _read(Claim, entry, where)
        if claim.id in claims:
            raise ValueError(f"{where}: `id` must not stand in the ledger twice.")
        _check_place(claim, sources, where)
        claims[claim.id] = claim
    return Ledger(path, sources, claims, tuple(content.get("chapters_to_come", ())))


def _find_ledger():
    here = Path.cwd()
    for folder in (here, *here.parents):
        for path in (folder / LEDGER, folder / "book" / LEDGER):
            if path.is_file():
                return path
    if INSTALLED.is_file():
        return INSTALLED
    raise FileNotFoundError(
        f"No {LEDGER} in {here}, in a folder above it, or in `book` there. Run in a checkout of the course, name the "
        "file in load_ledger(path), or pass `verdict` a Claim of your own."
    )


def _read(record, entry, where):
    """An entry of the file as a record, its errors prefixed with where it stands."""
    if not isinstance(entry, dict):
        raise TypeError(f"{where}: must be fields with values. Received: {type(entry).__name__}.")
    known = {field.name: field.default for field in fields(record)}
    unknown = [name for name in entry if name not in known]
    # Of a claim in the ledger every field has to be filled, but for the one that the other arm makes superfluous.
    missing = [name for name in known if entry.get(name) is None and name not in ("control", "reference")]
    if unknown or missing:
        told = [f"unknown {', '.join(map(repr, unknown))}"] * bool(unknown)
        told += [f"without {', '.join(map(repr, missing))}"] * bool(missing)
        raise ValueError(f"{where}: must have the fields {', '.join(known)}. Received: {'; '.join(told)}.")
    try:
        result = record(**entry)
        for name, default in known.items():
            if default is not MISSING and isinstance(entry.get(name), str):
                _check_text(name, entry[name])  # what may be left out of a Claim must not be empty in the ledger
    except (TypeError, ValueError) as error:
        raise type(error)(f"{where}: {error}") from error
    return result


def _check_place(claim, sources, where):
    if claim.source not in sources:
        raise ValueError(f"{where}: `source` must be one of {', '.join(sources)}. {received('source', claim.source)}")
    if claim.number not in sources[claim.source].claims:
        numbers = ", ".join(map(str, sources[claim.source].claims))
        raise ValueError(f"{where}: `number` must be one of {numbers}. {received('number', claim.number)}")
    stem = f"{claim.source}-{claim.number}"
    if claim.id.rstrip("abcdefghij") != stem or len(claim.id) > len(stem) + 1:
        raise ValueError(f"{where}: `id` must be {stem!r}, or that with a letter. {received('id', claim.id)}")


def _check_text(name, value, *, may_be_empty=False):
    if not isinstance(value, str):
        raise TypeError(f"`{name}` must be text. {received(name, value)}")
    if not (may_be_empty or value.strip()):
        raise ValueError(f"`{name}` must not be empty. {received(name, value)}")


def _float_hint(claim):
    return "In YAML write 1.0e-4: 1e-4 is text there." if isinstance(claim.smallest, str) else ""
