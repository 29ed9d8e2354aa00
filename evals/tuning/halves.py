"""Examples in two halves: what a question is chosen by, and what is reported of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from guided_profile.evals.datasets.examples import Example
from guided_profile.evals.datasets.sampling import priority
from guided_profile.graph.errors import InputError

LEAST = 10
LEAST_HALF = 3


@dataclass(frozen=True, slots=True)
class Halves:
    """Examples in two parts without a common user."""

    development: tuple[Example, ...]
    """What is chosen by; all of them can be answered."""
    report: tuple[Example, ...]
    """What the result is reported on."""


def halves(examples: Sequence[Example], seed: int) -> Halves:
    """Part examples by user, into halves of about as many examples that can be answered.

    Users of many examples are placed first, those of equally many in the order that the seed draws
    them, each in the half that has fewer.

    Raises:
        InputError: There are too few examples or users.
    """
    users: dict[str, int] = {}
    for example in examples:
        users[example.user_id] = users.get(example.user_id, 0) + example.answerable
    total = sum(users.values())
    if total < LEAST:
        raise InputError(
            f"there are {total} examples that can be answered, and tuning takes {LEAST} or more: "
            "half of them to choose by, and half to report on."
        )
    reported: set[str] = set()
    sizes = {"development": 0, "report": 0}
    for user in sorted(users, key=lambda user: (-users[user], priority(seed, user))):
        half = "report" if sizes["report"] <= sizes["development"] else "development"
        sizes[half] += users[user]
        if half == "report":
            reported.add(user)
    if min(sizes.values()) < LEAST_HALF:
        raise InputError(
            f"no user may be in both halves, so these {total} examples part into "
            f"{max(sizes.values())} and {min(sizes.values())}; each half takes {LEAST_HALF} or "
            "more: give examples of more users."
        )
    return Halves(
        tuple(
            example
            for example in examples
            if example.user_id not in reported and example.answerable
        ),
        tuple(example for example in examples if example.user_id in reported),
    )
