"""What tracing does to a command: runs arrive, and LangSmith out of reach holds nothing back."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

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


@pytest.fixture
def silent() -> Iterator[str]:
    """Takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=50) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def test_out_of_reach_it_costs_a_command_less_than_two_seconds(
    added: type[Endpoint], silent: str
) -> None:
    ask()  # makes the profile
    untraced, plain = ask()
    assert plain.returncode == 0
    for url in (silent, "http://127.0.0.1:9"):
        took, done = ask(**traced(url))
        assert done.returncode == 0
        assert done.stdout == plain.stdout
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


def test_without_a_key_nothing_is_sent(added: type[Endpoint]) -> None:
    with langsmith() as (kept, url):
        _, done = ask(LANGSMITH_ENDPOINT=url)
    assert done.returncode == 0
    assert kept.requests == []
