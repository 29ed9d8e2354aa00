"""The routes under /v1, used from outside as a program would."""

import json
from collections.abc import Iterator

import pytest
from endpoint import Endpoint
from server_client import ANNA, ROOT, served
from starlette.testclient import TestClient

from guided_profile.apps.server.process.resources import ServerResources

CAT = "This person has a cat named Miso."
BIKE = "This person commutes by bicycle."


@pytest.fixture
def both(added: type[Endpoint]) -> Iterator[tuple[TestClient, ServerResources]]:
    with served() as made:
        yield made


@pytest.fixture
def client(both: tuple[TestClient, ServerResources]) -> TestClient:
    return both[0]


def sentences(client: TestClient) -> list[str]:
    made = client.post("/v1/profile", headers=ANNA).raise_for_status().json()
    return [sentence["text"] for sentence in made["profile"]["sentences"]]


def test_items_are_added_listed_page_by_page_and_deleted(client: TestClient) -> None:
    items = [{"text": f"item {n}", "time": f"2026-01-0{n}T00:00:00Z"} for n in range(1, 6)]
    answer = client.post("/v1/history", json={"items": items}, headers=ANNA)
    assert answer.status_code == 201
    added = answer.json()["added"]
    assert len(added) == 5
    again = client.post("/v1/history", json={"items": items[:1]}, headers=ANNA).json()
    assert again == {"added": [], "duplicates": added[:1], "held_back": [], "masked": 0}
    first = client.get("/v1/history?source=notes&limit=3", headers=ANNA).json()
    assert [item["text"] for item in first["items"]] == ["item 5", "item 4", "item 3"]
    assert (first["total"], first["next_offset"]) == (5, 3)
    last = client.get("/v1/history?source=notes&limit=3&offset=3", headers=ANNA).json()
    assert [item["text"] for item in last["items"]] == ["item 2", "item 1"]
    assert last["next_offset"] is None
    since = client.get("/v1/history?since=2026-01-04T00:00:00Z", headers=ANNA).json()
    assert since["total"] == 2
    same = client.get("/v1/history?since=2026-01-04", headers=ANNA).json()
    assert same["total"] == 2  # a date alone is in UTC
    gone = client.delete(f"/v1/history?id={added[0]}&id=nothing", headers=ANNA).json()
    assert gone == {"deleted": added[:1], "not_there": ["nothing"]}
    assert client.get("/v1/history", headers=ANNA).json()["total"] == 6


def test_a_file_is_added_and_its_bad_lines_are_named_without_their_text(
    client: TestClient,
) -> None:
    text = '{"text": "a new bicycle bell"}\n{"text": 5, "about": "SECRET"}\n'
    sent = {"file": ("../../purchases.jsonl", text)}
    answer = client.post("/v1/history/file", files=sent, data={"source": "shop"}, headers=ANNA)
    assert answer.status_code == 201
    said = answer.json()
    assert (said["added"], said["refused"]) == (1, 1)
    assert said["refusals"][0]["place"] == "line 2"
    assert "SECRET" not in answer.text
    assert client.get("/v1/history?source=shop", headers=ANNA).json()["total"] == 1
    again = client.post("/v1/history/file", files=sent, data={"source": "shop"}, headers=ANNA)
    assert again.json()["duplicates"] == 1


def test_an_upload_of_no_known_kind_is_refused_without_a_path(client: TestClient) -> None:
    for name, data, form in (
        ("x.zip", b"PK no archive", {}),
        ("x.json", b"{", {}),
        ("x.csv", b"a,b\n1,2\n", {}),
        ("x.jsonl", b"{}", {"format": "exe"}),
        ("x.jsonl", b"{}", {"zone": "../../etc/passwd"}),
        ("x.jsonl", b"{}", {"zone": "/etc/passwd"}),
    ):
        answer = client.post(
            "/v1/history/file", files={"file": (name, data)}, data=form, headers=ANNA
        )
        assert answer.status_code == 422, (name, form, answer.text)
        assert answer.json()["error"] == "bad_input"
        assert "/tmp" not in answer.text
        assert "guided-profile-" not in answer.text


def test_a_profile_is_made_shown_with_its_evidence_and_deleted(client: TestClient) -> None:
    answer = client.get("/v1/profile", headers=ANNA)
    assert (answer.status_code, answer.json()["error"]) == (404, "no_profile")
    assert sentences(client) == [CAT, BIKE]
    shown = client.get("/v1/profile", headers=ANNA).json()
    for sentence in shown["profile"]["sentences"]:
        assert sentence["evidence"]
        assert set(sentence["evidence"]) <= set(shown["items"])
    assert "Miso" in shown["items"][shown["profile"]["sentences"][0]["evidence"][0]]["text"]
    versions = client.get("/v1/profile/versions", headers=ANNA).json()
    assert versions[0]["changes"]["added"] == [CAT, BIKE]
    assert client.delete("/v1/profile", headers=ANNA).status_code == 204
    assert client.get("/v1/profile", headers=ANNA).status_code == 404


def test_what_a_user_decides_holds_until_it_is_taken_back(client: TestClient) -> None:
    assert sentences(client) == [CAT, BIKE]

    def decide(**body: str) -> list[dict[str, str]]:
        answer = client.patch("/v1/profile", json=body, headers=ANNA).raise_for_status()
        decided: list[dict[str, str]] = answer.json()
        return decided

    (forbidden,) = decide(do="forbid", text=CAT)
    assert sentences(client) == [BIKE]
    decide(do="pin", text="I sail.")
    assert sentences(client) == ["I sail.", BIKE]
    corrected = decide(do="correct", text=BIKE, right="I commute by train.")
    assert sorted(wish["kind"] for wish in corrected) == ["forbid", "forbid", "pin", "pin"]
    assert BIKE not in sentences(client)
    assert client.get("/v1/history?source=correction", headers=ANNA).json()["total"] == 1
    decide(do="take_back", key=forbidden["key"])
    assert CAT in sentences(client)
    assert len(client.get("/v1/profile/wishes", headers=ANNA).json()) == 3
    gone = {"do": "take_back", "key": forbidden["key"]}
    assert client.patch("/v1/profile", json=gone, headers=ANNA).status_code == 404


def test_a_profiles_worth_is_measured_when_it_is_asked_for(client: TestClient) -> None:
    made = client.post("/v1/profile", headers=ANNA).raise_for_status().json()
    assert made["profile"]["worth"] is None
    measured = client.post("/v1/profile?worth=true", headers=ANNA).raise_for_status().json()
    assert "too few items" in measured["profile"]["worth"]["note"]
    shown = client.get("/v1/profile", headers=ANNA).json()["profile"]
    assert shown["worth"] == measured["profile"]["worth"]


def test_deleting_an_item_takes_the_profile_that_cites_it(client: TestClient) -> None:
    sentences(client)
    shown = client.get("/v1/profile", headers=ANNA).json()
    client.delete(f"/v1/history?id={next(iter(shown['items']))}", headers=ANNA).raise_for_status()
    assert client.get("/v1/profile", headers=ANNA).status_code == 404
    assert client.get("/v1/profile/versions", headers=ANNA).json() == []


def test_an_export_holds_everything_and_deleting_leaves_nothing(client: TestClient) -> None:
    sentences(client)
    client.patch("/v1/profile", json={"do": "pin", "text": "I sail."}, headers=ANNA)
    exported = client.get("/v1/export", headers=ANNA).json()
    assert (len(exported["items"]), len(exported["profiles"])) == (2, 3)
    assert client.delete("/v1/everything", headers=ANNA).status_code == 422
    gone = client.delete("/v1/everything?confirm=everything", headers=ANNA).json()
    assert gone == {"items": 2, "records": 3, "threads": 0}
    after = client.get("/v1/export", headers=ANNA).json()
    assert after["items"] == after["profiles"] == []


def test_a_question_is_answered_with_its_evidence(client: TestClient) -> None:
    asked = {"question": "Which pet do I have?"}
    answer = client.post("/v1/ask", json=asked, headers=ANNA).raise_for_status().json()["answer"]
    assert (answer["kind"], answer["text"]) == ("answered", "Miso, my cat.")
    assert answer["profile"]["sentences"][0]["text"] == CAT


def test_an_abstention_says_why(client: TestClient) -> None:
    asked = {"question": "Which pet do I have?", "max_retries": 0}
    answer = client.post("/v1/ask?user=nobody", json=asked, headers=ROOT).json()["answer"]
    assert (answer["kind"], answer["reason"]) == ("abstained", "no_history")


def test_the_stages_are_streamed_and_then_the_answer(client: TestClient) -> None:
    asked = {"question": "Which pet do I have?"}
    headers = ANNA | {"Accept": "text/event-stream"}
    with client.stream("POST", "/v1/ask", json=asked, headers=headers) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = [line for line in answer.iter_lines() if line]
    events = [line.removeprefix("event: ") for line in lines[::2]]
    data = [json.loads(line.removeprefix("data: ")) for line in lines[1::2]]
    assert events == ["stage"] * 5 + ["answer"]
    stages = ["recall", "digest", "profile", "verify", "respond"]
    assert [event["stage"] for event in data[:-1]] == stages
    assert data[-1]["answer"]["text"] == "Miso, my cat."
    cited = data[-1]["answer"]["evidence"]
    assert [data[-1]["items"][id_]["text"] for id_ in cited] == ["my cat Miso sleeps on my desk"]


def test_a_streamed_event_is_one_line_whatever_a_client_ends_lines_at(client: TestClient) -> None:
    ends = "\u2028\u2029\x85\x0b\x0c\x1c"
    item = {"text": f"my cat Miso sleeps on{ends}my desk", "source": "chat"}
    client.post("/v1/history", json={"items": [item]}, headers=ANNA).raise_for_status()
    asked = {"question": "Which pet do I have?"}
    answer = client.post("/v1/ask", json=asked, headers=ANNA | {"Accept": "text/event-stream"})
    lines = answer.text.splitlines()  # at all of them
    assert set(lines[2::3]) == {""}
    reply = json.loads(lines[-2].removeprefix("data: "))
    assert item["text"] in [cited["text"] for cited in reply["items"].values()]


def test_an_answer_may_be_asked_for_without_the_history(
    client: TestClient, added: type[Endpoint]
) -> None:
    asked = {"question": "Which pet do I have?", "sees": []}
    del added.prompts[:]
    client.post("/v1/ask", json=asked, headers=ANNA).raise_for_status()
    assert "Miso" not in "".join(added.prompts)
    assert client.post("/v1/ask", json=asked | {"sees": ["all"]}, headers=ANNA).status_code == 422


WRONG = {
    "no question": {},
    "blank": {"question": " "},
    "options of a text task": {"question": "Which?", "options": ["a"]},
    "too few options": {"question": "Which?", "options": ["a"], "task": "preference"},
    "another user": {"question": "Which?", "user_id": "bob"},
    "another context": {"question": "Which?", "context": {"user_id": "bob"}},
    "an unknown task": {"question": "Which?", "task": "nothing"},
    "a task file": {"question": "Which?", "task": "../../graph/builtin_tasks/dialogue.yaml"},
    "endless retries": {"question": "Which?", "max_retries": 1_000_000},
}


def test_a_wrong_question_is_refused_saying_how_to_mend_it(client: TestClient) -> None:
    for name, asked in WRONG.items():
        answer = client.post("/v1/ask", json=asked, headers=ANNA)
        assert answer.status_code == 422, (name, answer.text)
        assert set(answer.json()) == {"error", "message"}, name


def test_probes_and_figures(client: TestClient) -> None:
    assert client.get("/v1/health").json() == client.get("/v1/ready").json() == {"status": "ok"}
    client.post("/v1/ask", json={"question": "Which pet do I have?"}, headers=ANNA)
    client.post("/v1/ask", json={"question": "Which pet do I have?"}, headers=ANNA)
    client.post("/v1/ask?user=nobody", json={"question": "Which pet?"}, headers=ROOT)
    answer = client.get("/v1/metrics", headers=ROOT)
    assert answer.headers["content-type"].startswith("text/plain")
    figures = dict(
        line.rsplit(" ", 1) for line in answer.text.splitlines() if not line.startswith("#")
    )
    assert float(figures['guided_profile_answers_total{kind="answered",reason=""}']) == 2
    abstained = 'guided_profile_answers_total{kind="abstained",reason="no_history"}'
    assert float(figures[abstained]) == 1
    assert float(figures['guided_profile_stage_seconds_count{stage="recall"}']) == 3
    assert float(figures['guided_profile_stage_seconds_count{stage="profile"}']) == 1
    assert float(figures['guided_profile_profile_uses_total{use="built"}']) == 1
    assert float(figures['guided_profile_profile_uses_total{use="standing"}']) == 1
    assert float(figures["guided_profile_profile_age_seconds_count"]) == 2
    assert float(figures['guided_profile_tokens_total{kind="input"}']) >= 30
    assert "anna" not in answer.text


def test_a_server_whose_history_is_gone_is_not_ready(
    both: tuple[TestClient, ServerResources],
) -> None:
    client, parts = both
    parts.history.close()
    answer = client.get("/v1/ready")
    assert (answer.status_code, answer.json()["error"]) == (503, "not_ready")
    assert client.get("/v1/health").status_code == 200


def test_every_operation_is_described(client: TestClient) -> None:
    described = client.get("/v1/openapi.json", headers=ANNA).json()
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            assert operation["summary"], (method, path)
            assert operation["description"], (method, path)
            assert "401" in operation["responses"], (method, path)
