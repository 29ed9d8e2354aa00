"""OpenAI's export of ChatGPT: `conversations.json`, alone or in the archive or folder it came in.

Each conversation is a tree of messages, since a prompt may be edited and a reply made again; what
was on the screen at last is the way from `current_node` up to the root.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from guided_profile.tools.readers.archive import ExportFile
from guided_profile.tools.readers.base import (
    Entries,
    Entry,
    Reader,
    Reading,
    Refused,
    Skipped,
    conversation_place,
    each_file,
    item,
)
from guided_profile.tools.readers.heads import Head, head_of
from guided_profile.tools.readers.json_files import BrokenJSON, elements
from guided_profile.tools.readers.json_lists import elements_after
from guided_profile.tools.readers.times import since_1970

_SPOKEN = ("text", "multimodal_text")
"""The content types that hold what somebody said; the others are code, thoughts and tools'."""
_DATA = re.compile(rb"\bvar jsonData\s*=\s*\[")
_PAGE = re.compile(_DATA.pattern.decode())
"""What `chat.html` of an export holds its conversations in."""


def _read(files: Sequence[ExportFile], reading: Reading) -> Entries:
    """Read the messages of all conversations, each conversation in its order."""

    def read(file: ExportFile) -> Entries:
        number = 0
        try:
            for element in _conversations(file):
                number += 1
                yield from _conversation(element, number, file.name, reading)
        except BrokenJSON as error:
            yield Refused(1, str(error), "message", conversation_place(file.name, number + 1))

    pages = [file for file in files if _PAGE.search(head_of(file).text)]
    # the page of an export shows the same conversations
    yield from each_file([file for file in files if file not in pages] or pages, read)


def _conversations(file: ExportFile) -> Iterator[Any]:
    if _PAGE.search(head_of(file).text):
        yield from elements_after(file, _DATA)
        return
    with file.open() as opened:
        yield from elements(opened)


def _conversation(conversation: Any, number: int, file: str, reading: Reading) -> Entries:
    place = conversation_place(file, number)
    mapping = conversation.get("mapping") if isinstance(conversation, dict) else None
    if not isinstance(mapping, dict):
        yield Refused(1, "is no conversation with a mapping of messages", "message", place)
        return
    for index, message in enumerate(_branch(conversation, mapping), start=1):
        where = Refused(index, unit="message", file=place)
        yield _message(message, conversation, where, reading)


def _branch(conversation: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterator[Any]:
    """Yield the messages of the branch that was on the screen, the first one first."""
    nodes = {id_: node for id_, node in mapping.items() if isinstance(node, dict)}
    current = conversation.get("current_node")
    if not isinstance(current, str) or current not in nodes:
        leaves = [id_ for id_, node in nodes.items() if not node.get("children")]
        current = max(leaves, key=lambda id_: _seconds(nodes[id_]), default=None)
    way: dict[str, Any] = {}
    while isinstance(current, str) and current in nodes and current not in way:
        way[current] = nodes[current].get("message")
        current = nodes[current].get("parent")
    return (message for message in reversed(way.values()) if message is not None)


def _seconds(node: Mapping[str, Any]) -> float:
    message = node.get("message")
    time = message.get("create_time") if isinstance(message, dict) else None
    return float(time) if isinstance(time, int | float) else 0.0


def _message(
    message: Any, conversation: Mapping[str, Any], where: Refused, reading: Reading
) -> Entry:
    content = message.get("content") if isinstance(message, dict) else None
    author = message.get("author") if isinstance(message, dict) else None
    if not isinstance(content, dict) or not isinstance(author, dict):
        return replace(where, reason="has no author or no content")
    metadata = message.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    if own := _instructions(metadata):
        fields = {
            "text": own,
            "category": "custom instructions",
            "kind": "said",
            "source": _source(reading),
        }
        return item(fields, where, reading)
    role = author.get("role")
    text = _text(content)
    hidden = metadata.get("is_visually_hidden_from_conversation")
    aside = message.get("recipient") not in (None, "all") or message.get("channel") == "commentary"
    if role not in ("user", "assistant") or hidden or aside or not text.strip():
        return Skipped()
    fields = {
        "text": text,
        "role": "user" if role == "user" else "other",
        "source": _source(reading),
    }
    if isinstance(message.get("id"), str):
        # the same message in a later export, where the conversation may have another title
        fields["id"] = message["id"]
    try:
        time = _time(message) or _time(conversation)
    except ValueError as error:
        return replace(where, reason=f"time: {error}")
    return item(fields | {"time": time}, where, reading)


def _source(reading: Reading) -> str:
    return reading.source or "chatgpt"


def _time(holder: Mapping[str, Any]) -> datetime | None:
    time = holder.get("create_time")
    return None if time is None else since_1970(time)


def _text(content: Mapping[str, Any]) -> str:
    """Join what was written and what was dictated; pictures and files have no words."""
    parts = content.get("parts")
    if content.get("content_type") not in _SPOKEN or not isinstance(parts, list):
        return ""
    words = [part.get("text") if isinstance(part, dict) else part for part in parts]
    return "\n".join(word for word in words if isinstance(word, str) and word.strip())


def _instructions(metadata: Mapping[str, Any]) -> str:
    """Return what the user wrote into the custom instructions, which stand in every conversation.

    They have neither id nor time here, so that they become one item.
    """
    data = metadata.get("user_context_message_data")
    if not metadata.get("is_user_system_message") or not isinstance(data, dict):
        return ""
    own = [data.get("about_user_message"), data.get("about_model_message")]
    return "\n".join(text for text in own if isinstance(text, str) and text.strip())


def _recognises(head: Head) -> bool:
    if _PAGE.search(head.text):
        return True
    conversations = head.json if isinstance(head.json, list) else [head.json]
    return any(
        isinstance(conversation, dict) and isinstance(conversation.get("mapping"), dict)
        for conversation in conversations
    )


_FILE = re.compile(r"conversations(-\d+)?\.json")
"""The files of the export that hold conversations; large accounts get several."""
READER = Reader(
    format="chatgpt",
    title="ChatGPT export",
    obtain="In ChatGPT: Settings, Data controls, Export data; the zip that the mail links to.",
    read=_read,
    recognises=_recognises,
    marks=_FILE,
    holds=(_FILE,),
)
