"""Steam's games: the answer of its web service, or the saved page of all games."""

import html
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from guided_profile.graph.errors import HistoryItemError
from guided_profile.tools.readers.archive import ExportFile
from guided_profile.tools.readers.base import Entries, Reader, Reading, Refused, Skipped, item
from guided_profile.tools.readers.heads import Head
from guided_profile.tools.readers.json_files import whole
from guided_profile.tools.readers.sums import LIMIT
from guided_profile.tools.readers.times import since_1970

_OLD_PAGE = re.compile(r"var rgGames = (\[)")
_PAGE = re.compile(r"data-profile-gameslist=\"([^\"]*)\"")


def _read(files: Sequence[ExportFile], reading: Reading) -> Entries:
    for file in files:
        games = [game for game in _games(file) if isinstance(game, dict) and game.get("name")]
        games.sort(key=_minutes, reverse=True)
        for number, game in enumerate(games[:LIMIT], start=1):
            where = Refused(number, unit="item", file=file.name)
            minutes = _minutes(game)
            played = f"played {_hours(minutes)} in all" if minutes else "owned, never played"
            last = game.get("rtime_last_played")
            fields = {
                "text": f"{game['name']} ({played})",
                "source": reading.source or ("games" if minutes else "owned games"),
                "time": since_1970(last) if minutes and isinstance(last, int) and last else None,
                "category": "games",
                "kind": "did",
            }
            yield item(fields, where, reading)
        if len(games) > LIMIT:
            yield Skipped(f"games beyond the limit of {LIMIT}", len(games) - LIMIT)


def _hours(minutes: int) -> str:
    return f"{minutes} minutes" if minutes < 120 else f"{minutes // 60} hours"


def _minutes(game: Mapping[str, Any]) -> int:
    if isinstance(game.get("playtime_forever"), int):
        return int(game["playtime_forever"])
    hours = str(game.get("hours_forever", "0")).replace(",", "")
    return int(float(hours) * 60) if re.fullmatch(r"\d+(\.\d+)?", hours) else 0


def _games(file: ExportFile) -> Sequence[Any]:
    """Return the games that a file lists.

    Raises:
        HistoryItemError: It lists none.
    """
    with file.open() as opened:
        is_json = opened.read(100).removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{")
    found: Any = None
    if is_json:
        read = whole(file)
        found = read.get("response", read)
    else:
        page = file.read().decode("utf-8", errors="replace")
        try:
            if new := _PAGE.search(page):
                found = json.loads(html.unescape(new[1]))
            elif old := _OLD_PAGE.search(page):
                found = {"games": json.JSONDecoder().raw_decode(page, old.start(1))[0]}
        except ValueError:
            found = None
    games = found.get("games", found.get("rgGames")) if isinstance(found, dict) else None
    if not isinstance(games, list):
        raise HistoryItemError(
            f"{file.path!r} holds no list of games that can be read; it may be cut "
            "short, so save it again."
        )
    return games


def _recognises(head: Head) -> bool:
    if isinstance(head.json, dict):
        inner = head.json.get("response", head.json)
        games = inner.get("games") if isinstance(inner, dict) else None
        first = games[0] if isinstance(games, list) and games else None
        return isinstance(first, dict) and "playtime_forever" in first
    is_page = head.text.lstrip().startswith("<")
    return is_page and bool(
        _PAGE.search(head.text) or _OLD_PAGE.search(head.text) or "steamcommunity.com" in head.text
    )


READER = Reader(
    format="steam",
    title="Steam games",
    obtain="On steamcommunity.com: your profile, Games, All games, and save the page; or the "
    "answer of the web service GetOwnedGames with include_appinfo.",
    read=_read,
    recognises=_recognises,
    streamed=False,
)
