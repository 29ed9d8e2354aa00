"""What `langgraph dev` keeps of threads in memory and in its files, taken out with the threads.

Its own deletion leaves a thread's texts and pending writes there, those of runs without a thread
too, and the next start reads them back.
"""

import asyncio
import gc
import sys
from collections.abc import Iterable, MutableMapping
from contextlib import suppress
from typing import Any

from langgraph.checkpoint.memory import PersistentDict

_CHECKPOINTS = "langgraph_runtime_inmem.checkpoint"
_PARTS = ("storage", "writes", "blobs")
"""What a saver keeps, in the order of its files."""


async def erase_gone_threads() -> None:
    """Take all threads that are no longer there out of the memory and the files."""
    if _CHECKPOINTS not in sys.modules:
        return  # another runtime: its database deletes them
    await asyncio.to_thread(_erase)


def _erase() -> None:
    saver = sys.modules[_CHECKPOINTS].Checkpointer()
    database = sys.modules["langgraph_runtime_inmem.database"]
    in_memory = [kept for kept in gc.get_objects() if isinstance(kept, PersistentDict)]
    checkpoints = [kept for kept in in_memory if kept.filename.startswith(saver.filename)]
    now = [getattr(saver, part) for part in _PARTS]
    # what was written before the look at the threads belongs to one of them, or to one that is gone
    keys = [(kept, list(kept)) for kept in (*checkpoints, *now)]
    rows = [*database.GLOBAL_STORE["threads"], *database.GLOBAL_STORE["runs"]]
    there = {str(row["thread_id"]) for row in rows}
    for kept, its_keys in keys:
        _drop(kept, its_keys, there)
    for number, part in enumerate(now, start=1):
        # the platform may have put another object in the place of the one that it writes
        file = PersistentDict(filename=f"{saver.filename}{number}.pckl")
        file.update(part)
        _write(file)
    for kept in in_memory:
        if not kept.filename.startswith(saver.filename):
            _write(kept)


def _write(kept: PersistentDict) -> None:
    for _ in range(2):
        with suppress(RuntimeError):  # a run wrote to it meanwhile
            kept.sync()
            return
    kept.sync()


def _drop(kept: MutableMapping[Any, Any], keys: Iterable[Any], there: set[str]) -> None:
    for key in keys:
        thread = key[0] if isinstance(key, tuple) else key
        if str(thread) not in there:
            with suppress(KeyError):
                del kept[key]
