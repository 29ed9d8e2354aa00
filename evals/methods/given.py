"""Profiles that were made elsewhere, in the place of those that the workflow writes.

What is given stands as if the person had pinned it: it is used as it is, no model writes or judges
anything, and a task that shows only what bears on the question still chooses among it.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from langgraph.store.base import BaseStore

from guided_profile.evals.datasets.examples import Example
from guided_profile.evals.datasets.files import json_lines
from guided_profile.graph.context import Context
from guided_profile.graph.errors import InputError
from guided_profile.graph.records import Standing
from guided_profile.graph.tasks import Task
from guided_profile.tools.fingerprints import made_with
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.profiles.plan import empty_profile, variant_of
from guided_profile.tools.profiles.store import Override, ProfileStore
from guided_profile.tools.readers.records import MEND, Place

Profiles = Mapping[str, Sequence[str]]
"""The sentences of each example's profile, by the example's id."""
_NAMED = 3
"""How many of the people who have no profile an error names."""


@dataclass(frozen=True, slots=True)
class Given:
    """Puts given profiles where the workflow looks for one that it made earlier."""

    profiles: Profiles
    store: BaseStore
    history: HistoryStore
    task: Task
    model: str
    """Names the chat model, as `model_id` does."""
    verifier: str
    """The id of the verifier."""

    async def put(self, context: Context) -> None:
        """Put the profile of the example whose id is the run's user; without one, do nothing."""
        sentences = self.profiles.get(context.user_id)
        if sentences is None:
            return
        task, now = self.task.with_switches(context), datetime.now(UTC)
        variant = variant_of(task, joined=context.joined is not False)
        profiles = ProfileStore(self.store, context.user_id, task.name, variant)
        if await profiles.standing():
            return
        items = await asyncio.to_thread(self.history.list, context.user_id)
        standing = Standing(
            profile=empty_profile(task.name, "", "given", now),
            covered=tuple(item.id for item in items),
            made_with=made_with(task, model=self.model, verifier=self.verifier),
        )
        nearest = await asyncio.to_thread(self._nearest, context.user_id, sentences)
        for text, evidence in zip(sentences, nearest, strict=True):
            await profiles.add_override(
                Override(kind="pin", text=text, evidence=evidence, time=now)
            )
        await profiles.write(standing)

    def _nearest(self, user_id: str, sentences: Sequence[str]) -> list[tuple[str, ...]]:
        """Return for each sentence the id of the person's item that is nearest to it, if any is."""
        found = [self.history.search(user_id, text, limit=1, role="user") for text in sentences]
        return [tuple(match.item.id for match in best) for best in found]


def read_profiles(path: Path) -> dict[str, tuple[str, ...]]:
    """Read profiles, one a line: whose it is, and its sentences.

        {"user_id": "ada", "sentences": ["Ada takes two sugars.", {"text": "Ada rides."}]}

    `id` names one example instead of a person. Of sentences with a `label`, those count that are
    labelled `supported`.

    Raises:
        DatasetError: The file cannot be read, or a line of it is wrong.
    """
    found: dict[str, tuple[str, ...]] = {}
    for place, record in json_lines(path, mend=MEND):
        whose = place.text(record, "id" if "id" in record else "user_id")
        if whose in found:
            raise place.error(f"a second profile of {whose!r}", "leave one of them")
        given = place.field(record, "sentences", list)
        found[whose] = tuple(text for entry in given if (text := _sentence(place, entry)))
    return found


def _sentence(place: Place, given: Any) -> str:
    """Return a sentence; empty if it is labelled as one that the history does not support."""
    record = given if isinstance(given, dict) else {"text": given}
    text = place.text(record, "text")
    return text if record.get("label", "supported") == "supported" else ""


def profiles_of(examples: Iterable[Example], path: Path) -> dict[str, tuple[str, ...]]:
    """Return the profile of each example from a file: its own, or that of its person.

    Raises:
        DatasetError: The file cannot be read, or a line of it is wrong.
        InputError: Somebody has no profile in it.
    """
    found = read_profiles(path)
    whose = {
        example.id: example.id
        if example.id in found
        else example.user_id
        if example.user_id in found
        else None
        for example in examples
    }
    missing = list(
        dict.fromkeys(example.user_id for example in examples if whose[example.id] is None)
    )
    if missing:
        more = f" and {len(missing) - _NAMED} more" if len(missing) > _NAMED else ""
        raise InputError(
            f"{str(path)!r} has no profile of {', '.join(map(repr, missing[:_NAMED]))}{more}; add "
            "a line with `user_id` and `sentences` for each, or leave them out of --data."
        )
    return {id_: found[key] for id_, key in whose.items() if key is not None}
