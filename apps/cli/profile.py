"""`guided-profile profile`: a user's profile for a task, shown or changed."""

import argparse
import json
from dataclasses import dataclass
from datetime import UTC, datetime

from rich.console import Console

from guided_profile.apps import assembly
from guided_profile.apps.cli import render
from guided_profile.apps.cli.ask import assembled
from guided_profile.apps.cli.kept import open_kept
from guided_profile.apps.settings import Settings, read_settings
from guided_profile.graph.context import Context, Measured
from guided_profile.graph.errors import ModelError, QuestionError
from guided_profile.graph.profile import standing_profile
from guided_profile.graph.records import Profile, Sentence
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.profiles import corrections
from guided_profile.tools.profiles.plan import cited_items, variant_of, with_overrides
from guided_profile.tools.profiles.store import ProfileStore


def arguments(parser: argparse.ArgumentParser) -> None:
    """Tell the parser what `profile` takes."""
    parser.add_argument("--user", required=True)
    parser.add_argument("--task", default="dialogue", help="a task's name, or its YAML file")
    change = parser.add_mutually_exclusive_group()
    change.add_argument("--pin", metavar="N|TEXT", help="keep sentence N, or add one, for good")
    change.add_argument("--forbid", metavar="N|TEXT", help="never say sentence N, or this, again")
    change.add_argument(
        "--correct", nargs=2, metavar=("N", "TEXT"), help="put TEXT in the place of sentence N"
    )
    change.add_argument("--wishes", action="store_true", help="list what was pinned and forbidden")
    change.add_argument("--undo", type=int, metavar="N", help="take back wish N of that list")
    change.add_argument("--versions", action="store_true", help="each version, and what it changed")
    change.add_argument(
        "--worth",
        action="store_true",
        help="whether it tells their own past from other people's; measured if it was not yet",
    )
    change.add_argument("--delete", action="store_true", help="delete the profile and its versions")


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of a user, without a model."""

    history: HistoryStore
    profiles: ProfileStore

    async def profile(self) -> Profile:
        """Return the standing profile as the user wants it; nothing is made.

        Raises:
            QuestionError: There is none.
        """
        standing = await self.profiles.standing()
        if standing is None:
            raise QuestionError(
                f"there is no profile of {self.profiles.user_id!r} for {self.profiles.task!r} yet; "
                "show it first, which makes it."
            )
        return await with_overrides(self.profiles, standing.profile, self.history)

    async def sentence(self, given: str) -> Sentence:
        """Return the sentence of a number, or one of the user's own words.

        Raises:
            QuestionError: The profile has no sentence of that number.
        """
        if not given.isdecimal():
            return Sentence(text=given)
        sentences = (await self.profile()).sentences
        if not 1 <= int(given) <= len(sentences):
            raise QuestionError(
                f"the profile has no sentence {given}; it has {len(sentences)}, as shown."
            )
        return sentences[int(given) - 1]


async def run(given: argparse.Namespace, out: Console, notes: Console) -> int:
    """Show the profile, made first if it is missing or stale, or do as the user wishes with it."""
    settings = read_settings(data=given.data)
    if not (given.wishes or given.versions or given.delete):
        decides = (given.pin, given.forbid, given.correct, given.undo)
        if all(decision is None for decision in decides):
            return await _show(settings, given, out, notes)
    _, task = assembly.known_task(settings, given.task)
    compares = any(wish is not None for wish in (given.pin, given.forbid, given.correct))
    async with open_kept(settings, notes if compares else None) as (history, store):
        profiles = ProfileStore(store, given.user, task.name, variant_of(task))
        kept = Kept(history, profiles)
        if given.versions:
            await _show_versions(kept, given, out)
        elif given.wishes:
            await _show_overrides(kept, given, out)
        elif given.delete:
            there = await kept.profiles.standing()
            await kept.profiles.drop()
            done = "deleted" if there else "there was no profile"
            out.print(f"{done}; what was pinned and forbidden stays")
        else:
            await _decide(kept, given)
            await _show_overrides(kept, given, out)
    return 0


async def _show(settings: Settings, given: argparse.Namespace, out: Console, notes: Console) -> int:
    async with assembled(settings, given.task, notes) as parts:
        if not parts.history.count(given.user):
            raise QuestionError(
                f"there is no history of {given.user!r}; add some with "
                f"`guided-profile add FILE --user {given.user}`."
            )
        worth: Measured | None = "measure" if given.worth else None
        context = Context(user_id=given.user, task=parts.task.name, worth=worth)
        with render.progress(notes) as on_stage:
            made = await standing_profile(parts.graph, parts.task, context, on_stage)
        items = cited_items(made, given.user, parts.history)
        examples = made.worth.examples if made.worth else ()
        items |= {item.id: item for item in parts.history.get(given.user, examples)}
    if given.worth:
        if made.worth is None:
            raise ModelError("the model failed, so the worth was not measured; see the log.")
        shown = render.worth(made.worth, items)
        out.print_json(made.worth.model_dump_json()) if given.json else out.print(shown)
    elif given.json:
        out.print_json(made.model_dump_json())
    else:
        out.print(render.profile(made, items))
    return 0


async def _decide(kept: Kept, given: argparse.Namespace) -> None:
    now = datetime.now(UTC)
    if given.undo is not None:
        overrides = await kept.profiles.overrides()
        if not 1 <= given.undo <= len(overrides):
            raise QuestionError(f"there is no wish {given.undo}; there are {len(overrides)}.")
        await kept.profiles.take_back(overrides[given.undo - 1])
    elif given.pin is not None:
        pinned = await kept.sentence(given.pin)
        await corrections.pin(kept.profiles, pinned.text, evidence=pinned.evidence, now=now)
    elif given.forbid is not None:
        forbidden = await kept.sentence(given.forbid)
        await corrections.forbid(kept.profiles, forbidden.text, now=now)
    else:
        if not given.correct[0].isdecimal():
            raise QuestionError(
                f"there is no sentence {given.correct[0]!r}; give the number of one, as shown."
            )
        wrong = await kept.sentence(given.correct[0])
        await corrections.correct(
            kept.profiles, wrong.text, given.correct[1], history=kept.history, now=now
        )


async def _show_overrides(kept: Kept, given: argparse.Namespace, out: Console) -> None:
    overrides = await kept.profiles.overrides()
    text = "\n".join(
        f"{number}. {'always' if override.kind == 'pin' else 'never'}: {override.text}"
        for number, override in enumerate(overrides, start=1)
    )
    listed = [override.model_dump(mode="json") for override in overrides]
    _print(listed, text or "nothing is pinned or forbidden", given, out)


async def _show_versions(kept: Kept, given: argparse.Namespace, out: Console) -> None:
    versions = await kept.profiles.versions()
    changes = corrections.changes_of(versions)
    if given.json:
        listed = [
            {"profile": made.model_dump(mode="json"), "changes": change.model_dump(mode="json")}
            for made, change in zip(versions, changes, strict=True)
        ]
        out.print_json(json.dumps(listed))
        return
    for made, change in zip(versions, changes, strict=True):
        out.print(render.changes(made, change))
    if not versions:
        out.print("there is no profile yet")


def _print(data: object, text: str, given: argparse.Namespace, out: Console) -> None:
    if given.json:
        out.print_json(json.dumps(data))
    else:
        out.print(text)
