"""Spotify's YourLibrary.json: what was saved, followed and banned, without times."""

from collections.abc import Mapping
from typing import Any

from guided_profile.tools.readers.base import Entries, Reading, Refused, Skipped, item
from guided_profile.tools.readers.sums import LIMIT

_SAVED = {
    "tracks": ("has saved the song", ("track", "artist")),
    "albums": ("has saved the album", ("album", "artist")),
    "shows": ("follows the podcast", ("name", "publisher")),
    "episodes": ("has saved the episode", ("name", "show")),
    "artists": ("follows", ("name",)),
    "bannedTracks": ("never wants to hear the song", ("track", "artist")),
    "bannedArtists": ("never wants to hear", ("name",)),
}


def saved(library: Mapping[str, Any], where: Refused, reading: Reading) -> Entries:
    """Yield an item for each song, album, artist and podcast that is saved or banned."""
    for kind, (verb, names) in _SAVED.items():
        entries = library.get(kind)
        entries = entries if isinstance(entries, list) else []
        for count, entry in enumerate(entries):
            parts = [entry.get(name) for name in names] if isinstance(entry, dict) else []
            words = ", ".join(str(part) for part in parts if part)
            if count >= LIMIT:
                yield Skipped(f"saved entries beyond the limit of {LIMIT}", len(entries) - count)
                break
            if words:
                fields = {
                    "text": f"{verb}: {words}",
                    "source": reading.source or "library",
                    "kind": "did",
                }
                yield item(fields, where, reading)
