"""respond: finish the task from what it lets the response see."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypedDict

from langchain_core.language_models import BaseChatModel
from langgraph.runtime import Runtime

from guided_profile.graph.context import Context
from guided_profile.graph.errors import ModelError
from guided_profile.graph.prompts import (
    BEST_SUPPORTED,
    CHOOSE,
    CLARIFIED,
    GUIDANCE,
    PROFILE,
    WHETHER_IT_BEARS,
    history_block,
    messages,
    profile_in_words,
    render,
)
from guided_profile.graph.records import Call
from guided_profile.graph.state import Reply, State
from guided_profile.graph.tasks import Task
from guided_profile.graph.text import as_data
from guided_profile.nodes.resources import Resources
from guided_profile.nodes.stage import Stage
from guided_profile.tools.evidence.calibration import calibration_of
from guided_profile.tools.evidence.in_view import grounds_in, items_in_view, sees_anything
from guided_profile.tools.models.calls import complete
from guided_profile.tools.models.choices import (
    LETTERS,
    Grounds,
    Tally,
    ask_until_clear,
    average,
    lettered,
    named_option,
    rotations,
    vote,
)
from guided_profile.tools.models.dialect import dialect_of
from guided_profile.tools.models.letters import LetterScores, YesNo, ask_yes_no, score_letters
from guided_profile.tools.restraint.in_run import bearing, everything
from guided_profile.tools.restraint.select import Selection
from guided_profile.tools.standards.limits import limits_among
from guided_profile.tools.standards.once_more import once_more
from guided_profile.tools.standards.rewriting import in_style, write
from guided_profile.tools.text.declining import declines

_log = logging.getLogger(__name__)

MOST_ROTATIONS = 6
"""More options than this are rotated in this many evenly spaced steps."""


class RespondUpdate(TypedDict):
    """What respond writes."""

    reply: Reply
    calls: list[Call]


def make_respond(resources: Resources) -> Stage[State, RespondUpdate]:
    """Return the stage that answers."""
    chat = resources.chat

    async def respond(state: State, runtime: Runtime[Context]) -> RespondUpdate:
        try:
            return await answer(state, runtime)
        except ModelError as error:
            earlier = state.get("earlier")
            if not earlier:
                raise
            _log.warning("no better answer could be had, so the first one stands: %s", error)
            return {"reply": earlier, "calls": []}

    async def answer(state: State, runtime: Runtime[Context]) -> RespondUpdate:
        context, task = resources.asked(runtime)
        if not sees_anything(task, state):
            return {"reply": Reply(text=""), "calls": []}
        runtime.stream_writer({"stage": "respond"})
        if task.kind == "choice":
            return await _choose(resources, task, context.user_id, state)
        if in_style(task):
            # the person's texts come as turns
            profile_only = task.model_copy(update={"sees": ("profile",)})
            shown = everything(profile_only, state)
            block = _block(profile_only, state, shown)
            written = await write(chat, resources.history, context.user_id, task, state, block)
            used = tuple(sentence.text for sentence in shown.used)
            reply = written.reply.model_copy(update={"used": used, "held_back": shown.held_back})
            return {"reply": reply, "calls": list(written.calls)}
        asked = None
        if not state.get("earlier"):  # of which it was asked
            of_all = _block(task, state, everything(task, state))
            asked = await _ask_whether_answerable(chat, task, state, of_all)
        if asked and asked.probability < task.floor(state["on_topic"]):
            reply = Reply(text="", answerable=asked.probability)
            return {"reply": reply, "calls": [asked.call]}
        chosen = await bearing(resources.restraint, task, state)
        block = _block(task, state, chosen)
        # an answer begins with what was done at the user's request, so it cannot be streamed
        reports_first = state.get("memory") is not None
        stands = _stands(task) and not limits_among(chosen.used) and not reports_first
        done = await complete(
            chat,
            once_more(
                messages([], block + _reminder(task, block) + _instruction(task, state)), state
            ),
            stage="respond",
            max_tokens=task.max_tokens.response,
            temperature=task.temperature,
            streamed=stands and dialect_of(chat).in_client,
        )
        calls = [*([asked.call] if asked else []), *chosen.calls, done.call]
        checked = await _ask_whether_it_answers(chat, task, state, done.text.strip())
        reply = Reply(
            text=done.text.strip(),
            finish_reason=done.finish_reason,
            answerable=asked.probability if asked else None,
            answers=_answers(checked) if checked else None,
            confidence=done.confidence,
            message_id=done.message_id if stands else None,
            saw=tuple(item.id for item in chosen.items),
            used=tuple(sentence.text for sentence in chosen.used),
            held_back=chosen.held_back,
        )
        return {"reply": reply, "calls": [*calls, checked.call] if checked else calls}

    return respond


def _stands(task: Task) -> bool:
    """Whether no reply is an abstention, so that its words may be streamed."""
    rule = task.abstention
    return rule.policy == "accept" and not rule.declined and not rule.phrases


def _answers(checked: YesNo) -> float | None:
    """Return the probability that a reply answers; where there are only words, they count."""
    said = checked.said
    return checked.yes if checked.yes is not None or said is None else float(said)


def _block(task: Task, state: State, chosen: Selection) -> str:
    """Return what stands before every instruction of this stage: what was chosen for it."""
    block = history_block(chosen.items) if chosen.items else ""
    if "guidance" in task.sees and state["guidance"]:
        block += render(GUIDANCE, guidance=as_data(state["guidance"]))
    if chosen.used:
        block += render(PROFILE, profile=profile_in_words(chosen.used))
    if state["clarification"]:
        block += render(CLARIFIED, clarification=as_data(state["clarification"]))
    return block


def _reminder(task: Task, block: str) -> str:
    """Return what stands between all that is known and the question."""
    return WHETHER_IT_BEARS.text if task.restrains and block else ""


def _instruction(task: Task, state: State, options: Sequence[str] = ()) -> str:
    question = as_data(state["text"])
    instruction = render(task.response_instruction, question=question)
    if "{question}" not in task.response_instruction:
        instruction += "\n\n" + question
    if state["tries"]:
        instruction += BEST_SUPPORTED.text
    if options:
        instruction += render(CHOOSE, options=lettered([*map(as_data, options)]))
    return instruction


@dataclass(frozen=True, slots=True)
class _Answerable:
    probability: float
    call: Call


async def _ask_whether_answerable(
    chat: BaseChatModel, task: Task, state: State, block: str
) -> _Answerable | None:
    """Ask the task's yes-or-no question, if it has one, there is history, and it can be weighed."""
    if not task.abstention.answerable or not task.sees:
        return None
    check = render(task.abstention.answerable, question=as_data(state["text"]))
    reply = await ask_yes_no(chat, messages([], block + check), stage="respond")
    return _Answerable(reply.yes, reply.call) if reply.yes is not None else None


async def _ask_whether_it_answers(
    chat: BaseChatModel, task: Task, state: State, reply: str
) -> YesNo | None:
    """Ask the task's yes-or-no question about the reply, if it has one and there is a reply."""
    if not task.abstention.declined or not task.sees or not reply:
        return None
    check = render(task.abstention.declined, question=as_data(state["text"]), reply=as_data(reply))
    return await ask_yes_no(chat, messages([], check), stage="respond")


async def _choose(resources: Resources, task: Task, user_id: str, state: State) -> RespondUpdate:
    options = state["choices"]
    letters = LETTERS[: len(options)]
    shown = everything(task, state)
    block = _block(task, state, shown)
    grounds = await asyncio.to_thread(_grounds, resources, user_id, task, state)

    async def score(order: Sequence[int]) -> LetterScores:
        listed = [options[index] for index in order]
        asked = messages([], block + _instruction(task, state, listed))

        def names(text: str) -> str | None:
            option = named_option(text, order, options)
            return None if option is None else letters[order.index(option)]

        return await score_letters(resources.chat, asked, letters, stage="respond", names=names)

    tally, scores = await ask_until_clear(
        rotations(len(options), MOST_ROTATIONS if task.debiased else 1),
        score,
        partial(_weighed, task, state),
        grounds=grounds,
        floor=task.floor(state["on_topic"]),
    )
    reply = Reply(
        text=scores[0].text.strip(),
        finish_reason=scores[0].finish_reason,
        probabilities=dict(zip(options, tally.probabilities, strict=True)),
        on_options=tally.on_options,
        used=tuple(sentence.text for sentence in shown.used),
        held_back=shown.held_back,
    )
    return {"reply": reply, "calls": [scored.call for scored in scores]}


def _weighed(
    task: Task, state: State, orders: Sequence[Sequence[int]], scores: Sequence[LetterScores]
) -> Tally:
    """Return what replies say together: their probabilities, or if one has none their words."""
    known = [scored.letters for scored in scores if scored.letters is not None]
    if len(known) == len(scores):
        return average(orders, known)
    votes = [
        None
        if declines(task, scored.text, state["text"])
        else named_option(scored.text, order, state["choices"])
        for scored, order in zip(scores, orders, strict=True)
    ]
    return vote(votes, len(state["choices"]))


def _grounds(resources: Resources, user_id: str, task: Task, state: State) -> Grounds | None:
    """Return how much what the response saw of the history speaks for each option."""
    if not (task.grounding and task.sees and state["on_topic"]):
        return None
    history = resources.history
    items, item_vectors = items_in_view(history, user_id, task, state)
    newest = task.grounding_by == "newest"
    if newest:
        place = {item.id: n for n, item in enumerate(history.list(user_id))}
        rows = sorted(range(len(items)), key=lambda row: place.get(items[row].id, -1))
        items, item_vectors = [items[row] for row in rows], item_vectors[rows]
    near = grounds_in(history, state["choices"], items, item_vectors, newest=newest)
    if not any(near):  # the model alone decides, as flat or as sure as it is
        return None
    return Grounds(near, task.grounding, calibration_of(resources.model).letters)
