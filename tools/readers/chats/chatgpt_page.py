"""A page of ChatGPT that was saved from the browser: each message says whose it is."""

import re
from collections.abc import Sequence

from guided_profile.tools.readers.archive import ExportFile
from guided_profile.tools.readers.base import (
    Entries,
    Reader,
    Reading,
    Refused,
    Skipped,
    each_file,
    item,
)
from guided_profile.tools.readers.heads import Head
from guided_profile.tools.readers.markup import html_text

_ROLE = re.compile(r'<[a-z]+\b[^<>]*\bdata-message-author-role="(\w+)"[^<>]*>')
_ID = re.compile(r'\bdata-message-id="([\w-]+)"')
_NEXT = re.compile(r"<(?:article|section|h[56])\b|<form\b|<script\b")
"""Begins what stands between two messages: the next turn, or the end of the talk."""


def _read(files: Sequence[ExportFile], reading: Reading) -> Entries:
    yield from each_file(files, lambda file: _entries(file, reading))


def _entries(file: ExportFile, reading: Reading) -> Entries:
    page = file.read().decode("utf-8", errors="replace")
    roles = [*_ROLE.finditer(page)]
    ends = [*(role.start() for role in roles), len(page)][1:]
    for number, (role, end) in enumerate(zip(roles, ends, strict=False), start=1):
        where = Refused(number, unit="message", file=file.name)
        block = page[role.end() : end]
        after = _NEXT.search(block)
        text = html_text(block[: after.start()] if after else block).strip()
        if role[1] not in ("user", "assistant") or not text:
            yield Skipped()
            continue
        fields = {
            "text": text,
            "role": "user" if role[1] == "user" else "other",
            "kind": "said",
            "source": reading.source or "chatgpt",
        }
        if id_ := _ID.search(role[0]):
            fields["id"] = id_[1]  # as in the export
        yield item(fields, where, reading)


def _recognises(head: Head) -> bool:
    return _ROLE.search(head.text) is not None


READER = Reader(
    format="chatgpt-page",
    title="page of ChatGPT, saved from the browser",
    obtain="Save the page of a chat as HTML; better ask for the whole export in ChatGPT: Settings, "
    "Data controls, Export data.",
    read=_read,
    recognises=_recognises,
    streamed=False,
)
