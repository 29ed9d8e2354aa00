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
from guided_profile.graph.prompts import (
    GUIDANCE,
    IN_VIEW,
    OUTDATED,
    UNGUIDED,
    as_data,
    messages,
    render,
)
from guided_profile.graph.state import (
    Call,
    Cost,
    HistoryItem,
    Profile,
    Replaced,
    Sentence,
    Standing,
    State,
)
from guided_profile.graph.tasks import Task, find_task
from guided_profile.nodes.stage import Stage
from guided_profile.tools import evidence
from guided_profile.tools.builds import Builds
from guided_profile.tools.history import HistoryStore
from guided_profile.tools.models import complete, model_id, score_letters
from guided_profile.tools.profiles import fingerprint
from guided_profile.tools.revision import Contradicts, revise
from guided_profile.tools.standing import shelf_of, wished, write_standing

OUTDATED_FROM = 0.6
"""The model's probability of Yes from which a newer sentence takes an older one's place."""

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
    builds: Builds,
    clock: Callable[[], datetime],
) -> Stage[State, ProfileUpdate]:
    """Return the stage that writes the profile, or revises the standing one with what is new.

    It sees the newest part of the material that fits one prompt; guidance stands for the rest.
    """

    async def profile(state: State, runtime: Runtime[Context]) -> ProfileUpdate:
        context = require(runtime.context)
        task = find_task(tasks, context.task).with_switches(context)
        runtime.stream_writer({"stage": "profile"})
        shelf = shelf_of(runtime, task)
        key = shelf.key if shelf and state["building"] else None
        async with builds.stage(key):
            made, calls, wrote = await _made(state, task, context.user_id)
            if not wrote and state["standing"]:
                made = state["standing"].profile
            # a model that wrote nothing failed: what stood stands, and the next run tries again
            elif wrote and shelf and state["building"]:
                revisions = state["standing"].revisions if state["standing"] else 0
                stands = Standing(
                    profile=made,
                    covered=tuple(state["covered"]),
                    made_with=state["made_with"],
                    revisions=revisions + 1 if state["profile_use"] == "revised" else 0,
                )
                await write_standing(shelf, stands, history)
        if key:
            builds.leave(key)
        return {"profile": await wished(shelf, made, history), "calls": calls}

    async def _made(state: State, task: Task, user_id: str) -> tuple[Profile, list[Call], bool]:
        done = await complete(
            chat,
            messages(state["material"][-1], _instruction(task, state)),
            stage="profile",
            max_tokens=task.max_tokens.profile,
            temperature=task.temperature,
        )
        calls = [done.call]
        written = split_sentences(done.text, cut_off=done.finish_reason == "length")
        items = [item for part in state["material"] for item in part]
        sentences = await _tie(history, user_id, written, items, task)
        standing = state["standing"].profile if state["standing"] else None
        replaced: tuple[Replaced, ...] = standing.replaced if standing else ()
        if task.evidence == "topic":
            revising = standing is not None and state["profile_use"] == "revised"
            revised = await revise(
                standing.supported if standing and revising else (),
                [one for one in sentences if one.evidence],
                replaced,
                news=items if revising else (),
                embed=history.embed,
                contradicts=_contradicts(chat, calls),
            )
            stand = {one.text for one in revised.sentences}
            unsupported = [one for one in sentences if not one.evidence and one.text not in stand]
            sentences, replaced = (*revised.sentences, *unsupported), revised.replaced
        made = Profile(
            task=task.name,
            version=standing.version + 1 if standing else 1,
            sentences=sentences,
            replaced=replaced,
            guidance=state["guidance"],
            fingerprint=fingerprint(state["covered"], state["made_with"]),
            model=model_id(chat),
            created=clock(),
            cost=Cost.of([*state["calls"], *calls]),
        )
        return made, calls, bool(written)

    return profile


def _contradicts(chat: BaseChatModel, calls: list[Call]) -> Contradicts:
    """Return the question whether a newer sentence makes an older one untrue; adds its calls."""

    async def contradicts(old: str, new: str) -> bool:
        asked = messages([], render(OUTDATED, old=as_data(old), new=as_data(new)))
        scores = await score_letters(chat, asked, ("Yes", "No"), stage="profile")
        calls.append(scores.call)
        if scores.letters is None:
            return scores.text.strip().casefold().startswith("yes")
        yes, no = scores.letters.get("Yes", 0.0), scores.letters.get("No", 0.0)
        return yes + no > 0 and yes / (yes + no) >= OUTDATED_FROM

    return contradicts


def _instruction(task: Task, state: State) -> str:
    in_view = state["tries"] > 0 or bool(state["clarification"])
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
    times = {item.id: item.time for item in items}

    def since(sentence: Sentence) -> datetime | None:
        return max((time for id_ in sentence.evidence if (time := times[id_])), default=None)

    def tie() -> tuple[Sentence, ...]:
        kept = history.vectors(user_id, [item.id for item in items])
        there = [item for item in items if item.id in kept]  # one may have been deleted meanwhile
        if not there:
            return tuple(Sentence(text=one) for one in sentences)
        tied = evidence.support(
            sentences,
            there,
            sentence_vectors=history.embed(list(sentences)),
            item_vectors=np.asarray([kept[item.id] for item in there]),
            style=task.evidence == "style",
        )
        return tuple(one.model_copy(update={"since": since(one)}) for one in tied)

    return await asyncio.to_thread(tie)
