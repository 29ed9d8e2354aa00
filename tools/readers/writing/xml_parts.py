"""XML files read element by element, however long they are; nothing in them is expanded."""

from collections.abc import Iterator
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

from guided_profile.tools.readers.archive import ExportFile
from guided_profile.tools.readers.base import Refused


def parts_of(file: ExportFile, tag: str) -> Iterator[tuple[Refused, Element]]:
    """Yield the elements of a name below the root, each with its place, and forget each again.

    Where the file is cut short or broken, the place says why, and its element is empty.
    """
    number = 0
    root: Element | None = None
    try:
        with file.open() as opened:
            for event, element in iterparse(opened, events=("start", "end"), forbid_dtd=False):
                if root is None:
                    root = element
                elif event == "end" and element.tag == tag:
                    number += 1
                    yield Refused(number, unit="item", file=file.name), element
                    element.clear()
    except (ParseError, DefusedXmlException, ValueError):
        reason = "is not XML, so it and what follows were not read"
        yield Refused(number + 1, reason, "item", file.name), Element(tag)


def words_in(element: Element, name: str) -> str:
    """Return the text of an element's part; empty if it has none."""
    return (element.findtext(name) or "").strip()
