"""How our routes say that something went wrong: `{"error": code, "message": what to do}`.

No message holds a stack trace, a prompt, or anybody's text: what is not ours to say is logged by
its kind alone.
"""

import logging
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from guided_profile.graph.errors import (
    GuidedProfileError,
    HistoryError,
    InputError,
    ModelError,
    ProfilesError,
    WeightsError,
)

_log = logging.getLogger(__name__)


class Problem(BaseModel):
    """What went wrong, and what to do."""

    error: str = Field(description="A code for programs.", examples=["bad_input"])
    message: str = Field(description="What to do, in words that a user can be shown.")


class RefusedError(Exception):
    """A request that is refused, with the answer that it gets."""

    def __init__(self, status: int, error: str, message: str) -> None:
        super().__init__(message)
        self.status, self.error, self.message = status, error, message


def problem(
    status: int, error: str, message: str, headers: dict[str, str] | None = None
) -> JSONResponse:
    """Return the answer that says what went wrong."""
    body = Problem(error=error, message=message).model_dump()
    return JSONResponse(body, status, headers={"Cache-Control": "no-store"} | (headers or {}))


def told(error: Exception) -> RefusedError:
    """Return what a caller is told of an error, and log what they are not."""
    match error:
        case RefusedError():
            return error
        case InputError():
            return RefusedError(422, "bad_input", str(error))
        case RequestValidationError():
            return RefusedError(422, "bad_input", _wrong_fields(error))
        case HTTPException(status_code=400):
            return RefusedError(422, "bad_input", "the body cannot be read; see the OpenAPI.")
        case HTTPException(status_code=status) if status < 500:
            code = {404: "not_found", 405: "not_allowed"}.get(status, "bad_request")
            return RefusedError(status, code, "there is nothing like this here; see the OpenAPI.")
    _log.error("a request failed: %s", type(error).__name__)
    match error:
        case ModelError() | WeightsError():
            said = ("model_unavailable", "the model does not answer; try again in a moment.")
        case HistoryError():
            said = ("history_unavailable", "the history cannot be reached; try again in a moment.")
        case ProfilesError():
            said = ("profiles_unavailable", "profiles cannot be kept now; try again in a moment.")
        case GuidedProfileError():
            said = ("misconfigured", "the server is not set up for this; tell its operator.")
        case _:
            return RefusedError(500, "internal", "something went wrong here; tell the operator.")
    return RefusedError(503, *said)


class SafeRoute(APIRoute):
    """A route that no error leaves as it is, whichever server the application runs on."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler with every error told in our way."""
        handle = super().get_route_handler()

        async def handling(request: Request) -> Response:
            try:
                return await handle(request)
            except Exception as error:  # noqa: BLE001  # none may say more than it should
                refused = told(error)
                return problem(refused.status, refused.error, refused.message)

        return handling


def _wrong_fields(error: RequestValidationError) -> str:
    """Name the fields and what is wrong, without the values, which may be history."""
    parts = []
    for one in error.errors()[:5]:
        place = ".".join(str(part)[:40] for part in one["loc"][1:]) or "the body"
        words = str(one["msg"]).removeprefix("Value error, ")
        if one["type"] == "json_invalid":
            place, words = "the body", "is not valid JSON"
        parts.append(f"{place}: {words}")
    return "; ".join(parts)
