"""What an export holds, taken back as if it were new: somebody else may have written the file."""

import asyncio
import json
import re
from collections import Counter
from collections.abc import Collection, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from langgraph.store.base import BaseStore
from pydantic import BaseModel

from guided_profile.graph.errors import ProfilesError
from guided_profile.graph.records import HistoryItem, Record, Standing
from guided_profile.tools.evidence.base import MOST_EVIDENCE
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.profiles import corrections
from guided_profile.tools.profiles.store import (
    KEPT_VERSIONS,
    everything,
    read_override,
    user_namespace,
)
from guided_profile.tools.readers.archive import export_files
from guided_profile.tools.readers.detect import Reading, opened
from guided_profile.tools.readers.json_files import whole
from guided_profile.tools.safety.screen import flags, held_back

IMPORTED = "imported: no answer uses it"
"""Marks, as its note, a version of a profile that was not made here."""
UNCONFIRMED = "nobody confirmed it"
LONGEST_RECORD = 200_000
"""The longest record that is taken back, in characters of JSON; a profile that is made from a long
history has a tenth of that."""

_STAMPED = re.compile(r"([0-9]{8}T[0-9]{12})-[0-9a-f]{8}")
"""A key of a version or an override, as `ProfileStore` makes them."""
_HEAD = 2**16
_NUL = r"\u0000"


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


class Wish(NamedTuple):
    """A decision of an export that was not taken over."""

    task: str
    """Empty for a release."""
    kind: str
    """`pin`, `forbid`, or `release`."""
    text: str
    why: str
    """In words that a user can be shown."""


class Restored(NamedTuple):
    """What became of the profiles and decisions of an export."""

    records: int
    """How many were put back: profiles as versions of the past, and confirmed decisions."""
    left: tuple[Wish, ...]
    """The decisions that were not, to be shown."""


async def restore_profiles(
    export: Mapping[str, Any],
    user_id: str,
    *,
    store: BaseStore,
    history: HistoryStore | None = None,
    tasks: Collection[str] | None = None,
    keep_wishes: bool = False,
) -> Restored:
    """Put the profiles and decisions of an export back, where none stand.

    Whoever wrote the file may have written anything into it. So no profile of it is ever used: it
    becomes a version of the past, marked as imported, and one is made anew from the items, sentence
    by sentence, when it is next asked for. A decision would stand in every prompt without evidence:
    it is put back only if the user has seen and confirmed it, and never if it gives orders. So is
    the release of an item that looks like an order: until then it is held back.

    What this version of the package would not have kept itself is passed over, and so are the
    oldest of more decisions than may stand.

    Args:
        export: What `export_user` returned, or what somebody says that it did.
        user_id: Whose they are from now on; the export has no say in that.
        store: Where they are put.
        history: Where the items of the export are; None: what it releases is passed over.
        tasks: The names of the tasks whose records are taken; None: of any task.
        keep_wishes: Whether the user has confirmed what the export pins, forbids and releases.
    """
    there: Counter[tuple[str, ...]] = Counter()
    restored, left = 0, list[Wish]()
    for kept in await asyncio.to_thread(_usable, export.get("profiles")):
        if tasks is not None and kept.where[0] not in tasks:
            continue
        namespace = (*user_namespace(user_id), *kept.where)
        if namespace not in there:
            there[namespace] = len(await everything(store, namespace))
        is_wish = kept.where[1] == "wishes"
        room = corrections.MOST_OVERRIDES if is_wish else 2 * KEPT_VERSIONS
        if there[namespace] >= room or await store.aget(namespace, kept.key) is not None:
            continue
        if is_wish and (why := _why_not(kept, confirmed=keep_wishes)):
            left.append(Wish(kept.where[0], kept.value["kind"], kept.value["text"], why))
            continue
        await store.aput(namespace, kept.key, kept.value, index=False)
        there[namespace] += 1
        restored += 1
    if history is not None:
        hidden = export.get("withdrawn")
        left_out = (
            [id_ for id_ in hidden if isinstance(id_, str)] if isinstance(hidden, list) else []
        )
        await asyncio.to_thread(history.withdraw, user_id, left_out)
        ids = export.get("released")
        held = await asyncio.to_thread(
            _held, ids if isinstance(ids, list) else (), user_id, history
        )
        if keep_wishes:
            free = (item.id for item in held)
            restored += len(await asyncio.to_thread(history.release, user_id, free))
        else:
            left += [Wish("", "release", item.text, UNCONFIRMED) for item in held]
    return Restored(restored, tuple(left))


def _held(ids: Collection[Any], user_id: str, history: HistoryStore) -> list[HistoryItem]:
    """Return the items of those ids that are held back here."""
    wanted = {id_ for id_ in ids if isinstance(id_, str)}
    there = history.list(user_id) if wanted else []
    return [held.item for held in held_back(item for item in there if item.id in wanted)]


def _why_not(wish: "_Kept", *, confirmed: bool) -> str:
    if flags(wish.value["text"]):
        return "it gives orders to the model"
    return "" if confirmed else UNCONFIRMED


class _Kept(BaseModel):
    """A record of an export: where it stands under its user, and what."""

    where: tuple[str, ...]
    key: str
    value: dict[str, Any]


def _usable(records: Any) -> list[_Kept]:
    """Return the records that can be taken back, the latest first; the others are passed over."""
    usable: list[_Kept] = []
    for record in records if isinstance(records, list) else ():
        with suppress(ValueError, OverflowError, ProfilesError):
            usable.append(_checked(record))
    return sorted(usable, key=lambda record: record.key, reverse=True)


def _checked(record: Any) -> _Kept:
    """Return a record as this package itself would have kept it.

    Raises:
        ValueError: It is no version of a profile or decision, or one that no user can have come by
            here.
        ProfilesError: It is a decision of a form that is not known here.
        OverflowError: It is from the end of time, after which no other could come.
    """
    kept = _Kept.model_validate(record)
    _check_stamped(kept.key)
    match kept.where:
        case (task, "versions", variant):
            made = _imported(kept, task)
        case (task, "wishes"):
            variant, made = "guided", _override(kept)
        case _:  # the standing profile is among the versions too
            raise ValueError("nothing of it is taken back")
    text = made.model_dump_json()
    if not (_is_label(task) and _is_label(variant)) or len(text) > LONGEST_RECORD or _NUL in text:
        raise ValueError("its place has no such name, or it is longer than anybody writes")
    return kept.model_copy(update={"value": json.loads(text, parse_int=_number)})


def _imported(kept: _Kept, task: str) -> Record:
    """Return a profile, marked, that no pin is hidden in, and whose times can be compared."""
    standing = Standing.model_validate(kept.value)
    profile = standing.profile
    times = [profile.created, *(sentence.since for sentence in profile.sentences)]
    times += [time for old in profile.replaced for time in (old.since, old.replaced)]
    if any(time and time.tzinfo is None for time in times):
        raise ValueError("its times are of no zone")
    if profile.task != task or any(sentence.pinned for sentence in profile.sentences):
        raise ValueError("it is of another task, or holds what is kept as a decision")
    marked = profile.model_copy(update={"note": IMPORTED})
    return standing.model_copy(update={"profile": marked, "made_with": ""})


def _override(kept: _Kept) -> Record:
    """Return a decision that is one by the rules of `corrections`."""
    override = read_override(kept.value)
    text = " ".join(override.text.split())
    if not 1 <= len(text) <= corrections.LONGEST_SENTENCE or len(override.evidence) > MOST_EVIDENCE:
        raise ValueError("it is empty or too long")
    return override.model_copy(update={"text": text, "key": kept.key})


def _check_stamped(key: str) -> None:
    """Refuse a key that does not order a decision or version among the others."""
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
