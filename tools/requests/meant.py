"""Which of the things that are known a request is about."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage
from langgraph.store.base import BaseStore

from guided_profile.graph.errors import ModelError
from guided_profile.graph.prompts import (
    MEMORY_MEANT,
    MEMORY_OBJECT,
    MEMORY_OBJECT_ASKED,
    MEMORY_OBJECT_EXAMPLES,
    MEMORY_SYSTEM,
    render,
)
from guided_profile.graph.records import LONGEST_TEXT, Call, HistoryItem, Sentence
from guided_profile.graph.tasks import Task
from guided_profile.graph.text import as_data, encodable, shortened
from guided_profile.tools.evidence.chat import ChatVerifier
from guided_profile.tools.evidence.nearness import nearness
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.models.calls import complete, model_id
from guided_profile.tools.models.letters import ask_yes_no
from guided_profile.tools.profiles.overrides import apply_overrides
from guided_profile.tools.profiles.plan import empty_profile, variant_of
from guided_profile.tools.profiles.store import ProfileStore
from guided_profile.tools.requests.kinds import LONGEST, STAGE

PAGE = 6
"""So many notes are asked about at once, the nearest first, until none of a page is meant."""
MOST_PAGES = 8
MEANT_FROM = 0.55
"""The probability of Yes from which a note is meant."""
MAYBE_FROM = 0.4
"""The same where no note reaches `MEANT_FROM`: the user sees the note before it is deleted."""
ENDED_FROM = 0.5
LONGEST_OBJECT = 60
"""In tokens: what is to be forgotten, in a few words."""
MOST_ENDED = 4
"""So many sentences, the nearest, are held against news."""

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Notes:
    """What is known of a user, as a request may mean it."""

    sentences: dict[str, list[ProfileStore]] = field(default_factory=dict)
    """The sentences of the standing profiles, each with those that it stands in."""
    evidence: dict[str, set[str]] = field(default_factory=dict)
    """The ids of the items that each sentence rests on."""
    items: dict[str, HistoryItem] = field(default_factory=dict)


async def profiles_of_user(
    store: BaseStore, user_id: str, tasks: Mapping[str, Task], history: HistoryStore
) -> list[tuple[ProfileStore, tuple[Sentence, ...]]]:
    """Return a user's standing profiles, as they are used, with what the user pinned."""
    found = []
    for task in tasks.values():
        profiles = ProfileStore(store, user_id, task.name, variant_of(task))
        standing, overrides = await profiles.standing(), await profiles.overrides()
        if standing is None and not overrides:
            continue
        made = standing.profile if standing else empty_profile(task.name, "", "", _LONG_AGO)
        shown = await asyncio.to_thread(apply_overrides, made, overrides, history.alike)
        found.append((profiles, shown.supported))
    return found


async def notes_of(
    user_id: str,
    message: str,
    before: str,
    *,
    store: BaseStore,
    history: HistoryStore,
    tasks: Mapping[str, Task],
) -> Notes:
    """Return what a request may mean: the sentences, and the items that are nearest to it."""
    notes = Notes()
    for profiles, sentences in await profiles_of_user(store, user_id, tasks, history):
        for sentence in sentences:
            notes.sentences.setdefault(sentence.text, []).append(profiles)
            notes.evidence.setdefault(sentence.text, set()).update(sentence.evidence)
    asked = f"{before}\n{message}" if before else message
    found = await asyncio.to_thread(
        history.search, user_id, asked[-4000:], limit=PAGE * MOST_PAGES, role="user"
    )
    every = await asyncio.to_thread(history.list, user_id, withdrawn=True)
    items = [*(hit.item for hit in found), *(item for item in every if item.withdrawn)]
    notes.items = {item.id: item for item in items if item.text != message}
    return notes


async def meant(
    chat: BaseChatModel, history: HistoryStore, notes: Notes, message: str, before: str
) -> tuple[list[str], list[str], list[Call]]:
    """Return the sentences and the ids of the items that a request is about, and the calls.

    Raises:
        ModelError: The model failed.
    """
    texts = list(dict.fromkeys([*notes.sentences, *(item.text for item in notes.items.values())]))
    if not texts:
        return [], [], []
    what, call = await object_of(chat, message, before)
    near = await asyncio.to_thread(_near, history, texts, [what, message])
    order = sorted(range(len(texts)), key=lambda n: -near[n])[: PAGE * MOST_PAGES]
    likely, calls = dict[str, float](), [call]
    for start in range(0, len(order), PAGE):
        page = [texts[n] for n in order[start : start + PAGE]]
        asked = [render(MEMORY_MEANT, note=_line(text), meant=_line(what)) for text in page]
        replies = await asyncio.gather(
            *(
                ask_yes_no(
                    chat, [SystemMessage(MEMORY_SYSTEM.text), HumanMessage(question)], stage=STAGE
                )
                for question in asked
            )
        )
        calls += [reply.call for reply in replies]
        if any(reply.yes is None and reply.said is None for reply in replies):
            raise ModelError(
                f"{model_id(chat)} was asked by Yes or No what a user means to be forgotten, and "
                "replied with something else; nothing was done: try again, or set another model."
            )
        for text, reply in zip(page, replies, strict=True):
            likely[text] = float(bool(reply.said)) if reply.yes is None else reply.yes
        if max(likely[text] for text in page) < MEANT_FROM:
            break
    least = MEANT_FROM if max(likely.values()) >= MEANT_FROM else MAYBE_FROM
    wanted = {text for text, yes in likely.items() if yes >= least}
    items = [item.id for item in notes.items.values() if item.text in wanted]
    return [text for text in notes.sentences if text in wanted], items, calls


async def object_of(chat: BaseChatModel, message: str, before: str) -> tuple[str, Call]:
    """Return what a message asks to forget, in a few words; the message, if the model finds none.

    Raises:
        ModelError: The model failed.
    """
    asked: list[BaseMessage] = [SystemMessage(MEMORY_SYSTEM.text + MEMORY_OBJECT.text)]
    for said_before, example, what in MEMORY_OBJECT_EXAMPLES:
        asked += [HumanMessage(_asked(example, said_before)), AIMessage(what)]
    asked.append(HumanMessage(_asked(message, before)))
    done = await complete(chat, asked, stage=STAGE, max_tokens=LONGEST_OBJECT)
    found = " ".join(done.text.split()).rstrip(".。")
    return (message if done.cut_off or not found else found), done.call


def _asked(message: str, before: str) -> str:
    return render(MEMORY_OBJECT_ASKED, before=_line(before), message=_line(message))


async def ended(
    chat: BaseChatModel, history: HistoryStore, sentences: Sequence[str], message: str
) -> tuple[list[str], list[Call]]:
    """Return the sentences that are no longer true, as a message says.

    Raises:
        ModelError: The model failed.
    """
    if not sentences:
        return [], []
    near = await asyncio.to_thread(_near, history, sentences, [message])
    order = sorted(range(len(sentences)), key=lambda n: -near[n])[:MOST_ENDED]
    asked = [sentences[n] for n in order]
    said = HistoryItem(text=encodable(message)[:LONGEST_TEXT])
    judged = await asyncio.gather(*(ChatVerifier(chat).ended(text, said) for text in asked))
    calls = [call for _, made in judged for call in made]
    over = zip(asked, judged, strict=True)
    return [text for text, (likely, _) in over if likely >= ENDED_FROM], calls


def _near(history: HistoryStore, texts: Sequence[str], asked: Sequence[str]) -> list[float]:
    vectors = history.embed([*asked, *texts])
    likeness = history.likeness(vectors[: len(asked)] @ vectors[len(asked) :].T)
    notes = [HistoryItem(text=text) for text in texts]
    nearest: list[float] = nearness(asked, notes, likeness).max(axis=0).tolist()
    return nearest


def _line(text: str) -> str:
    return " ".join(as_data(shortened(text, LONGEST)).split())
