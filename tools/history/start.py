"""Chroma, started on a folder after a check that it is whole and that nobody else has it open."""

from pathlib import Path
from typing import TYPE_CHECKING

from chromadb.api.client import Client
from chromadb.config import System
from chromadb.errors import ChromaError

from guided_profile.graph.errors import HistoryError
from guided_profile.tools import reserve
from guided_profile.tools.history.connection import settings_of_chroma
from guided_profile.tools.history.exchange import clear
from guided_profile.tools.history.failures import is_full
from guided_profile.tools.history.index import DATABASE, NOTES, is_index
from guided_profile.tools.history.others import check_alone

if TYPE_CHECKING:
    from chromadb.api.rust import RustBindingsAPI


def start(path: Path) -> "tuple[Client, RustBindingsAPI]":
    """Start Chroma on a folder that this process holds.

    Raises:
        HistoryError: What is there is not whole.
        StoreInUseError: A Chroma server has it open.
        ChromaError: Chroma does not start.
    """
    clear(path)
    _claim_database(path)
    check_alone(path / DATABASE)
    return _opened(path)


def _claim_database(path: Path) -> None:
    """Make Chroma's database, if there is none, for its owner alone to read.

    Raises:
        HistoryError: It is gone, and what stood beside it is there.
    """
    database = path / DATABASE
    is_there = database.exists() and database.stat().st_size > 0
    beside = [*(path / NOTES).glob("*.json"), *filter(is_index, path.iterdir())]
    if not is_there and beside:
        raise HistoryError(
            f"the history's database {database} is missing or empty, and the vectors of its items "
            "are there; bring it back from a backup, or give another folder to begin anew."
        )
    database.touch(0o600)


def _opened(path: Path) -> "tuple[Client, RustBindingsAPI]":
    """Start Chroma on a folder, on a full disk in the room that is kept for it."""
    try:
        opened = _started(path)
    except ChromaError as error:
        if not (is_full(error) and reserve.spend(path)):
            raise
        try:
            return _started(path)
        finally:
            reserve.keep(path, again=True)
    reserve.keep(path)
    return opened


def _started(path: Path) -> "tuple[Client, RustBindingsAPI]":
    """Start Chroma on a folder; what does not start is not known to Chroma afterwards."""
    from chromadb.api.rust import RustBindingsAPI  # imports `resource`, but on Windows

    system = System(settings_of_chroma(is_persistent=True, persist_directory=str(path)))
    server = system.instance(RustBindingsAPI)
    system.start()
    return Client.from_system(system), server
