"""What a model's letters count for beside the history, fitted on choices whose answer is known."""

import json
import sys
from pathlib import Path

import pytest
from scripted import ScriptedChat

from guided_profile.evals.benches import fit_letters
from guided_profile.evals.benches.fit_letters import Choice, keep, table
from guided_profile.tools.embedders.lexical import LexicalEmbedder

BOUGHT = [
    {"text": "rye bread baking tin", "source": "orders", "category": "Baking"},
    {"text": "sourdough starter", "source": "orders", "category": "Baking"},
]
OPTIONS = ["rye bread knife", "garden hose", "phone case", "chess set"]


def row(answer: str, n: int) -> str:
    asked = {"user_id": f"u{n}", "query": "Which one?", "options": OPTIONS, "answer": answer}
    return json.dumps(asked | {"history": BOUGHT})


def letters(prompt: str) -> dict[str, float]:
    """Say, hardly, that it is the chess set, wherever it stands."""
    listed = [line for line in prompt.splitlines() if line[1:3] == ". "]
    return {line[0]: 0.28 if "chess" in line else 0.24 for line in listed}


def test_a_factor_weighs_what_the_model_says_beside_the_history() -> None:
    choice = Choice((0.26, 0.22, 0.24, 0.28), (0.2, 0.0, 0.0, 0.0), right=3)
    assert max(choice.weighed(1.0, 8.0)) == choice.weighed(1.0, 8.0)[0]
    assert max(choice.weighed(32.0, 8.0)) == choice.weighed(32.0, 8.0)[3]
    rows = [line.split() for line in table([choice], 8.0).splitlines()[1:]]
    nothing = Choice(choice.said, (0.0,) * 4, right=3)
    assert nothing.weighed(32.0, 8.0) == list(nothing.said), "the model alone decides"
    right = {float(factor): int(count) for factor, count, _ in rows}
    assert right[0.0] == right[1.0] == 0
    assert right[32.0] == 1
    loss = {float(factor): float(value) for factor, _, value in rows}
    assert loss[32.0] < loss[1.0] < loss[0.0]


def test_the_command_asks_the_model_alone_and_writes_the_factor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    chat = ScriptedChat(script=letters, model_name="scripted-4b")
    monkeypatch.setattr(fit_letters, "chosen_models", lambda given: (chat, LexicalEmbedder()))
    data, into = tmp_path / "mine.jsonl", tmp_path / "calibrations.json"
    data.write_text("\n".join([row("chess set", 1), row("rye bread knife", 2)]))
    into.write_text(json.dumps({"scripted-4b": {"keep": 0.4}}))
    command = ["fit_letters", str(data), "--out", str(tmp_path / "run")]
    monkeypatch.setattr(sys, "argv", [*command, "--keep", "4", "--into", str(into)])
    fit_letters.main()
    shown = capsys.readouterr().out
    assert "mine.jsonl: 2 choices" in shown
    assert json.loads(into.read_text()) == {"scripted-4b": {"keep": 0.4, "letters": 4.0}}
    asked = len(chat.prompts)
    assert asked
    assert not any("Profile of this person" in prompt for prompt in chat.prompts)
    fit_letters.main()
    assert len(chat.prompts) == asked, "what was asked is kept"


@pytest.mark.parametrize(
    ("reply", "says"), [("A", "gives no probabilities"), ("I cannot say.", "answered none")]
)
def test_without_letters_there_is_nothing_to_fit(
    reply: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat = ScriptedChat(script=lambda prompt: reply, logprobs=False)
    monkeypatch.setattr(fit_letters, "chosen_models", lambda given: (chat, LexicalEmbedder()))
    data = tmp_path / "mine.jsonl"
    data.write_text(row("chess set", 1))
    monkeypatch.setattr(sys, "argv", ["fit_letters", str(data), "--out", str(tmp_path / "run")])
    with pytest.raises(SystemExit, match=says):
        fit_letters.main()


@pytest.mark.parametrize("factor", ["nan", "-3", "0", "inf"])
def test_a_factor_that_is_none_is_refused(
    factor: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["fit_letters", "a.jsonl", "--out", "o", "--keep", factor])
    with pytest.raises(SystemExit):
        fit_letters.main()
    assert "give a factor above 0" in capsys.readouterr().err


def test_a_factor_is_written_beside_the_other_models(tmp_path: Path) -> None:
    path = tmp_path / "calibrations.json"
    path.write_text(json.dumps({"other": {"keep": 0.5}}))
    keep(path, "My-Model", 2.0)
    assert json.loads(path.read_text()) == {"other": {"keep": 0.5}, "my-model": {"letters": 2.0}}
