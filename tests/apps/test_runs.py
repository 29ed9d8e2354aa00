"""A run: what is kept of it, and a task that asks back, at a terminal and where nobody answers."""

import io
import sys
from pathlib import Path

import pytest
from endpoint import Endpoint
from scripted import ScriptedChat

from guided_profile.apps.cli.main import main
from guided_profile.apps.runs import events, thread_memory
from guided_profile.graph.answers import Abstained, Answered
from guided_profile.graph.build import build_graph
from guided_profile.graph.context import Context
from guided_profile.graph.state import Question
from guided_profile.tools.history.store import HistoryStore

ASKING = """
name: asking
description: Answer, or ask.
kind: text
guiding_question: Which pets, family and pastimes does the history above mention?
profile_instruction: Now write a short profile of this person.
response_instruction: "Someone asks: {question}"
abstention: {policy: ask, phrases: [sorry], clarifying_question: Please tell me more.}
cold_start: {items: 5, questions: ["Have you a pet?"]}
"""


def test_a_task_that_asks_back_reads_a_line_for_each_question(
    added: type[Endpoint],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = tmp_path / "asking.yaml"
    path.write_text(ASKING)
    given = ["ask", "Any pets?", "--user", "anna", "--task", str(path)]
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n"))
    assert main(given) == 0
    assert "Have you a pet?" in capsys.readouterr().err


@pytest.mark.parametrize("closed", [True, False])
def test_a_task_that_asks_back_with_no_more_input_ends_with_an_error(
    added: type[Endpoint],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    *,
    closed: bool,
) -> None:
    path = tmp_path / "asking.yaml"
    path.write_text(ASKING)
    monkeypatch.setattr(sys, "stdin", None if closed else io.StringIO(""))
    assert main(["ask", "Any pets?", "--user", "anna", "--task", str(path)]) == 2
    said = capsys.readouterr()
    assert said.err.count("Have you a pet?") == 1
    assert "asks you something, and there is no more input" in said.err
    assert said.out == ""


async def test_a_run_is_kept_once_and_not_after_each_stage(history: HistoryStore) -> None:
    graph = build_graph(chat=ScriptedChat(script=lambda prompt: "A cat."), history=history)
    memory = thread_memory()
    asked: Question = {"question": "Any pets?"}
    kept = graph.copy({"checkpointer": memory})
    *_, outcome = [event async for event in events(kept, asked, Context(user_id="anna"), "1")]
    assert isinstance(outcome, Answered | Abstained)
    assert len(list(memory.list({"configurable": {"thread_id": "1"}}))) == 1
