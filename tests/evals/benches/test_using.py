"""The benchmark of what a model makes of a profile: forms of asking, side by side."""

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from scripted import ScriptedChat

from guided_profile.evals.benches import using
from guided_profile.evals.benches.using import main, rows_of
from guided_profile.tools.embedders.lexical import LexicalEmbedder

THINGS = ("cat", "boat", "oven", "kite")


def row(n: int, **more: Any) -> dict[str, Any]:
    thing = THINGS[n]
    return {
        "set": "long" if n % 2 else "short",
        "user_id": f"u{n}",
        "history": [f"the {thing} kept me busy"],
        "query": "What next?",
        "options": ["a stone", f"a new {thing}", "a chair"],
        "answer": f"a new {thing}",
    } | more


def profiled(n: int) -> dict[str, Any]:
    sentences = [
        {"text": f"Has a {THINGS[n]}.", "label": "supported"},
        {"text": "Owns a stone.", "label": "invented"},
    ]
    return row(n, sentences=sentences)


def lines(folder: Path, rows: list[dict[str, Any]]) -> Path:
    path = folder / "rows.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


def believes(prompt: str) -> dict[str, float]:
    """Read the profile where it is asked of one option, and always say A where of all."""
    if "option and nothing else" in prompt:
        return {"A": 0.4, "B": 0.3, "C": 0.3}
    known = re.search(r"Has a (\w+)\.", prompt)
    asked = next(line for line in prompt.split("\n") if line.startswith("This person chooses: "))
    yes = 0.8 if known and known[1] in asked else 0.5 if "chair" in asked else 0.4
    return {"Yes": yes, "No": 1 - yes}


def test_forms_are_asked_with_the_profile_and_without_and_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    chat = ScriptedChat(script=believes)
    monkeypatch.setattr(using, "chosen_models", lambda given: (chat, None))
    path = lines(tmp_path, [profiled(n) for n in range(4)])
    arguments = ["using", str(path), "--out", str(tmp_path / "calls"), "--forms", "letters"]
    monkeypatch.setattr(sys, "argv", [*arguments, "likely"])
    main()
    printed = capsys.readouterr().out
    assert "| letters | with | 4 | 0 (0%) [0%, 49%] | 0.33 | -1.10, " in printed
    assert "| short 0 of 2, long 0 of 2 |" in printed
    assert "| likely | without | 4 | 0 (0%)" in printed
    assert "| likely | with | 4 | 4 (100%) [51%, 100%]" in printed
    assert "long 2 of 2 | 4 to 0, p = 0.12 |" in printed
    assert "| likely | contrast | 4 | 4 (100%)" in printed
    assert not any("Owns a stone" in prompt for prompt in chat.prompts)
    chat.prompts.clear()
    main()
    assert not chat.prompts


def test_halves_have_nobody_in_common_and_each_its_share_of_the_groups(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    chat = ScriptedChat(script=believes)
    monkeypatch.setattr(using, "chosen_models", lambda given: (chat, None))
    path = lines(tmp_path, [profiled(n) for n in range(4)])
    asked = []
    for half in ("fit", "report"):
        arguments = ["--half", half, "--out", str(tmp_path / half), "--forms", "likely"]
        monkeypatch.setattr(sys, "argv", ["using", str(path), *arguments])
        main()
        asked.append(set(re.findall(r"rows-\d", capsys.readouterr().out)))
    assert len(asked[0]) == len(asked[1]) == 2
    assert not asked[0] & asked[1]


def test_without_sentences_the_history_is_shown(tmp_path: Path) -> None:
    (only,) = rows_of(lines(tmp_path, [row(0)]))
    assert "the cat kept me busy" in only.shown
    assert only.shown.startswith("<history>")


def test_the_nearest_sentences_alone_can_be_shown(tmp_path: Path) -> None:
    texts = ("Sings in a choir.", "Has a new kite.", "Sleeps late.")
    sentences = [{"text": text, "label": "supported"} for text in texts]
    path = lines(tmp_path, [row(3, sentences=sentences)])
    (whole,) = rows_of(path, LexicalEmbedder())
    assert all(text in whole.shown for text in texts)
    (near,) = rows_of(path, LexicalEmbedder(), nearest=1)
    assert "Has a new kite." in near.shown
    assert "choir" not in near.shown
    assert "Sleeps" not in near.shown
