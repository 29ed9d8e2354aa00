"""Which options of `guided-profile eval` go together: none is ignored silently."""

import argparse

from guided_profile.graph.errors import InputError

APART = ("judge_check", "online", "by_length")
"""Each asks something else."""
NEEDS = {
    "online_hours": "online",
    "online_queue": "online",
    "online_rubric": "online",
    "sharing": "by_length",
    "neutral": "by_length",
    "join": "by_length",
}
"""What means something only beside another."""
_UPLOADED = ("langsmith", "langsmith_local")
_PRICES = ("price_in", "price_out", "price_cached")
NOT_WITH = {
    "judge_check": ("data", "n", "methods", "judge", "profiles", *_UPLOADED, *_PRICES),
    "online": ("data", "methods", "judge", "profiles", *_UPLOADED, *_PRICES),
    "by_length": ("judge", "profiles", *_UPLOADED, *_PRICES),
}


def check(given: argparse.Namespace) -> None:
    """Refuse what does not go together.

    Raises:
        InputError: An option would have no effect beside the others.
    """
    there = {
        name for name, value in vars(given).items() if value is not None and value is not False
    }
    asked = [name for name in APART if name in there]
    if len(asked) > 1:
        first, second = map(_flag, asked[:2])
        raise InputError(f"{first} and {second} ask different things; give one of them.")
    for name, other in NEEDS.items():
        if name in there and other not in asked:
            raise InputError(f"{_flag(name)} goes with {_flag(other)}; add it, or leave it out.")
    for option in asked:
        for name in NOT_WITH[option]:
            if name in there:
                raise InputError(f"{_flag(name)} does not go with {_flag(option)}; leave one out.")
    if given.online is not None and not given.online.strip():
        raise InputError("--online is empty; name the project of LangSmith.")


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"
