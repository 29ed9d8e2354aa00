"""profile: write the profile's sentences from history and guidance; `verify` judges them."""

import asyncio
import logging
from collections.abc import Iterable
from typing import TypedDict

from langgraph.runtime import Runtime

from guided_profile.graph.context import Context
from guided_profile.graph.errors import ModelError
from guided_profile.graph.prompts import (
    GUIDANCE,
    IN_LANGUAGE,
    IN_VIEW,
    ONCE_MORE,
    UNGUIDED,
    messages,
    render,
)
from guided_profile.graph.records import Call, Draft
from guided_profile.graph.state import State
from guided_profile.graph.tasks import Task
from guided_profile.graph.text import as_data
from guided_profile.nodes.resources import Resources
from guided_profile.nodes.stage import Stage
from guided_profile.tools.evidence.citations import cited, without_citations
from guided_profile.tools.evidence.writing import NumberedItems, items_for_writer
from guided_profile.tools.models.calls import LESS_REPETITION, complete
from guided_profile.tools.text.language import language_of
from guided_profile.tools.text.sentences import split_sentences

_log = logging.getLogger(__name__)


class ProfileUpdate(TypedDict):
    """What profile writes."""

    draft: list[Draft]
    calls: list[Call]


def make_profile(resources: Resources) -> Stage[State, ProfileUpdate]:
    """Return the stage that writes the profile's sentences.

    It sees the material as far as one prompt holds it; of a longer one, all guidance and the items
    that the guidance cites or is nearest to.
    """

    async def profile(state: State, runtime: Runtime[Context]) -> ProfileUpdate:
        context, task = resources.asked(runtime)
        runtime.stream_writer({"stage": "profile"})
        async with resources.making(runtime, task, building=state["building"]):
            shown = await asyncio.to_thread(
                items_for_writer,
                resources.history,
                context.user_id,
                state["material"],
                state["guidance"],
                context.context_tokens,
            )
            # in a thread: the language detector is read from the disk
            asked = await asyncio.to_thread(instruction, task, state, shown)
            try:
                done = await complete(
                    resources.chat,
                    messages(shown.items, asked, shown.numbers),
                    stage="profile",
                    max_tokens=task.max_tokens.profile,
                    temperature=task.temperature,
                    repetition=LESS_REPETITION,
                )
            except ModelError as error:
                if not state["judged"]:
                    raise
                _log.warning("no second draft of the profile, so the first one stands: %s", error)
                return {"draft": [], "calls": []}
        sentences = split_sentences(done.text, cut_off=done.cut_off)
        draft = [
            Draft(text=text, cited=cited(sentence, shown.ids))
            for sentence in sentences
            if (text := without_citations(sentence))
        ]
        return {"draft": draft, "calls": [done.call]}

    return profile


def instruction(task: Task, state: State, shown: NumberedItems) -> str:
    """Return what the model is asked to write."""
    question = as_data(state["text"])
    asked = UNGUIDED.text
    if task.guided:
        guidance = render(GUIDANCE, guidance=as_data(without_citations(state["guidance"])))
        asked = guidance + render(task.profile_instruction, question=question)
        if state["tries"] > 0 or state["clarification"]:
            asked += render(IN_VIEW, question=question)
    if state["judged"]:
        asked += render(
            ONCE_MORE,
            kept=_listed(sentence.text for sentence in state["judged"] if sentence.evidence),
            struck=_listed(sentence.text for sentence in state["judged"] if not sentence.evidence),
        )
    language = language_of([item.text for item in shown.items])
    if language and language.code != "en":
        asked += render(IN_LANGUAGE, language=language.name)
    return asked


def _listed(texts: Iterable[str]) -> str:
    return as_data("\n".join(f"- {text}" for text in texts) or "- (nothing)")
