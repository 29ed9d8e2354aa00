import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from scripted import ScriptedChat

from guided_profile.evals.benches import restraint
from guided_profile.evals.benches.restraint import Setup, measure, rows_of
from guided_profile.tools.embedders.lexical import LexicalEmbedder

ROWS: list[dict[str, Any]] = [
    {
        "id": f"row-{n}",
        "user_id": "ada" if n < 2 else "bo",
        "kind": "preference",
        "history": [
            {"id": "0", "text": "I never eat nuts, they make me ill.", "source": "chat"},
            {"id": "1", "text": f"My tram number {n} was late today.", "source": "chat"},
        ],
        "query": "What shall I bake for the fair?",
        "answer": f"An apple cake number {n}.",
        "violates": [f"A walnut cake number {n}.", f"An almond tart number {n}."],
        "preference": "I never eat nuts.",
        "other_preferences": ["I go by tram."],
    }
    for n in range(3)
]


def rows(folder: Path) -> Path:
    path = folder / "cakes.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    return path


def bakes(prompt: str) -> str | dict[str, float]:
    """Prefer a cake without nuts only where the prompt says that they are not eaten."""
    if "Answer with the letter" not in prompt:
        return {"Yes": 0.9, "No": 0.1} if "Yes or No" in prompt else "This person never eats nuts."
    known = "never eat" in prompt
    letters = {
        line[0]: line for line in prompt.split("\n") if line[1:3] == ". " and line[0] in "ABC"
    }
    liked = {letter: "apple" in line for letter, line in letters.items()}
    return {letter: 0.8 if apple == known else 0.1 for letter, apple in liked.items()}


def ask(folder: Path, chat: ScriptedChat, **settings: Any) -> list[str]:
    setup = Setup(**({"arms": ("none", "retrieval", "everything", "ours")} | settings))
    files = {"cakes": rows_of(rows(folder), None, one_history=setup.one_history)}
    return asyncio.run(measure(files, setup, folder / "run", (chat, LexicalEmbedder())))


def test_arms_are_scored_by_letters_and_compared_in_pairs(tmp_path: Path) -> None:
    text = "\n".join(ask(tmp_path, ScriptedChat(script=bakes), given=True))
    whole = "3 of 3 (100% [44%, 100%])"
    no = "0 of 3 (0% [0%, 56%])"
    assert f"| none | 3 | {no} | 0 | 0 | {no} | 0.0 [0.0, 56.1] | {whole} |" in text
    assert f"| everything | 3 | {whole} | 0 | 0 | {whole} | 100.0 [43.9, 100.0] | {no} |" in text
    assert "none right and everything wrong 0, the reverse 3 (n=3, p=0.250)" in text


def test_a_given_profile_is_written_by_nobody(tmp_path: Path) -> None:
    chat = ScriptedChat(script=bakes)
    ask(tmp_path, chat, given=True, arms=("everything",))
    assert not any("eight short numbered sentences" in prompt for prompt in chat.prompts)
    assert any("This person says: I go by tram." in prompt for prompt in chat.prompts)
    chat = ScriptedChat(script=bakes)
    written = tmp_path / "written"
    written.mkdir()
    ask(written, chat, arms=("everything",))
    assert any("eight short numbered sentences" in prompt for prompt in chat.prompts)


def test_a_run_goes_on_and_takes_in_an_arm_of_another_version(tmp_path: Path) -> None:
    first = ScriptedChat(script=bakes)
    ask(tmp_path, first, given=True, arms=("none", "ours"))
    again = ScriptedChat(script=bakes)
    text = "\n".join(ask(tmp_path, again, given=True, arms=("none", "ours"), label="before"))
    assert again.prompts == []  # the same words: every call was kept
    assert "none right and before wrong" in text
    assert "ours right and before wrong 0, the reverse 0" in text


def test_recalled_items_alone_need_no_profile(tmp_path: Path) -> None:
    chat = ScriptedChat(script=bakes)
    text = "\n".join(ask(tmp_path, chat, arms=("items",), label="before"))
    assert "| items before | 3 | " in text
    assert not any("eight short numbered sentences" in prompt for prompt in chat.prompts)


def test_people_share_a_history_only_where_asked_to(tmp_path: Path) -> None:
    path = rows(tmp_path)
    shared = rows_of(path, 2, one_history=True)
    assert [row.user_id for row in shared] == ["ada", "ada"]
    assert shared[0].history == shared[1].history
    own = rows_of(path, None)
    assert len({row.history[1].text for row in own}) == 3


def test_written_replies_without_a_rule_are_counted_for_a_judge(tmp_path: Path) -> None:
    path = tmp_path / "texts.jsonl"
    row = {k: v for k, v in ROWS[0].items() if k != "violates"} | {"rubric": "No nuts."}
    path.write_text(json.dumps(row) + "\n")

    def judges(prompt: str) -> str | dict[str, float]:
        if "Does the reply fail?" in prompt:
            return {"Yes": 0.1, "No": 0.9}
        return {"Yes": 0.9, "No": 0.1} if "Does the reply pass?" in prompt else bakes(prompt)

    chat = ScriptedChat(script=judges)
    setup = Setup(("none",))
    files = {"texts": rows_of(path, None)}
    models = chat, LexicalEmbedder()
    text = "\n".join(asyncio.run(measure(files, setup, tmp_path / "run", models)))
    assert "| none | 1 | - | 0 | 1 |" in text
    text = "\n".join(asyncio.run(measure(files, setup, tmp_path / "run", models, judged=True)))
    assert "| none | 1 | 1 of 1" in text
    assert "Not to be claimed: how far this judge agrees with people is not known" in text
    assert "How it is judged: No nuts." in chat.prompts[-1]


def test_a_wrong_number_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "argv", ["restraint", str(rows(tmp_path)), "--n", "0"])
    with pytest.raises(SystemExit, match="set it to 1 or more"):
        restraint.main()


def test_what_would_be_shown_is_counted_without_a_model(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(restraint, "make_embedder", lambda name: LexicalEmbedder())
    arguments = [str(rows(tmp_path)), "--given", "--shown-only", "--arms", "none", "everything"]
    monkeypatch.setattr(sys, "argv", ["restraint", *arguments, "--out", str(tmp_path / "run")])
    restraint.main()
    text = capsys.readouterr().out
    assert "| none | 3 | - | 0 | 3 | 0 of 3 (0% [0%, 56%]) | 0.0 [0.0, 56.1] |" in text
    whole = "3 of 3 (100% [44%, 100%])"
    assert f"| everything | 3 | - | 0 | 3 | {whole} | 100.0 [43.9, 100.0] |" in text
