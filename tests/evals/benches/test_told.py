"""The gate before an answer, on questions and requests, with a scripted model."""

from pathlib import Path

import pytest
from scripted import ScriptedChat

from guided_profile.evals.benches.evidence import Kept
from guided_profile.evals.benches.told import ask, fit, notes_of, questions, report, requests_of
from guided_profile.graph.errors import ModelError
from guided_profile.graph.records import HistoryItem
from guided_profile.tools.embedders.lexical import LexicalEmbedder
from guided_profile.tools.evidence.told import Weights

REQUESTS = Path(__file__).parents[2] / "data" / "bearing.yaml"


async def test_both_thresholds_are_fitted_and_what_was_asked_is_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    examples = questions("dev", [])
    requests = requests_of(REQUESTS, "fit")
    told = {one.question for one in examples if one.answerable}
    untold = {one.question for one in examples if not one.answerable}
    examples = [one for one in examples if one.question not in told & untold]
    chat = ScriptedChat(
        script=lambda _: "?",
        tells=lambda question, notes: 0.3 if question in told else 0.1,
        own_life=lambda text: 0.2 if text in requests else 0.4,
    )
    kept = Kept(tmp_path / "kept.jsonl")
    found = await ask(chat, examples, requests, LexicalEmbedder(), kept)
    made = len(chat.prompts)
    assert made == 2 * len(examples) + len(requests)
    assert await ask(chat, examples, requests, LexicalEmbedder(), kept) == found
    assert len(chat.prompts) == made

    report(found, Weights())
    n = sum(not one.answerable for one in examples)
    assert f"not told, abstains: 0 of {n}" in capsys.readouterr().out
    weights = fit(found, Weights())
    report(found, weights)
    printed = capsys.readouterr().out
    assert f"not told, abstains: {n} of {n}" in printed
    assert "\ntold, abstains: 0 of" in printed
    assert f"needs no history, abstains: 0 of {len(requests)}" in printed


async def test_an_endpoint_without_probabilities_is_refused(tmp_path: Path) -> None:
    chat = ScriptedChat(script=lambda _: "?", logprobs=False)
    with pytest.raises(ModelError, match="tells no probabilities"):
        await ask(chat, questions("dev", [])[:1], [], LexicalEmbedder(), Kept(tmp_path / "k"))


def test_a_short_history_is_shown_whole_and_of_a_long_one_the_nearest_in_order_of_time() -> None:
    (example,) = (one for one in questions("dev", []) if one.id == "maud-1")
    texts = [item.text for item in example.history]
    assert notes_of(example, LexicalEmbedder()) == texts
    rain = tuple(HistoryItem(text=f"It rained in the night. {'Much. ' * n}") for n in range(40))
    longer = example.model_copy(update={"history": (*rain, *example.history)})
    notes = notes_of(longer, LexicalEmbedder())
    assert len(notes) == 5
    assert example.history[0].text in notes
    places = [[item.text for item in longer.history].index(note) for note in notes]
    assert places == sorted(places)
