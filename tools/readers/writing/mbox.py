"""The messages of a file of mail: an mbox, or a single one (eml, Apple's emlx)."""

import re
from codecs import BOM_UTF8
from collections.abc import Iterator, Sequence

from guided_profile.tools.readers.archive import ExportFile

LONGEST = 32 * 2**20
"""Of a larger message, the beginning is read, where its text stands."""
_LINE = 2**20
_FROM = re.compile(rb"From .{0,500}\d\d:\d\d.*\r?\n?")
"""The line before each message of an mbox."""
_PATCH = re.compile(rb"From [0-9a-f]{40} Mon Sep 17 00:00:00 2001")
"""How git begins a patch, which is no mail yet."""
_QUOTED_FROM = re.compile(rb"^>(>*From )", re.MULTILINE)
_LENGTH_LINE = re.compile(rb"\d{1,10}\s*\n")
"""Before the message in Apple's emlx."""
_HEADER = re.compile(rb"[!-9;-~]{1,100}:(?:[ \t].*)?\r?\n?")
_KNOWN = re.compile(r"(?im)^(from|to|date|subject|message-id|mime-version|received|return-path):")


def is_mail(begin: bytes) -> bool:
    """Whether a file that begins so is one of mail."""
    begin = begin.removeprefix(BOM_UTF8)
    if length := _LENGTH_LINE.match(begin):
        begin = begin[length.end() :]
    first, _, rest = begin.partition(b"\n")
    is_mbox = _FROM.fullmatch(first) is not None and not _PATCH.match(first)
    begin = rest if is_mbox else begin
    fields = re.split(rb"\r?\n\r?\n", begin, maxsplit=1)[0].decode("latin-1")
    names = {name.lower() for name in _KNOWN.findall(fields)}
    if not _HEADER.match(begin) or "\0" in fields:
        return False
    return is_mbox or ("from" in names and len(names) > 2)


def messages(file: ExportFile, *, headers_only: bool = False) -> Iterator[tuple[int, bytes]]:
    """Yield the messages of a file, each with the line that it begins on; none is held whole."""
    kept: list[bytes] = []
    size = begun = number = 0
    blank, in_headers, is_mbox = True, True, False
    with file.open() as opened:
        while line := opened.readline(_LINE):
            number += 1
            if number == 1:
                line = line.removeprefix(BOM_UTF8)
                if _LENGTH_LINE.fullmatch(line):
                    continue
                is_mbox = bool(_FROM.fullmatch(line))
            if is_mbox and blank and line.startswith(b"From ") and _FROM.fullmatch(line):
                if kept:
                    yield begun, _unquoted(kept)
                kept, size, begun, in_headers = [], 0, number, True
                continue
            blank = not line.strip()
            in_headers = in_headers and not blank
            if size < LONGEST and (in_headers or not headers_only):
                kept.append(line)
                size += len(line)
    if is_mbox and kept and kept[-1].startswith(b"From ") and not kept[-1].endswith(b"\n"):
        kept.pop()  # the file is cut short where the next message begins
    if kept:
        yield begun or 1, _unquoted(kept) if is_mbox else b"".join(kept)


def _unquoted(lines: Sequence[bytes]) -> bytes:
    return _QUOTED_FROM.sub(rb"\1", b"".join(lines))
