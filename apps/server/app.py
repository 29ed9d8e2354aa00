"""Our own routes, under `/v1`; `langgraph.json` names `app` here, and uvicorn serves it alone."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exception_handlers import http_exception_handler
from starlette.exceptions import HTTPException

from guided_profile.apps.assembly import profile_store
from guided_profile.apps.platforms.aegra_gate import AegraGate
from guided_profile.apps.platforms.aegra_graph import hand_to_aegra
from guided_profile.apps.proxy.app import InFront
from guided_profile.apps.proxy.opening import proxy_on_server
from guided_profile.apps.proxy.settings import read_proxy_settings
from guided_profile.apps.server.access.guard import PREFIX, Guard
from guided_profile.apps.server.access.in_flight import Flight, InFlight
from guided_profile.apps.server.access.problems import Problem, RefusedError, refusal_of
from guided_profile.apps.server.access.tokens import Verifier
from guided_profile.apps.server.process import resources
from guided_profile.apps.server.process.paused_anywhere import PausedAnywhere, shared_threads
from guided_profile.apps.server.process.resources import ServerResources
from guided_profile.apps.server.routes import ask, feedback, health, history, page, profile
from guided_profile.apps.server.routes import held as held_back
from guided_profile.apps.server_settings import ServerSettings

_REFUSALS = {
    401: "The request does not say who sends it, or what it says is not valid.",
    403: "The caller may not do this.",
    413: "The body is too large.",
    422: "The input is wrong; the message says how to mend it.",
    429: "Too many requests; `Retry-After` says when to come back.",
    503: "The model, the history or the profiles cannot be reached.",
}


def make_app(
    held: Callable[[], Awaitable[ServerResources]] = resources.server_resources,
    verifier: Callable[[], Verifier] = resources.verifier,
    settings: Callable[[], ServerSettings] = resources.server_settings,
) -> FastAPI:
    """Return the application of our routes.

    Args:
        held: What the process holds, assembled when it is first asked for.
        verifier: Finds out who sends a request.
        settings: How much a caller may ask for.
    """
    flight = Flight()
    proxy = proxy_on_server(held, verifier, settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        os.umask(0o077)  # what this process writes, the platform's own files too, is its owner's
        await asyncio.to_thread(verifier)  # a wrong setting ends the start
        if resources.on_aegra():
            hand_to_aegra((await held()).assistants)
        read_proxy_settings(authenticates=bool(settings().auth))  # so does one of the proxy's
        try:
            if await resources.platform_store() is not None:
                yield
                return
            flight.end_on_signals()
            async with profile_store((await held()).settings) as store:
                app.state.store = store
                if shared := shared_threads(store):
                    await PausedAnywhere((await held()).graph, store, shared).let_go()
                yield
        finally:
            await proxy.close()

    app = FastAPI(
        title="Guided Profile",
        version=version("guided-profile"),
        summary="A person's history, their profile, and answers that suit them.",
        lifespan=lifespan,
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,  # its page loads scripts from another host
        redoc_url=None,
    )
    app.state.resources = held
    if resources.on_aegra():
        app.add_middleware(AegraGate)
    app.add_middleware(InFlight, flight=flight, settings=settings)
    app.add_middleware(Guard, verifier=verifier, settings=settings)
    app.add_middleware(  # it checks callers itself, and answers in OpenAI's way
        InFront, proxy=InFlight(proxy, flight=flight, settings=settings)
    )
    app.add_exception_handler(HTTPException, _not_found)
    router = APIRouter(
        prefix=PREFIX,
        responses={
            status: {"model": Problem, "description": words} for status, words in _REFUSALS.items()
        },
    )
    for routes in (
        history.router,
        held_back.router,
        history.everything,
        profile.router,
        ask.router,
        feedback.router,
        health.router,
        page.router,
    ):
        router.include_router(routes)
    app.include_router(router)
    app.include_router(page.page)
    return app


async def _not_found(request: Request, error: Exception) -> Response:
    """Say in our way that there is no such route of ours; other paths' errors are not ours."""
    assert isinstance(error, HTTPException)
    if not request.scope["path"].startswith(f"{PREFIX}/"):
        return await http_exception_handler(request, error)
    refused = refusal_of(error)
    if refused.status == 405:
        known = request.app.openapi()["paths"].get(request.scope["path"], {})
        allowed = {"Allow": ", ".join(known).upper()}
        refused = RefusedError(405, refused.error, refused.message, allowed)
    return refused.response()


app = make_app()
