"""The clean process: the set-up, then for each question the student's answers and the master's whole test cell."""

import json
from pathlib import Path

from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from aecourse._files import write_whole
from aecourse.classroom.values import restore

__all__ = ["PLAN", "VERDICTS", "main"]

PLAN, VERDICTS = "plan.json", "verdicts.json"


def main():
    """Read PLAN in the current folder and leave VERDICTS there, written anew after each question.

    PLAN holds the sources of the set-up and the questions: name, names of its variables, source of its test cell.
    VERDICTS says of each, under its name, either `fault`, kind and text of the error, or `value`, what the cell
    returned, as text; `set-up` has the error of the set-up, if any.
    """
    plan = json.loads(Path(PLAN).read_text(encoding="utf-8"))
    shell = InteractiveShell(config=Config({"HistoryManager": {"enabled": False}}))
    verdicts = {}
    for source in plan["setup"]:
        verdicts["set-up"] = _run(shell, source)
        if "fault" in verdicts["set-up"]:
            break
    write_whole(VERDICTS, json.dumps(verdicts))
    alone = dict(shell.user_ns)  # each test stands by itself: what one makes, the next does not see
    for question in plan["questions"] if "fault" not in verdicts["set-up"] else ():
        shell.user_ns.clear()
        shell.user_ns.update(alone)
        try:
            restore(shell.user_ns, question["names"], f"{question['name']}.answers")
        except Exception as error:
            verdicts[question["name"]] = {"fault": [type(error).__name__, str(error)]}
        else:
            verdicts[question["name"]] = _run(shell, question["source"])
        write_whole(VERDICTS, json.dumps(verdicts))


def _run(shell, source):
    done = shell.run_cell(source)
    error = done.error_before_exec or done.error_in_exec
    if error is not None:
        return {"fault": [type(error).__name__, str(error)]}
    return {"value": None if done.result is None else repr(done.result)}


if __name__ == "__main__":
    main()
