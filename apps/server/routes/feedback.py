"""The route that takes what a user thinks of an answer, to the trace of its run."""

from typing import Literal
from uuid import UUID

from fastapi import APIRouter, BackgroundTasks
from pydantic import BaseModel, ConfigDict

from guided_profile.apps.server.access.problems import SafeRoute
from guided_profile.apps.server.routes.dependencies import UserId
from guided_profile.tools.tracing import THUMBS, feed_back

router = APIRouter(tags=["ask"], route_class=SafeRoute)


class Thumbs(BaseModel):
    """Up or down, for an answer."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {"run_id": "0199c3a4-5c1e-7d7e-8d55-6f1f2c3b4a59", "thumbs": "up"}
        },
    )

    run_id: UUID
    thumbs: Literal["up", "down"]


@router.post("/feedback", status_code=202, summary="Say whether an answer was good")
async def feedback(body: Thumbs, user_id: UserId, later: BackgroundTasks) -> None:
    """Note it on the answer's trace; where there are no traces, it is let go.

    Only who asked is given the id of a run, and it cannot be guessed.
    """
    later.add_task(feed_back, body.run_id, THUMBS, score=int(body.thumbs == "up"))
