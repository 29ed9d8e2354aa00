"""What is chosen among options."""

from pathlib import Path

import numpy as np
import pytest
from scripted import Script, ScriptedChat
from workflows import ANNA, GUIDANCE, PROFILE, graph_of, stage_of

from guided_profile.graph.build import build_graph
from guided_profile.graph.context import Context
from guided_profile.graph.records import HistoryItem
from guided_profile.graph.state import Answered
from guided_profile.graph.tasks import builtin_tasks
from guided_profile.tools.embedders.lexical import LexicalEmbedder
from guided_profile.tools.history.store import HistoryStore

DONE = [item.model_copy(update={"kind": "did"}) for item in ANNA]


def favouring(option: str, place: str) -> Script:
    """A model that mostly says one letter whatever stands there, but leans towards an option."""

    def said(prompt: str) -> str | dict[str, float]:
        if stage_of(prompt) != "respond":
            return PROFILE if stage_of(prompt) == "profile" else GUIDANCE
        weights = {}
        for letter in "ABCD":
            line = next(x for x in prompt.splitlines() if x.startswith(f"{letter}. "))
            weights[letter] = (3 if option in line else 1) * (20 if letter == place else 1)
        return {letter: weight / sum(weights.values()) for letter, weight in weights.items()}

    return said


@pytest.mark.parametrize("place", ["A", "C", "D"])
async def test_a_choice_does_not_depend_on_the_order_of_its_options(
    history: HistoryStore, place: str
) -> None:
    history.add("anna", ANNA)
    chat = ScriptedChat(script=favouring("cat toy", place))
    graph = build_graph(chat=chat, history=history)
    options = ["a car", "a cat toy", "a boat", "a plane"]
    context = Context(user_id="anna", task="preference", grounded=False)
    out = await graph.ainvoke({"question": "Which?", "options": options}, context=context)
    assert isinstance(out["answer"], Answered)
    assert (out["answer"].text, out["answer"].option) == ("a cat toy", 1)
    assert out["answer"].confidence == pytest.approx(0.5)
    assert sum(out["answer"].probabilities.values()) == pytest.approx(1)


@pytest.mark.parametrize(
    ("right", "asked"),
    [
        ({"A": 0.97, "B": 0.01, "C": 0.01, "D": 0.01}, 2),
        ({"A": 0.4, "B": 0.3, "C": 0.2, "D": 0.1}, 4),
    ],
)
async def test_two_orders_are_asked_where_they_agree_and_four_where_they_do_not(
    history: HistoryStore, right: dict[str, float], asked: int
) -> None:
    """The first says the weight of what it likes by letter; else the model likes a place."""
    options = ["a cat toy", "a car", "a boat", "a plane"]
    likes_a_thing = asked == 2

    def said(prompt: str) -> str | dict[str, float]:
        if stage_of(prompt) != "respond":
            return PROFILE if stage_of(prompt) == "profile" else GUIDANCE
        if not likes_a_thing:
            return right
        lines = [x for x in prompt.splitlines() if x[:3] in ("A. ", "B. ", "C. ", "D. ")]
        return {line[0]: list(right.values())[options.index(line[3:])] for line in lines}

    history.add("anna", ANNA)
    chat = ScriptedChat(script=said)
    graph = build_graph(chat=chat, history=history)
    context = Context(user_id="anna", task="preference", grounded=False, max_retries=0)
    await graph.ainvoke({"question": "Which?", "options": options}, context=context)
    prompts = [prompt for prompt in chat.prompts if stage_of(prompt) == "respond"]
    assert len(prompts) == asked
    firsts = [prompt.partition("\nA. ")[2].partition("\n")[0] for prompt in prompts]
    assert firsts[:2] == ["a cat toy", "a car"]
    assert len(set(firsts)) == asked


async def test_the_history_helps_to_choose_what_the_model_alone_would_not(
    history: HistoryStore,
) -> None:
    history.add("anna", DONE)
    history.add("ben", [HistoryItem(text="a red boat with two masts", kind="did")])
    history.add("cleo", ANNA)
    even = {"A": 0.27, "B": 0.25, "C": 0.25, "D": 0.23}
    graph, _ = graph_of(history, even)
    asked = {"question": "Which?", "options": ["a red boat", "a cat that sleeps", "tea", "rum"]}
    answers = {}
    for user in ("anna", "ben"):
        out = await graph.ainvoke(asked, context=Context(user_id=user, task="preference"))
        answers[user] = out["answer"].text
    assert answers == {"anna": "a cat that sleeps", "ben": "a red boat"}
    alone = Context(user_id="anna", task="preference", grounded=False, max_retries=0)
    out = await graph.ainvoke(asked, context=alone)
    assert out["answer"].reason == "low_confidence"
    blind = Context(user_id="anna", task="preference", sees=(), max_retries=0)
    out = await graph.ainvoke(asked, context=blind)
    assert out["answer"].kind == "abstained"
    # what a person said may praise a thing or damn it: that is left to the model
    spoken = Context(user_id="cleo", task="preference", max_retries=0)
    out = await graph.ainvoke(asked, context=spoken)
    assert out["answer"].reason == "low_confidence"


class Long(LexicalEmbedder):
    """A host's own embedder, whose vectors are not of length 1; knows what it embedded."""

    id = "long"

    def __init__(self) -> None:
        super().__init__()
        self.embedded: list[str] = []

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        self.embedded += texts
        return (7 * np.asarray(super().embed_documents(texts))).tolist()


async def test_vectors_of_any_length_will_do_and_an_option_is_embedded_once(
    tmp_path: Path,
) -> None:
    outcomes = []
    for embedder in (Long(), LexicalEmbedder()):
        with HistoryStore.open(embedder, path=tmp_path / embedder.id) as history:
            history.add("anna", DONE)
            graph, _ = graph_of(history, {"A": 0.27, "B": 0.25, "C": 0.25, "D": 0.23})
            asked = {"question": "Which?", "options": ["a boat", "a cat on a desk", "tea", "rum"]}
            out = await graph.ainvoke(asked, context=Context(user_id="anna", task="preference"))
            outcomes.append((out["answer"].probabilities, out["answer"].evidence))
            outcomes.append([sentence.confidence for sentence in out["answer"].profile.sentences])
            if isinstance(embedder, Long):
                assert [embedder.embedded.count(option) for option in asked["options"]] == [1] * 4
    assert outcomes[0][0] == pytest.approx(outcomes[2][0])
    assert outcomes[0][1] == outcomes[2][1] == (ANNA[0].id,)
    assert outcomes[1] == pytest.approx(outcomes[3])


async def test_without_logprobs_the_rotations_vote(history: HistoryStore) -> None:
    history.add("anna", ANNA)

    def said(prompt: str) -> str:
        if stage_of(prompt) != "respond":
            return GUIDANCE
        return next(line for line in prompt.splitlines() if line.endswith("a cat toy"))

    graph = build_graph(chat=ScriptedChat(script=said, logprobs=False), history=history)
    context = Context(user_id="anna", task="preference")
    out = await graph.ainvoke(
        {"question": "Which?", "options": ["a car", "a cat toy"]}, context=context
    )
    assert out["answer"].text == "a cat toy"
    assert out["answer"].confidence == pytest.approx(1.0, abs=1e-3)


@pytest.mark.parametrize(
    ("letters", "reason"),
    [
        ({"A": 0.25, "B": 0.25, "C": 0.25, "D": 0.25}, "low_confidence"),
        ({"Sorry": 0.9, "A": 0.1}, "no_option"),
        ({"Rather not": 0.9, "A": 0.1}, "declined"),
        ({"Perhaps": 0.9, "A": 0.1}, "no_option"),
    ],
)
async def test_a_choice_abstains_when_nothing_stands_out_or_no_option_is_named(
    history: HistoryStore, letters: dict[str, float], reason: str
) -> None:
    history.add("anna", ANNA)
    builtin = builtin_tasks()["preference"]
    rule = builtin.abstention.model_copy(update={"phrases": ("rather not",)})
    task = builtin.model_copy(update={"abstention": rule})
    graph, _ = graph_of(history, letters, tasks=[task])
    context = Context(user_id="anna", task="preference", max_retries=1)
    out = await graph.ainvoke({"question": "Which?", "options": list("wxyz")}, context=context)
    assert (out["answer"].kind, out["answer"].reason, out["answer"].tries) == (
        "abstained",
        reason,
        1,
    )
