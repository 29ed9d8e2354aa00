"""All methods by name."""

from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version

from guided_profile.evals.methods.neighbours import DifferenceAware, perfine, wording
from guided_profile.evals.methods.peers import PEERS, peer
from guided_profile.evals.methods.rules import RULES, by_rule
from guided_profile.evals.methods.workflow import SETTINGS, Method, Parts, workflow
from guided_profile.graph.context import Context
from guided_profile.graph.errors import InputError

NEIGHBOURS = ("dpl", "perfine")
NAMES = (*SETTINGS, *NEIGHBOURS, *PEERS, *RULES)
TABLE_3 = (
    "dg", "dg0", "pg", "pg-nopc", "gpg", "gpg-nopc", "gpg-g", "gpg-g-nopc", "g", "g-nopc",
)  # fmt: skip
"""The rows of the paper's Table 3, in its order."""
BOUNDS = asdict(Context(user_id="anyone"))
"""What holds where a setting says nothing else."""
GROUPS = {"table1": ("random", "dg0", "dg", "pg", "gpg"), "table3": TABLE_3}
"""Names that stand for several."""


def named(text: str) -> tuple[str, ...]:
    """Read names that are separated by commas; a group stands for its methods.

    Raises:
        InputError: A name is none, or none is given.
    """
    given = [name.strip() for name in text.split(",") if name.strip()]
    unknown = sorted(set(given) - set(NAMES) - set(GROUPS))
    if unknown or not given:
        raise InputError(
            f"{'no method is named ' + repr(unknown[0]) if unknown else 'no method is named'}; "
            f"there are {', '.join(NAMES)}, and the groups {', '.join(GROUPS)}."
        )
    return tuple(dict.fromkeys(one for name in given for one in GROUPS.get(name, (name,))))


def make_methods(names: Sequence[str], parts: Parts) -> list[Method]:
    """Return methods by name.

    Raises:
        InputError: The task's kind has no use for one, or this version has no such switch.
        SettingsError: One needs an extra that is not installed.
    """
    return [_make(name, parts) for name in names]


def made_of(name: str) -> dict[str, object]:
    """Return what a method's answers depend on beside the task, the data and the models.

    Raises:
        SettingsError: It needs an extra that is not installed.
    """
    if name in SETTINGS:
        return dict(SETTINGS[name].switches)
    if name in PEERS:
        PEERS[name].load()
        return {"version": version(PEERS[name].on_pypi)}
    return {"wording": wording()} if name in NEIGHBOURS else {}


def _make(name: str, parts: Parts) -> Method:
    if name in SETTINGS:
        return workflow(name, parts)
    if name in RULES:
        return by_rule(name, parts)
    if name in PEERS:
        return peer(name, parts)
    return perfine(parts) if name == "perfine" else DifferenceAware(parts)
