"""What is asked and no item is about: the workflow leaves it alone."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from scripted import Script, ScriptedChat
from workflows import stage_of

from guided_profile.graph.build import build_graph
from guided_profile.graph.context import Context
from guided_profile.graph.records import HistoryItem
from guided_profile.graph.state import Abstained, Answered
from guided_profile.tools.embedders.base import Embedder
from guided_profile.tools.embedders.lexical import LexicalEmbedder
from guided_profile.tools.history.store import HistoryStore

ANNA = [
    HistoryItem(text="my cat Miso sleeps on my desk", kind="did"),
    HistoryItem(text="the bicycle commute took 20 minutes today", kind="did"),
]
SILENT = ["violin rosin", "opera arias"]


class ByMeaning(Embedder):
    """Stands for a model: the rule leaves embedding by words alone."""

    id = "by-meaning"
    dimension = 512
    unrelated = LexicalEmbedder.unrelated
    same = LexicalEmbedder.same

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return LexicalEmbedder().embed_documents(texts)


@pytest.fixture
def anna(tmp_path: Path) -> Iterator[HistoryStore]:
    with HistoryStore.open(ByMeaning(), path=tmp_path / "anna") as store:
        store.add("anna", ANNA)
        yield store


def first_letter(prompt: str) -> str | dict[str, float]:
    return {"A": 0.97, "B": 0.01} if "option and nothing else" in prompt else "Nothing new."


async def asked(
    history: HistoryStore, script: Script, question: str, options: list[str]
) -> Answered | Abstained:
    graph = build_graph(chat=ScriptedChat(script=script), history=history)
    task = "preference" if options else "dialogue"
    context = Context(user_id="anna", task=task)
    out = await graph.ainvoke({"question": question, "options": options}, context=context)
    answer: Answered | Abstained = out["answer"]
    return answer


@pytest.mark.parametrize(
    ("question", "options", "reason", "tries"),
    [
        ("Which?", SILENT, "not_in_history", 0),
        ("Which for Miso the cat?", SILENT, "low_confidence", 2),
    ],
)
async def test_a_choice_between_things_that_no_item_is_about_is_abstained_from_at_once(
    anna: HistoryStore, question: str, options: list[str], reason: str, tries: int
) -> None:
    answer = await asked(anna, first_letter, question, options)
    assert isinstance(answer, Abstained)
    assert (answer.reason, answer.tries) == (reason, tries)


async def test_a_choice_that_the_model_is_sure_of_stands_although_no_item_is_about_it(
    anna: HistoryStore,
) -> None:
    def sure(prompt: str) -> str | dict[str, float]:
        if "option and nothing else" not in prompt:
            return "Nothing new."
        first = "A. violin rosin" in prompt
        return {"A": 0.7, "B": 0.3} if first else {"A": 0.3, "B": 0.7}

    answer = await asked(anna, sure, "Which?", SILENT)
    assert isinstance(answer, Answered)
    assert answer.option == 0
    assert answer.confidence == pytest.approx(0.7)  # the model's own: there is nothing to add


async def test_one_option_that_an_item_is_about_is_enough(anna: HistoryStore) -> None:
    answer = await asked(anna, first_letter, "Which?", ["violin rosin", "desk for cats like Miso"])
    assert isinstance(answer, Answered)
    assert answer.option == 1


async def test_the_check_has_to_be_surer_where_no_item_is_about_the_question(
    anna: HistoryStore,
) -> None:
    def script(prompt: str) -> str | dict[str, float]:
        stage = stage_of(prompt)
        if stage == "answers":
            return {"Yes": 0.9, "No": 0.1}
        return {"Yes": 0.3, "No": 0.7} if stage == "check" else "Miso is a cat."

    known = await asked(anna, script, "Does the cat Miso sleep?", [])
    untold = await asked(anna, script, "Which opera?", [])
    assert (known.kind, untold.kind) == ("answered", "abstained")


async def test_words_alone_do_not_tell_that_a_history_is_silent(history: HistoryStore) -> None:
    history.add("anna", ANNA)
    answer = await asked(history, first_letter, "Which?", SILENT)
    assert isinstance(answer, Abstained)
    assert answer.reason == "low_confidence"


async def test_what_others_wrote_breaks_no_silence(anna: HistoryStore) -> None:
    anna.add("anna", [HistoryItem(text="violin rosin and opera arias?", role="other")])
    answer = await asked(anna, first_letter, "Which?", SILENT)
    assert isinstance(answer, Abstained)
    assert answer.reason == "not_in_history"
