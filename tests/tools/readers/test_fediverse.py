"""Mastodon's and Bluesky's archives: what the user posted, without what they boosted."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from guided_profile.graph.errors import HistoryItemError
from tests.support.exported import in_every_form, read

libipld = pytest.importorskip("libipld")


def note(content: str, **more: Any) -> dict[str, Any]:
    post = {
        "id": f"https://m.example/{len(content)}",
        "type": "Note",
        "summary": None,
        "inReplyTo": None,
        "published": "2024-05-14T09:41:32Z",
        "content": content,
        **more,
    }
    return {"id": "a", "type": "Create", "published": "2024-05-14T09:41:32Z", "object": post}


OUTBOX = {
    "@context": "https://www.w3.org/ns/activitystreams",
    "id": "outbox.json",
    "type": "OrderedCollection",
    "totalItems": 5,
    "orderedItems": [
        note("<p>I bake rye<br />every Sunday &amp; more</p><p>Come!</p>"),
        note(
            '<p><span><a href="https://m/@bo">@<span>bo</span></a></span> me too</p>',
            inReplyTo="https://m.example/1",
        ),
        note("<p>It is rye.</p>", summary="Food"),
        {"type": "Announce", "published": "2024-05-14T09:41:32Z", "object": "https://m/2"},
        note("", attachment=[{"type": "Document", "url": "/x.jpg"}]),
    ],
}


def test_mastodon(tmp_path: Path) -> None:
    found = in_every_form(tmp_path, "outbox.json", json.dumps(OUTBOX))
    assert found.formats == {"mastodon": 1}
    assert found.texts == ["I bake rye\nevery Sunday & more\nCome!", "me too", "Food\nIt is rye."]
    assert [item.category for item in found.items] == [None, "replies", None]
    assert {str(item.time) for item in found.items} == {"2024-05-14 09:41:32+00:00"}
    assert found.skipped["boosts of others"] == found.skipped["posts without words"] == 1


def test_mastodon_cut_short(tmp_path: Path) -> None:
    path = tmp_path / "outbox.json"
    whole = json.dumps(OUTBOX)
    path.write_text(whole[: whole.index("It is rye")])
    found = read(path)
    assert len(found.items) == 2
    assert len(found.refused) == 1


def repository(*records: tuple[str, dict[str, Any]]) -> bytes:
    """Return a repository as the app exports it: a commit, a tree of one node, and the records."""
    blocks: dict[bytes, bytes] = {}

    def kept(value: Any) -> bytes:
        data = libipld.encode_dag_cbor(value)
        link = bytes([1, 0x71, 0x12, 0x20]) + hashlib.sha256(data).digest()
        blocks[link] = data
        return link

    entries = []
    before = b""
    for name, record in sorted(records):
        key = name.encode()
        same = next(
            (n for n, (a, b) in enumerate(zip(before, key, strict=False)) if a != b),
            min(len(before), len(key)),
        )
        entries.append({"p": same, "k": key[same:], "v": kept(record), "t": None})
        before = key
    tree = kept({"l": None, "e": entries})
    kept({"$type": "app.bsky.feed.post", "text": "deleted", "createdAt": "2024-01-01T00:00:00Z"})
    root = kept({"did": "did:plc:x", "rev": "1", "data": tree, "version": 3, "prev": None})
    header = libipld.encode_dag_cbor({"roots": [root], "version": 1})
    parts = [header, *(link + data for link, data in blocks.items())]
    return b"".join(_length(len(part)) + part for part in parts)


def _length(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def post(text: str, **more: Any) -> dict[str, Any]:
    return {
        "$type": "app.bsky.feed.post",
        "text": text,
        "createdAt": "2024-05-14T09:41:32.123Z",
        **more,
    }


RECORDS = (
    ("app.bsky.feed.post/3k1", post("I bake rye")),
    ("app.bsky.feed.post/3k2", post("me too", reply={"parent": {"uri": "at://x"}})),
    ("app.bsky.feed.like/3k3", {"$type": "app.bsky.feed.like", "subject": {"uri": "at://y"}}),
    ("app.bsky.actor.profile/self", {"$type": "app.bsky.actor.profile", "description": "Baker"}),
)


def test_bluesky(tmp_path: Path) -> None:
    found = in_every_form(tmp_path, "repo.car", repository(*RECORDS))
    assert found.formats == {"bluesky": 1}
    assert sorted(found.lines) == [
        ("user", "posts", "I bake rye"),
        ("user", "posts", "me too"),
        ("user", "profile", "Baker"),
    ]
    first = next(item for item in found.items if item.text == "I bake rye")
    assert (first.id, str(first.time)) == ("bluesky:3k1", "2024-05-14 09:41:32.123000+00:00")
    own = {item.id for item in found.items if item.source == "posts"}
    assert own == {"bluesky:3k1", "bluesky:3k2"}
    assert found.skipped["likes without words"] == 1


def test_a_repository_that_is_cut_short(tmp_path: Path) -> None:
    path = tmp_path / "repo.car"
    path.write_bytes(repository(*RECORDS)[:-40])
    with pytest.raises(HistoryItemError, match="export it again"):
        read(path)


def test_blueskys_records_as_json(tmp_path: Path) -> None:
    listed = [{"uri": "at://did/app.bsky.feed.post/3k1", "cid": "b", "value": post("I bake rye")}]
    path = tmp_path / "posts.json"
    path.write_text(json.dumps({"records": listed, "cursor": "x"}))
    assert read(path).lines == [("user", "posts", "I bake rye")]
    path.write_text(json.dumps(post("me too")))
    assert read(path).formats == {"bluesky": 1}
    assert read(path).texts == ["me too"]
