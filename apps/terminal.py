"""What a terminal is shown: whatever users and models wrote, and nothing that it would obey.

A text may hold sequences that clear the screen, set the title, fill the clipboard or turn the
direction of what follows. All output of the command line goes through `marked`.
"""

import logging
import re
from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

_OBEYED = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]"  # escapes, the bell, … and those of eight bits
    r"|\r(?!\n)"  # which writes over the line
    r"|[\u061c\u202a-\u202e\u2066-\u2069]"  # which turn the direction
)


def marked(text: str) -> str:
    r"""Return a text with a visible mark, as `\u001b`, for each character that a terminal obeys.

    JSON means the same with the marks as without.
    """
    return _OBEYED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def plain(text: str, style: str = "") -> Text:
    """Return a text of users or models, ready to be shown."""
    return Text(marked(text), style)


class Terminal(Console):
    """A console that shows texts as they are: neither markup nor codes of emoji are looked for."""

    def __init__(self, *, stderr: bool = False) -> None:
        super().__init__(stderr=stderr, highlight=False, markup=False, emoji=False)

    def render_str(self, text: str, **options: Any) -> Text:
        """Return a string as it is shown."""
        return super().render_str(marked(text), **options)

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """Render anything; the console's own sequences, which move its bars, stay as they are."""
        for segment in super().render(renderable, options):
            text, style, control = segment
            yield segment if control else Segment(marked(text), style)


class MarkedFormatter(logging.Formatter):
    """The usual lines of a log, marked."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        return marked(super().format(record))
