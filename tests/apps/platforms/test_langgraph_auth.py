"""The rules of LangGraph's own API, each asked alone; `test_server_users` tries a server."""

from types import SimpleNamespace
from typing import Any

import pytest
from langgraph_sdk import Auth

from guided_profile.apps.platforms import langgraph_auth
from guided_profile.apps.platforms.langgraph_auth import ADMIN, OPEN, OWNER, auth, holding, label
from guided_profile.apps.server.access.guard import sender
from guided_profile.apps.server.access.tokens import Caller
from guided_profile.apps.server_settings import DEFAULT_USER
from guided_profile.graph.context import PROMPTS

Refused = Auth.exceptions.HTTPException


async def ruled(
    resource: str, action: str, value: Any, user: str = "bob", *permissions: str
) -> Any:
    """Ask the most specific rule, as the platform does."""
    rules = auth._handlers
    found = rules.get((resource, action)) or rules.get((resource, "*")) or auth._global_handlers
    who = SimpleNamespace(identity=user)
    asked: Any = SimpleNamespace(
        user=who, permissions=list(permissions), resource=resource, action=action
    )
    rule: Any = found[-1]
    return await rule(ctx=asked, value=value)


def run(**kwargs: Any) -> dict[str, Any]:
    return {"kwargs": {"context": {}, "config": {"configurable": {}}} | kwargs, "metadata": {}}


async def test_a_run_is_given_the_tokens_user() -> None:
    asked = run()
    assert await ruled("threads", "create_run", asked) == {OWNER: "bob"}
    assert asked["kwargs"]["context"]["user_id"] == "bob"
    assert asked["kwargs"]["config"]["configurable"]["user_id"] == "bob"
    assert asked["metadata"] == {OWNER: "bob"}
    bare: dict[str, Any] = {"kwargs": {}, "metadata": None}
    await ruled("threads", "create_run", bare)
    assert bare == {"kwargs": {"context": {"user_id": "bob"}}, "metadata": {OWNER: "bob"}}


FORGED: list[dict[str, Any]] = [
    {"context": {"user_id": "anna"}},
    {"context": {"user_id": None}},
    {"context": {"user_id": ""}},
    {"context": {"user_id": ["bob"]}},
    {"context": {"user_id": {"$ne": "x"}}},
    {"context": {"user_id": "bob "}},
    {"config": {"configurable": {"user_id": "anna"}}},
    {"context": {"user_id": "bob"}, "config": {"configurable": {"user_id": "anna"}}},
    {"webhook": "https://evil.example"},
]


@pytest.mark.parametrize("forged", FORGED)
async def test_a_run_or_cron_of_another_user_is_refused(forged: dict[str, Any]) -> None:
    with pytest.raises(Refused) as refused:
        await ruled("threads", "create_run", run(**forged))
    assert refused.value.status_code == 403
    for action in ("create", "update"):
        with pytest.raises(Refused):
            await ruled("crons", action, {"payload": forged, "metadata": {}})


async def test_an_admin_may_name_a_user_and_is_themselves_otherwise() -> None:
    asked = run(context={"user_id": "anna"})
    assert await ruled("threads", "create_run", asked, "root", ADMIN) is True
    assert asked["kwargs"]["context"]["user_id"] == "anna"
    asked = run()
    await ruled("threads", "create_run", asked, "root", ADMIN)
    assert asked["kwargs"]["context"]["user_id"] == "root"


async def test_without_auth_a_run_is_marked_with_its_user() -> None:
    asked = run(context={"user_id": "anna"})
    assert await ruled("threads", "create_run", asked, "developer", OPEN, ADMIN) is True
    assert asked == run(context={"user_id": "anna"}) | {"metadata": holding("anna")}
    older = run(context={}, config={"configurable": {"user_id": "anna"}})
    assert await ruled("threads", "create_run", older, "developer", OPEN, ADMIN) is True
    assert "user_id" not in older["kwargs"]["context"]


@pytest.mark.parametrize("context", [{}, None, {"user_id": None}])
async def test_without_auth_a_run_that_names_nobody_is_the_default_users(context: Any) -> None:
    nameless = run(context=context)
    assert await ruled("threads", "create_run", nameless, "developer", OPEN, ADMIN) is True
    assert nameless["kwargs"]["context"] == {"user_id": DEFAULT_USER}
    assert nameless["metadata"] == holding(DEFAULT_USER)


async def test_without_auth_an_assistant_or_a_cron_keeps_its_own_user(
    platform: dict[str, Any],
) -> None:
    platform["asks"] = {"context": {"user_id": "cook", "task": "dialogue"}}
    theirs = run() | {"assistant_id": "asks"}
    await ruled("threads", "create_run", theirs, "developer", OPEN, ADMIN)
    assert theirs["kwargs"]["context"] == {"user_id": "cook"}
    assert theirs["metadata"] == holding("cook")
    platform["1"] = {"payload": {"context": {"user_id": "anna"}}}
    changed: dict[str, Any] = {"cron_id": "1", "payload": {"context": {"task": "preference"}}}
    await ruled("crons", "update", changed, "developer", OPEN, ADMIN)
    assert changed["payload"]["context"] == {"task": "preference", "user_id": "anna"}


async def test_a_context_in_the_input_becomes_the_runs_own() -> None:
    for who in (("bob",), ("developer", OPEN, ADMIN)):
        brought = {"task": "preference", "max_retries": 0}
        asked = run(context={"task": "dialogue"}, input={"messages": [], "context": brought})
        await ruled("threads", "create_run", asked, *who)
        assert asked["kwargs"]["input"] == {"messages": []}
        user = "bob" if who == ("bob",) else DEFAULT_USER
        assert asked["kwargs"]["context"] == {
            "task": "dialogue",
            "max_retries": 0,
            "user_id": user,
        }
    cron = {"payload": {"input": {"context": {"user_id": "anna"}}}, "metadata": {}}
    with pytest.raises(Refused, match="names another user"):
        await ruled("crons", "create", cron)


@pytest.mark.parametrize(
    ("brought", "more", "status", "message"),
    [
        ({"user_id": "anna"}, {}, 403, "names another user"),
        ({"user_id": "anna"}, {"context": {"user_id": "bob"}}, 403, "names another user"),
        ({"user_id": None}, {}, 403, "names another user"),
        (
            {"user_id": "anna"},
            {"config": {"configurable": {"user_id": "bob"}}},
            403,
            "names another user",
        ),
        ({"response_instruction": "Obey."}, {}, 403, "response_instruction is for the admin"),
        ({"max_retries": 300}, {}, 422, "max_retries is 300"),
        ({"langgraph_auth_user_id": "anna"}, {}, 422, "it may have context_tokens"),
        ("anna", {}, 422, "input.context is 'anna'; send an object"),
        ([{"user_id": "anna"}], {}, 422, "send an object"),
    ],
)
async def test_a_context_in_the_input_is_held_to_the_same_rules(
    brought: Any, more: dict[str, Any], status: int, message: str
) -> None:
    asked = run(input={"messages": [], "context": brought}, **more)
    with pytest.raises(Refused, match=message) as refused:
        await ruled("threads", "create_run", asked)
    assert refused.value.status_code == status


async def test_a_tasks_texts_are_changed_by_admins_alone() -> None:
    for name in PROMPTS:
        with pytest.raises(Refused, match=f"{name} is for the admin scope"):
            await ruled("threads", "create_run", run(context={name: "Why?"}))
        asked = run(context={name: "Why?", "user_id": "root"})
        await ruled("threads", "create_run", asked, "root", ADMIN)
        assert asked["kwargs"]["context"][name] == "Why?"
        await ruled("threads", "create_run", run(context={name: None}))


@pytest.fixture
def platform(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the platform keeps, by id, when it is called from within: threads' metadata, crons."""
    kept: dict[str, Any] = {}

    async def update(thread_id: str, *, metadata: dict[str, Any]) -> None:
        kept[thread_id] = metadata

    async def get(path: str) -> Any:
        return kept[path.removeprefix("/runs/crons/")]

    inside = SimpleNamespace(
        threads=SimpleNamespace(update=update),
        http=SimpleNamespace(get=get),
        assistants=SimpleNamespace(get=get),
    )
    monkeypatch.setattr(langgraph_auth, "get_client", lambda: inside)
    return kept


async def test_where_an_admin_runs_as_a_user_the_thread_says_so(platform: dict[str, Any]) -> None:
    asked = run(context={"user_id": "anna"}) | {"thread_id": "1"}
    await ruled("threads", "create_run", asked, "root", ADMIN)
    assert platform == {"1": holding("anna")}
    assert asked["metadata"] == {OWNER: "root"} | holding("anna")
    assert "anna" not in str(holding("anna"))
    own = run() | {"thread_id": "2"}
    await ruled("threads", "create_run", own)
    assert set(platform) == {"1"}


@pytest.mark.parametrize("who", [("bob",), ("root", ADMIN)])
async def test_a_cron_that_is_changed_keeps_its_context(who: tuple[str, ...]) -> None:
    for changed in ({"schedule": "* * * * *"}, {"input": {}}, {"config": {"tags": ["a"]}}):
        asked = {"cron_id": "1", "payload": dict(changed)}
        await ruled("crons", "update", asked, *who)
        assert asked["payload"] == changed
    with pytest.raises(Refused):
        await ruled("crons", "update", {"payload": {"webhook": "https://evil.example"}})


async def test_an_admin_changes_a_cron_without_becoming_its_user(platform: dict[str, Any]) -> None:
    platform["1"] = {"payload": {"context": {"user_id": "anna"}}}
    for context in ({"task": "preference"}, {}, None):
        asked: dict[str, Any] = {"cron_id": "1", "payload": {"context": context}}
        await ruled("crons", "update", asked, "root", ADMIN)
        assert asked["payload"]["context"] == (context or {}) | {"user_id": "anna"}
    own: dict[str, Any] = {"cron_id": "1", "payload": {"context": {"task": "preference"}}}
    await ruled("crons", "update", own, "anna")
    assert own["payload"]["context"] == {"task": "preference", "user_id": "anna"}


@pytest.mark.parametrize("resource", ["threads", "crons"])
async def test_what_is_made_is_the_callers_and_only_that_is_shown(resource: str) -> None:
    for metadata in ({}, {OWNER: "anna"}, None):
        made: dict[str, Any] = {"metadata": metadata, "payload": {}}
        assert await ruled(resource, "create", made) == {OWNER: "bob"}
        assert made["metadata"] == {OWNER: "bob"}
    for action in ("read", "search", "update", "delete"):
        value: dict[str, Any] = {"metadata": {OWNER: "anna"}, "payload": {}}
        assert await ruled(resource, action, value) == {OWNER: "bob"}
        if action == "update":
            assert value["metadata"] == {OWNER: "bob"}


@pytest.mark.parametrize(
    "configurable",
    [
        {"langgraph_auth_user": {"identity": "anna"}},
        {"langgraph_auth_permissions": ["admin"]},
        {"langgraph_auth_user_id": "anna"},
    ],
)
async def test_a_cron_cannot_say_who_it_runs_as(configurable: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        await ruled("crons", "create", {"payload": {"config": {"configurable": configurable}}})


@pytest.mark.parametrize("action", ["create", "update", "delete"])
async def test_assistants_are_changed_by_admins_alone(action: str) -> None:
    assert await ruled("assistants", action, {}) is False
    assert await ruled("assistants", action, {}, "root", ADMIN) is True
    assert await ruled("assistants", "read", {}) is True
    assert await ruled("something new", action, {}) is False


@pytest.mark.parametrize("action", ["put", "get", "search", "list_namespaces", "delete"])
async def test_every_namespace_is_the_callers_own(action: str) -> None:
    for user in ("bob", "guided_profile", "users", "*", "a.b", "a%2Eb", "..", "a/b", "é"):
        root = ("users", label(user))
        for named in (None, (), ("notes",), ("users",), ("users", "anna"), ("guided_profile",)):
            value = {"namespace": named}
            await ruled("store", action, value, user)
            assert value["namespace"][:2] == root
            assert not set(".*") & set("".join(root))
            again = dict(value)
            await ruled("store", action, again, user)
            assert again == value


@pytest.mark.parametrize("name", ["namespace", "namespace_prefix", "prefix"])
async def test_aegra_gets_the_namespace_under_its_own_name(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(langgraph_auth, "on_aegra", lambda: True)
    root = ["users", "bob"]
    for named, whole in (
        (None, root),
        ([], root),
        (["notes"], [*root, "notes"]),
        ("users.bob.notes", [*root, "notes"]),
        (["users.bob.notes"], [*root, "notes"]),
        ("users.anna", [*root, "users", "anna"]),
        ("..notes.", [*root, "notes"]),
        (["guided_profile"], [*root, "guided_profile"]),
    ):
        assert await ruled("store", "search", {name: named, "key": "a"}) == {name: whole}
    assert await ruled("store", "search", {name: ["a"]}, "root", ADMIN) is True
    assert await ruled("runs", "read", {"run_id": "1"}) is True


async def test_aegra_learns_who_asks_from_the_guard_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(langgraph_auth, "on_aegra", lambda: True)
    with pytest.raises(Refused) as refused:
        await langgraph_auth.authenticate({"authorization": "Bearer x"})
    assert refused.value.status_code == 401
    found = sender.set(Caller("bob"))
    assert (await langgraph_auth.authenticate({}))["identity"] == "bob"
    sender.reset(found)


def test_no_two_users_share_a_label() -> None:
    users = ["a.b", "a%2Eb", "a b", "a+b", "a%b", "a*b", "a/b", "A.b", "a_b", "é", "e"]
    assert len({label(user) for user in users}) == len(users)


@pytest.mark.parametrize("permissions", [(), (ADMIN,), (OPEN, ADMIN)])
async def test_a_context_out_of_bounds_is_refused_before_there_is_a_run(
    permissions: tuple[str, ...],
) -> None:
    too_many = {"context": {"max_retries": 300, "other": 5}}
    for resource, action, value in (
        ("threads", "create_run", run(**too_many)),
        ("crons", "create", {"payload": dict(too_many), "metadata": {}}),
    ):
        with pytest.raises(Refused, match=r"max_retries is 300; .* from 0 to 10") as refused:
            await ruled(resource, action, value, "anna", *permissions)
        assert refused.value.status_code == 422
