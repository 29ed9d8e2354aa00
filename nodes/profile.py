"""profile: write the profile from history and guidance, and tie its sentences to evidence."""

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TypedDict

import numpy as np
from langchain_core.language_models import BaseChatModel
from langgraph.runtime import Runtime

from guided_profile.graph.context import Context, require
from guided_profile.graph.prompts import GUIDANCE, IN_VIEW, UNGUIDED, as_data, messages, render
from guided_profile.graph.state import Call, Cost, HistoryItem, Profile, Sentence, State
from guided_profile.graph.tasks import Task, find_task
from guided_profile.nodes.stage import Stage
from guided_profile.tools import evidence
from guided_profile.tools.history import HistoryStore
from guided_profile.tools.models import complete, model_id
from guided_profile.tools.profiles import write_profile

_LIST_MARK = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s+")
_SENTENCE_END = re.compile(r"(?:(?<=[.!?])|(?<=[.!?][\"')]))\s+(?=[A-Z\"'(])")


class ProfileUpdate(TypedDict):
    """What profile writes."""

    profile: Profile
    calls: list[Call]


def make_profile(
    history: HistoryStore,
    chat: BaseChatModel,
    tasks: Mapping[str, Task],
    clock: Callable[[], datetime],
) -> Stage[State, ProfileUpdate]:
    """Return the stage that writes the profile.

    It sees the newest part of the material that fits one prompt; guidance stands for the rest.
    """

    async def profile(state: State, runtime: Runtime[Context]) -> ProfileUpdate:
        context = require(runtime.context)
        task = find_task(tasks, context.task).with_switches(context.sees, context.guided)
        runtime.stream_writer({"stage": "profile"})
        in_view = state["tries"] > 0 or bool(state["clarification"])
        done = await complete(
            chat,
            messages(state["material"][-1], _instruction(task, state, in_view=in_view)),
            stage="profile",
            max_tokens=task.max_tokens.profile,
            temperature=task.temperature,
        )
        sentences = split_sentences(done.text, cut_off=done.finish_reason == "length")
        items = [item for part in state["material"] for item in part]
        made = Profile(
            task=task.name,
            sentences=await _tie(history, context.user_id, sentences, items, task),
            guidance=state["guidance"],
            fingerprint=state["fingerprint"],
            model=model_id(chat),
            created=clock(),
            cost=Cost.of([*state["calls"], done.call]),
        )
        if runtime.store and made.supported and not in_view:
            await write_profile(runtime.store, context.user_id, made, guided=task.guided)
        return {"profile": made, "calls": [done.call]}

    return profile


def _instruction(task: Task, state: State, *, in_view: bool) -> str:
    question = as_data(state["text"])
    if not task.guided:
        return UNGUIDED.text
    guidance = render(GUIDANCE, guidance=as_data(state["guidance"]))
    instruction = guidance + render(task.profile_instruction, question=question)
    return instruction + (render(IN_VIEW, question=question) if in_view else "")


def split_sentences(text: str, *, cut_off: bool = False) -> list[str]:
    """Return a profile's sentences, without list marks, headings and repetitions.

    Args:
        text: What the model wrote.
        cut_off: Whether the token limit ended it: then its unfinished last sentence is left out.
    """
    sentences: list[str] = []
    for line in text.splitlines():
        sentences += [part.strip() for part in _SENTENCE_END.split(_LIST_MARK.sub("", line))]
    sentences = [one for one in sentences if one and not one.endswith(":") and one[0] != "#"]
    if cut_off and len(sentences) > 1 and sentences[-1][-1] not in ".!?":
        sentences.pop()
    return list(dict.fromkeys(sentences))


async def _tie(
    history: HistoryStore,
    user_id: str,
    sentences: Sequence[str],
    items: Sequence[HistoryItem],
    task: Task,
) -> tuple[Sentence, ...]:
    """Hold each sentence against the items."""
    if not sentences:
        return ()

    def tie() -> tuple[Sentence, ...]:
        kept = history.vectors(user_id, [item.id for item in items])
        there = [item for item in items if item.id in kept]  # one may have been deleted meanwhile
        return evidence.support(
            sentences,
            there,
            sentence_vectors=np.asarray(history.embedder.embed_documents(list(sentences))),
            item_vectors=np.asarray([kept[item.id] for item in there]),
            style=task.evidence == "style",
        )

    return await asyncio.to_thread(tie)
