"""Spotify's exports: the streaming history, short or extended, the library and the searches."""

import re
from collections.abc import Generator, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from guided_profile.tools.readers.activity.spotify_library import saved
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
from guided_profile.tools.readers.heads import Head
from guided_profile.tools.readers.json_files import BrokenJSON, elements, whole
from guided_profile.tools.readers.sums import Sums
from guided_profile.tools.readers.times import read_time

_PLAYS = ({"ts", "ms_played"}, {"endTime", "msPlayed"})
_SEARCH = {"searchTime", "searchQuery"}
_LIBRARY = {"tracks", "albums", "shows"}
_ZONE_NAME = re.compile(r"\[[\w/]+\]$")
SHORTEST = 30_000
"""The milliseconds from which on a play counts; a shorter one is a skip."""
_Found = tuple[Refused, Any]


def _read(files: Sequence[ExportFile], reading: Reading) -> Entries:
    music = Sums("plays", "played")
    spoken = Sums("listened", "listened to")
    searches = Sums("searches", "searched for")
    until = datetime.min.replace(tzinfo=UTC)
    for entry in each_file(sorted(files, key=_is_short), _entries):
        if isinstance(entry, Refused):
            yield entry
            continue
        where, found = entry
        keys = set(found) if isinstance(found, dict) else set()
        if keys >= _LIBRARY:
            yield from saved(found, where, reading)
        elif keys >= _SEARCH:
            try:
                yield from _add(found["searchQuery"], _time(found["searchTime"]), where, searches)
            except ValueError as error:
                yield Refused(where.line, f"time: {error}", "item", where.file)
        elif any(keys >= kind for kind in _PLAYS):
            until = yield from _play(found, where, music, spoken, until)
        else:
            yield Skipped("entries of other kinds")
    for sums in (music, spoken, searches):
        yield from sums.entries(reading)


def _entries(file: ExportFile) -> Iterator[_Found | Refused]:
    with file.open() as opened:
        is_object = opened.read(100).removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{")
    if is_object:
        yield Refused(1, unit="item", file=file.name), whole(file)
        return
    number = 0
    try:
        with file.open() as opened:
            for element in elements(opened):
                number += 1
                yield Refused(number, unit="item", file=file.name), element
    except BrokenJSON as error:
        yield Refused(number + 1, str(error), "item", file.name)


def _is_short(file: ExportFile) -> bool:
    """Whether a file is no extended history, which may hold the same plays."""
    with file.open() as opened:
        return b'"ms_played"' not in opened.read(4096)


def _play(
    play: Mapping[str, Any], where: Refused, music: Sums, spoken: Sums, until: datetime
) -> Generator[Entry, None, datetime]:
    """Count a play; return up to when the extended history goes."""
    played = play.get("ms_played", play.get("msPlayed"))
    if play.get("incognito_mode") is True:
        yield Skipped("plays in private sessions")
        return until
    if not isinstance(played, int | float) or played < SHORTEST:
        yield Skipped("plays of under 30 seconds")
        return until
    show = play.get("episode_show_name") or play.get("podcastName") or play.get("audiobook_title")
    song = play.get("master_metadata_track_name") or play.get("trackName")
    artist = play.get("master_metadata_album_artist_name") or play.get("artistName")
    title = song and (f"{song}, {artist}" if artist else song)
    try:
        when = _time(play.get("ts") or play.get("endTime"))
    except ValueError as error:
        yield Refused(where.line, f"time: {error}", "item", where.file)
        return until
    if "endTime" in play and when <= until:
        yield Skipped("plays that the extended history has too")
        return until
    yield from _add(show or title, when, where, spoken if show else music)
    return max(until, when) if "ts" in play else until


def _time(time: Any) -> datetime:
    """Return a time of Spotify's, in UTC, as they are also where they do not say so.

    Raises:
        ValueError: It is none.
    """
    return read_time(_ZONE_NAME.sub("", str(time)), UTC)


def _add(title: Any, when: datetime, where: Refused, sums: Sums) -> Entries:
    if not isinstance(title, str) or not title.strip():
        yield Skipped("plays of what has no name")
        return
    sums.add(title, when, where)


def _recognises(head: Head) -> bool:
    first = head.json[0] if isinstance(head.json, list) and head.json else head.json
    keys = set(first) if isinstance(first, dict) else set()
    if isinstance(head.json, dict):
        return keys >= _LIBRARY
    return any(keys >= kind for kind in (*_PLAYS, _SEARCH))


READER = Reader(
    format="spotify",
    title="Spotify history and library",
    obtain="On spotify.com: Account, Privacy settings, Download your data (account data, or the "
    "extended streaming history).",
    read=_read,
    recognises=_recognises,
)
