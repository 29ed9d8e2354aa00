"""Messages as imessage-exporter writes them: a text or an HTML page a chat."""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime

from guided_profile.tools.readers.archive import ExportFile
from guided_profile.tools.readers.base import Entries, Reader, Reading, Refused, Skipped, each_file
from guided_profile.tools.readers.chat_messages import Message, Messages, chat_entries
from guided_profile.tools.readers.chats.transcript import read_chats
from guided_profile.tools.readers.heads import Head, head_of
from guided_profile.tools.readers.pieces import between, first_between, plain
from guided_profile.tools.readers.times import read_time

_TIME = r"[A-Z][a-z]{2} \d\d, \d{4}\s+\d{1,2}:\d\d:\d\d [AP]M"
_BEGINS = re.compile(rf"\A\s*{_TIME}(?: \([^()\n]*\))?\r?\n\S", re.MULTILINE)
_MESSAGE = re.compile(r'<div class="(sent|received)[^"]*">')
_SENDER = re.compile('<span class="sender">')
_STAMP = re.compile('<span class="timestamp">')
_BUBBLE = re.compile('<span class="bubble">')
_EDITED = re.compile('<div class="edited">')
_CELL = re.compile("<td>")
_ASIDE = re.compile(r"\(Read by .*")


def _read(files: Sequence[ExportFile], reading: Reading) -> Entries:
    pages = [file for file in files if _kind(head_of(file)) == "page"]
    texts = [file for file in files if file not in pages]
    if texts:
        yield from read_chats("imessage", texts, reading)
    if pages:

        def messages() -> Messages:
            return each_file(pages, lambda file: _messages(file, reading))

        yield from chat_entries("imessage", messages, reading)


def _messages(file: ExportFile, reading: Reading) -> Messages:
    """Yield the messages of a page; a reply stands in it twice, with the same words and time."""
    page = file.read().decode("utf-8", errors="replace")
    begins = [*_MESSAGE.finditer(page)]
    for number, (begin, after) in enumerate(_pairs(begins), start=1):
        block = page[begin.end() : after.start() if after else len(page)]
        where = Refused(number, unit="message", file=file.name)
        texts = [*between(block, _BUBBLE, "</span>")]
        for versions in between(block, _EDITED, "</div>"):
            texts += [*between(versions, _CELL, "</td>")][-1:]
        text = "\n".join(filter(None, map(plain, texts)))
        if not text:
            yield Skipped()
            continue
        name = plain(first_between(block, _SENDER, "</span>") or "") or "the other"
        time = _time(plain(first_between(block, _STAMP, "</span>") or ""), reading)
        yield Message(where, (name,), text, time, own=begin[1] == "sent")


def _pairs(
    begins: Sequence[re.Match[str]],
) -> Iterator[tuple[re.Match[str], re.Match[str] | None]]:
    for index, begin in enumerate(begins):
        yield begin, begins[index + 1] if index + 1 < len(begins) else None


def _time(stamp: str, reading: Reading) -> datetime | None:
    try:
        return read_time(_ASIDE.sub("", stamp).strip(), reading.zone)
    except ValueError:
        return None


def _kind(head: Head) -> str:
    if 'class="message"' in head.text and _MESSAGE.search(head.text):
        return "page"
    return "text" if _BEGINS.search(head.text) else ""


READER = Reader(
    format="imessage-export",
    title="Messages, exported by imessage-exporter",
    obtain="Run `imessage-exporter -f txt` on a Mac; its folder, or one of its files.",
    read=_read,
    recognises=_kind,
)
