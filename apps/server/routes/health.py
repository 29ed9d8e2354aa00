"""The routes for who runs the server: is it up, is it ready, and how is it doing."""

import asyncio

from fastapi import APIRouter, Depends, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST

from guided_profile.apps.bodies import Up
from guided_profile.apps.server.access.problems import Problem, RefusedError, SafeRoute
from guided_profile.apps.server.routes.dependencies import (
    TheResources,
    admin,
    resources_of,
    store_of,
)

READY_SECONDS = 5.0
"""Seconds in which the parts of a server that is ready answer."""

router = APIRouter(tags=["operation"], route_class=SafeRoute)


@router.get("/health", summary="Is it up?")
async def health() -> Up:
    """Say that the process answers, without asking for anything else."""
    return Up()


@router.get("/ready", summary="Is it ready?", responses={503: {"model": Problem}})
async def ready(request: Request) -> Up:
    """Say whether history and profiles are reachable; the model is not asked."""
    state = request.app.state
    checking: asyncio.Task[None] | None = getattr(state, "checking", None)
    if checking is None or checking.done():  # probes share one: a part that hangs is asked once
        checking = state.checking = asyncio.create_task(_reach(request))
    done, _ = await asyncio.wait([checking], timeout=READY_SECONDS)
    if not done:  # it goes on: the first one may have to fetch weights
        raise RefusedError(503, "not_ready", "the server is starting, or a part of it hangs.")
    if error := checking.exception():
        raise RefusedError(503, "not_ready", "history or profiles cannot be reached.") from error
    return Up()


@router.get(
    "/metrics",
    summary="Figures for Prometheus",
    dependencies=[Depends(admin)],
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def metrics(resources: TheResources) -> Response:
    """Return stage seconds, tokens, cache hits, abstentions and profiles' age; admins only."""
    return Response(resources.metrics.text(), media_type=CONTENT_TYPE_LATEST)


async def _reach(request: Request) -> None:
    resources = await resources_of(request)
    await asyncio.to_thread(resources.history.get, "-", ["-"])
    store = await store_of(request)
    await store.aget(("guided_profile", "ready"), "-")
