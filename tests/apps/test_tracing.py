"""What tracing does to a command: runs arrive, and LangSmith out of reach holds nothing back."""

import os
import subprocess
import sys
import time

import pytest
from endpoint import Endpoint
from langsmith_endpoint import langsmith


def ask(**environment: str) -> tuple[float, subprocess.CompletedProcess[str]]:
    clean = {name: one for name, one in os.environ.items() if "LANGSMITH" not in name}
    command = [sys.executable, "-m", "guided_profile.apps.cli", "ask", "Whose cat?"]
    began = time.monotonic()
    done = subprocess.run(
        [*command, "--user", "anna"],
        env=clean | environment,
        capture_output=True,
        text=True,
        timeout=100,
    )
    return time.monotonic() - began, done


def traced(url: str) -> dict[str, str]:
    return {
        "LANGSMITH_TRACING": "true",
        "LANGSMITH_ENDPOINT": url,
        "LANGSMITH_API_KEY": "key",
        "LANGSMITH_PROJECT": "asked",
    }


def test_out_of_reach_it_costs_a_command_less_than_two_seconds(
    added: type[Endpoint], silent: str
) -> None:
    ask()  # makes the profile
    untraced, plain = ask()
    assert plain.returncode == 0
    for url in (silent, "http://127.0.0.1:9"):
        took, done = ask(**traced(url))
        assert done.returncode == 0
        assert done.stdout.splitlines()[0] == plain.stdout.splitlines()[0]
        assert took < untraced + 2


def test_every_stage_of_a_command_arrives(added: type[Endpoint]) -> None:
    with langsmith() as (kept, url):
        _, done = ask(**traced(url))
    assert done.returncode == 0
    names = {run["name"] for run in kept.runs.values()}
    assert {"guided_profile", "recall", "digest", "profile", "respond", "review"} <= names
    assert "search_history" in names
    for run in kept.runs.values():
        if run["name"] in ("guided_profile", "review"):
            facts = run["extra"]["metadata"]
            assert facts["guided_profile_abstention"] is None
            assert facts["guided_profile_profile_version"] == 1
            assert facts["guided_profile_calls"] == 4
            assert facts["guided_profile_input_tokens"] == 40
            assert "task:dialogue" in run["tags"]
            assert "Miso" not in str(facts)


def test_hidden_traces_hold_no_text_of_anybody(added: type[Endpoint]) -> None:
    with langsmith() as (kept, url):
        _, done = ask(**traced(url), GUIDED_PROFILE_TRACES="hide")
    assert done.returncode == 0
    (root,) = [run for run in kept.runs.values() if run["name"] == "guided_profile"]
    assert root["extra"]["metadata"]["guided_profile_calls"] == 4
    told = str(kept.runs)
    for word in ("Miso", "anna", "Whose cat", "bicycle"):
        assert word not in told


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
    told = str(kept.runs)
    assert "Mail me at [email] or [phone], says Miso." in told
    assert "[2025-01-01, chat] my cat Miso sleeps on my desk" in told
    assert "example.org" not in told
    assert "1234567" not in told
    assert "'anna'" not in told
    assert '"anna"' not in told


def test_a_wrong_wish_for_traces_is_refused(added: type[Endpoint]) -> None:
    _, done = ask(GUIDED_PROFILE_TRACES="none")
    assert done.returncode == 2
    assert "it may be all, hide, anonymize" in done.stderr


def test_a_command_that_runs_nothing_sends_nothing(added: type[Endpoint]) -> None:
    with langsmith() as (kept, url):
        command = [sys.executable, "-m", "guided_profile.apps.cli", "tasks"]
        subprocess.run(command, env=os.environ | traced(url), check=True, capture_output=True)
        time.sleep(0.3)
    assert kept.requests == []


def test_without_a_key_nothing_is_sent(added: type[Endpoint]) -> None:
    with langsmith() as (kept, url):
        _, done = ask(LANGSMITH_ENDPOINT=url)
    assert done.returncode == 0
    assert kept.requests == []
