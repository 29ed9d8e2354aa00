"""Bluesky: the repository that the app exports (`repo.car`), or its records as JSON.

In a repository a tree leads to each record by the name of its collection and its key; what the tree
no longer leads to was deleted. Likes, reposts and follows name others by ids alone, and are left
out.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from guided_profile.graph.errors import HistoryItemError, SettingsError
from guided_profile.tools.readers.archive import ExportFile
from guided_profile.tools.readers.base import (
    Entries,
    Entry,
    Reader,
    Reading,
    Refused,
    Skipped,
    each_file,
    item,
)
from guided_profile.tools.readers.heads import Head, head_of
from guided_profile.tools.readers.json_files import whole
from guided_profile.tools.readers.json_lists import dict_in, dicts_in, objects, text_in

_APP = "app.bsky."
_LEFT = {
    "app.bsky.feed.like": "likes without words",
    "app.bsky.feed.repost": "reposts of others",
    "app.bsky.graph.follow": "accounts that are followed",
}
Record = tuple[str, Mapping[str, Any]]
"""The key of a record in its collection, and the record."""


def _read(files: Sequence[ExportFile], reading: Reading) -> Entries:
    yield from each_file(files, lambda file: _entries(file, reading))


def _entries(file: ExportFile, reading: Reading) -> Entries:
    head = head_of(file)
    if not head.text:
        for number, (key, record) in enumerate(_of_repository(file), start=1):
            yield _entry(key, record, Refused(number, unit="item", file=file.name), reading)
    elif "records" in dict_in(head.json):
        for found in objects(file, "records"):
            if isinstance(found, Refused):
                yield found
            else:
                key = text_in(found[1].get("uri")).rpartition("/")[2]
                yield _entry(key, dict_in(found[1].get("value")), found[0], reading)
    else:
        where = Refused(1, unit="item", file=file.name)
        yield _entry("", whole(file), where, reading)


def _of_repository(file: ExportFile) -> Iterator[Record]:
    """Yield the records of a repository.

    Raises:
        HistoryItemError: It is damaged.
        SettingsError: What reads it is not installed.
    """
    try:
        from libipld import decode_car
    except ImportError as error:
        raise SettingsError(
            "reading Bluesky's repository needs libipld; install it with "
            "`pip install 'guided-profile[chats]'`."
        ) from error
    try:
        header, blocks = decode_car(file.read())
        waiting = [blocks[root]["data"] for root in header["roots"]]
    except (ValueError, KeyError, TypeError) as error:
        raise HistoryItemError(
            f"{file.name or 'the file'!r} is no repository that can be read, or is cut short; "
            "export it again."
        ) from error
    visited: set[bytes] = set()
    while waiting:
        link = waiting.pop()
        node = blocks.get(link)
        if link in visited or not isinstance(node, dict):
            continue
        visited.add(link)
        waiting += [left for left in (node.get("l"),) if left]
        key = b""
        for part in dicts_in(node.get("e")):
            key = key[: part["p"]] + part["k"]
            waiting += [part["t"]] if part.get("t") else []
            record = blocks.get(part["v"])
            if isinstance(record, dict):
                yield key.decode("utf-8", errors="replace").rpartition("/")[2], record


def _entry(key: str, record: Mapping[str, Any], where: Refused, reading: Reading) -> Entry:
    kind = text_in(record.get("$type"))
    if kind == "app.bsky.actor.profile":
        text, source = text_in(record.get("description")), "profile"
    elif kind == "app.bsky.feed.post":
        link = dict_in(dict_in(record.get("embed")).get("external"))
        parts = (text_in(record.get("text")), text_in(link.get("title")))
        text, source = "\n".join(filter(None, parts)), "posts"
    else:
        return Skipped(_LEFT.get(kind, "settings of the app"))
    if not text:
        return Skipped("posts without words")
    fields: dict[str, Any] = {
        "text": text,
        "time": text_in(record.get("createdAt")) or None,
        "category": "replies" if record.get("reply") else None,
        "source": reading.source or source,
        "kind": "said",
    }
    if key and source == "posts":
        fields["id"] = f"bluesky:{key}"
    return item(fields, where, reading)


def _recognises(head: Head) -> bool:
    if not head.text:
        return b"eroots" in head.raw[:12] and b"gversion" in head.raw[:200]
    found = dict_in(head.json)
    records = [dict_in(entry.get("value")) for entry in dicts_in(found.get("records"))[:3]]
    return any(text_in(record.get("$type")).startswith(_APP) for record in [found, *records])


READER = Reader(
    format="bluesky",
    title="Bluesky repository",
    obtain="In Bluesky: Settings, Account, Export my data; the file repo.car.",
    read=_read,
    recognises=_recognises,
    streamed=False,
)
