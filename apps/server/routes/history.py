"""The routes of a user's history: add, list, delete, export."""

import asyncio
import re
import tempfile
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, File, Form, Query, UploadFile
from pydantic import BaseModel, ConfigDict, Field

from guided_profile.apps.bodies import (
    AddedFile,
    AddedItems,
    DeletedAll,
    DeletedItems,
    FoundFormat,
    KnownFormat,
    LeftWish,
    Page,
    Refusal,
)
from guided_profile.apps.platforms.threads import forget_threads
from guided_profile.apps.server.access.problems import RefusedError, SafeRoute
from guided_profile.apps.server.process.upload_reader import UploadReader
from guided_profile.apps.server.routes.dependencies import TheResources, TheStore, UserId
from guided_profile.graph.records import HistoryItem
from guided_profile.tools.history.records import without_flags
from guided_profile.tools.readers.archive import holds_at_most
from guided_profile.tools.readers.base import Reading
from guided_profile.tools.readers.detect import FIELDS, FORMATS, READERS, title_of
from guided_profile.tools.readers.ingest import Ingested, ingest
from guided_profile.tools.readers.times import DateOrder
from guided_profile.tools.safety.screen import flagged
from guided_profile.tools.safety.secrets import without_secrets
from guided_profile.tools.user_data.erase import forget_items, forget_made_from, forget_user
from guided_profile.tools.user_data.export import export_user
from guided_profile.tools.user_data.restore import restore_profiles

MOST_ITEMS = 1000
"""How many items one request adds or deletes."""
INFLATED = 20
"""How many times larger than a request may be an archive's contents are."""

router = APIRouter(prefix="/history", tags=["history"], route_class=SafeRoute)
everything = APIRouter(tags=["everything"], route_class=SafeRoute)

_EXAMPLE: dict[str, Any] = {
    "text": "bought a steel wok",
    "source": "purchases",
    "time": "2026-01-15T12:00:00Z",
}


class NewItems(BaseModel):
    """Items to add."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"items": [_EXAMPLE]}})

    items: list[HistoryItem] = Field(min_length=1, max_length=MOST_ITEMS)


@router.post("", status_code=201, summary="Add items")
async def add(body: NewItems, user_id: UserId, resources: TheResources) -> AddedItems:
    """Add items to the history; one that is there already is left alone, but used again.

    All of them are on disk when this returns; when it is refused, none was added.
    """
    for index, item in enumerate(body.items):
        texts = (item.id, item.text, item.source, item.category or "")
        if any("\0" in text for text in texts):
            raise RefusedError(422, "bad_input", f"items.{index}: holds a NUL character.")
    items, masked = await asyncio.to_thread(without_secrets, body.items)
    done = await asyncio.to_thread(resources.history.add, user_id, items, as_they_are=True)
    new = [without_flags(item) for item in items if item.id in done.added]
    held = await asyncio.to_thread(flagged, new)
    return AddedItems(
        added=done.added,
        duplicates=done.duplicates,
        held_back=tuple(held),
        masked=masked,
    )


@router.post("/file", status_code=201, summary="Add a file")
async def add_file(
    user_id: UserId,
    resources: TheResources,
    store: TheStore,
    file: Annotated[
        UploadFile, File(description="A file of any kind that /history/formats lists.")
    ],
    format: Annotated[
        str,
        Form(description="What kind of file it is.", json_schema_extra={"enum": list(FORMATS)}),
    ] = "auto",
    source: Annotated[str | None, Form(max_length=200, examples=["purchases"])] = None,
    me: Annotated[str | None, Form(max_length=200, description="The user's name in chats.")] = None,
    zone: Annotated[str, Form(max_length=50, examples=["Europe/Berlin"])] = "UTC",
    dates: Annotated[
        DateOrder | None, Form(description="The order of dates like 03/04/2025.")
    ] = None,
    column: Annotated[
        list[str],
        Form(
            max_length=20,
            description="Of a table: a field of an item, and the column that holds it.",
            examples=[["text=Review", "time=Date"]],
        ),
    ] = [],  # noqa: B006  # it is never changed
    paragraphs: Annotated[bool, Form(description="Text: an item a paragraph, not a line.")] = False,
    keep_wishes: Annotated[
        bool, Form(description="The user has confirmed what the export decides: wishes_left.")
    ] = False,
) -> AddedFile:
    """Add a file to the history; bad entries are refused, the others are added.

    Sending it again adds what is new. Of an export, the profiles come back too, as versions of the
    past that no answer uses, and the wishes if the user confirms them; where none stand, and as far
    as they are of a task of this server's.
    """
    reading = Reading(
        format=format,
        source=source,
        me=me,
        zone=_zone(zone),
        dates=dates,
        columns=_columns(column),
        paragraphs=paragraphs,
    )
    work = partial(_ingested, resources, user_id, file, reading)
    done, export = await resources.uploads.read(user_id, work)
    if done.replaced:
        await forget_made_from(user_id, done.replaced, history=resources.history, store=store)
    restored = await restore_profiles(
        export,
        user_id,
        store=store,
        history=resources.history,
        tasks=resources.tasks,
        keep_wishes=keep_wishes,
    )
    return AddedFile(
        added=done.added,
        duplicates=done.duplicates,
        replaced=len(done.replaced),
        held_back=done.held_back,
        skipped=done.skipped,
        left_out=dict(done.left_out),
        masked=done.masked,
        formats=[
            FoundFormat(format=format, title=title_of(format), files=files)
            for format, files in done.formats.items()
        ],
        refused=done.refused,
        refusals=[Refusal(place=entry.place, reason=entry.reason) for entry in done.refusals[:100]],
        restored=restored.records,
        wishes_left=[LeftWish.model_validate(wish._asdict()) for wish in restored.left[:100]],
    )


@router.get("/formats", summary="List the kinds of files")
async def formats() -> list[KnownFormat]:
    """List the kinds of files that `/history/file` takes, and how a person gets each."""
    return [
        KnownFormat(format=reader.format, title=reader.title, obtain=reader.obtain)
        for reader in READERS
    ]


@router.get("", summary="List items")
async def listed(
    user_id: UserId,
    resources: TheResources,
    source: Annotated[str | None, Query(max_length=200, examples=["purchases"])] = None,
    category: Annotated[str | None, Query(max_length=200)] = None,
    since: Annotated[
        datetime | None, Query(examples=["2026-01-01", "2026-01-01T00:00:00Z"])
    ] = None,
    until: Annotated[datetime | None, Query()] = None,
    withdrawn: Annotated[
        bool,
        Query(
            description="Those instead that the user asked to forget, and has not had deleted: "
            "nothing uses them. `DELETE /history` deletes them, `POST /history/held/release` or "
            "adding one again uses it again."
        ),
    ] = False,
    limit: Annotated[int, Query(ge=1, le=MOST_ITEMS)] = 100,
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
) -> Page:
    """List the history, the newest items first, page by page."""
    items = await asyncio.to_thread(
        resources.history.list,
        user_id,
        source=source,
        category=category,
        since=since,
        until=until,
        withdrawn=withdrawn,
    )
    items = [item for item in reversed(items) if item.withdrawn == withdrawn]
    end = offset + limit
    return Page(
        items=items[offset:end],
        total=len(items),
        next_offset=end if end < len(items) else None,
    )


@router.delete("", summary="Delete items", response_model_exclude_defaults=True)
async def delete(
    user_id: UserId,
    resources: TheResources,
    store: TheStore,
    id: Annotated[list[str], Query(min_length=1, max_length=100, description="Items' ids.")],
) -> DeletedItems:
    """Delete items, and every profile that was made from one of them."""
    gone = await forget_items(user_id, id, history=resources.history, store=store)
    missing = tuple(wanted for wanted in dict.fromkeys(id) if wanted not in gone)
    return DeletedItems(deleted=gone, not_there=missing, stays=resources.history.stays)


@everything.get("/export", summary="Export everything")
async def export(user_id: UserId, resources: TheResources, store: TheStore) -> dict[str, Any]:
    """Return everything that is kept: items, profiles and wishes. `/history/file` takes it back."""
    return await export_user(user_id, history=resources.history, store=store)


@everything.delete("/everything", summary="Delete everything", response_model_exclude_defaults=True)
async def delete_everything(
    user_id: UserId,
    resources: TheResources,
    store: TheStore,
    confirm: Annotated[Literal["everything"], Query(description="So that no slip deletes it.")],
) -> DeletedAll:
    """Delete everything that is kept about the user: history, profiles, threads."""
    threads = await forget_threads(user_id)
    gone = await forget_user(user_id, history=resources.history, store=store)
    return DeletedAll(
        items=gone.items,
        records=gone.records,
        threads=threads + gone.threads,
        stays=resources.history.stays,
    )


def _columns(given: list[str]) -> dict[str, str]:
    columns = dict(mapping.partition("=")[::2] for mapping in given)
    if any(not columns[name] or name not in FIELDS for name in columns):
        known = ", ".join(FIELDS)
        raise RefusedError(422, "bad_input", f"column: give it as text=Review; fields: {known}.")
    return columns


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise RefusedError(
            422, "bad_input", "zone: is no time zone; give one like Europe/Berlin."
        ) from None


def _ingested(
    resources: Any, user_id: str, file: UploadFile, reading: Reading
) -> tuple[Ingested, dict[str, Any]]:
    """Add an upload by way of a file of its own, whose name says what kind it is.

    Of the name no more is taken than file systems have room for: 255 bytes, 4 a character.

    Returns:
        What became of its entries, and the export that it is; empty: it is none.
    """
    name = re.sub(r"[^\w .()+-]", "_", Path(file.filename or "").name)[-60:].lstrip(". ")
    uploads = resources.settings.uploads  # what a kill leaves there, the next start deletes
    uploads.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.TemporaryDirectory(dir=uploads) as folder:
        path = Path(folder) / (name or "upload.txt")
        with path.open("wb") as target:
            while chunk := file.file.read(1 << 20):
                target.write(chunk)
        if not holds_at_most(path, max(10_000_000, INFLATED * path.stat().st_size)):
            raise RefusedError(413, "too_large", "the archive holds too much; send it in parts.")
        reader = UploadReader()
        done = ingest(resources.history, user_id, path, reading, reader.opened)
        return done, reader.export
