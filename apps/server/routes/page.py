"""The page at `/`: files that hold no data; what it shows comes from the routes under `/v1`."""

import asyncio
from importlib.resources import files
from typing import Annotated

from fastapi import APIRouter, Depends, Response

from guided_profile.apps.bodies import KnownTask, Me
from guided_profile.apps.server.access.problems import SafeRoute
from guided_profile.apps.server.access.tokens import Caller
from guided_profile.apps.server.routes.dependencies import TheResources, caller

KINDS = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
HEADERS = {
    # nothing from elsewhere, nothing inline: a text that became markup could still do nothing
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
MOST_USERS = 1000
"""How many users are listed for who develops."""

page = APIRouter(include_in_schema=False)
router = APIRouter(tags=["operation"], route_class=SafeRoute)


@router.get("/me", summary="Who am I?")
async def me(sender: Annotated[Caller, Depends(caller)], resources: TheResources) -> Me:
    """Return who the request is from, and the tasks."""
    open_ = not sender.user_id
    users = await asyncio.to_thread(resources.history.users) if open_ else []
    return Me(
        user_id=sender.user_id,
        admin=sender.admin,
        open=open_,
        tasks=[
            KnownTask(name=task.name, kind=task.kind, description=task.description)
            for task in resources.tasks.values()
        ],
        users=users[:MOST_USERS],
    )


@page.get("/")
async def index() -> Response:
    """Return the page."""
    return await part("index.html")


@page.get("/page/{name}")
async def part(name: str) -> Response:
    """Return one of the page's files."""
    found = await asyncio.to_thread(_files)
    if name not in found:
        return Response("There is no such file.", 404, media_type="text/plain", headers=HEADERS)
    kind = KINDS[name[name.rindex(".") :]]
    return Response(found[name], media_type=f"{kind}; charset=utf-8", headers=HEADERS)


def _files() -> dict[str, bytes]:
    folder = files("guided_profile.apps.server") / "page"
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}
