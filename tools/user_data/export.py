"""Everything that is kept about a user as one JSON object, and taken back from it."""

import asyncio
import json
import re
from collections import Counter
from collections.abc import Collection, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.store.base import BaseStore
from pydantic import BaseModel

from guided_profile.graph.records import Record, Standing
from guided_profile.tools.evidence.base import MOST_EVIDENCE
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.profiles import corrections
from guided_profile.tools.profiles.store import KEPT_VERSIONS, Override, everything, user_namespace
from guided_profile.tools.readers.archive import export_files
from guided_profile.tools.readers.detect import Reading, opened
from guided_profile.tools.readers.json_files import EXPORT, whole

LONGEST_RECORD = 200_000
"""The longest record that is taken back, in characters of JSON; a profile that is made from a long
history has a tenth of that."""

_STAMPED = re.compile(r"([0-9]{8}T[0-9]{12})-[0-9a-f]{8}")
"""A key of a version or an override, as `ProfileStore` makes them."""
_HEAD = 2**16
_NUL = r"\u0000"


async def export_user(
    user_id: str,
    *,
    history: HistoryStore,
    store: BaseStore | None = None,
    checkpointer: BaseCheckpointSaver[Any] | None = None,
) -> dict[str, Any]:
    """Return everything that is kept about a user, ready for `json.dumps`.

    Args:
        user_id: Whose.
        history: Their items.
        store: Their profiles, the versions of them, and what they pinned or forbade.
        checkpointer: Their threads: what was asked last in each, and what was answered.
    """
    items = await asyncio.to_thread(history.list, user_id)
    root = user_namespace(user_id)
    kept = await everything(store, root) if store is not None else []
    return {
        "format": EXPORT,
        "version": 1,
        "user_id": user_id,
        "exported": datetime.now(UTC).isoformat(),
        "items": [item.model_dump(mode="json", exclude_none=True) for item in items],
        "profiles": [
            {"where": list(row.namespace[len(root) :]), "key": row.key, "value": row.value}
            for row in kept
        ],
        "threads": await _threads(user_id, checkpointer) if checkpointer is not None else [],
    }


def read_export(path: Path, reading: Reading) -> dict[str, Any]:
    """Return the export that a file of history was read as; empty if it was another kind of file.

    Args:
        path: A file whose items were read.
        reading: How they were read.

    Raises:
        HistoryItemError: The file has changed since, and can no longer be read.
    """
    if not path.is_file():
        return {}
    with opened(path, reading) as file:
        if file.format != "json":
            return {}
    with export_files(path) as (export,):
        with export.open() as begun:
            if not begun.read(_HEAD).removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{"):
                return {}  # an array, which may be too long to be read as a whole
        return whole(export)


async def restore_profiles(
    export: Mapping[str, Any],
    user_id: str,
    *,
    store: BaseStore,
    tasks: Collection[str] | None = None,
) -> int:
    """Put the profiles and overrides of an export back, where none stand; return how many.

    What this version of the package would not have kept itself is passed over, and so are the
    oldest of more overrides than may stand; a profile is made anew from the history when it is next
    asked for.

    Args:
        export: What `export_user` returned, or what somebody says that it did.
        user_id: Whose they are from now on; the export has no say in that.
        store: Where they are put.
        tasks: The names of the tasks whose records are taken; None: of any task.
    """
    there: Counter[tuple[str, ...]] = Counter()
    restored = 0
    for kept in await asyncio.to_thread(_usable, export.get("profiles")):
        if tasks is not None and kept.where[0] not in tasks:
            continue
        namespace = (*user_namespace(user_id), *kept.where)
        if namespace not in there:
            there[namespace] = len(await everything(store, namespace))
        room = corrections.MOST_OVERRIDES if kept.where[1] == "wishes" else 2 * KEPT_VERSIONS
        if there[namespace] < room and await store.aget(namespace, kept.key) is None:
            await store.aput(namespace, kept.key, kept.value, index=False)
            there[namespace] += 1
            restored += 1
    return restored


class _Kept(BaseModel):
    """A record of an export: where it stands under its user, and what."""

    where: tuple[str, ...]
    key: str
    value: dict[str, Any]


def _usable(records: Any) -> list[_Kept]:
    """Return the records that can be taken back, the latest first; the others are passed over."""
    usable: list[_Kept] = []
    for record in records if isinstance(records, list) else ():
        with suppress(ValueError, OverflowError):
            usable.append(_checked(record))
    return sorted(usable, key=lambda record: record.key, reverse=True)


def _checked(record: Any) -> _Kept:
    """Return a record as this package itself would have kept it.

    Raises:
        ValueError: It is no profile or override, or one that no user can have come by here.
        OverflowError: It is from the end of time, after which no other could come.
    """
    kept = _Kept.model_validate(record)
    match kept.where:
        case (task, "standing"):
            variant, made = kept.key, _standing(kept, task)
        case (task, "versions", variant):
            _check_stamped(kept.key)
            made = _standing(kept, task)
        case (task, "wishes"):
            _check_stamped(kept.key)
            variant, made = "guided", _override(kept)
        case _:
            raise ValueError("nothing is kept there")
    text = made.model_dump_json()
    if not (_is_label(task) and _is_label(variant)) or len(text) > LONGEST_RECORD or _NUL in text:
        raise ValueError("its place has no such name, or it is longer than anybody writes")
    return kept.model_copy(update={"value": json.loads(text, parse_int=_number)})


def _standing(kept: _Kept, task: str) -> Record:
    """Return a profile that no pin is hidden in, and whose times can be compared with others."""
    standing = Standing.model_validate(kept.value)
    profile = standing.profile
    times = [profile.created, *(sentence.since for sentence in profile.sentences)]
    times += [time for old in profile.replaced for time in (old.since, old.replaced)]
    if any(time and time.tzinfo is None for time in times):
        raise ValueError("its times are of no zone")
    if profile.task != task or any(sentence.pinned for sentence in profile.sentences):
        raise ValueError("it is of another task, or holds what is kept as an override")
    return standing


def _override(kept: _Kept) -> Record:
    """Return an override that is one by the rules of `corrections`."""
    override = Override.model_validate(kept.value)
    text = " ".join(override.text.split())
    if not 1 <= len(text) <= corrections.LONGEST_SENTENCE or len(override.evidence) > MOST_EVIDENCE:
        raise ValueError("it is empty or too long")
    return override.model_copy(update={"text": text, "key": kept.key})


def _check_stamped(key: str) -> None:
    """Refuse a key that does not order an override or version among the others."""
    stamped = _STAMPED.fullmatch(key)
    if stamped is None:
        raise ValueError("no key looks like that")
    datetime.strptime(stamped[1], "%Y%m%dT%H%M%S%f") + timedelta(days=1)


def _is_label(name: str) -> bool:
    """Whether a name can be a part of where something is kept, and of nothing beside."""
    return 0 < len(name) <= 100 and name.isprintable() and "." not in name


def _number(text: str) -> int:
    if len(text) > 15:
        raise ValueError("is larger than every store keeps")
    return int(text)


async def _threads(user_id: str, checkpointer: BaseCheckpointSaver[Any]) -> list[dict[str, Any]]:
    threads: dict[str, dict[str, Any]] = {}
    async for kept in checkpointer.alist(None):  # the newest first
        values = kept.checkpoint["channel_values"]
        thread = str(kept.config["configurable"]["thread_id"])
        if values.get("user_id") != user_id or thread in threads:
            continue
        answer = values.get("answer")
        threads[thread] = {
            "thread_id": thread,
            "question": values.get("text"),
            "answer": answer.model_dump(mode="json") if isinstance(answer, BaseModel) else answer,
            "messages": [
                {"role": message.type, "text": message.text}
                for message in values.get("messages") or ()
            ],
        }
    return list(threads.values())
