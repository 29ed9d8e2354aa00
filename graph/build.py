"""The workflow, compiled.

START → receive → recall ─(profile is fresh, or none is needed)─────────┐
                    │(none, or stale)                                   ▼
                    └→ digest ×N → merge → profile → verify ──────→ respond → review ─→ END
                                             └──←──────┘ (little stood: once more)      │
             recall, wider ←──────────────────────(abstained, tries left)───────────────┤
             recall ← clarify (waits for the user) ←──(abstained, task asks)────────────┘
             recall ← welcome (waits for the user) ←── recall, with too little history
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Literal, cast
from uuid import uuid4

from langchain_core.language_models import BaseChatModel
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime
from langgraph.store.base import BaseStore
from langgraph.types import Send

from guided_profile.graph.context import Context, context_of
from guided_profile.graph.errors import QuestionError
from guided_profile.graph.state import Answer, Profile, Question, State
from guided_profile.graph.tasks import Task, builtin_tasks, by_name
from guided_profile.nodes.digest import make_digest, merge, parts_of
from guided_profile.nodes.profile import make_profile
from guided_profile.nodes.recall import make_recall
from guided_profile.nodes.receive import make_receive
from guided_profile.nodes.resources import Resources
from guided_profile.nodes.respond import make_respond
from guided_profile.nodes.review import make_clarify, make_review, may_ask
from guided_profile.nodes.verify import make_verify
from guided_profile.nodes.welcome import make_welcome, may_welcome
from guided_profile.tools.evidence.base import Verifier
from guided_profile.tools.evidence.chat import ChatVerifier
from guided_profile.tools.history.store import HistoryStore

Graph = CompiledStateGraph[State, Context, Question, Answer]


def utc_now() -> datetime:
    """Return the time, in UTC."""
    return datetime.now(UTC)


def build_graph(
    *,
    chat: BaseChatModel,
    history: HistoryStore,
    tasks: Iterable[Task] | None = None,
    store: BaseStore | None = None,
    checkpointer: BaseCheckpointSaver[Any] | None = None,
    clock: Callable[[], datetime] = utc_now,
    verifier: Verifier | Mapping[str, Verifier] | None = None,
) -> Graph:
    """Compile the workflow.

    Args:
        chat: The model that digests, writes profiles and responds.
        history: Whose items are recalled; the run's context says which user's.
        tasks: Your own tasks, beside the built-in ones; one of the same name replaces it.
        store: Where profiles are kept between runs; without one each run makes its own.
        checkpointer: Where threads are kept; a task that asks the user needs one.
        clock: The time, for profiles and remembered replies.
        verifier: Judges whether the history supports a profile's sentences; left out, `chat` does.
            Several by name: a task's `verifier` says which, and `default` is for all others.

    Returns:
        A graph to call with `question` (and `options`) or `messages`, and `context=Context(…)`;
        its `answer` is `Answered` or `Abstained`.
    """
    resources = Resources(
        chat=chat,
        history=history,
        tasks=builtin_tasks() | by_name(tasks or ()),
        verifiers=_verifiers(chat, verifier),
        clock=clock,
    )

    def after_recall(
        state: State, runtime: Runtime[Context]
    ) -> list[Send] | Literal["profile", "respond", "welcome"]:
        _, task = resources.asked(runtime)
        if may_welcome(task, state):
            return "welcome"
        if state["profile"] or not state["material"]:
            return "respond"
        if not task.needs_guidance:
            return "profile"
        return [Send("digest", part) for part in parts_of(task, state)]

    def after_merge(state: State, runtime: Runtime[Context]) -> Literal["profile", "respond"]:
        _, task = resources.asked(runtime)
        return "profile" if task.needs_profile else "respond"

    def after_verify(state: State) -> Literal["profile", "respond"]:
        return "respond" if state["profile"] else "profile"

    def after_review(
        state: State, runtime: Runtime[Context]
    ) -> Literal["recall", "clarify", "end"]:
        if state["answer"] is not None:
            return "end"
        _, task = resources.asked(runtime)
        return "clarify" if may_ask(task, state) else "recall"

    builder = StateGraph(State, context_schema=Context, input_schema=Question, output_schema=Answer)
    builder.add_node("receive", make_receive(resources))
    builder.add_node("recall", make_recall(resources))
    builder.add_node("digest", make_digest(resources))
    builder.add_node("merge", merge)
    builder.add_node("profile", make_profile(resources))
    builder.add_node("verify", make_verify(resources))
    builder.add_node("respond", make_respond(resources))
    builder.add_node("review", make_review(resources))
    builder.add_node("welcome", make_welcome(resources))
    builder.add_node("clarify", make_clarify(resources))
    builder.add_edge(START, "receive")
    builder.add_edge("receive", "recall")
    builder.add_conditional_edges(
        "recall", after_recall, ["digest", "profile", "respond", "welcome"]
    )
    builder.add_edge("digest", "merge")
    builder.add_conditional_edges("merge", after_merge)
    builder.add_edge("profile", "verify")
    builder.add_conditional_edges("verify", after_verify)
    builder.add_edge("respond", "review")
    builder.add_conditional_edges(
        "review", after_review, {"recall": "recall", "clarify": "clarify", "end": END}
    )
    builder.add_edge("clarify", "recall")
    builder.add_edge("welcome", "recall")
    return builder.compile(store=store, checkpointer=checkpointer, name="guided_profile")


def _verifiers(
    chat: BaseChatModel, given: Verifier | Mapping[str, Verifier] | None
) -> Mapping[str, Verifier]:
    named = dict(given) if isinstance(given, Mapping) else {"default": given} if given else {}
    return {"default": ChatVerifier(chat), **named}


def assistant_of(graph: Graph, task: str) -> Graph:
    """Return a workflow as one task's own assistant: a run need not name the task."""
    return graph.copy({"context_schema": context_of(task)})


async def standing_profile(
    graph: Graph, task: Task, context: Context, on_event: Callable[[Any], None] | None = None
) -> Profile:
    """Return a user's profile for a task, made first if it is missing or stale; nothing is asked.

    Args:
        graph: The workflow, built with a store.
        task: The task of the context.
        context: Whose profile, for which task.
        on_event: Called with the stages' events as they begin.

    Raises:
        QuestionError: The user has no history yet.
    """
    options = ["one", "another"] if task.kind == "choice" else []
    question: Question = {"question": "What is this person like?", "options": options}
    only = replace(context, sees=("profile",))
    made: Profile | None = None
    thread: RunnableConfig = {"configurable": {"thread_id": uuid4().hex}}  # of its own
    async for streamed in graph.astream(
        question,
        thread,
        context=only,
        stream_mode=["custom", "values"],
        output_keys="profile",
        interrupt_before=["respond", "review", "welcome"],
    ):
        mode, event = cast("tuple[str, Any]", streamed)
        if mode == "custom" and on_event:
            on_event(event)
        elif mode == "values":
            made = event
    if made is None:
        raise QuestionError(f"there is no history of {context.user_id!r} to profile yet; add some.")
    return made
