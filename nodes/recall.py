"""recall: fetch what the later stages see of the user's history, and the standing profile."""

import asyncio
import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from math import ceil
from typing import TypedDict

import numpy as np
from langchain_core.tools import BaseTool
from langgraph.config import get_config
from langgraph.runtime import Runtime
from langgraph.types import Overwrite

from guided_profile.graph.context import Context, require
from guided_profile.graph.prompts import prompts_digest
from guided_profile.graph.state import HistoryItem, Profile, ProfileUse, Sentence, Standing, State
from guided_profile.graph.tasks import Task
from guided_profile.nodes.resources import Resources
from guided_profile.nodes.stage import Stage
from guided_profile.tools.embedders.base import LexicalEmbedder
from guided_profile.tools.evidence.nearness import is_on_topic
from guided_profile.tools.fingerprints import digest
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.profiles.plan import Decided, decide, empty_profile, shelf_of, wished
from guided_profile.tools.profiles.store import Shelf
from guided_profile.tools.retriever import StageSearch, call_search, make_search_history
from guided_profile.tools.safety.screen import flagged
from guided_profile.tools.search.ranking import bounded, tokens_of

_log = logging.getLogger(__name__)


class RecallUpdate(TypedDict):
    """What recall writes."""

    flagged: list[str]
    recalled: list[HistoryItem]
    touched: bool
    material: list[list[HistoryItem]]
    covered: list[str]
    made_with: str
    standing: Standing | None
    building: bool
    parts: Overwrite
    guidance: str
    judged: list[Sentence]
    profile: Profile | None
    profile_use: ProfileUse


def make_recall(resources: Resources) -> Stage[State, RecallUpdate]:
    """Return the stage that searches the history and looks the standing profile up.

    A first attempt profiles the newest of the whole history, whatever the question, so that the
    profile stands for later ones. A retry recalls twice as much for the question, and profiles
    that, with the question in view.
    """
    history, clock = resources.history, resources.clock
    search = make_search_history(history)

    async def recall(state: State, runtime: Runtime[Context]) -> RecallUpdate:
        context, task = resources.asked(runtime)
        if not task.sees:
            return _nothing()
        runtime.stream_writer({"stage": "recall", "tries": state["tries"]})
        again = state["tries"] > 0 or bool(state["clarification"])
        searches = "personal_context" in task.sees or again
        found = await _search(search, task, state, runtime) if searches else []
        listed = await asyncio.to_thread(
            history.list, context.user_id, newest=context.profile_items
        )
        orders = flagged([*listed, *found])
        _warn(orders, known=state["flagged"] if again else ())
        window = _own(item for item in listed if item.id not in orders)
        update = _nothing()
        update["flagged"] = sorted(orders)
        update["recalled"] = _in_order([one for one in found if one.id not in orders], window)
        known = {item.id: item for item in [*update["recalled"], *window]}
        update["touched"] = await asyncio.to_thread(
            _on_topic, history, context.user_id, task, state, list(known.values())
        )
        if not task.needs_guidance and not task.needs_profile:
            return update
        judged_by = resources.verifier_of(task).id
        update["made_with"] = digest([task.recipe, prompts_digest(), resources.model, judged_by])
        shelf = shelf_of(runtime, task)
        if len(window) < task.cold_start.items:
            update["profile_use"] = "cold"
            note = (
                f"There is too little history for a profile yet: {len(window)} of the "
                f"{task.cold_start.items} items that it takes."
            )
            cold = empty_profile(task.name, note, resources.model, clock())
            update["profile"] = await wished(shelf, cold, history)
            return update
        material = update["recalled"] if again else window
        update["covered"] = [item.id for item in material]
        update["profile_use"] = "built"
        if shelf and task.needs_profile and not again:
            decided = await decide(
                shelf, window, task, update["made_with"], history, resources.builds, clock()
            )
            if await _stands(decided, shelf, history, update):
                return update
            material = decided.new if decided.plan == "revise" else window
        update["material"] = cut(material, task, context.context_tokens)
        return update

    return recall


def _nothing() -> RecallUpdate:
    """Return what recall writes where nothing was found; all of it, so that no key is left over."""
    return {
        "flagged": [],
        "recalled": [],
        "touched": True,
        "material": [],
        "covered": [],
        "made_with": "",
        "standing": None,
        "building": False,
        "parts": Overwrite({}),
        "guidance": "",
        "judged": [],
        "profile": None,
        "profile_use": "none",
    }


async def _search(
    search: BaseTool, task: Task, state: State, runtime: Runtime[Context]
) -> list[HistoryItem]:
    """Find what the response may see; each retry has twice the room."""
    context = require(runtime.context)
    room = min(context.recall_tokens * 2 ** state["tries"], context.context_tokens)
    return await call_search(
        search,
        {"query": state["text"]},
        runtime=runtime,
        config=get_config(),
        stage=StageSearch(recall=task.recall, tokens=room),
    )


def _on_topic(
    history: HistoryStore, user_id: str, task: Task, state: State, items: Sequence[HistoryItem]
) -> bool:
    """Whether any item is about the question or an option; True where that decides nothing.

    It decides nothing either where items are embedded by their words: those miss too much.
    """
    if task.abstention.untouched_floor is None or isinstance(history.embedder, LexicalEmbedder):
        return True
    kept = history.vectors(user_id, [item.id for item in items])
    items = [item for item in items if item.id in kept]  # one may have been deleted
    if not items:
        return False
    asked = [state["text"], *state["choices"]]
    vectors = np.asarray([kept[item.id] for item in items], np.float32)
    return is_on_topic(asked, items, history.likeness(history.embed(asked) @ vectors.T))


def _warn(orders: Mapping[str, tuple[str, ...]], known: Collection[str]) -> None:
    for id_ in orders.keys() - set(known):
        _log.warning("item %r is left out: it gives orders (%s)", id_, ", ".join(orders[id_]))


async def _stands(
    decided: Decided, shelf: Shelf, history: HistoryStore, update: RecallUpdate
) -> bool:
    """Write down what was decided; return whether the standing profile is used as it stands."""
    update["standing"], update["building"] = decided.standing, decided.plan != "keep"
    if decided.plan == "revise":
        update["profile_use"] = "revised"
    if decided.plan != "keep" or not decided.standing:
        return False
    update["profile_use"] = "standing"
    update["profile"] = await wished(shelf, decided.standing.profile, history)
    update["guidance"] = decided.standing.profile.guidance
    return True


def _own(items: Iterable[HistoryItem]) -> list[HistoryItem]:
    """Return what the user wrote: what others wrote is no evidence about the user."""
    return [item for item in items if item.role == "user"]


def _in_order(items: Sequence[HistoryItem], window: Sequence[HistoryItem]) -> list[HistoryItem]:
    """Sort found items as the history lists them, so that the same items make the same prompt."""
    place = {item.id: index for index, item in enumerate(window)}
    older = [item for item in items if item.id not in place]
    older.sort(key=lambda item: (item.time.timestamp() if item.time else 0.0, item.id))
    return older + sorted((i for i in items if i.id in place), key=lambda item: place[item.id])


def cut(items: Sequence[HistoryItem], task: Task, budget: int) -> list[list[HistoryItem]]:
    """Cut a history into parts of about the same size that each fit a token budget, in order.

    A history that fits as a whole is left whole. Of another, what is asked different guiding
    questions, or comes from different sources if the task says so, is kept apart.

    Args:
        items: The history, in order of time.
        task: Says what is kept apart.
        budget: Tokens a part may have; an item larger than that is a part of its own, cut to it.
    """
    if sum(map(tokens_of, items)) <= budget:
        return [list(items)] if items else []
    groups: dict[str, list[HistoryItem]] = {}
    for item in items:
        apart = item.source if task.parts == "source" else task.question_of(item)
        groups.setdefault(apart, []).append(item)
    return [part for group in groups.values() for part in _even(group, budget)]


def _even(items: Sequence[HistoryItem], budget: int) -> list[list[HistoryItem]]:
    """Cut items where each part has its even share of their tokens, or is full."""
    sizes = [min(tokens_of(item), budget) for item in items]
    share = sum(sizes) / ceil(sum(sizes) / budget)
    parts: list[list[HistoryItem]] = [[]]
    used = before = 0  # in this part, and in all up to here
    for item, size in zip(items, sizes, strict=True):
        if parts[-1] and (used + size > budget or before + size / 2 > share * len(parts)):
            parts.append([])
            used = 0
        parts[-1].append(bounded(item, budget))
        used += size
        before += size
    return parts
