"""What tracing does to a command: runs arrive, and LangSmith out of reach holds nothing back."""

import os
import sys
import time
from pathlib import Path
from typing import Any

import forked
import pytest
from endpoint import Endpoint, scripted_endpoint
from langgraph_sdk import get_client
from langgraph_server import langgraph_dev
from langsmith import RunTree
from langsmith_endpoint import langsmith
from server_client import SECRET, bearer, token
from traced import ask, traced

from guided_profile.apps.cli.main import main
from guided_profile.apps.privacy import HARMLESS, limited_client
from guided_profile.apps.settings import Traces


def test_out_of_reach_it_holds_no_command_up(added: type[Endpoint], silent: str) -> None:
    assert main(["ask", "Whose cat?", "--user", "anna"]) == 0  # makes the profile
    untraced, plain = ask()
    assert plain.returncode == 0
    for url in (silent, "http://127.0.0.1:9"):
        took, done = ask(**traced(url))
        assert done.returncode == 0
        assert done.stdout.splitlines()[0] == plain.stdout.splitlines()[0]
        assert took < 2 * untraced + 2  # it waits one second; a slow machine takes more to trace


def test_every_stage_of_a_command_arrives(added: type[Endpoint]) -> None:
    with langsmith() as (kept, url):
        _, done = ask(**traced(url))
    assert done.returncode == 0
    names = {run["name"] for run in kept.runs.values()}
    assert {"guided_profile", "recall", "digest", "profile", "verify", "respond", "review"} <= names
    assert "search_history" in names
    for run in kept.runs.values():
        if run["name"] in ("guided_profile", "review"):
            facts = run["extra"]["metadata"]
            assert facts["guided_profile_abstention"] is None
            assert facts["guided_profile_profile_version"] == 1
            assert facts["guided_profile_calls"] == 14
            assert facts["guided_profile_input_tokens"] == 140
            assert "task:dialogue" in run["tags"]
            assert "Miso" not in str(facts)


def test_hidden_traces_hold_no_text_of_anybody(added: type[Endpoint]) -> None:
    with langsmith() as (kept, url):
        _, done = ask(**traced(url), GUIDED_PROFILE_TRACES="hide")
    assert done.returncode == 0
    (root,) = [run for run in kept.runs.values() if run["name"] == "guided_profile"]
    facts = {name for name in root["extra"]["metadata"] if name.startswith("guided_profile_")}
    assert facts == {name for name in HARMLESS if name.startswith("guided_profile_")}
    assert root["extra"]["metadata"]["guided_profile_calls"] == 14
    sent = str(kept.runs)
    for word in ("Miso", "anna", "Whose cat", "bicycle"):
        assert word not in sent


def metadata_kept(traces: Traces, metadata: dict[str, Any]) -> dict[str, Any]:
    """Return what arrives of a run's metadata."""
    with langsmith() as (kept, url):
        client = limited_client(traces, api_url=url, api_key="key")
        run = RunTree(name="recall", ls_client=client, extra={"metadata": metadata})
        run.post()
        client.flush()
        client.cleanup()
    arrived: dict[str, Any] = kept.runs[str(run.id)]["extra"]["metadata"]
    return arrived


def test_hidden_metadata_is_let_through_by_its_whole_name() -> None:
    allowed = {
        "langgraph_node": "recall",
        "langgraph_step": 2,
        "ls_model_name": "m",
        "guided_profile_calls": 4,
    }
    forged = {
        "langgraph_auth_user_id": "anna",
        "langgraph_request_id": "anna",
        "langgraph_nodes": "anna",
        "ls_user_id": "anna",
        "ls_structured_output_format": {"schema": "anna"},
        "guided_profile_note": "anna",
        "owner": "anna",
    }
    kept = metadata_kept("hide", allowed | forged)
    assert {name: kept[name] for name in allowed} == allowed
    assert not set(forged) & set(kept)


def test_anonymized_metadata_does_not_say_whose_a_thread_is() -> None:
    metadata = {"owner": "anna", "langgraph_auth_user_id": "anna", "langgraph_node": "recall"}
    kept = metadata_kept("anonymize", metadata)
    assert kept["langgraph_node"] == "recall"
    assert "anna" not in str(kept)
    assert kept["owner"] == kept["langgraph_auth_user_id"]


@pytest.mark.live
async def test_hidden_traces_of_a_server_do_not_say_who_asks(tmp_path: Path) -> None:
    anna = bearer(token("anna.k@example.org"))
    auth = {"GUIDED_PROFILE_AUTH": "jwt", "GUIDED_PROFILE_JWT_SECRET": SECRET}
    item = {"text": "my cat Miso sleeps on my desk", "source": "chat"}
    with (
        langsmith() as (kept, tracing),
        scripted_endpoint() as model,
        langgraph_dev(
            tmp_path, **model, **auth, **traced(tracing), GUIDED_PROFILE_TRACES="hide"
        ) as url,
    ):
        async with get_client(url=url, headers=anna) as client:
            await client.http.post("/v1/history", json={"items": [item]})
            question = {"question": "Which pet do I have?"}
            out = await client.runs.wait(None, "guided_profile", input=question)
    assert out["answer"]["kind"] == "answered"
    (root,) = [run for run in kept.runs.values() if run["name"] == "guided_profile"]
    assert root["extra"]["metadata"]["guided_profile_calls"] >= 1
    for word in ("anna", "example.org", "Miso", "Which pet"):
        assert word not in str(kept.runs)


def test_hidden_traces_hold_no_text_of_an_error(
    added: type[Endpoint], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    with langsmith() as (kept, url):
        _, done = ask(**traced(url), GUIDED_PROFILE_TRACES="hide")
    assert done.returncode == 1
    errors = {run["error"] for run in kept.runs.values() if run.get("error")}
    assert "ModelError (hidden)" in errors
    assert all(error.endswith(" (hidden)") for error in errors)
    assert "cannot be reached" in done.stderr
    assert "cannot be reached" not in str(kept.runs)


def test_anonymized_traces_hold_texts_without_who_it_is(added: type[Endpoint]) -> None:
    added.answer = "Mail me at anna.k@example.org or +49 170 1234567, says Miso."
    with langsmith() as (kept, url):
        _, done = ask(**traced(url), GUIDED_PROFILE_TRACES="anonymize")
    assert done.returncode == 0
    sent = str(kept.runs)
    assert "Mail me at [email] or [phone], says Miso." in sent
    assert "[2025-01-01, chat] my cat Miso sleeps on my desk" in sent
    assert "example.org" not in sent
    assert "1234567" not in sent
    assert "'anna'" not in sent
    assert '"anna"' not in sent


def test_a_wrong_wish_for_traces_is_refused(added: type[Endpoint]) -> None:
    _, done = ask(GUIDED_PROFILE_TRACES="none")
    assert done.returncode == 2
    assert "it may be all, hide, anonymize" in done.stderr


def test_a_command_that_runs_nothing_sends_nothing(added: type[Endpoint]) -> None:
    with langsmith() as (kept, url):
        command = [sys.executable, "-m", "guided_profile.apps.cli.main", "tasks"]
        assert forked.run(command, env=os.environ | traced(url)).returncode == 0
        time.sleep(0.3)
    assert kept.requests == []


def test_without_a_key_nothing_is_sent(added: type[Endpoint]) -> None:
    with langsmith() as (kept, url):
        _, done = ask(LANGSMITH_ENDPOINT=url)
    assert done.returncode == 0
    assert kept.requests == []
