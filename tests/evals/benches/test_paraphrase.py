from pathlib import Path

import pytest
from scripted import ScriptedChat
from workflows import items, script

from guided_profile.evals.benches.paraphrase import rows_of, scored, table, written
from guided_profile.evals.datasets.examples import Example
from guided_profile.graph.tasks import builtin_tasks
from guided_profile.tools.embedders.lexical import LexicalEmbedder

OWN = ["idk man just fix the potholes", "tbh i dont get the hype", "rn the cat sleeps here"]
EXAMPLE = Example(
    id="1",
    user_id="mika",
    task="paraphrase",
    question="I do not know.",
    reference="idk tbh",
    history=tuple(items(*OWN)),
)


async def test_a_text_is_written_now_and_as_before() -> None:
    writes = script("idk")

    def said(prompt: str) -> str | dict[str, float]:
        if prompt.endswith("Text: I do not know.\nRetyped text:"):
            return "I don't know."
        return "" if prompt.endswith("Corrected text:") else writes(prompt)

    chat = ScriptedChat(script=said)
    task = builtin_tasks()["paraphrase"]
    row = await written(chat, LexicalEmbedder(), task, EXAMPLE, before=True)
    assert row["texts"] == {
        "unchanged": "I do not know.",
        "after": "idk",
        "before": "I don't know.",
    }
    assert row["own"] == OWN
    assert row["calls"] == 4, "the profile stood already; three short texts are written out"


def test_habits_are_scored_for_those_whose_they_are() -> None:
    row = {
        "own": OWN,
        "theirs": "idk tbh",
        "texts": {"unchanged": "I do not know.", "after": "idk"},
    }
    found = scored(row, {"after": 0.7})
    before, after = found["unchanged"], found["after"]
    assert (before["lower case, who does"], after["lower case, who does"]) == (0.0, 1.0)
    assert (before["open end, who does"], after["open end, who does"]) == (0.0, 1.0)
    assert after["emoji, who does not"] == 1.0
    assert after["to own texts"] < before["to own texts"]
    assert found["theirs"]["to own wording"] == 0.0
    assert after["meaning"] == 0.7


def test_no_answer_is_as_far_as_can_be() -> None:
    row = {"own": OWN, "theirs": "idk", "texts": {"unchanged": "I know.", "after": ""}}
    after = scored(row, {})["after"]
    assert (after["to own texts"], after["to own wording"], after["meaning"]) == (1.0, 1.0, 0.0)


def test_what_was_done_is_read_again(tmp_path: Path) -> None:
    assert rows_of(tmp_path / "none.jsonl") == []


@pytest.mark.parametrize("theirs", ["idk", ""])
def test_the_table_shows_each_figure_with_its_n(theirs: str) -> None:
    row = {
        "own": OWN,
        "theirs": theirs,
        "texts": {"unchanged": "I know.", "after": "i know"},
        "calls": 1,
        "output_tokens": 4,
        "seconds": 1.0,
    }
    shown = table([row], LexicalEmbedder())
    assert "after (n=1)" in shown
    assert ("to own wording" in shown) is bool(theirs)
    assert "1.00 calls" in shown
