"""What apps write in a person's name: reactions, calls, placeholders, and what was taken back."""

import re

_PLACEHOLDER = re.compile(
    r"<[^<>\n]{3,60}>|\[[^\[\]\n]{3,60}\]|【[^【】\n]{1,60}】|\S{1,100}\.\w{2,4} \([^()\n]{3,40}\)"
)
"""A text that is nothing but `<Media omitted>`, `[Sticker]` or `IMG-1.jpg (file attached)`, in any
language."""


def is_notice(text: str) -> bool:
    """Whether a text is what an app wrote in its sender's name."""
    return text.lstrip(" ").startswith("\u200e") or bool(_PLACEHOLDER.fullmatch(text.strip()))
