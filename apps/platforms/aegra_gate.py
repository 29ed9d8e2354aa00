"""What Aegra lets through on LangGraph's own API, and should not.

Aegra asks `langgraph_auth` about threads and store items, but not about runs that are streamed or
waited for; and it takes a run's thread, and a checkpoint's, from the body before the path. So
every request of its API passes here first: what `langgraph_auth` says of runs holds for all of
them, a thread is its owner's alone, and a route that is not known is not there. A run without a
thread, which Aegra has not, is given one that is deleted afterwards.
"""

import json
import re
from collections.abc import Mapping, MutableMapping
from typing import Any
from uuid import uuid4

from fastapi.responses import JSONResponse
from langgraph_sdk import Auth
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from guided_profile.apps.platforms.aegra_threads import delete_thread, ended, failure_of, owner_of
from guided_profile.apps.platforms.run_context import (
    FIELDS,
    as_oneself,
    check_bounds,
    names_user,
    take_from_input,
)
from guided_profile.apps.server.access.guard import CALLER, PREFIX, route_path
from guided_profile.apps.server.access.problems import RefusedError, internal
from guided_profile.apps.server.access.tokens import Caller
from guided_profile.apps.server.process.resources import server_settings

_KNOWN = re.compile(r"/(assistants|threads|store|ready)(/[^\0]*)?")
_THREAD = re.compile(r"/threads/(?P<thread>[^/\0]+)(?P<rest>/[^\0]*)?")
_STARTS = re.compile(r"/runs(/(stream|wait))?/?")
_ENDS = re.compile(r"/runs/(wait|(?P<run>[^/]+)/join)/?")
_THREADLESS = ("/runs/wait", "/runs/stream")
_CHECKPOINT = frozenset({"thread_id", "checkpoint_id", "checkpoint_ns", "checkpoint_map"})


class AegraGate:
    """ASGI middleware within the guard, which has said who asks."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, or refuse it."""
        caller = scope.get(CALLER)
        path = route_path(scope) if isinstance(caller, Caller) else ""
        if not isinstance(caller, Caller) or path.startswith(f"{PREFIX}/"):
            await self._app(scope, receive, send)  # open to all, or a route of ours
            return
        if scope["type"] != "http":
            await _none_such().answer(scope, receive, send)
            return
        if path not in _THREADLESS:
            await self._served(scope, receive, send, caller, path)
            return
        thread = str(uuid4())
        longer = f"/threads/{thread}{path}"
        placed = {**scope, "path": scope["path"].removesuffix(path) + longer}
        try:
            await self._served(placed, receive, send, caller, longer)
        finally:
            await delete_thread(thread)

    async def _served(
        self, scope: Scope, receive: Receive, send: Send, caller: Caller, path: str
    ) -> None:
        found = _THREAD.fullmatch(path)
        thread, rest = (found["thread"], found["rest"] or "") if found else (None, "")
        try:
            if not _KNOWN.fullmatch(path):
                raise _none_such()
            if thread is not None:
                await _check_owner(caller, thread)
                if scope["method"] == "DELETE" and rest in ("", "/"):
                    await _delete(thread)
                    await JSONResponse({"status": "deleted"})(scope, receive, send)
                    return
            if scope["method"] == "POST" and path.startswith("/threads"):
                body = await _read(receive)
                if body is None:
                    return  # gone, or too large: the guard says so
                receive = _replayed(await _checked(body, caller, thread, rest), receive)
        except RefusedError as refused:
            await refused.answer(scope, receive, send)
            return
        ends = _ENDS.fullmatch(rest)
        run = (thread, ends["run"]) if thread is not None and ends else None
        if thread is not None and ends and ends["run"]:
            await ended(thread, ends["run"])
        await self._app(scope, receive, _telling(scope, receive, send, run))


async def _check_owner(caller: Caller, thread: str) -> None:
    """Refuse a thread of another user's; one that is not there yet may be made."""
    if not caller.admin and await owner_of(thread) not in (None, caller.user_id):
        raise _none_such()


async def _delete(thread: str) -> None:
    if await owner_of(thread) is None:
        raise _none_such()
    await delete_thread(thread)


async def _checked(body: bytes, caller: Caller, thread: str | None, rest: str) -> bytes:
    """Return a body of what the caller may ask, or refuse it."""
    if not body or not (caller.user_id or _STARTS.fullmatch(rest)):
        return body
    try:
        asked = json.loads(body)
    except (ValueError, RecursionError):
        raise _wrong("the body is no JSON.") from None
    if not isinstance(asked, dict):
        raise _wrong("the body is no JSON object.")
    if thread is None:
        await _check_new_thread(asked, caller)
    else:
        if caller.user_id:
            _check_checkpoint(asked.get("checkpoint"), thread)
        if _STARTS.fullmatch(rest):
            _check_run(asked, caller)
    return json.dumps(asked).encode()


async def _check_new_thread(asked: Mapping[str, Any], caller: Caller) -> None:
    for name in ("thread_id", "threadId"):
        named = asked.get(name)
        if isinstance(named, str) and await owner_of(named) not in (None, caller.user_id):
            raise RefusedError(409, "conflict", "there is such a thread; choose another id.")


def _check_checkpoint(checkpoint: object, thread: str) -> None:
    """Refuse a checkpoint of another thread: Aegra would read it, or write there."""
    if not isinstance(checkpoint, Mapping):
        return
    if set(checkpoint) - _CHECKPOINT or checkpoint.get("thread_id", thread) != thread:
        raise _wrong("checkpoint: name one of this thread, with checkpoint_id and checkpoint_ns.")


def _check_run(run: MutableMapping[str, Any], caller: Caller) -> None:
    """Have a run be the caller's; what it brings, Aegra takes for its own word."""
    config = run.get("config")
    if caller.user_id and isinstance(config, Mapping) and config.get("configurable"):
        raise _wrong("config.configurable: it may be none here; put it into context.")
    try:
        take_from_input(run)
        if caller.user_id:
            as_oneself(run, caller.user_id, admin=caller.admin)
        elif not names_user(run):
            default = server_settings().default_user
            run["context"] = {**(run.get("context") or {}), "user_id": default}
        check_bounds(run)
    except Auth.exceptions.HTTPException as error:
        code = "bad_input" if error.status_code == 422 else "forbidden"
        raise RefusedError(error.status_code, code, error.detail) from None
    if caller.user_id and set(run["context"]) - FIELDS:
        raise _wrong(f"context: it may have {', '.join(sorted(FIELDS))}.")


def _none_such() -> RefusedError:
    return RefusedError(404, "not_found", "there is no such thing, or it is not yours.")


def _wrong(message: str) -> RefusedError:
    return RefusedError(422, "bad_input", message)


async def _read(receive: Receive) -> bytes | None:
    """Return a request's body; None if it does not come."""
    chunks: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        chunks.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(chunks)


def _replayed(body: bytes, receive: Receive) -> Receive:
    """Return what hands on a body that was read already."""
    begun = False

    async def replay() -> Message:
        nonlocal begun
        if begun:
            return await receive()
        begun = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


def _telling(
    scope: Scope, receive: Receive, send: Send, run: tuple[str, str | None] | None
) -> Send:
    """Return what sends an answer without the texts of exceptions, and a failed run as failed.

    Args:
        scope: The request's.
        receive: The request's.
        send: Sends what may be sent.
        run: The thread, and perhaps the run, whose result the answer is: of one that failed, Aegra
            answers `{}`.
    """
    held: Message | None = None
    replaced = False

    async def sending(message: Message) -> None:
        nonlocal held, replaced
        if message["type"] == "http.response.start" and message["status"] >= 500:
            replaced = True
            await internal(message["status"]).answer(scope, receive, send)
        elif message["type"] == "http.response.start" and run is not None:
            held = message
        elif held is not None and run is not None:
            started, held = held, None
            failed = await failure_of(*run) if message.get("body") == b"{}" else None
            if failed is None:
                await send(started)
                await send(message)
            else:
                replaced = True
                result = {"__error__": {"error": "RunFailed", "message": failed}}
                await JSONResponse(result)(scope, receive, send)
        elif not replaced:
            await send(message)

    return sending
