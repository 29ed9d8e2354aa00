"""Files that are sent to the server: an export that comes back, and names of any length."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from endpoint import Endpoint
from server_client import ANNA, BOB, served
from starlette.testclient import TestClient

from guided_profile.tools.profiles.corrections import MOST_OVERRIDES

CAT = "This person has a cat named Miso."
BIKE = "This person commutes by bicycle."


@pytest.fixture
def client(added: type[Endpoint]) -> Iterator[TestClient]:
    with served() as (made, _):
        yield made


def sentences(client: TestClient) -> list[str]:
    made = client.post("/v1/profile", headers=ANNA).raise_for_status().json()
    return [sentence["text"] for sentence in made["profile"]["sentences"]]


@pytest.mark.parametrize(("name", "format"), [("anna.json", "auto"), ("anna.txt", "json")])
def test_an_export_is_taken_back_whole(client: TestClient, name: str, format: str) -> None:
    sentences(client)
    client.patch("/v1/profile", json={"do": "pin", "text": "I sail."}, headers=ANNA)
    client.patch("/v1/profile", json={"do": "forbid", "text": CAT}, headers=ANNA)
    exported = client.get("/v1/export", headers=ANNA).json()
    client.delete("/v1/everything?confirm=everything", headers=ANNA).raise_for_status()
    sent = {"file": (name, json.dumps(exported))}
    fields = {"format": format}
    answer = client.post("/v1/history/file", files=sent, data=fields, headers=ANNA).json()
    assert (answer["added"], answer["restored"]) == (2, 1)
    assert [(wish["kind"], wish["text"], wish["why"]) for wish in answer["wishes_left"]] == [
        ("forbid", CAT, "nobody confirmed it"),
        ("pin", "I sail.", "nobody confirmed it"),
    ]
    assert client.get("/v1/profile", headers=ANNA).status_code == 404, "none was made here"
    (version,) = client.get("/v1/profile/versions", headers=ANNA).json()
    assert version["profile"]["note"] == "imported: no answer uses it"
    fields["keep_wishes"] = "true"
    answer = client.post("/v1/history/file", files=sent, data=fields, headers=ANNA).json()
    assert (answer["restored"], answer["wishes_left"]) == (2, [])
    again = client.get("/v1/export", headers=ANNA).json()
    assert sorted(again["items"], key=str) == sorted(exported["items"], key=str)
    assert sentences(client) == ["I sail.", BIKE]
    decided = client.get("/v1/profile/wishes", headers=ANNA).json()
    gone = {"do": "take_back", "key": decided[0]["key"]}
    assert len(client.patch("/v1/profile", json=gone, headers=ANNA).json()) == 1


def test_an_uploaded_export_is_the_callers_own_and_says_what_they_could_have_said(
    client: TestClient,
) -> None:
    sentences(client)
    client.patch("/v1/profile", json={"do": "pin", "text": "I sail."}, headers=ANNA)
    exported = client.get("/v1/export", headers=ANNA).json()
    override = next(record for record in exported["profiles"] if record["where"][1] == "wishes")
    before = json.dumps(exported["profiles"])
    exported["profiles"] += [
        override | {"key": f"20260101T0000000{n:05}-0123abcd"} for n in range(150)
    ] + [
        override | {"where": ["unknown-task", "wishes"]},
        override | {"where": ["..", "anna", "dialogue", "wishes"]},
        override
        | {
            "key": "20270101T000000000000-0123abcd",
            "value": override["value"] | {"text": "x" * 501},
        },
    ]
    sent = {"file": ("export.json", json.dumps(exported | {"user_id": "anna"}))}
    kept = {"keep_wishes": "true"}
    client.post("/v1/history/file", files=sent, data=kept, headers=BOB).raise_for_status()
    bobs = client.get("/v1/export", headers=BOB).json()["profiles"]
    overrides = [record for record in bobs if "wishes" in record["where"]]
    assert {tuple(record["where"]) for record in overrides} == {("dialogue", "wishes")}
    assert {record["value"]["text"] for record in overrides} == {"I sail."}
    assert len(overrides) == MOST_OVERRIDES
    pin = {"do": "pin", "text": "One more."}
    assert client.patch("/v1/profile", json=pin, headers=BOB).status_code == 422
    annas = client.get("/v1/export", headers=ANNA).json()["profiles"]
    assert json.dumps(annas) == before


def test_a_file_may_have_a_name_of_any_length(client: TestClient) -> None:
    for letter in ("a", "漢", "𝒜"):
        sent = {"file": (letter * 300 + ".txt", f"I like {letter}")}
        answer = client.post("/v1/history/file", files=sent, headers=ANNA)
        assert answer.json()["added"] == 1, letter


def test_what_a_killed_server_left_of_an_upload_is_deleted_by_the_next(
    added: type[Endpoint], tmp_path: Path
) -> None:
    uploads = tmp_path / "data" / "uploads"
    (uploads / "left").mkdir(parents=True)
    (uploads / "left" / "chat.txt").write_text("my cat Miso")
    with served() as (client, _):
        sent = {"file": ("notes.txt", "a copper pan")}
        client.post("/v1/history/file", files=sent, headers=ANNA).raise_for_status()
        assert list(uploads.iterdir()) == []
