"""Posts of X's archive, and texts as X writes them."""

import html
import re
from collections.abc import Mapping, Sequence
from email.utils import parsedate_to_datetime
from typing import Any

from guided_profile.tools.readers.base import Entry, Reading, Refused, Skipped, item
from guided_profile.tools.readers.json_lists import text_in

_LINK = re.compile(r"https://t\.co/\w+")
_ANSWERED = re.compile(r"(?:@\w{1,15}\s+)+")
_LONG = re.compile(r"…\s*(?:https://t\.co/\w+\s*)?\Z")


def tweet(found: Mapping[str, Any], long: Sequence[str], where: Refused, reading: Reading) -> Entry:
    """Make an item of a post; a repost, and the beginning of a long one, is left out."""
    text = shown(found.get("full_text") or found.get("text"))
    if found.get("retweeted") is True or text.startswith("RT @"):
        return Skipped("reposts of others")
    begun = _LONG.sub("", text).strip()
    if begun != text and any(note.startswith(begun[:200]) for note in long):
        return Skipped("beginnings of long posts")
    answered = found.get("in_reply_to_status_id_str") or found.get("in_reply_to_user_id_str")
    if answered:
        text = _ANSWERED.sub("", text, count=1)
    fields = {"category": "replies"} if answered else {}
    if id_ := text_in(found.get("id_str")):
        fields["id"] = f"x:{id_}"
    return said(text, "posts", _time(found.get("created_at")), where, reading, **fields)


def _time(text: Any) -> Any:
    """Read the times of posts, which are written as mail's; those of other things are ISO 8601."""
    try:
        return parsedate_to_datetime(text) if isinstance(text, str) else text
    except ValueError:
        return text


def said(text: str, source: str, time: Any, where: Refused, reading: Reading, **more: Any) -> Entry:
    """Make an item of what somebody wrote; without words, it is left out."""
    if not text:
        return Skipped()
    fields = {"text": text, "source": reading.source or source, "time": time, "kind": "said"}
    return item(fields | {name: value for name, value in more.items() if value}, where, reading)


def shown(text: Any) -> str:
    """Return a text without its marks of HTML, and without links that only X can follow."""
    return _LINK.sub("", html.unescape(text_in(text))).strip()
