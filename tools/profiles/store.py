"""Where profiles are kept: LangGraph's Store, under the user and the task.

For each task it holds the standing profile, the versions before it, and the user's overrides.
Versions and overrides are only ever added, each under a key of its own, so that writers at the same
time lose nothing to each other.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import uuid4

from langgraph.store.base import BaseStore, PutOp, SearchItem
from pydantic import ValidationError

from guided_profile.graph.errors import ProfilesError
from guided_profile.graph.records import Profile, Record, SentenceUse, Standing, evidence_of

ROOT = ("guided_profile", "profiles")
REQUESTS = ("guided_profile", "requests")
KEYS = ("guided_profile", "keys")
"""Where API keys are kept; nothing else is."""
PAUSED = ("guided_profile", "paused")
KEPT_VERSIONS = 20
"""How many versions of a profile stay readable."""
_PAGE = 100
_STAMP = "%Y%m%dT%H%M%S%f"


class Override(Record):
    """What a user decided about a sentence; it holds until it is taken back."""

    kind: Literal["pin", "forbid"]
    text: str
    evidence: tuple[str, ...] = ()
    """Ids of items, for a pinned sentence."""
    use: SentenceUse | None = None
    """When an answer may use a pinned sentence; None: that is still to be decided."""
    time: datetime
    key: str = ""
    """Where it is kept, to take it back."""


def read_override(kept: Mapping[str, Any]) -> Override:
    """Return what a user decided; what a newer version of this package adds to it is left aside.

    Raises:
        ProfilesError: It cannot be read even so; to pass it over would undo what the user decided.
    """
    try:
        return Override.model_validate(
            {field: kept[field] for field in Override.model_fields if field in kept}
        )
    except ValidationError:
        raise ProfilesError(
            "what the user pinned or forbade was kept by a newer version of this package, in a "
            "form that this one cannot read; use that version again, nothing of it is lost."
        ) from None


def made_from(standing: Standing) -> set[str]:
    """Return the ids of the items that a profile may reveal: covered, cited, or its examples."""
    profile = standing.profile
    examples = profile.worth.examples if profile.worth else ()
    return {*standing.covered, *evidence_of(profile.sentences), *examples}


def user_namespace(user_id: str) -> tuple[str, ...]:
    """Return where all of a user's profiles stand; a Store's labels may hold no period."""
    return (*ROOT, _label(user_id))


def requests_namespace(user_id: str) -> tuple[str, ...]:
    """Return where stands, for a day, what the user had done to what is kept about them."""
    return (*REQUESTS, _label(user_id))


def paused_namespace(user_id: str) -> tuple[str, ...]:
    """Return where stands which of a user's runs wait for their reply; keys name the threads."""
    return (*PAUSED, _label(user_id))


def _label(user_id: str) -> str:
    return user_id.replace("%", "%25").replace(".", "%2E")


@dataclass(frozen=True, slots=True)
class ProfileStore:
    """A user's profiles for one task."""

    store: BaseStore
    user_id: str
    task: str
    variant: str = "guided"
    """Profiles made with other switches of the task (unguided, not joined) stand apart."""

    @property
    def key(self) -> tuple[str, str, str]:
        """What names the profile within a process, whichever store object reaches it."""
        return (self.user_id, self.task, self.variant)

    @property
    def _base(self) -> tuple[str, ...]:
        return (*user_namespace(self.user_id), self.task)

    @property
    def _versions(self) -> tuple[str, ...]:
        return (*self._base, "versions", self.variant)

    @property
    def _overrides(self) -> tuple[str, ...]:
        return (*self._base, "wishes")  # as it was named when the first ones were kept

    async def standing(self) -> Standing | None:
        """Return the standing profile, fresh or not; None if there is none that can be read."""
        kept = await self.store.aget((*self._base, "standing"), self.variant)
        if kept is None:
            return None
        try:
            return Standing.model_validate(kept.value)
        except ValidationError:  # written by another version of this package: made anew
            return None

    async def write(self, standing: Standing) -> None:
        """Put a profile in place of the one before it, which stays among the versions."""
        value = standing.model_dump(mode="json")
        key = f"{standing.profile.created:{_STAMP}}-{uuid4().hex[:8]}"
        await self.store.abatch(
            [
                PutOp((*self._base, "standing"), self.variant, value, index=False),
                PutOp(self._versions, key, value, index=False),
            ]
        )
        if standing.profile.version % KEPT_VERSIONS == 0:
            kept = await everything(self.store, self._versions)
            for row in sorted(kept, key=_made)[:-KEPT_VERSIONS]:
                await self.store.adelete(row.namespace, row.key)

    async def amend(self, standing: Standing) -> None:
        """Put a profile in its own place, with what was found out about it since it was made."""
        value = standing.model_dump(mode="json")
        made = f"{standing.profile.created:{_STAMP}}-"
        rows = [row for row in await everything(self.store, self._versions) if row.key[:-8] == made]
        await self.store.abatch(
            [
                PutOp((*self._base, "standing"), self.variant, value, index=False),
                *(PutOp(row.namespace, row.key, value, index=False) for row in rows),
            ]
        )
        stands = (True, standing.profile.version, made + "~")
        while newer := await self._newer_than(stands):  # it was written meanwhile
            stands = _made(newer)
            place = (*self._base, "standing")
            await self.store.aput(place, self.variant, newer.value, index=False)

    async def _newer_than(self, stands: tuple[bool, int, str]) -> SearchItem | None:
        last = max(await everything(self.store, self._versions), key=_made, default=None)
        return last if last and _made(last) > stands else None

    async def versions(self) -> list[Profile]:
        """Return the profiles that stood here, the oldest first; the last one is the standing.

        Those before them that were imported say so in their note.
        """
        kept = sorted(await everything(self.store, self._versions), key=_made)
        return [standing.profile for row in kept[-KEPT_VERSIONS:] if (standing := _read(row))]

    async def drop(self) -> None:
        """Delete the standing profile and its versions; what the user decided stays."""
        await self.store.adelete((*self._base, "standing"), self.variant)
        for row in await everything(self.store, self._versions):
            await self.store.adelete(row.namespace, row.key)

    async def add_override(self, override: Override) -> Override:
        """Keep what the user decided: after all before it, even if the clock went back since."""
        before = await everything(self.store, self._overrides)
        last = max((row.key.partition("-")[0] for row in before), default="")
        at = f"{override.time:{_STAMP}}"
        if at <= last:
            at = f"{datetime.strptime(last, _STAMP) + timedelta(microseconds=1):{_STAMP}}"
        key = f"{at}-{uuid4().hex[:8]}"
        kept = override.model_copy(update={"key": key})
        await self.store.aput(self._overrides, key, kept.model_dump(mode="json"), index=False)
        return kept

    async def keep_use(self, override: Override, use: SentenceUse) -> None:
        """Keep when an answer may use a pinned sentence, if it is still pinned."""
        if await self.store.aget(self._overrides, override.key) is not None:
            value = override.model_copy(update={"use": use}).model_dump(mode="json")
            await self.store.aput(self._overrides, override.key, value, index=False)

    async def overrides(self) -> list[Override]:
        """Return what the user decided, in the order of deciding.

        Raises:
            ProfilesError: A newer version of this package kept one that this one cannot read.
        """
        kept = await everything(self.store, self._overrides)
        return [read_override(row.value) for row in sorted(kept, key=lambda row: row.key)]

    async def forbidden(self) -> list[Override]:
        """Return what the user forbade and did not pin since."""
        decided = {override.text.casefold(): override for override in await self.overrides()}
        return [override for override in decided.values() if override.kind == "forbid"]

    async def take_back(self, override: Override) -> None:
        """Forget what the user decided."""
        await self.store.adelete(self._overrides, override.key)


def _made(kept: SearchItem) -> tuple[bool, int, str]:
    """Return what versions are ordered by: their number, whatever the clock said then.

    Those that were imported come before all that was made here.
    """
    number = (kept.value.get("profile") or {}).get("version")
    made_here = bool(kept.value.get("made_with"))
    return (made_here, number if isinstance(number, int) else 0, kept.key)


def _read(kept: SearchItem) -> Standing | None:
    try:
        return Standing.model_validate(kept.value)
    except ValidationError:
        return None


async def everything(store: BaseStore, namespace: tuple[str, ...]) -> list[SearchItem]:
    """Return all that stands under a namespace, however many pages that is.

    A store's search may match a namespace by the letters it begins with, and `anna` begins with
    `ann`: whatever else comes back is left out.
    """
    found: list[SearchItem] = []
    offset = 0
    while True:
        page = await store.asearch(namespace, limit=_PAGE, offset=offset)
        found += [kept for kept in page if kept.namespace[: len(namespace)] == namespace]
        offset += len(page)
        if len(page) < _PAGE:
            return found
