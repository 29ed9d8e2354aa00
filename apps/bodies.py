"""What our routes answer with: plain data, so that a client has it without the server."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from guided_profile.graph.answers import Outcome
from guided_profile.graph.records import Difference, HistoryItem, Profile

_STAYS = Field(
    default="", description="What stays in files, and how to remove it; left out: nothing does."
)


class AddedItems(BaseModel):
    """What became of the items, by id."""

    added: tuple[str, ...]
    duplicates: tuple[str, ...] = Field(description="Those that were there already.")
    held_back: tuple[str, ...] = Field(
        description="Added items that look like orders to the model; see /history/held."
    )
    masked: int = Field(default=0, description="Secrets that were masked in the items.")


class Refusal(BaseModel):
    """An entry of a file that is no history item."""

    place: str = Field(examples=["line 3"])
    reason: str = Field(examples=["text: is missing"])


class LeftWish(BaseModel):
    """What an export pins, forbids or releases, and why it was not taken over."""

    task: str
    kind: Literal["pin", "forbid", "release"]
    text: str
    why: str = Field(examples=["nobody confirmed it"])


class FoundFormat(BaseModel):
    """A kind of file that was found."""

    format: str
    title: str = Field(description="What people call it.")
    files: int


class KnownFormat(BaseModel):
    """A kind of file that is read."""

    format: str
    title: str = Field(description="What people call it.")
    obtain: str = Field(description="How a person gets such a file; empty: it is of no app.")


class AddedFile(BaseModel):
    """What became of a file's entries."""

    added: int
    duplicates: int
    replaced: int = Field(description="Edited: their ids were there with other words.")
    held_back: int = Field(
        description="Added items that look like orders to the model; see /history/held."
    )
    skipped: int = Field(description="Entries that were left out.")
    left_out: dict[str, int] = Field(
        default={}, description="The same by what they are: `cancelled orders`, …"
    )
    masked: int = Field(default=0, description="Secrets that were masked in the items.")
    formats: list[FoundFormat] = Field(default=[], description="What kinds of files it holds.")
    refused: int
    refusals: list[Refusal] = Field(description="The first 100 of them.")
    restored: int = Field(description="Of an export: versions of profiles, and confirmed wishes.")
    wishes_left: list[LeftWish] = Field(
        description="What an export decides and was not taken over: the first 100. Show "
        "them to the user, and send the file again with keep_wishes if they confirm them."
    )


class Page(BaseModel):
    """A part of a user's history, the newest items first."""

    items: list[HistoryItem]
    total: int = Field(description="How many items there are with these filters.")
    next_offset: int | None = Field(description="Where the next page begins; null: there is none.")


class DeletedItems(BaseModel):
    """What was deleted, by id, with every profile that was made from it."""

    deleted: tuple[str, ...]
    not_there: tuple[str, ...]
    stays: str = _STAYS


class DeletedAll(BaseModel):
    """How much was deleted."""

    items: int
    records: int = Field(description="Profiles, their versions, and what was pinned or forbidden.")
    threads: int
    stays: str = _STAYS


class HeldItem(BaseModel):
    """An item that no prompt has, and why."""

    item: HistoryItem
    reasons: tuple[str, ...] = Field(examples=[["tells an assistant what to recommend"]])


class HeldPage(BaseModel):
    """A part of what is held back, the newest items first."""

    items: list[HeldItem]
    total: int
    next_offset: int | None = Field(description="Where the next page begins; null: there is none.")


class ReleasedItems(BaseModel):
    """What was released, by id."""

    released: tuple[str, ...]
    not_there: tuple[str, ...]


class Shown(BaseModel):
    """A profile, as the user wants it, and the items that its sentences are held against."""

    profile: Profile
    items: dict[str, HistoryItem] = Field(
        description="What speaks for or against the sentences, and the examples, by id."
    )


class Decided(BaseModel):
    """Something that the user decided about a sentence."""

    key: str = Field(description="Names it, to take it back.")
    kind: Literal["pin", "forbid"]
    text: str
    time: datetime


class Version(BaseModel):
    """A profile that stood, and what it changed."""

    profile: Profile
    changes: Difference


class Reply(BaseModel):
    """What became of a question."""

    answer: Annotated[Outcome, Field(discriminator="kind")]
    items: dict[str, HistoryItem] = Field(description="What the answer itself rests on, by id.")
    run_id: UUID = Field(description="Names the run: in a reply, in traces, in feedback.")


class KnownTask(BaseModel):
    """A task, for choosing one."""

    name: str
    kind: str
    description: str


class Me(BaseModel):
    """Who asks, and what they may choose among."""

    user_id: str = Field(description="Empty: nobody is asked who they are.")
    admin: bool = Field(description="Whether another user may be named.")
    open: bool = Field(description="Whether nobody is asked who they are: development.")
    tasks: list[KnownTask]
    users: list[str] = Field(description="While developing, who has a history.")


class Up(BaseModel):
    """The process answers."""

    status: Literal["ok"] = "ok"
