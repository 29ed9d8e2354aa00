"""The workflow, compiled.

START → receive → requests → recall ─(profile is fresh, or none is needed)─────────┐
                    │(none, or stale)                                   ▼
                    └→ digest ×N → merge → profile → verify →prove→ respond → review ─→ END
                                             └──←──────┘ (little stood: once more)      │
             respond, with what was missed ←──(not as it has to be, once)───────────────┤
             recall, wider ←──────────────────────(abstained, tries left)───────────────┤
             recall ← clarify (waits for the user) ←──(abstained, task asks)────────────┘
             recall ← welcome (waits for the user) ←── recall, with too little history
             END ←── confirm (waits for the user) ←── requests (END: nothing else was asked)

A chat's message that replies to clarify or welcome goes there from requests.
A task that does not want its profiles' worth measured goes past prove.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from langchain_core.language_models import BaseChatModel
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime
from langgraph.store.base import BaseStore
from langgraph.types import Send

from guided_profile.graph.context import Context, context_of
from guided_profile.graph.records import Call, Draft, HistoryItem, Profile, Sentence, Standing
from guided_profile.graph.state import Answer, Question, State
from guided_profile.graph.tasks import Task, builtin_tasks, by_name
from guided_profile.nodes.clarify import make_clarify
from guided_profile.nodes.digest import digestions_of, make_digest, merge
from guided_profile.nodes.profile import make_profile
from guided_profile.nodes.prove import make_prove, prove_or_respond
from guided_profile.nodes.recall import make_recall
from guided_profile.nodes.receive import make_receive
from guided_profile.nodes.requests import make_confirm, make_requests
from guided_profile.nodes.resources import Resources
from guided_profile.nodes.respond import make_respond
from guided_profile.nodes.review import after_review, make_review
from guided_profile.nodes.verify import make_verify
from guided_profile.nodes.welcome import make_welcome
from guided_profile.tools.evidence.base import Verifier
from guided_profile.tools.evidence.chat import ChatVerifier
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.requests.heed import MemoryRequests
from guided_profile.tools.restraint.select import Restraint

Graph = CompiledStateGraph[State, Context, Question, Answer]
OLD_NAMES = frozenset(
    ("guided_profile.graph.state", kind.__name__)
    for kind in (Call, Draft, HistoryItem, Profile, Sentence, Standing)
)
"""By these, older threads name the records in them: they are read, besides today's names, where
LANGGRAPH_STRICT_MSGPACK lets known types alone be read."""


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
        verifiers=verifiers_of(chat, verifier),
        clock=clock,
        restraint=Restraint(history, chat),
    )
    stages = _connected(resources)
    if isinstance(checkpointer, BaseCheckpointSaver):
        checkpointer = checkpointer.with_allowlist(OLD_NAMES)
    return stages.compile(store=store, checkpointer=checkpointer, name="guided_profile")


def assistant_of(graph: Graph, task: Task | None = None, user_id: str | None = None) -> Graph:
    """Return a workflow as an assistant, whose runs need not name what stands here.

    Args:
        graph: The workflow.
        task: The assistant's own; its texts are shown as what a run may change. None: `dialogue`.
        user_id: Whose history is read where a run names nobody; None: each run has to say.
    """
    name, prompts = (task.name, task.prompts) if task else ("dialogue", None)
    return graph.copy({"context_schema": context_of(name, prompts, user_id)})


def _connected(resources: Resources) -> StateGraph[State, Context, Question, Answer]:
    """Return the stages, each with those that may come after it."""
    requests = MemoryRequests(resources.chat, resources.history, resources.tasks, resources.clock)

    # they are async, or each would be run in a thread
    async def after_recall(
        state: State, runtime: Runtime[Context]
    ) -> list[Send] | Literal["profile", "prove", "respond", "welcome"]:
        context, task = resources.asked(runtime)
        if state["profile_use"] == "cold" and state["welcomed"] < len(task.cold_start.questions):
            return "welcome"
        if state["profile"] or not state["material"]:
            return prove_or_respond(context, task, state, resources.clock())
        if not task.needs_guidance:
            return "profile"
        return [Send("digest", digestion) for digestion in digestions_of(task, state)]

    async def after_merge(state: State, runtime: Runtime[Context]) -> Literal["profile", "respond"]:
        _, task = resources.asked(runtime)
        return "profile" if task.needs_profile else "respond"

    async def after_verify(
        state: State, runtime: Runtime[Context]
    ) -> Literal["profile", "prove", "respond"]:
        context, task = resources.asked(runtime)
        # without a profile, too little of the draft stood
        if not state["profile"]:
            return "profile"
        return prove_or_respond(context, task, state, resources.clock())

    async def reviewed(
        state: State, runtime: Runtime[Context]
    ) -> Literal["recall", "respond", "clarify", "end"]:
        _, task = resources.asked(runtime)
        return after_review(task, state)

    stages = StateGraph(State, context_schema=Context, input_schema=Question, output_schema=Answer)
    stages.add_node("receive", make_receive(resources))
    stages.add_node("requests", make_requests(resources, requests))
    stages.add_node("confirm", make_confirm(resources, requests))
    stages.add_node("recall", make_recall(resources))
    stages.add_node("digest", make_digest(resources))
    stages.add_node("merge", merge)
    stages.add_node("profile", make_profile(resources))
    stages.add_node("verify", make_verify(resources))
    stages.add_node("prove", make_prove(resources))
    stages.add_node("respond", make_respond(resources))
    stages.add_node("review", make_review(resources))
    stages.add_node("welcome", make_welcome(resources))
    stages.add_node("clarify", make_clarify(resources))
    stages.add_edge(START, "receive")
    stages.add_edge("receive", "requests")
    stages.add_conditional_edges(
        "requests",
        _after_requests,
        {
            "recall": "recall",
            "confirm": "confirm",
            "clarify": "clarify",
            "welcome": "welcome",
            "end": END,
        },
    )
    stages.add_conditional_edges("confirm", _after_confirm, {"recall": "recall", "end": END})
    stages.add_conditional_edges(
        "recall", after_recall, ["digest", "profile", "prove", "respond", "welcome"]
    )
    stages.add_edge("digest", "merge")
    stages.add_conditional_edges("merge", after_merge)
    stages.add_edge("profile", "verify")
    stages.add_conditional_edges("verify", after_verify)
    stages.add_edge("prove", "respond")
    stages.add_edge("respond", "review")
    stages.add_conditional_edges(
        "review",
        reviewed,
        {"recall": "recall", "respond": "respond", "clarify": "clarify", "end": END},
    )
    stages.add_edge("clarify", "recall")
    stages.add_edge("welcome", "recall")
    return stages


async def _after_requests(
    state: State,
) -> Literal["recall", "confirm", "clarify", "welcome", "end"]:
    if state["answer"] is not None:
        return "end"
    if state["memory"] and state["memory"].outcome == "asks":
        return "confirm"
    replies_to = state["replies_to"]
    return replies_to if replies_to == "clarify" or replies_to == "welcome" else "recall"


async def _after_confirm(state: State) -> Literal["recall", "end"]:
    return "recall" if state["answer"] is None else "end"


def verifiers_of(
    chat: BaseChatModel, given: Verifier | Mapping[str, Verifier] | None
) -> Mapping[str, Verifier]:
    """Return the verifiers of a workflow by name, as `build_graph` is given them."""
    named = dict(given) if isinstance(given, Mapping) else {"default": given} if given else {}
    return {"default": ChatVerifier(chat), **named}
