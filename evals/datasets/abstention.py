"""Authored questions about invented people; the history answers half of them.

Every question, and every set of options, comes twice within a half: asked about somebody whose
history answers it, and about somebody whose history does not. So neither its words nor its length
show which is which. In `about`: `split` (`dev`, for setting rules on, or `test`); of a dialogue,
its `form` (`yes_no` or `open`); of what can be answered, `told_by`, the ids of the items that hold
it; of a near miss, `near`, the ids of items about the same thing of somebody else, or about another
thing close by.
"""

from importlib.resources import as_file, files

from guided_profile.evals.datasets.examples import Example
from guided_profile.evals.datasets.plain import plain
from guided_profile.graph.errors import InputError

SPLITS = ("dev", "test")


def abstention(split: str | None = None, task: str | None = None) -> list[Example]:
    """Read the questions of one half and one task, or of all.

    Raises:
        InputError: There are none.
    """
    found = _read("abstention.jsonl", split)
    found = [example for example in found if task in (None, example.task)]
    if not found:
        raise InputError(
            f"no questions come with the half {split!r} of the task {task!r}; the halves are "
            f"{', '.join(SPLITS)}, the tasks dialogue and preference."
        )
    return found


def asked_again(split: str | None = None) -> list[Example]:
    """Read the questions to an assistant, of one half or of both.

    Raises:
        InputError: There is no such half.
    """
    found = _read("asked_again.jsonl", split)
    if not found:
        raise InputError(f"there is no half {split!r}; the halves are {', '.join(SPLITS)}.")
    return found


def _read(name: str, split: str | None) -> list[Example]:
    with as_file(files("guided_profile.evals.datasets") / name) as path:
        return [example for example in plain([path]) if split in (None, example.about["split"])]
