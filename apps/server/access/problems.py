"""How our routes say that something went wrong: `{"error": code, "message": what to do}`.

No message holds a stack trace, a prompt, or anybody's text: what is not ours to say is logged by
its kind alone.
"""

import json
import logging
import re
from collections.abc import Callable, Coroutine, Mapping
from itertools import islice
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from guided_profile.graph.errors import (
    GuidedProfileError,
    HistoryError,
    InputError,
    ModelError,
    ProfilesError,
    WeightsError,
)

MAX_JSON_PARTS = 50_000
"""Strings, objects, lists and commas; a thousand items with all of their fields have half of it."""

_JSON_PART = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|[\[{,]', re.DOTALL)
"""A string up to its end, or that of the body, so that no part is looked at twice."""
_log = logging.getLogger(__name__)


class Problem(BaseModel):
    """What went wrong, and what to do."""

    error: str = Field(description="A code for programs.", examples=["bad_input"])
    message: str = Field(description="What to do, in words that a user can be shown.")


class RefusedError(Exception):
    """A request that is refused, with the answer that it gets."""

    def __init__(
        self, status: int, error: str, message: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.error, self.message = status, error, message
        self._headers = {"Cache-Control": "no-store"} | dict(headers or {})

    def response(self) -> JSONResponse:
        """Return the answer that says what went wrong."""
        body = Problem(error=self.error, message=self.message).model_dump()
        return JSONResponse(body, self.status, headers=self._headers)

    def event(self) -> str:
        """Return it as an event of a stream that has begun."""
        return server_sent("error", {"error": self.error, "message": self.message})

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer an HTTP request so, or close a web socket."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": self.message[:120]})
        else:
            await self.response()(scope, receive, send)


def server_sent(name: str, data: Any) -> str:
    """Return an event for a stream of them."""
    # in ASCII: clients end a line at other characters than \n too, such as U+2028
    return f"event: {name}\ndata: {json.dumps(data)}\n\n"


def internal(status: int = 500) -> RefusedError:
    """Return how a failure is answered that is not the caller's to know more of."""
    return RefusedError(status, "internal", "something went wrong here; tell the operator.")


def refusal_of(error: Exception) -> RefusedError:
    """Return how an error is answered, and log what the caller does not learn."""
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
            code, words = "model_unavailable", "the model does not answer; try again in a moment."
        case HistoryError():
            code = "history_unavailable"
            words = "the history cannot be reached; try again in a moment."
        case ProfilesError():
            code = "profiles_unavailable"
            words = "profiles cannot be kept now; try again in a moment."
        case GuidedProfileError():
            code, words = "misconfigured", "the server is not set up for this; tell its operator."
        case _:
            return internal()
    return RefusedError(503, code, words)


class SafeRoute(APIRoute):
    """A route that no error leaves as it is, whichever server the application runs on."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler with every error answered in our way."""
        handle = super().get_route_handler()

        async def handling(request: Request) -> Response:
            try:
                if not request.headers.get("content-type", "").startswith("multipart/"):
                    check_json_parts(await request.body())
                return await handle(request)
            except Exception as error:  # noqa: BLE001  # none may say more than it should
                return refusal_of(error).response()

        return handling


def check_json_parts(body: bytes) -> None:
    """Refuse a body of far more parts than any of ours has, before it is parsed.

    Raises:
        RefusedError: It has. It takes 13 seconds to report a million unknown keys.
    """
    if has_too_many_parts(body):
        raise RefusedError(413, "too_large", "the body has too many fields; send it in parts.")


def has_too_many_parts(body: bytes) -> bool:
    """Whether a body has more than `MAX_JSON_PARTS` strings, lists and objects, without parsing."""
    found = sum(1 for _ in islice(_JSON_PART.finditer(body), MAX_JSON_PARTS + 1))
    return found > MAX_JSON_PARTS


def _wrong_fields(error: RequestValidationError) -> str:
    """Name the fields and what is wrong, without the values, which may be history."""
    wrong = []
    for found in error.errors()[:5]:
        place = ".".join(str(part)[:40] for part in found["loc"][1:]) or "the body"
        words = str(found["msg"]).removeprefix("Value error, ")
        if found["type"] == "json_invalid":
            place, words = "the body", "is not valid JSON"
        wrong.append(f"{place}: {words}")
    return "; ".join(wrong)
