"""What an assistant notes about a user, as it writes it out or shows it: a text, pasted."""

import re
from collections.abc import Iterator
from typing import NamedTuple

_DATED = re.compile(
    r"\W{0,3}(?:\d{1,4}[.)]\s*)?\[(\d{4}-\d\d(?:-\d\d)?|[^\W\d_][^\]\n\d]{2,40})\]\W{0,3}\s+(\S.*)"
)
"""`[2024-05-14] - Loves rye bread`, `3. [2024-05-14]. …`, or with `[date unknown]`: the form that
assistants are asked to write their memories in, and ChatGPT's own."""
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_USER = re.compile(
    r"(?:the user|user|users?'s?|der nutzer|die nutzerin|nutzer(?:in)?|der benutzer|benutzer(?:in)?"
    r"|l['’]utilisateur(?:rice)?|l['’]utilisatrice|el usuario|la usuaria|o usuário|a usuária"
    r"|l['’]utente|de gebruiker|пользователь|користувач|użytkownik|kullanıcı)\b(?!\s*[:：])"
    r"|(?:ユーザー|用户|用戶|使用者|사용자|المستخدم|उपयोगकर्ता)(?!\s*[:：])",
    re.IGNORECASE,
)
"""What a person does not call themselves."""
_BULLET = re.compile(r"\s*(?:[-*•–]|\d{1,4}[.)])\s+")
_HEADING = re.compile(r"\s*(?:#{1,6}\s+(.+)|\*\*([^*\n]{1,80})\*\*:?)\s*")
_CLAUDES = ("work context", "personal context", "top of mind", "brief history")
"""The headings of Claude's summary of a person."""
_CHATGPTS = "model set context"


class Line(NamedTuple):
    """What is noted in a line or a paragraph."""

    text: str
    date: str | None
    heading: str


def noted_lines(text: str) -> Iterator[Line]:
    """Yield what a text notes, line by line; where most have dates, no others but points."""
    heading = ""
    lines = [line for line in text.splitlines() if not re.fullmatch(r"\W*", line)]
    are_dated = 2 * sum(_DATED.fullmatch(line) is not None for line in lines) >= len(lines)
    for line in lines:
        if (found := _HEADING.fullmatch(line)) and not _DATED.fullmatch(line):
            heading = (found[1] or found[2]).strip("*: ")
            continue
        dated = _DATED.fullmatch(line)
        if are_dated and not dated and not _BULLET.match(line):
            continue  # what the assistant says before and after
        words = dated[2] if dated else _BULLET.sub("", line, count=1)
        date = dated[1] if dated and _DATE.fullmatch(dated[1]) else None
        yield Line(words.strip(), date, heading)


def is_memory_text(text: str) -> bool:
    """Whether a text is what an assistant notes about a user, and not what the user wrote."""
    lines = [line for line in text.splitlines() if line.strip()][:200]
    headings = [
        (found[1] or found[2]).strip("*: ").lower()
        for line in lines
        if (found := _HEADING.fullmatch(line))
    ]
    if _CHATGPTS in headings or sum(name in headings for name in _CLAUDES) >= 2:
        return True
    noted = [line for line in lines if not _HEADING.fullmatch(line)]
    if len(noted) < 2:
        return False
    dated = [match for line in noted if (match := _DATED.fullmatch(line))]
    have_dates = any(_DATE.fullmatch(match[1]) for match in dated)
    about = sum(_USER.match(_BULLET.sub("", line, count=1)) is not None for line in noted)
    return (have_dates and 2 * len(dated) >= len(noted)) or 2 * about > len(noted)
