"""Histories that several examples share: what is made of one is made once."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest
from asked import digests, writes_profile
from cat_toys import CHOICE, HISTORY, script
from scripted import ScriptedChat

from guided_profile.evals.catalogue import make_methods
from guided_profile.evals.datasets.examples import Example
from guided_profile.evals.datasets.lengths import Shared
from guided_profile.evals.methods.workflow import MethodInputs
from guided_profile.evals.run.answers import Answers
from guided_profile.evals.run.by_length import run_shared
from guided_profile.evals.run.calls import Calls, KeptChat
from guided_profile.evals.run.vectors import KeptEmbedder
from guided_profile.evals.scorers.result import Result
from guided_profile.graph.errors import ModelError
from guided_profile.graph.state import Abstained, Answered
from guided_profile.graph.tasks import builtin_tasks
from guided_profile.tools.embedders.lexical import LexicalEmbedder
from guided_profile.tools.history.store import HistoryStore

SHARED = Shared(
    "person-1@3",
    3,
    tuple(
        CHOICE.model_copy(
            update={
                "id": f"{name}@3",
                "question": f"Which {name}?",
                "history": HISTORY,
                "history_id": "person-1@3",
            }
        )
        for name in ("first", "second")
    ),
)


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[tuple[Answers, Answers]]:
    with (
        closing(Answers(tmp_path / "answers.jsonl")) as answers,
        closing(Answers(tmp_path / "built.jsonl")) as built,
    ):
        yield answers, built


async def asked(
    names: list[str], history: HistoryStore, kept: tuple[Answers, Answers], tmp_path: Path
) -> ScriptedChat:
    chat = ScriptedChat(script=script)
    with closing(Calls(tmp_path / "calls.db")) as calls:
        inputs = MethodInputs(
            KeptChat(inner=chat, calls=calls),
            history,
            history.embedder,  # type: ignore[arg-type]
            builtin_tasks()["preference"],
            SHARED.examples,
            keeps_profiles=True,
        )
        await run_shared([SHARED], make_methods(names, inputs), *kept, history=history)
    return chat


async def test_a_profile_is_made_once_for_all_questions_and_counted_apart(
    history: HistoryStore, kept: tuple[Answers, Answers], tmp_path: Path
) -> None:
    chat = await asked(["gpg-nopc", "raw"], history, kept, tmp_path)
    assert sum(map(digests, chat.prompts)) == 1
    assert sum(map(writes_profile, chat.prompts)) == 1
    answers, built = kept
    results = answers.of([example.id for example in SHARED.examples], ["gpg-nopc", "raw"])
    assert [
        (result.method, result.kind, result.cost.calls, result.shown) for result in results
    ] == [
        ("gpg-nopc", "answered", 2, 0),
        ("raw", "answered", 2, 3),
        ("gpg-nopc", "answered", 2, 0),
        ("raw", "answered", 2, 3),
    ]
    assert [(result.example, result.method) for result in built.all] == [("person-1@3", "gpg-nopc")]
    assert built.all[0].cost.calls >= 2
    assert history.count("person-1@3") == 0


async def test_a_method_pays_for_its_profile_whoever_made_it_before(
    history: HistoryStore, kept: tuple[Answers, Answers], tmp_path: Path
) -> None:
    await asked(["gpg-nopc", "gpg-rag"], history, kept, tmp_path)
    first, second = kept[1].all
    assert first.cost.calls == second.cost.calls


async def test_what_is_answered_is_not_asked_again(
    history: HistoryStore, kept: tuple[Answers, Answers], tmp_path: Path
) -> None:
    await asked(["gpg-nopc"], history, kept, tmp_path)
    again = await asked(["gpg-nopc"], history, kept, tmp_path)
    assert not again.prompts


class Holding:
    """Counts the histories that it takes in, and may fail at that."""

    name = description = "holding"

    def __init__(self, fails: bool = False) -> None:
        self.fails = fails
        self.taken: list[str] = []
        self.open = False

    @asynccontextmanager
    async def holding(self, example: Example) -> AsyncIterator[None]:
        self.taken.append(example.held_under)
        if self.fails:
            raise ModelError("gone")
        self.open = True
        yield
        self.open = False

    async def answer(self, example: Example) -> Answered | Abstained:
        assert self.open
        return Answered(text="a cat toy", option=1)


async def test_where_nothing_can_be_made_of_a_history_its_questions_fail_and_are_asked_again(
    history: HistoryStore, kept: tuple[Answers, Answers]
) -> None:
    answers, built = kept
    method = Holding(fails=True)
    await run_shared([SHARED], [method], answers, built, history=history)
    assert method.taken == ["person-1@3"]
    failed = answers.of([example.id for example in SHARED.examples], ["holding"])
    assert [(result.kind, result.reason) for result in failed] == [
        ("error", "ModelError: gone")
    ] * 2
    method.fails = False
    notes: list[Result] = []
    await run_shared(
        [SHARED],
        [method],
        answers,
        built,
        history=history,
        on_result=lambda example, result: notes.append(result),
    )
    assert [result.kind for result in notes] == ["answered", "answered"]
    assert not method.open


def test_vectors_are_kept_and_each_text_is_embedded_once(tmp_path: Path) -> None:
    class Counting(LexicalEmbedder):
        texts: list[str] = []  # noqa: RUF012

        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            self.texts.extend(texts)
            return super().embed_documents(texts)

    inner = Counting()
    embedder = KeptEmbedder(inner, tmp_path / "v.db")
    first = embedder.embed_documents(["tea", "rum", "tea"])
    embedder.close()
    again = KeptEmbedder(inner, tmp_path / "v.db")
    assert again.embed_documents(["rum", "milk"])[0] == pytest.approx(first[1])
    assert inner.texts == ["tea", "rum", "milk"]
    assert first[0] == first[2] == pytest.approx(LexicalEmbedder().embed_documents(["tea"])[0])
    again.close()
