"""Who may do what on LangGraph's own API; `langgraph.json` names `auth` here.

Owners reach their threads, runs, crons and store items, and nothing else. A run's `user_id` is the
token's, whatever the request says; one that says another is refused. The admin scope may do all.
"""

import asyncio
import hashlib
from collections.abc import Iterable, Mapping, MutableMapping
from contextlib import suppress
from typing import Any, cast
from urllib.parse import quote

from langgraph_sdk import Auth, get_client
from langgraph_sdk.errors import NotFoundError

from guided_profile.apps.platforms.run_context import (
    as_oneself,
    check_bounds,
    check_webhook,
    forbidden,
    names_user,
    take_from_input,
)
from guided_profile.apps.server.access.guard import sender
from guided_profile.apps.server.access.tokens import Caller, UnauthorizedError, UncheckedError
from guided_profile.apps.server.process.resources import on_aegra, server_settings, verifier
from guided_profile.apps.server_settings import DEFAULT_USER

OWNER = "owner"
"""The key, in the metadata of threads, runs and crons, that names whose they are."""
ADMIN = "admin"
"""The permission of who may name any user."""
OPEN = "open"
"""The permission that is given where nobody is asked who they are."""
STORE_ROOT = "users"
"""Where the store items of users stand; the profiles stand elsewhere, and have routes."""

auth = Auth()


NOBODY = "(nobody is asked who they are)"
"""Whose threads are where nobody is; no user is called so, whose threads may be deleted."""


@auth.authenticate
async def authenticate(
    headers: Mapping[Any, Any], scope: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return who sends a request, from its token or API key alone.

    Aegra asks within the guard, which has found that out already, and hands on no scope.
    """
    caller = sender.get() if on_aegra() else await _caller(headers, scope)
    if caller is None:
        raise Auth.exceptions.HTTPException(status_code=401, detail="say who you are.")
    return {
        "identity": caller.user_id or NOBODY,
        "permissions": _permissions(caller),
        "is_authenticated": True,
    }


async def _caller(headers: Mapping[Any, Any], scope: Mapping[str, Any] | None) -> Caller:
    given: Iterable[tuple[Any, Any]] = scope["headers"] if scope else headers.items()
    client = (scope or {}).get("client")
    try:
        return await asyncio.to_thread(
            verifier().caller,
            [(_bytes(name).lower(), _bytes(value)) for name, value in given],
            client[0] if client else None,
        )
    except UnauthorizedError as error:
        raise Auth.exceptions.HTTPException(status_code=401, detail=str(error)) from None
    except UncheckedError as error:
        raise Auth.exceptions.HTTPException(
            status_code=503, detail=str(error), headers=error.retry
        ) from None


@auth.on
async def refuse(ctx: Auth.types.AuthContext, value: Any) -> bool:
    """Refuse what no other rule lets through: assistants are changed by admins alone."""
    return ADMIN in ctx.permissions


@auth.on.assistants.read
async def read_assistants(ctx: Auth.types.AuthContext, value: Any) -> bool:
    """Let everybody use the assistants; they hold no user's data."""
    return True


@auth.on.assistants.search
async def search_assistants(ctx: Auth.types.AuthContext, value: Any) -> bool:
    """Let everybody list the assistants."""
    return True


@auth.on.threads
async def own_threads(ctx: Auth.types.AuthContext, value: Any) -> Any:
    """Show and change one's own threads only, and make none for others."""
    return _owned(ctx, value)


@auth.on.threads.create_run
async def own_runs(ctx: Auth.types.AuthContext, value: Any) -> Any:
    """Run in one's own threads, as oneself; the thread of an admin's run says who it runs as."""
    admin = ADMIN in ctx.permissions
    if "kwargs" not in value:  # on Aegra, `aegra_gate` has asked for every run
        return _owned(ctx, value)
    take_from_input(value["kwargs"])
    if OPEN not in ctx.permissions:
        as_oneself(value["kwargs"], ctx.user.identity, admin=admin)
    else:
        await _name_default_user(value["kwargs"], value.get("assistant_id"))
    check_bounds(value["kwargs"])
    allowed = _owned(ctx, value)
    if admin and (mark := _mark(value, value["kwargs"])) and value.get("thread_id"):
        with suppress(NotFoundError):  # one that is to be made is made with the run's metadata
            await get_client().threads.update(value["thread_id"], metadata=mark)
    return allowed


@auth.on(resources="runs")
async def own_results(ctx: Auth.types.AuthContext, value: Any) -> bool:
    """Show and delete runs that are there: Aegra alone asks this, and looks up one's own only."""
    return True


@auth.on.crons
async def own_crons(ctx: Auth.types.AuthContext, value: Any) -> Any:
    """Plan runs as oneself, and see one's own only."""
    allowed = _owned(ctx, value)
    planned = value.get("payload")
    if not isinstance(planned, MutableMapping):
        return allowed
    take_from_input(planned)
    if OPEN not in ctx.permissions:
        await _plan_as_oneself(ctx, value, planned)
    elif ctx.action == "create" or "context" in planned:
        kept = await _runs_as(value.get("cron_id")) if ctx.action == "update" else None
        await _name_default_user(planned, planned.get("assistant_id"), kept)
    check_bounds(planned)
    if ADMIN in ctx.permissions:
        _mark(value, planned)
    return allowed


@auth.on.store
async def own_items(ctx: Auth.types.AuthContext, value: Any) -> Any:
    """Keep each user's store items under a namespace of their own, whatever the request names."""
    if ADMIN in ctx.permissions:
        return True
    root = (STORE_ROOT, label(ctx.user.identity))
    # Aegra has two more names for it, and hands on labels as the client joined them, with periods
    name = next((key for key in ("namespace_prefix", "prefix") if key in value), "namespace")
    joined = [value[name]] if isinstance(value.get(name), str) else value.get(name) or ()
    named = tuple(part for text in joined for part in text.split(".") if part)
    value[name] = named if named[:2] == root else (*root, *named)
    return {name: list(value[name])} if on_aegra() else True


def label(user_id: str) -> str:
    """Return a user's id as a label of a namespace, without periods and wildcards."""
    return quote(user_id, safe="").replace(".", "%2E")


def _owned(ctx: Auth.types.AuthContext, value: MutableMapping[str, Any]) -> Any:
    """Mark what is made as the caller's, and let through what is marked so."""
    if OPEN in ctx.permissions:
        return True
    identity, admin = ctx.user.identity, ADMIN in ctx.permissions
    makes = ctx.action in ("create", "create_run")
    if makes or (ctx.action == "update" and "metadata" in value):
        if not isinstance(value.get("metadata"), MutableMapping):
            value["metadata"] = {}
        if not admin:
            value["metadata"][OWNER] = identity
        elif makes:
            value["metadata"].setdefault(OWNER, identity)
    return True if admin else {OWNER: identity}


def holding(user_id: str) -> dict[str, bool]:
    """Return what marks, in the metadata of threads, that somebody else ran there as a user.

    It is a key for each user, since metadata is changed key by key; and a digest, since metadata
    is traced.
    """
    return {f"holds_{hashlib.sha256(user_id.encode('utf-8', 'replace')).hexdigest()}": True}


def _mark(made: MutableMapping[str, Any], run: Mapping[str, Any]) -> dict[str, bool] | None:
    """Mark the metadata of what is made with who it runs as; return the mark."""
    user_id = (run.get("context") or {}).get("user_id")
    if not isinstance(user_id, str):
        return None
    mark = holding(user_id)
    if isinstance(made.get("metadata"), MutableMapping):
        made["metadata"].update(mark)
    return mark


async def _plan_as_oneself(
    ctx: Auth.types.AuthContext, value: Mapping[str, Any], planned: MutableMapping[str, Any]
) -> None:
    """Set whose history a cron reads; a change of it that brings no context leaves that as it is.

    Raises:
        HTTPException: It is refused.
    """
    configurable = (planned.get("config") or {}).get("configurable") or {}
    if set(configurable) - {"cron_id"}:  # who it runs as stands there, too
        raise forbidden("a cron may hold no config.configurable; put it into context.")
    admin, identity = ADMIN in ctx.permissions, ctx.user.identity
    if ctx.action == "update":
        if "context" not in planned:
            check_webhook(planned, admin=admin)
            return
        if admin:
            identity = await _runs_as(value["cron_id"]) or identity
    as_oneself(planned, identity, admin=admin)
    configurable.pop("user_id", None)  # the platform runs no cron with both


async def _runs_as(cron_id: object) -> str | None:
    """Return who a cron runs as; None if there is no such cron."""
    try:
        cron = await get_client().http.get(f"/runs/crons/{cron_id}")
    except NotFoundError:
        return None
    return (cron["payload"].get("context") or {}).get("user_id")


async def _name_default_user(
    run: MutableMapping[str, Any], assistant: object, kept: str | None = None
) -> None:
    """Set whose run it is that names nobody: the user kept, the assistant's, or the default one."""
    if names_user(run):
        return
    own: Mapping[str, Any] = {}
    if assistant is not None and kept is None:
        with suppress(NotFoundError):
            found = await get_client().assistants.get(str(assistant))
            own = cast("Mapping[str, Any]", found.get("context") or {})
    user = kept or own.get("user_id") or server_settings().default_user or DEFAULT_USER
    run["context"] = {**(run.get("context") or {}), "user_id": user}


def _permissions(caller: Caller) -> list[str]:
    if not caller.user_id:
        return [OPEN, ADMIN]
    return [ADMIN] if caller.admin else []


def _bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("latin-1", "replace")
