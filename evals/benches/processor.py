"""How much processor time processes took, as Linux counts it."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROCESSES = Path("/proc")
_TICK = 1 / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Process:
    """A process, as it stands in the list of all."""

    id: int
    parent: int
    seconds: float
    """Of its own, and of those children that ended."""


def processes() -> list[Process]:
    """Return all processes of this machine."""
    return list(_processes())


def _processes() -> Iterator[Process]:
    for folder in PROCESSES.iterdir():
        if not folder.name.isdigit():
            continue
        try:
            told = (folder / "stat").read_text()
        except OSError:  # it has just ended
            continue
        fields = told.rpartition(")")[2].split()  # a name may hold anything
        yield Process(int(folder.name), int(fields[1]), sum(map(int, fields[11:15])) * _TICK)


def children_of(process: int, among: list[Process]) -> list[Process]:
    """Return a process's children."""
    return [one for one in among if one.parent == process]


def seconds_of(process: int, among: list[Process]) -> float:
    """Return the processor seconds of a process and of all that it started."""
    own = sum(one.seconds for one in among if one.id == process)
    return own + sum(seconds_of(child.id, among) for child in children_of(process, among))


def busy_seconds() -> float:
    """Return the processor seconds of all that has run on this machine."""
    fields = (PROCESSES / "stat").read_text().splitlines()[0].split()[1:]
    user, nice, system, _, _, interrupts, soft = map(int, fields[:7])
    return (user + nice + system + interrupts + soft) * _TICK
