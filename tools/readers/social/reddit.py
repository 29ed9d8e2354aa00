"""Reddit's data request: the tables of comments, posts, messages, chats and subreddits.

Votes and saved posts hold ids alone, and are left out.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from guided_profile.tools.readers.archive import ExportFile
from guided_profile.tools.readers.base import (
    Entries,
    Entry,
    Reader,
    Reading,
    Refused,
    Skipped,
    each_file,
    item,
    same_name,
)
from guided_profile.tools.readers.heads import Head
from guided_profile.tools.readers.markdown_text import without_quotes
from guided_profile.tools.readers.tables import rows

_GONE = ("[deleted]", "[removed]")
_UTC = re.compile(r"\s*UTC\Z")
_COLUMNS = {
    "comments": {"permalink", "subreddit", "body", "parent"},
    "posts": {"permalink", "subreddit", "title", "body"},
    "messages": {"permalink", "from", "to", "body"},
    "chats": {"username", "message", "channel_url"},
    "account": {"statistic", "value"},
}
_ONE_COLUMN = re.compile('\ufeff?"?subreddit"?\\r?\\n')


def _read(files: Sequence[ExportFile], reading: Reading) -> Entries:
    me = (reading.me or "").removeprefix("u/") or _account(files)
    for row in each_file(files, rows):
        if isinstance(row, Refused):
            yield row
            continue
        where, cells = row
        kind = _kind({*cells})
        if [*cells] == ["subreddit"]:
            text = f"follows r/{cells['subreddit'].removeprefix('r/')}"
            source = reading.source or "subscriptions"
            yield item({"text": text, "source": source, "kind": "did"}, where, reading)
        elif kind in ("messages", "chats"):
            yield _message(kind, cells, me, where, reading)
        elif kind:
            yield _READ[kind](cells, where, reading)


def _account(files: Sequence[ExportFile]) -> str:
    """Return the name of the account, as one of the tables says."""
    for row in each_file(files, rows):
        if not isinstance(row, Refused) and row[1].get("statistic") == "account name":
            return row[1]["value"]
    return ""


def _comment(cells: Mapping[str, str], where: Refused, reading: Reading) -> Entry:
    return _said(cells["body"], "comments", cells, where, reading)


def _post(cells: Mapping[str, str], where: Refused, reading: Reading) -> Entry:
    body = "" if cells["body"].strip() in _GONE else cells["body"].strip()
    text = "\n".join(filter(None, (cells["title"].strip(), body)))
    return _said(text, "posts", cells, where, reading)


def _said(
    text: str, source: str, cells: Mapping[str, str], where: Refused, reading: Reading
) -> Entry:
    if not text.strip() or text.strip() in _GONE:
        return Skipped("deleted posts and comments")
    text = _own_words(text)
    if not text:
        return Skipped("comments that only quote")
    subreddit = cells["subreddit"].strip()
    fields: dict[str, Any] = {
        "text": text,
        "time": _time(cells.get("date", "")),
        "category": (subreddit and f"r/{subreddit.removeprefix('r/')}") or None,
        "source": reading.source or source,
        "kind": "said",
    }
    if cells.get("id"):
        fields["id"] = f"reddit:{source}:{cells['id']}"
    return item(fields, where, reading)


def _own_words(text: str) -> str:
    """Return a text without what it quotes; a spoiler, `>!`, is the writer's own."""
    spoilers = re.sub(r"^>!(.*?)!<", r"\1", text, flags=re.MULTILINE | re.DOTALL)
    return without_quotes(spoilers.replace("\r\n", "\n"))


def _message(
    kind: str, cells: Mapping[str, str], me: str, where: Refused, reading: Reading
) -> Entry:
    text = cells["body" if kind == "messages" else "message"].strip()
    if not text or text in _GONE:
        return Skipped("deleted messages")
    sender = cells["from" if kind == "messages" else "username"].strip()
    if not me:
        return Skipped("messages of whom --me does not say which are the user's")
    text = _own_words(text)
    if not text:
        return Skipped("comments that only quote")
    fields = {
        "text": text,
        "time": _time(cells.get("date") or cells.get("created_at") or ""),
        "role": "user" if same_name(sender, me) else "other",
        "source": reading.source or "messages",
        "kind": "said",
    }
    return item(fields, where, reading)


def _time(text: str) -> str | None:
    time, found = _UTC.subn("+00:00", text.strip())
    return (time if found else text.strip()) or None


def _account_row(cells: Mapping[str, str], where: Refused, reading: Reading) -> Entry:
    return Skipped("facts of the account")


_READ: dict[str, Callable[[Mapping[str, str], Refused, Reading], Entry]] = {
    "comments": _comment,
    "posts": _post,
    "account": _account_row,
}


def _kind(columns: set[str]) -> str:
    return next((kind for kind, needed in _COLUMNS.items() if needed <= columns), "")


def _recognises(head: Head) -> bool:
    columns = set(head.columns)
    if _kind(columns) == "account":
        return "account name" in head.text
    return bool(_kind(columns)) or bool(_ONE_COLUMN.match(head.text))


READER = Reader(
    format="reddit",
    title="Reddit data request",
    obtain="On reddit.com/settings/data-request; the zip that comes by message, as it is.",
    read=_read,
    recognises=_recognises,
)
