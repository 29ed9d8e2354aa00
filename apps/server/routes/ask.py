"""The route that answers a question, as JSON, or as a stream of its stages and then the answer."""

from collections.abc import AsyncIterator
from functools import partial
from typing import Annotated, Any, Literal
from uuid import UUID, uuid4

from fastapi import APIRouter, Header
from fastapi.responses import JSONResponse, StreamingResponse
from langgraph.store.base import BaseStore
from langgraph.types import Command
from pydantic import BaseModel, ConfigDict, Field

from guided_profile.apps.bodies import Reply
from guided_profile.apps.runs import events, thread_memory
from guided_profile.apps.server.access.problems import Problem, SafeRoute, refusal_of, server_sent
from guided_profile.apps.server.process.paused import Paused, WaitingRuns
from guided_profile.apps.server.process.paused_anywhere import PausedAnywhere, shared_threads
from guided_profile.apps.server.process.resources import ServerResources
from guided_profile.apps.server.routes.dependencies import TheResources, TheStore, UserId
from guided_profile.graph.answers import Answered, AsksBack
from guided_profile.graph.build import Graph
from guided_profile.graph.context import Context, Sight
from guided_profile.graph.state import Question
from guided_profile.graph.tasks import find_task

router = APIRouter(tags=["ask"], route_class=SafeRoute)


class Asked(BaseModel):
    """A question, and for a task that chooses, its options."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "question": "Which would I buy?",
                "options": ["a wok", "a toaster"],
                "task": "preference",
            }
        },
    )

    question: str = Field(min_length=1, max_length=20_000)
    options: list[Annotated[str, Field(min_length=1, max_length=1000)]] = Field(
        default=[], max_length=26
    )
    task: str = Field(default="dialogue", max_length=100)
    max_retries: int = Field(default=2, ge=0, le=5)
    sees: list[Sight] | None = Field(
        default=None,
        max_length=3,
        description="What the answer is made from, instead of what the task says; []: no history.",
    )


class Replied(BaseModel):
    """What a user says to a question back; nothing, if they would rather not."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"reply": "Green."}})

    reply: str = Field(max_length=20_000)


_STREAMED: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {
            "text/event-stream": {
                "schema": {"type": "string"},
                "example": 'event: stage\ndata: {"stage": "recall"}\n\n'
                'event: answer\ndata: {"answer": {"kind": "answered", …}, '
                '"items": {}, "run_id": "…"}\n\n',
            }
        }
    }
}
_NO_RUN: dict[int | str, dict[str, Any]] = {
    404: {"model": Problem, "description": "Nothing waits for this reply."},
    409: {"model": Problem, "description": "There is a reply already."},
}
Accept = Annotated[
    str | None, Header(description="`text/event-stream`: the stages come as they begin.")
]


@router.post("/ask", summary="Ask a question", response_model=Reply, responses=_STREAMED)
async def ask(
    body: Asked,
    user_id: UserId,
    resources: TheResources,
    store: TheStore,
    accept: Accept = None,
) -> Any:
    """Answer a question as it suits the user; an abstention says why there is no answer."""
    find_task(resources.tasks, body.task)
    sees = None if body.sees is None else tuple(body.sees)
    context = Context(user_id=user_id, task=body.task, max_retries=body.max_retries, sees=sees)
    question: Question = {"question": body.question, "options": body.options}
    graph = resources.graph.copy({"store": store, "checkpointer": thread_memory()})
    return await _response(
        _events(resources, _waiting(resources, store), graph, question, context, uuid4().hex),
        accept,
    )


@router.post(
    "/ask/{run_id}/reply",
    summary="Reply to what was asked back",
    response_model=Reply,
    responses=_STREAMED | _NO_RUN,
)
async def reply(
    run_id: UUID,
    body: Replied,
    user_id: UserId,
    resources: TheResources,
    store: TheStore,
    accept: Accept = None,
) -> Any:
    """Go on with a run that asked the user something; what they say is kept in the history."""
    waiting = _waiting(resources, store)
    paused = await waiting.take(run_id, user_id)
    resumed: Command[Any] = Command(resume=body.reply)
    return await _response(_replied(resources, waiting, paused, resumed, run_id), accept)


def _waiting(resources: ServerResources, store: BaseStore) -> WaitingRuns:
    """Return the runs that wait: of all processes where the store is one they share."""
    shared = shared_threads(store)
    return PausedAnywhere(resources.graph, store, shared) if shared else resources.paused


Events = AsyncIterator[tuple[Literal["stage", "answer"], Any]]


async def _response(events: Events, accept: str | None) -> Any:
    """Return the response that a caller wants: a stream, or the answer alone."""
    if "text/event-stream" in (accept or ""):
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(_streamed(events), media_type="text/event-stream", headers=headers)
    answer: Any = None
    async for name, event in events:
        if name == "answer":
            answer = event
    return JSONResponse(answer, headers={"Cache-Control": "no-store"})


async def _events(
    resources: ServerResources,
    waiting: WaitingRuns,
    graph: Graph,
    given: Question | Command[Any],
    context: Context,
    thread: str,
) -> Events:
    """Run the workflow; yield its stages as they begin, and then the answer, as JSON data."""
    run_id = uuid4()
    async for event in events(graph, given, context, thread, run_id):
        if isinstance(event, dict):
            yield "stage", event
            continue
        if isinstance(event, AsksBack):
            await waiting.keep(run_id, graph, thread, context)
        cited = event.evidence if isinstance(event, Answered) else ()
        find = partial(resources.history.get, context.user_id, cited, now=False)
        found = await resources.history.reading(context.user_id, find)
        reply = Reply(answer=event, items={item.id: item for item in found}, run_id=run_id)
        yield "answer", reply.model_dump(mode="json")


async def _replied(
    resources: ServerResources,
    waiting: WaitingRuns,
    paused: Paused,
    given: Command[Any],
    run_id: UUID,
) -> Events:
    """Go on with a run; it waits for a reply again if it fails, or nobody reads its answer."""
    done = False
    try:
        async for name, event in _events(
            resources, waiting, paused.graph, given, paused.context, paused.thread
        ):
            done = name == "answer"
            yield name, event
    finally:
        await waiting.settle(run_id, paused, done=done)


async def _streamed(events: AsyncIterator[tuple[str, Any]]) -> AsyncIterator[str]:
    """Write events as server-sent ones; an error is one too."""
    try:
        async for name, event in events:
            yield server_sent(name, event)
    except Exception as error:  # noqa: BLE001  # none may say more than it should
        yield refusal_of(error).event()
