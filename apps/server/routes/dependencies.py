"""Whose data a request is about: the caller's own, or, for an admin, whose it names."""

from typing import Annotated

from fastapi import Depends, Query, Request
from langgraph.store.base import BaseStore

from guided_profile.apps.server.access.guard import CALLER
from guided_profile.apps.server.access.keys import usable_id
from guided_profile.apps.server.access.problems import RefusedError
from guided_profile.apps.server.access.tokens import Caller
from guided_profile.apps.server.process.resources import ServerResources, platform_store


def caller(request: Request) -> Caller:
    """Return who sends the request, as the guard found; without a guard nobody does."""
    found = request.scope.get(CALLER)
    if not isinstance(found, Caller):
        raise RefusedError(401, "unauthorized", "say who you are.")
    return found


def user_id(
    request: Request,
    sender: Annotated[Caller, Depends(caller)],
    user: Annotated[
        str | None,
        Query(
            description="Whose data; for the admin scope alone. Everybody else's are their own.",
            max_length=200,
        ),
    ] = None,
) -> str:
    """Return whose data the request is about."""
    if user is None:
        if not sender.user_id:
            raise RefusedError(
                422,
                "bad_input",
                "name the user with ?user=…; nobody is asked who they are.",
            )
        return sender.user_id
    if not sender.admin:
        raise RefusedError(
            403, "forbidden", "only the admin scope may name a user; leave ?user= out."
        )
    if len(request.query_params.getlist("user")) > 1 or not usable_id(user):
        raise RefusedError(422, "bad_input", "name one user with ?user=….")
    return user


def admin(sender: Annotated[Caller, Depends(caller)]) -> None:
    """Refuse who has not the admin scope."""
    if not sender.admin:
        raise RefusedError(403, "forbidden", "this is for the admin scope alone.")


async def resources_of(request: Request) -> ServerResources:
    """Return what the process holds."""
    found: ServerResources = await request.app.state.resources()
    return found


async def store_of(request: Request) -> BaseStore:
    """Return where the profiles are kept: the platform's store, or else the data folder's."""
    found: BaseStore = await platform_store() or request.app.state.store
    return found


UserId = Annotated[str, Depends(user_id)]
TheResources = Annotated[ServerResources, Depends(resources_of)]
TheStore = Annotated[BaseStore, Depends(store_of)]
