"""Ways of asking whether a history holds an answer, with a scripted model."""

from pathlib import Path

import pytest
from scripted import ScriptedChat

from guided_profile.evals.benches.answerable import WAYS, area, ask, caught, line, prompts
from guided_profile.evals.benches.evidence import Kept
from guided_profile.evals.datasets.abstention import asked_again
from guided_profile.graph.errors import ModelError
from guided_profile.tools.embedders.lexical import LexicalEmbedder

MAUD = [example for example in asked_again("dev") if example.user_id == "maud"]


@pytest.mark.parametrize("way", WAYS)
async def test_each_way_shows_what_it_says_and_is_asked_once(way: str, tmp_path: Path) -> None:
    example = MAUD[0]
    chat = ScriptedChat(script=lambda prompt: {"Yes": 0.8, "No": 0.2})
    asked = prompts(way, example, LexicalEmbedder())
    kept = Kept(tmp_path / "kept.jsonl")
    assert await ask(chat, asked, kept) == pytest.approx([0.8] * len(asked))
    assert len(chat.prompts) == len(asked) == (2 if way == "single" else 1)
    again = Kept(tmp_path / "kept.jsonl")
    assert await ask(chat, asked, again) == pytest.approx([0.8] * len(asked))
    assert len(chat.prompts) == len(asked)
    last = [messages[-1].text for messages in asked]
    shown = [sum(item.text in text for item in example.history) for text in last]
    assert shown == {"plain": [6], "examples": [8], "single": [1, 1]}[way]
    assert all(example.question in text for text in last)


async def test_an_endpoint_without_probabilities_is_refused(tmp_path: Path) -> None:
    chat = ScriptedChat(script=lambda prompt: "Yes", logprobs=False)
    asked = prompts("examples", MAUD[0], LexicalEmbedder())
    with pytest.raises(ModelError, match="gives no probabilities"):
        await ask(chat, asked, Kept(tmp_path / "kept.jsonl"))


def test_answerable_and_unanswerable_questions_are_compared() -> None:
    assert area([0.9, 0.8], [0.1, 0.2]) == (1.0, 1.0, 1.0)
    assert area([0.5], [0.5])[0] == 0.5
    assert caught([0.3, 0.9], [0.1, 0.2, 0.4]) == 2
    assert caught([0.1, *[0.9] * 39], [0.2, 0.3]) == 2, "1 of 40 is no more than 3 %"
    printed = line("plain", MAUD, [0.9 if example.answerable else 0.1 for example in MAUD])
    assert printed.startswith("plain: area 1.00 [1.00, 1.00], n=2 answerable and 2 not")
    assert printed.endswith("2 of 2 caught")
    assert "both kinds" in line("plain", MAUD[:1], [0.9])
