from pathlib import Path

import pytest
from scripted import ScriptedChat

from guided_profile.evals.benches.evidence import Kept
from guided_profile.evals.benches.selection import ask, by_nearness, cases_of, fit, report, said_of
from guided_profile.graph.errors import DatasetError
from guided_profile.tools.embedders.lexical import LexicalEmbedder
from guided_profile.tools.evidence.uses import Weights

DATA = Path(__file__).parents[2] / "data"


async def test_what_is_made_of_a_yes_is_fitted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cases = cases_of(DATA / "sentence_use.yaml", "fit", 4)
    assert len(cases) == 12
    letters = {"always": "A", "topical": "B", "private": "C"}
    by_text = {case["text"]: letters[case["use"]] for case in cases}
    chat = ScriptedChat(script=lambda _: "?", uses=by_text.__getitem__)
    answers = await ask(chat, cases, Kept(tmp_path / "kept.jsonl"))
    assert len(chat.prompts) == 24
    assert await ask(chat, cases, Kept(tmp_path / "kept.jsonl")) == answers
    assert len(chat.prompts) == 24, "what was asked is kept"
    sits_low = [[first / 3, second / 3] for first, second in answers]
    weights = fit(cases, sits_low, Weights())
    report(cases, said_of(cases, sits_low, Weights()))
    assert "right: 1.00" not in capsys.readouterr().out
    report(cases, said_of(cases, sits_low, weights))
    assert "right: 1.00" in capsys.readouterr().out


async def test_whether_notes_bear_is_fitted_alike(tmp_path: Path) -> None:
    cases = cases_of(DATA / "bearing.yaml", "report", None)
    bears = {(case["request"], case["sentence"]): 0.2 + 0.1 * case["differs"] for case in cases}
    chat = ScriptedChat(script=lambda _: "?", bears=lambda request, notes: bears[request, notes])
    answers = await ask(chat, cases, Kept(tmp_path / "kept.jsonl"))
    assert 0.2 < (fit(cases, answers, Weights()).differs or 0) <= 0.3


async def test_nearness_alone_decides_without_a_model() -> None:
    cases = [
        {"request": "Which rye flour?", "sentence": "Bakes rye bread."},
        {"request": "Thanks!", "sentence": "Bakes rye bread."},
    ]
    assert await by_nearness(LexicalEmbedder(), cases) == ["True", "False"]


def test_a_file_without_labels_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("- {text: hm, half: fit}", "utf-8")
    with pytest.raises(DatasetError, match="no cases of the half 'fit'"):
        cases_of(tmp_path / "a.yaml", "fit", None)
