"""The benchmark of what is recalled: what counts as found, and what it costs."""

import json
import sys
from pathlib import Path

import pytest
from scripted import ScriptedChat

from guided_profile.evals.benches import found
from guided_profile.evals.benches.found import finder, main, rows_of, wanted_of
from guided_profile.graph.errors import InputError

TELLS = "I moor my houseboat below the weir"
OTHERS = [f"a word about thing number {n}, which is long enough to fill a line" for n in range(30)]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "rows.jsonl"
    history: list[dict[str, str]] = [
        {"id": str(n), "text": text, "time": f"2024-01-{n + 1:02d}"}
        for n, text in enumerate([TELLS, *OTHERS])
    ]
    history.append({"id": "theirs", "text": "A houseboat?", "role": "other"})
    rows = [
        {"user_id": "ann", "query": "Where is my houseboat?", "evidence": ["0", "theirs"]},
        {"user_id": "bo", "query": "Where is my houseboat?", "evidence": ["theirs"]},
        {"user_id": "cy", "query": "Whose is it?", "evidence": ["0"], "form": "far"},
    ]
    lines = [
        json.dumps({"id": row["user_id"], "history": history, "answer": "below the weir"} | row)
        for row in rows
    ]
    path.write_text("\n".join(lines))
    return path


def test_rows_are_those_that_name_an_item_of_the_users_own(data: Path) -> None:
    rows = rows_of(data, None, {})
    assert [(row.id, wanted_of(row)) for row in rows] == [("ann", {"0"}), ("cy", {"0"})]
    assert [row.id for row in rows_of(data, None, {"form": "far"})] == ["cy"]
    with pytest.raises(InputError, match=r"no row of 'rows\.jsonl' names items"):
        rows_of(data, None, {"form": "near"})


def test_a_method_that_recalls_nothing_of_its_own_is_refused() -> None:
    with pytest.raises(InputError, match="'gpg' has no recall of its own; there are rag, "):
        finder("gpg")


def test_it_prints_what_each_finds_beside_the_first(
    data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    history: object,
) -> None:
    def reply(prompt: str) -> str:
        return "This person has a houseboat." if prompt.endswith(TELLS) else "-"

    from guided_profile.tools.embedders.lexical import LexicalEmbedder

    chat = ScriptedChat(script=reply)
    monkeypatch.setattr(found, "chosen_models", lambda given: (chat, LexicalEmbedder()))
    asked = ["found", str(data), "--methods", "rag-recency", "rag", "emem", "--tokens", "60"]
    monkeypatch.setattr(sys, "argv", [*asked, "--out", str(tmp_path / "out")])
    main()
    out = capsys.readouterr().out
    assert "| rag-recency | 2 | 0 (0%" in out
    assert "| rag | 2 | 1 (50%" in out
    assert "+1 −0, p=1.000 | 0 | 0 | 0 |" in out
    assert "| emem | 2 | 2 (100%" in out  # one statement is all there is
    once = len(chat.prompts)
    main()
    assert len(chat.prompts) == once  # what was said is kept
