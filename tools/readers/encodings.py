"""The encoding of a text file, found from its bytes, and the file read as UTF-8."""

import codecs
import io
import unicodedata
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO, cast

from charset_normalizer import from_bytes

from guided_profile.tools.readers.archive import ExportFile

if TYPE_CHECKING:
    from typing_extensions import Buffer

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""The byte order marks; UTF-32's begins with UTF-16's."""
_OTHERS = "cp1250 cp1251 cp1253 cp1254 cp1255 cp1256 cp932 cp949 gb18030 big5".split()
"""What programs write that do not write Unicode, beside cp1252."""
_CHUNK = 2**16


def encoding_of(data: bytes) -> str:
    """Return the encoding of a text by its beginning; UTF-8 for one that is plain ASCII.

    What is mostly UTF-8 is UTF-8, whose broken lines are refused by their readers. What is neither
    is Western European where its other letters stand within words of ASCII letters, and else what
    the detector takes it for.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return encoding
    if nulls := data.count(0):
        for encoding, odd in (
            ("utf-16-le", data[1::2].count(0)),
            ("utf-16-be", data[::2].count(0)),
        ):
            if nulls > len(data) // 4 and odd > nulls * 0.9:
                return encoding
        return "utf-8"
    text = data[:-3].decode("utf-8", errors="surrogateescape")
    others = [char for char in text if not char.isascii()]
    broken = sum("\udc80" <= char <= "\udcff" for char in others)
    if broken <= len(others) // 2 and (broken or _is_utf_8(data)):
        return "utf-8"
    data = b"\n".join(line for line in data.splitlines() if not line.isascii())
    if _is_western(data):
        return "cp1252"
    found = from_bytes(data, cp_isolation=_OTHERS).best()
    return found.encoding if found else "cp1252"


def _is_utf_8(data: bytes) -> bool:
    """Whether bytes are UTF-8, of which the last letter may be cut off."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(data)
    except UnicodeDecodeError:
        return False
    return True


def _is_western(data: bytes) -> bool:
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError:
        return False
    letters = [char for char in text if char.isalpha()]
    others = [char for char in letters if not char.isascii()]
    within = sum(
        unicodedata.category(char)[0] not in "LPZ" and before.isalpha() and after.isalpha()
        for before, char, after in zip(text, text[1:], text[2:], strict=False)
        if not char.isascii()
    )
    return not within and len(others) < len(letters) / 2


def as_utf8(file: BinaryIO) -> BinaryIO:
    """Return a file of text as one in UTF-8 without a byte order mark, whatever it is in.

    Bytes that are broken UTF-8 stay as they are, so that their line can be refused.
    """
    return cast(BinaryIO, io.BufferedReader(_AsUTF8(file), _CHUNK))


def text_of(file: ExportFile) -> str:
    """Return the whole text of a file, whatever it is in.

    Raises:
        HistoryItemError: It is too large to be read as a whole.
    """
    data = file.read()
    return data.decode(encoding_of(data), errors="replace").removeprefix("\ufeff")


def chunks_of(file: ExportFile) -> Iterator[str]:
    """Yield the text of a file piece by piece, whatever it is in."""
    with file.open() as opened:
        text = io.TextIOWrapper(as_utf8(opened), "utf-8", errors="replace")
        while chunk := text.read(_CHUNK):
            yield chunk


class _AsUTF8(io.RawIOBase):
    """The encoding is found from the first bytes that are not ASCII; the file is not closed."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._decoder: codecs.IncrementalDecoder | None = None
        self._as_it_is = False
        self._first = True
        self._ready = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "Buffer") -> int:
        view = memoryview(buffer)
        while not self._ready:
            data = self._file.read(_CHUNK)
            self._ready = self._read(data)
            if not data:
                break
        count = min(len(view), len(self._ready))
        view[:count] = self._ready[:count]
        self._ready = self._ready[count:]
        return count

    def _read(self, data: bytes) -> bytes:
        first, self._first = self._first, False
        if not self._as_it_is and self._decoder is None and (first or not data.isascii()):
            encoding = encoding_of(data)
            if encoding.startswith("utf-8"):
                self._as_it_is = not data.isascii()
                data = data.removeprefix(codecs.BOM_UTF8)
            else:
                self._decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
        if self._decoder is None:
            return data
        return self._decoder.decode(data, final=not data).encode("utf-8", errors="replace")
