"""Attempts on other users' data, by somebody whom the server knows."""

from typing import Any

import pytest
from endpoint import Endpoint
from server_client import ANNA, BOB, ROOT, bearer, jwt_settings, served, token

from guided_profile.apps.platforms import langgraph_graphs
from guided_profile.apps.server.access.tokens import Verifier
from guided_profile.graph.errors import QuestionError


def test_a_user_reaches_nothing_of_another(added: type[Endpoint]) -> None:
    with served() as (client, parts):
        client.post("/v1/profile", headers=ANNA).raise_for_status()
        (id_, *_) = [item.id for item in parts.history.list("anna")]
        answers = [
            client.get("/v1/history", headers=BOB),
            client.get("/v1/export", headers=BOB),
            client.get("/v1/profile", headers=BOB),
            client.get("/v1/profile/versions", headers=BOB),
            client.get("/v1/profile/wishes", headers=BOB),
            client.post("/v1/ask", json={"question": "Which pet do I have?"}, headers=BOB),
            client.delete(f"/v1/history?id={id_}", headers=BOB),
            client.delete("/v1/profile", headers=BOB),
            client.delete("/v1/everything?confirm=everything", headers=BOB),
        ]
        for answer in answers:
            assert "Miso" not in answer.text
        assert answers[6].json() == {"deleted": [], "not_there": [id_]}
        assert parts.history.count("anna") == 2
        assert client.get("/v1/profile", headers=ANNA).status_code == 200
        shared = {"items": [{"id": id_, "text": "mine, of the same id"}]}
        assert client.post("/v1/history", json=shared, headers=BOB).status_code == 201
        assert "cat" in parts.history.get("anna", [id_])[0].text


@pytest.mark.parametrize(
    "query", ["user=anna", "user=bob", "user=", "user=anna&user=bob", "user=%61nna"]
)
def test_only_an_admin_may_name_a_user(added: type[Endpoint], query: str) -> None:
    with served() as (client, _):
        for path in ("history", "export", "profile", "profile/versions"):
            assert client.get(f"/v1/{path}?{query}", headers=BOB).status_code == 403
        assert (
            client.delete(f"/v1/everything?confirm=everything&{query}", headers=BOB).status_code
            == 403
        )
        assert client.get("/v1/metrics", headers=BOB).status_code == 403


def test_an_admin_names_a_user_and_has_a_history_of_their_own(added: type[Endpoint]) -> None:
    with served() as (client, _):
        assert client.get("/v1/history?user=anna", headers=ROOT).json()["total"] == 2
        assert client.get("/v1/history", headers=ROOT).json()["total"] == 0
        for query in ("user=anna&user=bob", "user=%00", "user=%20"):
            assert client.get(f"/v1/history?{query}", headers=ROOT).status_code == 422


def test_no_claim_that_only_looks_like_the_scope_makes_an_admin(added: type[Endpoint]) -> None:
    lookalikes: tuple[dict[str, Any], ...] = (
        {"admin": True},
        {"scope": "admin"},
        {"scope": "guided_profile:administrator"},
        {"scope": "xguided_profile:admin"},
        {"scope": "GUIDED_PROFILE:ADMIN"},
        {"scope": ["guided_profile:admin"]},
        {"scope": {"guided_profile:admin": 1}},
        {"permissions": ["admin", "open"]},
        {"role": "admin"},
    )
    with served() as (client, _):
        for claims in lookalikes:
            headers = bearer(token("bob", **claims))
            assert client.get("/v1/history?user=anna", headers=headers).status_code == 403, claims


@pytest.mark.parametrize(
    "query",
    [
        "source[$ne]=x",
        'source={"$ne":null}',
        "source=%25",
        "source=*",
        "source=chat'%20OR%201=1--",
        'category={"$gt":""}',
        "user_id=anna",
        "User=anna",
        "where={}",
    ],
)
def test_filters_are_texts_and_never_more(added: type[Endpoint], query: str) -> None:
    with served() as (client, _):
        answer = client.get(f"/v1/history?{query}", headers=BOB)
        assert answer.json() == {"items": [], "total": 0, "next_offset": None}


@pytest.mark.parametrize("id_", ["..", "../anna", "%2e%2e%2fanna", "*", "%", '{"$ne":""}', "\0"])
def test_ids_are_texts_and_never_more(added: type[Endpoint], id_: str) -> None:
    with served() as (client, parts):
        answer = client.request("DELETE", "/v1/history", params={"id": id_}, headers=BOB)
        assert answer.json() == {"deleted": [], "not_there": [id_]}
        assert parts.history.count("anna") == 2


@pytest.mark.parametrize("name", ["bo", "bobby", "anna.b", "anna%", "ann_", "*", "anna/..", "ANNA"])
def test_users_whose_ids_look_alike_are_apart(added: type[Endpoint], name: str) -> None:
    with served() as (client, _):
        client.post("/v1/profile", headers=ANNA).raise_for_status()
        pin = {"do": "pin", "text": "I sail."}
        client.patch("/v1/profile", json=pin, headers=ANNA).raise_for_status()
        look = bearer(token(name))
        assert client.get("/v1/profile", headers=look).status_code == 404
        exported = client.get("/v1/export", headers=look).json()
        assert exported["items"] == exported["profiles"] == []
        client.delete("/v1/everything?confirm=everything", headers=look).raise_for_status()
        assert len(client.get("/v1/export", headers=ANNA).json()["profiles"]) == 3


async def test_the_graph_itself_refuses_a_run_that_is_not_the_tokens_users(
    endpoint: type[Endpoint], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(langgraph_graphs, "verifier", lambda: Verifier(jwt_settings()))

    async def none() -> Any:
        raise LookupError("it was let through")

    monkeypatch.setattr(langgraph_graphs, "server_resources", none)

    async def made(**configurable: Any) -> None:
        await langgraph_graphs.guided_profile({"configurable": configurable})

    for named in ("bob", "", ["anna"], "ANNA"):
        with pytest.raises(QuestionError):
            await made(user_id=named, langgraph_auth_user_id="anna")
    with pytest.raises(QuestionError):
        await made(user_id="anna")
    admin = {"langgraph_auth_user_id": "root", "langgraph_auth_permissions": ["admin"]}
    for let in ({"langgraph_auth_user_id": "anna", "user_id": "anna"}, {**admin, "user_id": "bob"}):
        with pytest.raises(LookupError):
            await made(**let)
