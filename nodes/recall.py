"""recall: fetch what the later stages see of the user's history, and the standing profile."""

import logging
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import NotRequired, TypedDict

from langchain_core.messages import AnyMessage
from langchain_core.tools import BaseTool
from langgraph.config import get_config
from langgraph.runtime import Runtime
from langgraph.types import Overwrite

from guided_profile.graph.context import Context, require
from guided_profile.graph.errors import QuestionError
from guided_profile.graph.records import Call, HistoryItem, Profile, Sentence, Standing
from guided_profile.graph.state import ProfileUse, State
from guided_profile.graph.tasks import Task
from guided_profile.nodes.asking import asked
from guided_profile.nodes.resources import Resources
from guided_profile.nodes.stage import Stage
from guided_profile.tools.evidence.topic import is_history_on_topic
from guided_profile.tools.fingerprints import made_with
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.profiles.corrections import class_pins
from guided_profile.tools.profiles.plan import cold_profile, decide, profiles_of, with_overrides
from guided_profile.tools.retriever import StageSearch, call_search, make_search_history
from guided_profile.tools.safety.screen import flagged
from guided_profile.tools.search.parts import cut, in_order, own

_log = logging.getLogger(__name__)


class RecallUpdate(TypedDict):
    """What recall writes."""

    flagged: list[str]
    recalled: list[HistoryItem]
    on_topic: bool
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
    calls: list[Call]
    messages: NotRequired[list[AnyMessage]]
    waits: NotRequired[str]


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
        if refusal := state.get("refusal"):
            raise QuestionError(refusal)
        update = _nothing()
        if not task.sees:
            return update
        runtime.stream_writer({"stage": "recall", "tries": state["tries"]})
        again = state["tries"] > 0 or bool(state["clarification"])
        searches = "personal_context" in task.sees or again
        found = await _search(search, task, state, runtime) if searches else []
        look = partial(_listed, history, context, found)
        listed, orders = await history.reading(context.user_id, look)
        _warn(orders, known=state["flagged"] if again else ())
        window = own(item for item in listed if item.id not in orders)
        update["flagged"] = sorted(orders)
        update["recalled"] = in_order([item for item in found if item.id not in orders], window)
        known = {item.id: item for item in [*update["recalled"], *window]}
        asked = [state["text"], *state["choices"]]
        on_topic = partial(
            is_history_on_topic, history, context.user_id, task, asked, list(known.values())
        )
        update["on_topic"] = await history.reading(context.user_id, on_topic, embeds=True)
        if task.needs_guidance or task.needs_profile:
            await plan(update, window, runtime, again=again)
        return _welcoming(update, task, state["welcomed"])

    async def plan(
        update: RecallUpdate,
        window: Sequence[HistoryItem],
        runtime: Runtime[Context],
        *,
        again: bool,
    ) -> None:
        """Write down which profile the run uses as it stands, or what one is made from."""
        context, task = resources.asked(runtime)
        verifier = resources.verifier_of(task)
        update["made_with"] = made_with(task, model=resources.model, verifier=verifier.id)
        profiles = profiles_of(runtime, task)
        if profiles and task.restrains:
            update["calls"] = await class_pins(profiles, resources.uses_of(task))
        if len(window) < task.cold_start.items:
            cold = cold_profile(task, len(window), resources.model, clock())
            update["profile_use"] = "cold"
            update["profile"] = await with_overrides(profiles, cold, history)
            return
        material = update["recalled"] if again else window
        update["covered"] = [item.id for item in material]
        update["profile_use"] = "built"
        if profiles and task.needs_profile and not again:
            decided = await decide(
                profiles, window, task, update["made_with"], history, resources.builds, clock()
            )
            update["standing"], update["building"] = decided.standing, decided.building
            update["profile_use"], material = decided.use, decided.material
            if decided.stands:
                update["profile"] = await with_overrides(profiles, decided.stands, history)
                update["guidance"] = decided.stands.guidance
                return
        update["material"] = cut(material, task, context.context_tokens)

    return recall


def _welcoming(update: RecallUpdate, task: Task, welcomed: int) -> RecallUpdate:
    """Return the update, with the question that `welcome` asks next, to be shown in a chat."""
    left = task.cold_start.questions[welcomed:]
    if update["profile_use"] != "cold" or not left:
        return update
    asks = asked("welcome", left[0])
    return {**update, "messages": asks["messages"], "waits": asks["waits"]}


def _nothing() -> RecallUpdate:
    """Return what recall writes where nothing was found; all of it, so that no key is left over."""
    return {
        "flagged": [],
        "recalled": [],
        "on_topic": True,
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
        "calls": [],
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


def _listed(
    history: HistoryStore, context: Context, found: Sequence[HistoryItem]
) -> tuple[list[HistoryItem], dict[str, tuple[str, ...]]]:
    """Return the newest of the history, and what of it and of what was found gives orders."""
    listed = history.list(context.user_id, newest=context.profile_items)
    return listed, flagged([*listed, *found])


def _warn(orders: Mapping[str, tuple[str, ...]], known: Collection[str]) -> None:
    for id_ in orders.keys() - set(known):
        _log.warning("item %r is left out: it gives orders (%s)", id_, ", ".join(orders[id_]))
