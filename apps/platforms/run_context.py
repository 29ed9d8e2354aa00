"""The context of a run on LangGraph's own API: where it stands, whose it is, and what it may hold.

Chat front ends (Agent Chat UI) know no run context: they send one in the input, beside the
messages. It is taken from there before anybody looks at the run, so the same rules hold for it.
"""

import reprlib
from collections.abc import Mapping, MutableMapping
from dataclasses import fields
from typing import Any

from langgraph_sdk import Auth

from guided_profile.graph.context import PROMPTS, Context
from guided_profile.graph.errors import QuestionError

FIELDS = frozenset(field.name for field in fields(Context))
"""What a run's context may have."""


def take_from_input(run: MutableMapping[str, Any]) -> None:
    """Move a context that stands in a run's input to the run's own; what that says, stands.

    Raises:
        HTTPException: It is none, holds something else, or names another user than the run's own.
    """
    given = run.get("input")
    if not isinstance(given, MutableMapping) or "context" not in given:
        return
    brought = given.pop("context")
    if brought is None:
        return
    if not isinstance(brought, Mapping):
        raise _wrong(f"input.context is {reprlib.repr(brought)}; send an object, or leave it out.")
    if unknown := sorted(set(brought) - FIELDS):
        known = ", ".join(sorted(FIELDS))
        raise _wrong(f"input.context has {reprlib.repr(unknown[0])}; it may have {known}.")
    own = run.get("context") or {}
    if not isinstance(own, Mapping):
        return  # the platform says what is wrong with it
    for place in _places(run):
        if "user_id" in brought and place.get("user_id", brought["user_id"]) != brought["user_id"]:
            raise forbidden("the input's context names another user than the run's; name one.")
    if brought or own:
        run["context"] = {**brought, **own}


def as_oneself(run: MutableMapping[str, Any], identity: str, *, admin: bool) -> None:
    """Set whose history a run reads, and refuse another's, and a call to another machine.

    Raises:
        HTTPException: It is refused.
    """
    for place in _places(run):
        if "user_id" in place and place["user_id"] != identity and not admin:
            raise forbidden("the run names another user; leave user_id out.")
        if not admin and (texts := sorted(name for name in PROMPTS if place.get(name) is not None)):
            raise forbidden(f"{texts[0]} is for the admin scope alone; leave it out.")
        place.setdefault("user_id", identity)
    if not isinstance(run.get("context"), MutableMapping):
        run["context"] = {"user_id": identity}
    check_webhook(run, admin=admin)


def names_user(run: Mapping[str, Any]) -> bool:
    """Whether a run says whose it is, rightly or not."""
    return any(place.get("user_id") is not None for place in _places(run))


def check_bounds(run: Mapping[str, Any]) -> None:
    """Refuse a context that no run could begin with, before there is a run that fails.

    Raises:
        HTTPException: It is refused; the message names the field.
    """
    context = run.get("context")
    given = context if isinstance(context, Mapping) else {}
    try:
        Context(**{"user_id": "anybody"} | {name: given[name] for name in FIELDS & set(given)})
    except QuestionError as error:
        raise _wrong(str(error)) from None


def check_webhook(run: Mapping[str, Any], *, admin: bool) -> None:
    """Refuse a call to another machine, but for admins.

    Raises:
        HTTPException: It is refused.
    """
    if run.get("webhook") and not admin:
        raise forbidden("a webhook would be sent what the run knows; leave it out.")


def forbidden(detail: str) -> Exception:
    """Return what refuses a request that its sender may not make."""
    return Auth.exceptions.HTTPException(status_code=403, detail=detail)


def _places(run: Mapping[str, Any]) -> list[MutableMapping[str, Any]]:
    """Return where a run may say whose it is."""
    config = run.get("config")
    configurable = config.get("configurable") if isinstance(config, Mapping) else None
    return [
        place for place in (run.get("context"), configurable) if isinstance(place, MutableMapping)
    ]


def _wrong(detail: str) -> Exception:
    return Auth.exceptions.HTTPException(status_code=422, detail=detail)
