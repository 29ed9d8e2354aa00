"""The proxy's routes on our own server: the same users, and only where an upstream is named."""

from collections.abc import Iterator

import pytest
from endpoint import Endpoint
from server_client import ANNA, BOB, ROOT, served
from starlette.testclient import TestClient
from upstream import Upstream, an_upstream

CAT = "my cat Miso sleeps on my desk"
ASKED = {"messages": [{"role": "user", "content": "Where does my cat Miso sleep?"}], "user": "anna"}


@pytest.fixture
def upstream(monkeypatch: pytest.MonkeyPatch) -> Iterator[Upstream]:
    with an_upstream() as server:
        monkeypatch.setenv("GUIDED_PROFILE_UPSTREAM_URL", server.url)
        monkeypatch.setenv("GUIDED_PROFILE_UPSTREAM_KEY", "sk-of-the-operator")
        yield server


def test_the_user_is_whose_token_it_is(added: type[Endpoint], upstream: Upstream) -> None:
    with served() as (outside, made):
        chat = "/v1/chat/completions"
        assert outside.post(chat, json=ASKED).status_code == 401
        assert CAT in shown(outside, upstream, ANNA)
        assert CAT not in shown(outside, upstream, BOB)
        assert CAT in shown(outside, upstream, ROOT)
        assert {sent.headers["authorization"] for sent in upstream.sent} == {
            "Bearer sk-of-the-operator"
        }
        assert outside.get("/v1/models", headers=BOB).json()["data"][0]["id"] == "m"
        assert outside.get("/v1/tasks-of-ours", headers=BOB).status_code == 404
        assert "bob" not in [item.text for item in made.history.list("anna")]


def shown(outside: TestClient, upstream: Upstream, who: dict[str, str]) -> str:
    assert outside.post("/v1/chat/completions", json=ASKED, headers=who).is_success
    return upstream.sent[-1].last


def test_without_an_upstream_there_is_no_chat(added: type[Endpoint]) -> None:
    with served() as (outside, _):
        answer = outside.post("/v1/chat/completions", json=ASKED, headers=ANNA)
    assert answer.status_code == 404
    assert "GUIDED_PROFILE_UPSTREAM_URL" in answer.json()["error"]["message"]
