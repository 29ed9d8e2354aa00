"""The route that answers a question, as JSON, or as a stream of its stages and then the answer."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal
from uuid import UUID, uuid4

from fastapi import APIRouter, Header
from fastapi.responses import JSONResponse, StreamingResponse
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.store.base import BaseStore
from pydantic import BaseModel, ConfigDict, Field

from guided_profile.apps.runs import Outcome, events
from guided_profile.apps.server_callers import TheParts, TheStore, UserId
from guided_profile.apps.server_errors import SafeRoute, told
from guided_profile.apps.server_parts import Parts
from guided_profile.graph.context import Context, Sight
from guided_profile.graph.state import Answered, HistoryItem, Question
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


class Reply(BaseModel):
    """What became of a question."""

    answer: Annotated[Outcome, Field(discriminator="kind")]
    items: dict[str, HistoryItem] = Field(description="What the answer itself rests on, by id.")
    run_id: UUID = Field(description="Names the run in traces, and in feedback about it.")


@router.post(
    "/ask",
    summary="Ask a question",
    response_model=Reply,
    responses={
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
    },
)
async def ask(
    body: Asked,
    user_id: UserId,
    parts: TheParts,
    store: TheStore,
    accept: Annotated[
        str | None, Header(description="`text/event-stream`: the stages are told as they begin.")
    ] = None,
) -> Any:
    """Answer a question as it suits the user; an abstention says why there is no answer."""
    find_task(parts.tasks, body.task)
    sees = None if body.sees is None else tuple(body.sees)
    context = Context(user_id=user_id, task=body.task, max_retries=body.max_retries, sees=sees)
    question: Question = {"question": body.question, "options": body.options}
    told_of = _events(parts, store, question, context)
    if "text/event-stream" in (accept or ""):
        streamed = _streamed(told_of)
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(streamed, media_type="text/event-stream", headers=headers)
    answer: Any = None
    async for name, event in told_of:
        if name == "answer":
            answer = event
    return JSONResponse(answer, headers={"Cache-Control": "no-store"})


async def _events(
    parts: Parts, store: BaseStore, question: Question, context: Context
) -> AsyncIterator[tuple[Literal["stage", "answer"], Any]]:
    """Run the workflow; yield its stages as they begin, and then the answer, as JSON data."""
    graph = parts.graph.copy({"store": store, "checkpointer": InMemorySaver()})
    run_id = uuid4()
    async for event in events(graph, question, context, run_id.hex, run_id):
        if isinstance(event, dict):
            yield "stage", event
        else:
            cited = event.evidence if isinstance(event, Answered) else ()
            found = await asyncio.to_thread(parts.history.get, context.user_id, cited)
            reply = Reply(answer=event, items={item.id: item for item in found}, run_id=run_id)
            yield "answer", reply.model_dump(mode="json")


async def _streamed(events: AsyncIterator[tuple[str, Any]]) -> AsyncIterator[str]:
    """Write events as server-sent ones; an error is one too, told like every other."""
    try:
        async for name, event in events:
            yield _sent(name, event)
    except Exception as error:  # noqa: BLE001  # none may say more than it should
        refused = told(error)
        yield _sent("error", {"error": refused.error, "message": refused.message})


def _sent(name: str, event: Any) -> str:
    return f"event: {name}\ndata: {json.dumps(event, ensure_ascii=False)}\n\n"
