"""Whatever stands in an export in place of a value: it is refused in words, or left out."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from guided_profile.graph.errors import HistoryItemError
from tests.support.exported import read

AT, TIME = 1714558272, "2024-05-14T09:41:32Z"
TWEET = {"id_str": "1", "full_text": "rye", "created_at": "Thu Oct 10 20:19:24 +0000 2024"}
PART = {"type": "text", "text": "rye"}
VALUE = {"value": "rye", "timestamp": AT}
AUTHOR = {"id": "1", "name": "mara", "nickname": "Mara", "isBot": False}
EXPORTS: dict[str, Any] = {
    "claude": [
        {
            "chat_messages": [
                {
                    "uuid": "m",
                    "parent_message_uuid": "x",
                    "sender": "human",
                    "text": "rye",
                    "content": [PART],
                    "created_at": TIME,
                }
            ]
        }
    ],
    "messages": {"messages": [{"role": "user", "content": [PART], "timestamp": TIME}]},
    "twitter": [{"tweet": TWEET}, {"like": {"fullText": "rye"}}],
    "mastodon": {
        "type": "OrderedCollection",
        "orderedItems": [
            {"type": "Create", "object": {"id": "i", "content": "<p>rye</p>", "published": TIME}}
        ],
    },
    "bluesky": {
        "records": [
            {
                "uri": "at://a/b/c",
                "value": {"$type": "app.bsky.feed.post", "text": "rye", "createdAt": TIME},
            }
        ]
    },
    "instagram": [
        {"media_list_data": [{"uri": ""}], "string_map_data": {"Comment": VALUE, "Time": VALUE}}
    ],
    "facebook": {
        "comments_v2": [{"timestamp": AT, "data": [{"comment": {"comment": "rye", "group": "g"}}]}]
    },
    "discord": {
        "guild": {"name": "g"},
        "channel": {"name": "c"},
        "messages": [
            {"id": "1", "type": "Default", "timestamp": TIME, "content": "rye", "author": AUTHOR}
        ],
    },
    "google-activity": [
        {
            "header": "YouTube",
            "title": "Watched rye",
            "titleUrl": "https://www.youtube.com/watch?v=a",
            "subtitles": [{"name": "Bread", "url": "https://x"}],
            "time": TIME,
            "products": ["YouTube"],
            "details": [],
        }
    ],
    "chrome": {"Browser History": [{"title": "r", "url": "https://e.org/", "time_usec": AT}]},
    "google-keep": {
        "isTrashed": False,
        "userEditedTimestampUsec": AT,
        "textContent": "rye",
        "listContent": [{"text": "flour"}],
        "labels": [{"name": "food"}],
    },
    "google-play": [{"install": {"doc": {"title": "Tuner"}, "firstInstallationTime": TIME}}],
    "signal": [{"type": "outgoing", "body": "rye", "sent_at": AT * 1000, "conversationId": "c"}],
    "telegram": {
        "name": "Ana",
        "type": "personal_chat",
        "messages": [
            {"id": 1, "type": "message", "date_unixtime": "1715672492", "from": "Mara", "text": "r"}
        ],
    },
    "messenger": {
        "participants": [{"name": "Mara"}],
        "title": "Ana",
        "messages": [{"sender_name": "Mara", "timestamp_ms": AT, "content": "rye"}],
    },
}
WRONG: tuple[Any, ...] = (None, 7, -1e300, True, "", "x", [], {}, [None], {"a": 1}, "\ud800")


def changed(found: Any) -> Iterator[Any]:
    """Yield an export again and again, each time with something else in place of one value."""
    yield from WRONG
    if isinstance(found, dict):
        for key, value in found.items():
            for other in changed(value):
                yield found | {key: other}
            yield {name: value for name, value in found.items() if name != key}
    if isinstance(found, list):
        for index, value in enumerate(found):
            for other in changed(value):
                yield [*found[:index], other, *found[index + 1 :]]


@pytest.mark.parametrize("kind", EXPORTS)
def test_any_value_may_be_wrong(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "export"
    script = "window.YTD.tweets.part0 = " if kind == "twitter" else ""
    path.write_text(script + json.dumps(EXPORTS[kind]))
    assert read(path, me="Mara").formats == {kind: 1}
    for export in changed(EXPORTS[kind]):
        path.write_text(script + json.dumps(export))
        for me in (None, "Mara"):
            try:
                found = read(path, format=kind, me=me)
            except HistoryItemError:
                continue
            assert all(item.text.strip() for item in found.items)
