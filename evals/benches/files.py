"""How fast files of history are read, and with how much memory: a million rows of an export.

    python -m guided_profile.evals.benches.files [--rows 1000000]

Each file is written, and read in a process of its own as `add` reads it: recognised, its entries
made into items, secrets in them masked. Nothing is embedded or kept. Memory is what the process
takes at most, beyond what it takes for a file of a hundred rows.
"""

import argparse
import csv
import json
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter
from typing import TextIO

from guided_profile.evals.benches.command import command
from guided_profile.tools.readers.base import Reading
from guided_profile.tools.readers.preview import preview

START = datetime(2020, 1, 1, tzinfo=UTC)
TITLES = 40_000
"""How many different titles are played, watched or bought."""


def _time(row: int) -> datetime:
    return START + timedelta(minutes=2 * row)


def json_lines(file: TextIO, rows: int) -> None:
    """Write items of our own."""
    for row in range(rows):
        item = {"text": f"bought thing {row}, a good one", "time": _time(row).isoformat()}
        file.write(json.dumps(item) + "\n")


def table(file: TextIO, rows: int) -> None:
    """Write a table with the usual columns."""
    write = csv.writer(file)
    write.writerow(["time", "text", "category"])
    for row in range(rows):
        write.writerow([_time(row).isoformat(), f"bought thing {row}, a good one", "kitchen"])


def chat(file: TextIO, rows: int) -> None:
    """Write a WhatsApp chat."""
    for row in range(rows):
        who = "Anna" if row % 2 else "Ben"
        file.write(f"[{_time(row):%d.%m.%y, %H:%M:%S}] {who}: I said a thing, number {row}\n")


def plays(file: TextIO, rows: int) -> None:
    """Write what was played on Spotify."""
    file.write("[")
    for row in range(rows):
        play = {
            "ts": f"{_time(row):%Y-%m-%dT%H:%M:%SZ}",
            "ms_played": 200_000,
            "master_metadata_track_name": f"Song {row * 7919 % TITLES}",
            "master_metadata_album_artist_name": f"Artist {row % 900}",
            "spotify_track_uri": f"spotify:track:{row % TITLES}",
            "reason_end": "trackdone",
        }
        file.write(("," if row else "") + json.dumps(play))
    file.write("]")


def notes(file: TextIO, rows: int) -> None:
    """Write a line a note."""
    for row in range(rows):
        file.write(f"Noted a thing to remember, number {row}\n")


WRITERS: dict[str, Callable[[TextIO, int], None]] = {
    "a.jsonl": json_lines,
    "a.csv": table,
    "chat.txt": chat,
    "Streaming_History_Audio_2020.json": plays,
    "notes.txt": notes,
}


def _read(path: Path) -> tuple[str, int, int, float, int]:
    """Return a file's format, its items, what was left out, the seconds and the most memory."""
    import resource  # Windows has none

    begun = perf_counter()
    found = preview(path, Reading(me="Anna" if path.stem == "chat" else None))
    seconds = perf_counter() - begun

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return next(iter(found.formats)), found.items, sum(found.left_out.values()), seconds, most


def _apart(path: Path) -> tuple[str, int, int, float, int]:
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(_read, path).result()


@command
def main() -> None:
    """Run the bench."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--only", choices=WRITERS, help="one of the files")
    given = parser.parse_args()
    print("format: rows, MB, items, left out, rows/s, memory beyond that of a hundred rows")
    with tempfile.TemporaryDirectory() as folder:
        for name, write in WRITERS.items():
            if given.only not in (None, name):
                continue
            path = Path(folder, name)
            with path.open("w") as file:
                write(file, 100)
            few = _apart(path)[-1]
            with path.open("w") as file:
                write(file, given.rows)
            size = path.stat().st_size / 1e6
            format, items, left, seconds, most = _apart(path)
            rate, memory = f"{given.rows / seconds:,.0f}", f"{(most - few) / 1e6:,.0f} MB"
            cells = (f"{given.rows:,}", f"{size:,.0f}", f"{items:,}", f"{left:,}", rate, memory)
            print(f"{format}: {', '.join(cells)}", flush=True)
            path.unlink()


if __name__ == "__main__":
    main()
