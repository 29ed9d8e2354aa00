"""What a client can ask of the server, one function a route: what is sent, and what comes back.

The two clients have a method for each of them, with the same arguments and meaning.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar
from uuid import UUID

from pydantic import TypeAdapter

from guided_profile.apps.bodies import (
    AddedFile,
    AddedItems,
    Decided,
    DeletedAll,
    DeletedItems,
    HeldPage,
    KnownFormat,
    Me,
    Page,
    ReleasedItems,
    Reply,
    Shown,
    Up,
    Version,
)
from guided_profile.graph.context import Sight
from guided_profile.graph.errors import HistoryItemError, QuestionError
from guided_profile.graph.records import HistoryItem

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """A request, and what its answer is read as."""

    method: str
    path: str
    result: TypeAdapter[T]
    query: Mapping[str, Any] = field(default_factory=dict)
    """What is None is left out."""
    body: Any = None
    """Sent as JSON; None: none."""
    form: Mapping[str, Any] = field(default_factory=dict)
    file: Path | tuple[str, bytes] | None = None
    """An upload, or its name and what is in it."""


_DECIDED: TypeAdapter[list[Decided]] = TypeAdapter(list[Decided])
_NOTHING: TypeAdapter[None] = TypeAdapter(None)
_REPLY = TypeAdapter(Reply)
_SHOWN = TypeAdapter(Shown)
_EVERYTHING: TypeAdapter[dict[str, Any]] = TypeAdapter(dict[str, Any])


def add(items: Iterable[HistoryItem | Mapping[str, Any]]) -> Call[AddedItems]:
    """Add items to the history, at most a thousand at once; one that is there is left alone."""
    sent = [_sent(item) for item in items]
    return Call("POST", "/history", TypeAdapter(AddedItems), body={"items": sent})


def _sent(item: HistoryItem | Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(item, HistoryItem):
        hidden = {"released", "withdrawn"}
        return item.model_dump(mode="json", exclude_none=True, exclude=hidden)
    if not isinstance(item, Mapping):
        raise HistoryItemError(
            f"an item is {item!r:.60}; give each as a HistoryItem, or as "
            '{"text": "…", "source": "…"}, in a list.'
        )
    return dict(item)


def add_file(
    file: Path | tuple[str, bytes],
    *,
    format: str = "auto",
    source: str | None = None,
    me: str | None = None,
    zone: str = "UTC",
    dates: Literal["dmy", "mdy", "ymd"] | None = None,
    columns: Mapping[str, str] | None = None,
    paragraphs: bool = False,
    keep_wishes: bool = False,
) -> Call[AddedFile]:
    """Add what is in a file, or in bytes with a file's name; sending it again adds what is new.

    Args:
        file: A file of any kind that `formats` lists, or what `export` returned.
        format: What kind of file it is; `auto`: as it holds.
        source: The items' source, where the file does not say.
        me: The user's name in chats.
        zone: The time zone of times without one.
        dates: The order of dates like 03/04/2025.
        columns: Of a table: the fields of an item, and the columns that hold them.
        paragraphs: Of text: an item a paragraph, not a line.
        keep_wishes: Whether the user has confirmed what an export pins, forbids and releases.
    """
    form = {
        "format": format,
        "source": source,
        "me": me,
        "zone": zone,
        "dates": dates,
        "column": [f"{field}={column}" for field, column in (columns or {}).items()] or None,
        "paragraphs": str(paragraphs).lower(),
        "keep_wishes": str(keep_wishes).lower(),
    }
    given = {name: value for name, value in form.items() if value is not None}
    return Call("POST", "/history/file", TypeAdapter(AddedFile), form=given, file=file)


def formats() -> Call[list[KnownFormat]]:
    """List the kinds of files that `add_file` takes, and how a person gets each."""
    return Call("GET", "/history/formats", TypeAdapter(list[KnownFormat]))


def history(
    *,
    source: str | None = None,
    category: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    withdrawn: bool = False,
    limit: int = 100,
    offset: int = 0,
) -> Call[Page]:
    """List the history, the newest items first, page by page.

    Args:
        source: Only items of this source.
        category: Only items of this category.
        since: Only items from then on.
        until: Only items up to then.
        withdrawn: Those instead that the user asked to forget, and has not had deleted.
        limit: How many at most, up to a thousand.
        offset: How many are passed over.
    """
    query = {
        "source": source,
        "category": category,
        "since": since and since.isoformat(),
        "until": until and until.isoformat(),
        "withdrawn": str(withdrawn).lower(),
        "limit": limit,
        "offset": offset,
    }
    return Call("GET", "/history", TypeAdapter(Page), query)


def delete_items(ids: Iterable[str]) -> Call[DeletedItems]:
    """Delete items, and every profile that was made from one of them."""
    return Call("DELETE", "/history", TypeAdapter(DeletedItems), {"id": list(ids)})


def held(*, limit: int = 100, offset: int = 0) -> Call[HeldPage]:
    """List what looks like orders to the model, and so is in no prompt, with the reasons."""
    query = {"limit": limit, "offset": offset}
    return Call("GET", "/history/held", TypeAdapter(HeldPage), query)


def release(ids: Iterable[str]) -> Call[ReleasedItems]:
    """Use items that are held back like any other, since the user says so."""
    return Call("POST", "/history/held/release", TypeAdapter(ReleasedItems), {"id": list(ids)})


def profile(task: str = "dialogue") -> Call[Shown]:
    """Return the standing profile; a `ServerMissingError` says that there is none."""
    return Call("GET", "/profile", _SHOWN, {"task": task})


def make_profile(task: str = "dialogue", *, worth: bool = False) -> Call[Shown]:
    """Return the profile, made first if it is missing or stale; the model may take its time.

    Args:
        task: The task whose profile it is.
        worth: Whether its worth on the person's own past is measured, if it was not.
    """
    return Call("POST", "/profile", _SHOWN, {"task": task, "worth": str(worth).lower()})


def delete_profile(task: str = "dialogue") -> Call[None]:
    """Delete the profile and its versions; what was pinned and forbidden stays."""
    return Call("DELETE", "/profile", _NOTHING, {"task": task})


def pin(
    text: str, *, task: str = "dialogue", run_id: UUID | str | None = None
) -> Call[list[Decided]]:
    """Have a sentence stand in every profile of the task; return all that is decided."""
    return _decide({"do": "pin", "text": text}, task, run_id)


def forbid(
    text: str, *, task: str = "dialogue", run_id: UUID | str | None = None
) -> Call[list[Decided]]:
    """Have a sentence, and whatever says the same, stand in none."""
    return _decide({"do": "forbid", "text": text}, task, run_id)


def correct(
    text: str, right: str, *, task: str = "dialogue", run_id: UUID | str | None = None
) -> Call[list[Decided]]:
    """Put the user's own sentence in the place of one."""
    return _decide({"do": "correct", "text": text, "right": right}, task, run_id)


def take_back(key: str, *, task: str = "dialogue") -> Call[list[Decided]]:
    """Forget what was decided, by its key."""
    return _decide({"do": "take_back", "key": key}, task, None)


def _decide(
    decision: Mapping[str, str], task: str, run_id: UUID | str | None
) -> Call[list[Decided]]:
    query = {"task": task, "run_id": run_id and str(run_id)}
    return Call("PATCH", "/profile", _DECIDED, query, decision)


def wishes(task: str = "dialogue") -> Call[list[Decided]]:
    """Return what the user pinned and forbade, in the order of deciding."""
    return Call("GET", "/profile/wishes", _DECIDED, {"task": task})


def versions(task: str = "dialogue") -> Call[list[Version]]:
    """Return the profiles that stood, the oldest first, and what each changed."""
    return Call("GET", "/profile/versions", TypeAdapter(list[Version]), {"task": task})


def ask(
    question: str,
    options: Sequence[str] = (),
    *,
    task: str = "dialogue",
    max_retries: int = 2,
    sees: Sequence[Sight] | None = None,
) -> Call[Reply]:
    """Answer a question as it suits the user.

    Args:
        question: What is asked.
        options: What to choose among, for a task that chooses.
        task: The task's name.
        max_retries: How often the model is asked again where it cannot tell.
        sees: What the answer is made from, instead of what the task says; (): no history.
    """
    body: dict[str, Any] = {
        "question": question,
        "options": list(options),
        "task": task,
        "max_retries": max_retries,
    }
    if sees is not None:
        body["sees"] = list(sees)
    return Call("POST", "/ask", _REPLY, body=body)


def reply(run_id: UUID | str, text: str) -> Call[Reply]:
    """Say what the user replies to a question that came in place of an answer."""
    try:
        run = UUID(str(run_id))
    except ValueError:
        raise QuestionError(
            f"the run_id is {run_id!r:.60}; give the run_id of the Reply that asked."
        ) from None
    return Call("POST", f"/ask/{run}/reply", _REPLY, body={"reply": text})


def feedback(run_id: UUID | str, thumbs: Literal["up", "down"]) -> Call[None]:
    """Note on an answer's trace whether it was good."""
    return Call("POST", "/feedback", _NOTHING, body={"run_id": str(run_id), "thumbs": thumbs})


def export() -> Call[dict[str, Any]]:
    """Return everything that is kept about the user; `add_file` takes it back."""
    return Call("GET", "/export", _EVERYTHING)


def delete_everything() -> Call[DeletedAll]:
    """Delete everything that is kept about the user: history, profiles, threads."""
    return Call("DELETE", "/everything", TypeAdapter(DeletedAll), {"confirm": "everything"})


def me() -> Call[Me]:
    """Return who the requests are from, and the tasks."""
    return Call("GET", "/me", TypeAdapter(Me))


def ready() -> Call[Up]:
    """Return whether the server reaches histories and profiles; an error says that it does not."""
    return Call("GET", "/ready", TypeAdapter(Up))
