"""review: tell an answer from an abstention, and a good enough answer from one that is not."""

from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import Literal, TypedDict

from langchain_core.messages import AIMessage, AnyMessage
from langgraph.runtime import Runtime

from guided_profile.graph.context import Context
from guided_profile.graph.records import Call, Cost, HeldBack
from guided_profile.graph.state import Abstained, AbstentionReason, Answered, Reply, State
from guided_profile.graph.tasks import Task
from guided_profile.nodes.asking import asked
from guided_profile.nodes.resources import Resources
from guided_profile.nodes.stage import Stage
from guided_profile.tools.evidence import nearness
from guided_profile.tools.evidence.base import MOST_EVIDENCE
from guided_profile.tools.evidence.in_view import cited, items_in_view, sees_anything
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.standards.held import Held, hold
from guided_profile.tools.text.declining import declines
from guided_profile.tools.text.sentences import split_sentences
from guided_profile.tools.tracing import note

LEAST_ON_OPTIONS = 0.5
"""A choice whose replies gave the options less weight than this names none of them."""

DETAILS: dict[AbstentionReason, str] = {
    "declined": "The model said that it cannot tell from the history.",
    "no_option": "The model's reply names none of the options.",
    "low_confidence": "No option stands out: the best one's probability is below the task's floor.",
    "empty": "The model replied with nothing.",
    "cut_off": "The reply did not end within the task's token limit.",
    "not_in_history": "The history says nothing about that.",
    "no_history": "Nothing is known of this user yet that could be answered from.",
}


STILL_THINKING = (
    "The model used up its token limit on its thoughts and did not answer: lower its effort "
    "(OPENAI_REASONING_EFFORT), or use another model."
)


class ReviewUpdate(TypedDict, total=False):
    """What review writes: an answer that ends the run, one more try, or a better reply."""

    abstention: AbstentionReason | None
    answer: Answered | Abstained
    messages: list[AnyMessage]
    tries: int
    missed: list[str]
    earlier: Reply
    calls: list[Call]
    waits: str


def make_review(resources: Resources) -> Stage[State, ReviewUpdate]:
    """Return the stage that tells an answer from an abstention, and whether to try again."""

    async def review(state: State, runtime: Runtime[Context]) -> ReviewUpdate:
        context, task = resources.asked(runtime)
        again = task.abstention.policy == "retry" and context.max_retries > 0
        reason = find_abstention(task, state, again=again)
        if reason is None or state.get("earlier"):
            held = await hold(
                resources.chat,
                resources.history,
                context.user_id,
                task,
                state,
                answers=reason is None,
            )
            if held.missed and not state.get("earlier"):
                runtime.stream_writer({"stage": "review", "missed": len(held.missed)})
                return {
                    "abstention": None,
                    "missed": list(held.missed),
                    "earlier": held.reply,
                    "calls": list(held.calls),
                }
            return await _accepted(resources, context.user_id, task, state, held)
        if may_ask(task, state):
            asks = asked("clarify", task.abstention.clarifying_question)
            return {"abstention": reason, "messages": asks["messages"], "waits": asks["waits"]}
        if may_retry(task, state, context, reason):
            tries = state["tries"] + 1
            runtime.stream_writer({"stage": "review", "abstention": reason, "retry": tries})
            return {"abstention": reason, "tries": tries}
        abstained = Abstained(
            reason=reason,
            detail=_after_report(state, _detail(reason, state)),
            reply=state["reply"].text if state.get("reply") and reason != "no_history" else "",
            guidance=state["guidance"],
            profile=state["profile"],
            profile_use=state["profile_use"],
            tries=state["tries"],
            memory=state.get("memory"),
            cost=Cost.of(state["calls"]),
        )
        _trace(task, abstained)
        return {
            "abstention": reason,
            "answer": abstained,
            "messages": [AIMessage(abstained.detail, id=_shown_as(state.get("reply")))],
        }

    return review


async def _accepted(
    resources: Resources, user_id: str, task: Task, state: State, held: Held
) -> ReviewUpdate:
    """Return the answer that ends the run: the better of what was written."""
    state = {**state, "reply": held.reply, "calls": [*state["calls"], *held.calls]}
    answer = partial(_answered, resources.history, user_id, task, state)
    answered = await resources.history.reading(user_id, answer, embeds=True)
    answered = answered.model_copy(update={"missed": held.missed})
    if memory := state.get("memory"):
        update = {"memory": memory, "text": _after_report(state, answered.text)}
        answered = answered.model_copy(update=update)
    _trace(task, answered)
    said = AIMessage(answered.text, id=_shown_as(held.reply))
    return {
        "abstention": None,
        "answer": answered,
        "messages": [said],
        "calls": list(held.calls),
    }


def _shown_as(reply: Reply | None) -> str | None:
    """Return the id that the words of a reply were streamed under; None if they were not."""
    return reply.message_id if reply else None


def _after_report(state: State, text: str) -> str:
    """Return a text after what was done at the user's request, if they made one."""
    memory = state.get("memory")
    return f"{memory.said}\n\n{text}" if memory else text


def _detail(reason: AbstentionReason, state: State) -> str:
    if reason == "cut_off" and not state["reply"].text:
        return STILL_THINKING
    return DETAILS[reason]


def _trace(task: Task, answer: Answered | Abstained) -> None:
    note(
        f"task:{task.name}",
        task=task.name,
        abstention=answer.reason if isinstance(answer, Abstained) else None,
        confidence=None if isinstance(answer, Abstained) else answer.confidence,
        tries=answer.tries,
        missed=len(answer.missed) if isinstance(answer, Answered) else None,
        used=len(answer.used) if isinstance(answer, Answered) else None,
        held_back=_reasons(answer.held_back) if isinstance(answer, Answered) else None,
        profile_version=answer.profile.version if answer.profile else None,
        profile_use=answer.profile_use,
        calls=answer.cost.calls,
        input_tokens=answer.cost.input_tokens,
        cached_tokens=answer.cost.cached_tokens,
        output_tokens=answer.cost.output_tokens,
    )


def _reasons(held_back: Sequence[HeldBack]) -> str:
    """Say how many sentences were held back for which reason: `off_topic 3, private 1`."""
    counted = Counter(held.reason for held in held_back)
    return ", ".join(f"{reason} {number}" for reason, number in sorted(counted.items()))


def after_review(task: Task, state: State) -> Literal["recall", "respond", "clarify", "end"]:
    """Return where a run goes on: an answer ends it, one that misses something is written anew."""
    if state["answer"] is not None:
        return "end"
    if state["abstention"] is None:
        return "respond"
    return "clarify" if may_ask(task, state) else "recall"


def may_ask(task: Task, state: State) -> bool:
    """Whether the user is asked a clarifying question now; it is asked once."""
    return task.abstention.policy == "ask" and not state["clarification"]


def may_retry(task: Task, state: State, context: Context, reason: AbstentionReason) -> bool:
    """Whether an abstention is retried: more of a history that is not there cannot be recalled."""
    return (
        task.abstention.policy == "retry"
        and reason != "no_history"
        and (state["on_topic"] or reason != "not_in_history")
        and state["tries"] < context.max_retries
    )


def find_abstention(task: Task, state: State, *, again: bool = False) -> AbstentionReason | None:
    """Return why the reply is no answer, by the task's rule; None if it is one.

    A phrase that declines is the paper's rule, and no more than a hint where the model says that
    the reply answers: then it is tried once more, if it may be (`again`), and after that it stands.
    """
    if not sees_anything(task, state):
        return "no_history"
    reply = state["reply"]
    if reply.probabilities is not None:
        return _abstains_from_choice(task, reply, state)
    if reply.answerable is not None and reply.answerable < task.floor(state["on_topic"]):
        return "not_in_history"
    if reply.finish_reason == "refusal":
        return "declined"
    if declines(task, reply.text, state["text"]):
        answers = (reply.answers or 0.0) >= task.abstention.declined_floor
        if not answers or (again and not state["tries"]):
            return "declined"
    if not reply.text:
        return "cut_off" if reply.finish_reason == "length" else "empty"
    if reply.answers is not None and reply.answers < task.abstention.declined_floor:
        return "declined"
    return "cut_off" if reply.finish_reason == "length" else None


def _abstains_from_choice(task: Task, reply: Reply, state: State) -> AbstentionReason | None:
    if (reply.on_options or 0.0) < LEAST_ON_OPTIONS:
        if not reply.text:
            return "cut_off" if reply.finish_reason == "length" else "empty"
        return "declined" if declines(task, reply.text, state["text"]) else "no_option"
    shares = (reply.probabilities or {}).values()
    if max(shares) * len(shares) >= task.floor(state["on_topic"]):
        return None
    return "low_confidence" if state["on_topic"] else "not_in_history"


def _answered(history: HistoryStore, user_id: str, task: Task, state: State) -> Answered:
    reply, profile = state["reply"], state["profile"]
    text, option, confidence = reply.text, None, reply.confidence
    if reply.probabilities is not None:
        text = max(reply.probabilities, key=reply.probabilities.__getitem__)
        option, confidence = state["choices"].index(text), reply.probabilities[text]
    return Answered(
        text=text,
        option=option,
        probabilities=reply.probabilities,
        confidence=confidence,
        evidence=_behind(history, user_id, task, state, text, option),
        used=reply.used,
        held_back=reply.held_back,
        guidance=state["guidance"],
        profile=profile,
        profile_use=state["profile_use"],
        tries=state["tries"],
        cost=Cost.of(state["calls"]),
    )


def _behind(
    history: HistoryStore, user_id: str, task: Task, state: State, text: str, option: int | None
) -> tuple[str, ...]:
    """Return the ids of the items that support the answer itself, the strongest first.

    They are among those that the response saw, and those that the profile it saw points to. A
    rewritten text says nothing of the user: its style does, so the profile's own evidence stands.
    """
    if task.evidence == "style":
        profile = state["profile"] if "profile" in task.sees else None
        strongest = [sentence.evidence[0] for sentence in (profile.supported if profile else ())]
        both = dict.fromkeys([*strongest, *cited(task, state)])
        return tuple(both)[:MOST_EVIDENCE]
    items, item_vectors = items_in_view(history, user_id, task, state)
    texts = split_sentences(text) if option is None else state["choices"]
    if not items or not texts:
        return ()
    likeness = history.likeness(history.embed(texts) @ item_vectors.T)
    if option is not None:
        return nearness.speaking_for(option, texts, items, likeness)
    return nearness.behind(texts, items, likeness)
