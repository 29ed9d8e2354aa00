"""Facebook's export in JSON: posts, comments, searches, events, pages and groups.

Messages are `messenger`'s. What was reacted to is named in no language-free way, and is left out.
"""

from collections.abc import Iterator, Mapping, Sequence
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
)
from guided_profile.tools.readers.heads import Head, head_of
from guided_profile.tools.readers.json_lists import dict_in, dicts_in, object_of, objects
from guided_profile.tools.readers.social.meta import entry, mended, time_of

_KEYS = {
    "comments_v2": "comments",
    "group_comments_v2": "comments",
    "group_posts_v2": "posts",
    "searches_v2": "searches",
    "page_likes_v2": "likes",
    "pages_followed_v2": "follows",
    "groups_joined_v2": "groups",
    "event_responses_v2": "events",
    "reactions_v2": "reactions",
}
_OLD = "comments"
"""Where they stood before; many files of others have such a key."""
_SENTENCES = {
    "likes": "likes the page {}",
    "follows": "follows the page {}",
    "groups": "{}",
    "events": "takes part in {}",
}


def _read(files: Sequence[ExportFile], reading: Reading) -> Entries:
    yield from each_file(files, lambda file: _entries(file, reading))


def _entries(file: ExportFile, reading: Reading) -> Entries:
    kind = _kind(head_of(file))
    if kind == "events":
        answers = dict_in(object_of(file)[0].get("event_responses_v2"))
        for number, event in enumerate(dicts_in(answers.pop("events_joined", None)), start=1):
            where = Refused(number, unit="item", file=file.name)
            yield from _entry(kind, event, where, reading)
        if others := sum(len(dicts_in(events)) for events in answers.values()):
            yield Skipped("events that were declined, or only of interest", others)
        return
    for found in objects(file, *_KEYS, _OLD):
        if isinstance(found, Refused):
            yield found
        else:
            yield from _entry(kind, found[1], found[0], reading)


def _entry(
    kind: str, element: Mapping[str, Any], where: Refused, reading: Reading
) -> Iterator[Entry]:
    time = time_of(element, "timestamp", "start_timestamp")
    data = dicts_in(element.get("data"))
    if kind == "posts":
        yield entry(_post(element, data), "posts", time, where, reading)
    elif kind == "comments":
        comment = next((dict_in(part["comment"]) for part in data if "comment" in part), {})
        group = mended(comment.get("group")) or None
        text = mended(comment.get("comment"))
        yield entry(text, "comments", time, where, reading, category=group)
    elif kind == "searches":
        words = next((mended(part["text"]) for part in data if "text" in part), "")
        yield entry(words.strip('"“”'), "searches", time, where, reading, kind="did")
    elif kind in _SENTENCES:
        name = mended(element.get("name")) or (
            mended(element.get("title")) if kind == "groups" else ""
        )
        text = _SENTENCES[kind].format(name) if name else ""
        yield entry(text, kind, time, where, reading, kind="did")
    else:
        yield Skipped("reactions to others' posts" if kind == "reactions" else "without words")


def _post(post: Mapping[str, Any], data: Sequence[Mapping[str, Any]]) -> str:
    """Return what was written, else what was written to the pictures; a link's title beside it."""
    attached = [
        part
        for attachment in dicts_in(post.get("attachments"))
        for part in dicts_in(attachment.get("data"))
    ]
    texts = [mended(part["post"]) for part in data if "post" in part]
    if not any(texts):
        texts = [mended(dict_in(part.get("media")).get("description")) for part in attached]
    links = [mended(dict_in(part.get("external_context")).get("name")) for part in attached]
    places = [mended(dict_in(part.get("place")).get("name")) for part in attached]
    return "\n".join(dict.fromkeys(filter(None, [*texts, *links, *places])))


def _kind(head: Head) -> str:
    found = head.json
    if isinstance(found, dict):
        old = [
            part for comment in dicts_in(found.get(_OLD)) for part in dicts_in(comment.get("data"))
        ]
        named = next((kind for key, kind in _KEYS.items() if key in found), "")
        return named or ("comments" if any("comment" in part for part in old) else "")
    first = dicts_in(found[:20] if isinstance(found, list) else None)
    data = [part for post in first if "timestamp" in post for part in dicts_in(post.get("data"))]
    if any("post" in part or "update_timestamp" in part for part in data):
        return "posts"
    return "reactions" if any("reaction" in part for part in data) else ""


READER = Reader(
    format="facebook",
    title="Facebook export",
    obtain="On Facebook: Accounts Center, Your information, Export your information, to this "
    "device, format JSON; the zip as it is.",
    read=_read,
    recognises=_kind,
    streamed=False,
)
