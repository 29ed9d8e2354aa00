"""Uploads are read apart, within bounds, and everybody else is served meanwhile."""

import io
import json
import threading
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from server_client import ANNA, BOB, jwt_settings, served

from guided_profile.apps.server.process import upload_reader, uploads
from guided_profile.apps.server.routes import history

LINES = b"".join(json.dumps({"text": f"tea {n}"}).encode() + b"\n" for n in range(3))


@pytest.fixture(autouse=True)
def _words(added: object) -> None:
    """The endpoint and the data folder of a test."""


@pytest.mark.live  # forty processes: half a minute
def test_forty_uploads_at_once_leave_health_and_others_quick() -> None:
    slow = json.dumps([{"text": "-" * 15_000 + str(n)} for n in range(4)]).encode()
    with served(jwt_settings()) as (outside, _), ThreadPoolExecutor(40) as pool:
        send = {"url": "/v1/history/file", "headers": ANNA}
        sent = [
            pool.submit(outside.post, **send, files={"file": (f"{n}.json", slow)})
            for n in range(40)
        ]
        waits, ends = [], time.monotonic() + 10
        while not all(future.done() for future in sent) and time.monotonic() < ends:
            for path, headers in (("/v1/health", None), ("/v1/history", BOB)):
                begun = time.monotonic()
                assert outside.get(path, headers=headers).status_code == 200
                waits.append(time.monotonic() - begun)
            bobs = outside.post("/v1/history/file", files={"file": ("b.jsonl", LINES)}, headers=BOB)
            assert bobs.status_code == 201
            time.sleep(0.1)
        assert max(waits) < 3
        assert {future.result(120).status_code for future in sent} <= {201, 503}


def test_a_user_has_one_upload_read_at_a_time_and_so_many_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(uploads, "WAITING", 1)
    begun, over = threading.Event(), threading.Event()
    read = upload_reader.UploadReader.opened

    def waits(*given):  # type: ignore[no-untyped-def]
        begun.set()
        over.wait(30)
        return read(*given)

    monkeypatch.setattr(upload_reader.UploadReader, "opened", waits)
    with served(jwt_settings()) as (outside, _), ThreadPoolExecutor(1) as pool:
        given = {"files": {"file": ("a.jsonl", LINES)}, "headers": ANNA}
        first = pool.submit(outside.post, "/v1/history/file", **given)  # type: ignore[arg-type]
        assert begun.wait(30)
        refused = outside.post("/v1/history/file", **given)  # type: ignore[arg-type]
        assert (refused.status_code, refused.json()["error"]) == (429, "too_many_requests")
        over.set()
        assert first.result(60).json()["added"] == 3


def test_a_small_archive_of_endless_json_is_refused_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(history, "INFLATED", 10_000)  # what the archive says itself is not believed
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("result.json", '{"messages":[{"date":""},' + "[]," * 9_000_000 + "1]}")
    with served(jwt_settings()) as (outside, _):
        sent = {"file": ("tg.zip", packed.getvalue())}
        refused = outside.post("/v1/history/file", files=sent, data={"me": "x"}, headers=ANNA)
    assert refused.status_code == 422
    assert "in parts" in refused.json()["message"]


def test_what_is_nested_without_end_is_refused() -> None:
    nested = b"[" + b"[" * 200_000
    deep = b'{"messages":' + b'{"a":' * 200_000
    with served(jwt_settings()) as (outside, _):
        for name, body in (("a.json", nested), ("result.json", deep)):
            answer = outside.post(
                "/v1/history/file", files={"file": (name, body)}, data={"me": "x"}, headers=ANNA
            )
            assert answer.status_code in (201, 422), answer.text
            assert answer.json().get("added", 0) == 0


@pytest.mark.parametrize(
    ("name", "body", "form", "message"),
    [
        ("a.json", b'{"a": 1}', {"format": "json"}, "name its kind with the field `format`"),
        ("a.bin", b"\0\1", {}, "say so with the field `format` as text"),
        ("a.txt", b"tea\n", {"me": "--me"}, "what '--me' wrote; leave out the field `me` for a"),
        ("a.csv", b"author,text\nAnna,tea\n", {}, "say with the field `me` which of the people"),
        ("a.csv", b"a,b\n1,2\n", {}, "rename it to text, and others likewise"),
        ("a.csv", b"Tag,Tee\n2025-01-02,oolong\n", {}, "file: 'Tag' to time, 'Tee' to text, if"),
        ("a.csv", b"user_id,text\n1,tea\n", {}, "if it is one user's, rename that column."),
        ("a.jsonl", LINES, {"me": "Anna"}, "with the field `me` it says who wrote"),
        (
            "a.txt",
            b"[01.02.25, 10:00:00] Anna: tea\n[01.02.25, 10:01:00] Ben: no\n",
            {},
            "with the field `format` as text that the user alone wrote the file",
        ),
    ],
)
def test_what_is_wrong_with_a_file_is_said_in_the_fields_of_the_form(
    name: str, body: bytes, form: dict[str, str], message: str
) -> None:
    with served(jwt_settings()) as (outside, _):
        answer = outside.post(
            "/v1/history/file", files={"file": (name, body)}, data=form, headers=ANNA
        )
    said = json.dumps(answer.json(), ensure_ascii=False)
    assert message in said
    assert "--" not in said.replace("'--me'", "")


def test_the_reply_says_what_was_found_and_left_out() -> None:
    chat = b"[01/02/25, 10:00:00] Anna: my password is hunter2\n[01/02/25, 10:01:00] Ben left\n"
    table = b"note,who\ntea,me\n"
    with served(jwt_settings()) as (outside, _):

        def sent(content: bytes, **form: Any) -> Any:
            given = {"file": ("a.bin", content)}
            return outside.post("/v1/history/file", files=given, data=form, headers=ANNA).json()

        assert "the field `dates` as dmy or mdy" in sent(chat, me="Anna")["message"]
        answer = sent(chat, me="Anna", dates="dmy")
        assert answer["formats"] == [{"format": "whatsapp", "title": "WhatsApp chat", "files": 1}]
        assert (answer["left_out"], answer["skipped"]) == ({"without words": 1}, 1)
        assert (answer["added"], answer["masked"]) == (1, 1)
        assert sent(table, format="csv", column=["text=note"])["added"] == 1
        assert "give it as text=Review" in sent(table, column=["note"])["message"]
        formats = outside.get("/v1/history/formats", headers=ANNA).json()
        assert {"format", "title", "obtain"} == formats[0].keys()
        (item,) = outside.get("/v1/history?source=whatsapp", headers=ANNA).json()["items"]
        assert item["text"] == "my password is [password]"
        said = {"items": [{"text": "card 4111 1111 1111 1111"}]}
        posted = outside.post("/v1/history", json=said, headers=ANNA).json()
        (same,) = outside.get("/v1/history?source=notes", headers=ANNA).json()["items"][:1]
        assert (posted["masked"], posted["added"]) == (1, [same["id"]])
