"""All methods by name."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from guided_profile.evals.methods import around, recalling, tested
from guided_profile.evals.methods.neighbours import DifferenceAware, perfine, wording
from guided_profile.evals.methods.rules import RULES, by_rule
from guided_profile.evals.methods.workflow import SETTINGS, Method, MethodInputs, workflow
from guided_profile.graph.context import Context
from guided_profile.graph.errors import InputError, SettingsError

NEIGHBOURS = ("dpl", "perfine")
PEERS = ("mem0", "langmem")
"""Other projects' memories, which are in a checkout only."""
NAMES = (
    *SETTINGS, *NEIGHBOURS, *around.AROUND, *recalling.RECALLING, "synthesizeme", *PEERS, *RULES,
)  # fmt: skip
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
        SettingsError: One is of a method that the wheel leaves out.
    """
    given = [name.strip() for name in text.split(",") if name.strip()]
    unknown = sorted(set(given) - set(NAMES) - set(GROUPS))
    if unknown or not given:
        raise InputError(
            f"{'no method is named ' + repr(unknown[0]) if unknown else 'no method is named'}; "
            f"there are {', '.join(NAMES)}, and the groups {', '.join(GROUPS)}."
        )
    for name in set(given) & set(PEERS):
        _peers(name)
    return tuple(dict.fromkeys(method for name in given for method in GROUPS.get(name, (name,))))


def make_methods(names: Sequence[str], inputs: MethodInputs) -> list[Method]:
    """Return methods by name.

    Raises:
        InputError: The task's kind has no use for one, or this version has no such switch.
        SettingsError: One needs an extra that is not installed.
    """
    return [_make(name, inputs) for name in names]


def made_of(name: str) -> dict[str, object]:
    """Return what a method's answers depend on beside the task, the data and the models.

    Raises:
        SettingsError: It needs an extra that is not installed.
    """
    if name in SETTINGS:
        return dict(SETTINGS[name].switches)
    if name in PEERS:
        return {"version": _peers(name).installed(name)}
    if name in recalling.RECALLING:
        return {"made of": recalling.made_of(name)}
    words = {"synthesizeme": tested.wording} | dict.fromkeys(around.AROUND, around.wording)
    words |= dict.fromkeys(NEIGHBOURS, wording)
    return {"wording": words[name]()} if name in words else {}


def _make(name: str, inputs: MethodInputs) -> Method:
    if name in SETTINGS:
        return workflow(name, inputs)
    if name in RULES:
        return by_rule(name, inputs)
    if name in PEERS:
        return _peers(name).peer(name, inputs)  # type: ignore[no-any-return]
    if name in recalling.RECALLING:
        return recalling.recalling(name, inputs)
    if name in around.AROUND:
        return around.around(name, inputs)
    if name == "synthesizeme":
        return tested.synthesizeme(inputs)
    return perfine(inputs) if name == "perfine" else DifferenceAware(inputs)


def _peers(name: str) -> Any:
    """Import what asks a peer, which the wheel leaves out.

    Raises:
        SettingsError: It is not there.
    """
    try:
        from guided_profile.evals.peers import method
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"the method {name!r} is not in the installed package; in a checkout of the project "
            "run `pip install -e '.[local,evals,peers]'`, and there the same command."
        ) from error
    return method
