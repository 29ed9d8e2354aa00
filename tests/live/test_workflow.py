"""The workflow on the real embedded model: what only a real model can show."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from langchain_core.language_models import BaseChatModel
from langgraph.store.memory import InMemoryStore

from guided_profile.apps.assembly import chat_model, embedder
from guided_profile.apps.cli.demo import Person, people
from guided_profile.apps.settings import read_settings
from guided_profile.graph.build import Graph, build_graph
from guided_profile.graph.context import Context
from guided_profile.graph.records import Call
from guided_profile.tools.history.store import HistoryStore

pytestmark = pytest.mark.live

PEOPLE = {person.key: person for person in people()}


@pytest.fixture(scope="module")
def chat() -> BaseChatModel:
    return chat_model(read_settings({}))


@pytest.fixture
def graph(chat: BaseChatModel, tmp_path: Path) -> Iterator[Graph]:
    with HistoryStore.open(embedder(read_settings({})), path=tmp_path) as history:
        for person in PEOPLE.values():
            history.add(person.key, person.items)
        yield build_graph(chat=chat, history=history, store=InMemoryStore())


@pytest.mark.parametrize("person", PEOPLE.values(), ids=PEOPLE)
async def test_a_persons_profile_is_theirs_and_points_to_their_items(
    graph: Graph, person: Person
) -> None:
    asked = person.questions[person.task]
    out = await graph.ainvoke(
        {"question": asked["question"], "options": asked.get("options", [])},
        context=Context(user_id=person.key, task=person.task),
    )
    profile = out["answer"].profile
    told = " ".join(sentence.text for sentence in profile.supported).lower()
    theirs = {
        "cook": ("ferment", "rye", "iron", "sichuan", "kimchi", "wok", "proofing", "bread"),
        "runner": ("pixel", "lena", "mittenwald", "linear", "trail", "keyboard", "stubborn"),
        "poster": ("lower case", "abbreviat", "emoji"),
    }
    assert sum(word in told for word in theirs[person.key]) >= 2, told
    ids = {item.id for item in person.items}
    for sentence in profile.supported:
        assert set(sentence.evidence) <= ids


async def test_most_of_the_prompts_come_from_the_prefix_cache(graph: Graph) -> None:
    out = await graph.ainvoke(
        {"question": "What would you cook on a Sunday?"},
        context=Context(user_id="cook", max_retries=0),
        output_keys=["calls"],
    )
    calls: list[Call] = out["calls"]
    assert sum(c.cached_tokens for c in calls) >= 0.5 * sum(c.input_tokens for c in calls)


async def test_a_choice_is_the_same_in_whatever_order_its_options_come(graph: Graph) -> None:
    asked = PEOPLE["runner"].questions["preference"]
    chosen = set()
    for step in range(2):
        options = asked["options"][step:] + asked["options"][:step]
        out = await graph.ainvoke(
            {"question": asked["question"], "options": options},
            context=Context(user_id="runner", task="preference"),
        )
        chosen.add(out["answer"].text)
    assert chosen == {asked["options"][asked["expected"]]}


@pytest.mark.parametrize("key", PEOPLE)
async def test_what_the_history_does_not_tell_is_not_invented(graph: Graph, key: str) -> None:
    questions = {
        "cook": "What was the name of your first school?",
        "runner": "Which opera did you like best?",
        "poster": "What is your grandmother's maiden name?",
    }
    out = await graph.ainvoke({"question": questions[key]}, context=Context(user_id=key))
    assert out["answer"].kind == "abstained"
    assert out["answer"].tries == 2
