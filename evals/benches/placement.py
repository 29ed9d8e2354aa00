"""Where to put what is known: after the system prompt, or directly before the last words.

    python -m guided_profile.evals.benches.placement --data FILE [--turns 10 100] [--n 20]

reads PrefEval's rows (`query`, `preference`, `answer`, `violates`), shows each question with its
replies as options, after so many turns about something else, and prints how often the reply that
follows the preference is the likeliest: with nothing known, with the preferences at the end of the
system message, and with them directly before the question; with Wilson 95 % intervals and
McNemar's exact test between the two places.

Rows share what is known in groups: the preferences of all rows of a group, of which one bears on
each question. So both places have one prompt prefix for a group, which a prefix cache serves. The
preferences are worded as the middleware words them.
"""

import argparse
import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from guided_profile.evals.benches.command import command
from guided_profile.evals.run.models import add_model_options, chosen_models
from guided_profile.evals.scorers.statistics import discordant, mcnemar, wilson
from guided_profile.graph.errors import DatasetError
from guided_profile.graph.prompts import CHOOSE, before_words, render
from guided_profile.graph.records import Sentence
from guided_profile.tools.models.choices import LETTERS, lettered
from guided_profile.tools.models.letters import score_letters

HOST = "You are a helpful assistant."
GROUP = 10
"""So many rows share what is known."""
PLACES = ("nothing", "system", "last words")
_THINGS = (
    ("a kettle", "boils water"),
    ("a stapler", "joins sheets of paper"),
    ("a ladder", "lets one reach high places"),
    ("a thermometer", "shows how warm it is"),
    ("a sieve", "holds back what is coarse"),
    ("a compass", "points to the north"),
    ("a zip", "closes a jacket"),
    ("a lens", "bends light"),
    ("a pump", "moves a liquid"),
    ("a hinge", "lets a door swing"),
    ("a candle", "burns wax"),
    ("a magnet", "draws iron"),
)
_ASKED = (
    "In one line, what does {thing} do?",
    "And how would you say that {thing} {does}, more simply?",
    "Is it right that {thing} {does}?",
    "Who would use {thing}?",
)
_SAID = (
    "It {does}.",
    "Put simply, {thing} {does}.",
    "Yes, {thing} {does}.",
    "Anybody who needs something that {does}.",
)


@dataclass(frozen=True, slots=True)
class Row:
    """A question whose best reply keeps to a preference."""

    query: str
    preference: str
    options: tuple[str, ...]
    right: int


def rows_of(path: Path, n: int, seed: int = 0) -> list[Row]:
    """Read rows that have replies to choose among, in an order drawn by the seed.

    Raises:
        DatasetError: There are none.
    """
    rows = []
    for line in path.read_text("utf-8").splitlines():
        row = json.loads(line)
        if not row.get("violates") or not row.get("preference"):
            continue
        options = [row["answer"], *row["violates"]]
        Random(f"{seed}:{row['id']}").shuffle(options)
        right = options.index(row["answer"])
        rows.append(Row(row["query"], row["preference"], tuple(options), right))
    if not rows:
        raise DatasetError(f"{path} has no rows with `preference`, `answer` and `violates`.")
    Random(seed).shuffle(rows)
    return rows[:n]


def neutral(turns: int) -> list[BaseMessage]:
    """Return so many turns of a user and an assistant about nothing in particular."""
    talk: list[BaseMessage] = []
    for n in range(turns):
        thing, does = _THINGS[n // len(_ASKED) % len(_THINGS)]
        asked, said = _ASKED[n % len(_ASKED)], _SAID[n % len(_SAID)]
        talk.append(HumanMessage(asked.format(thing=thing, does=does)))
        talk.append(AIMessage(said.format(thing=thing, does=does).capitalize()))
    return talk


def prompt(
    row: Row, known: Sequence[str], place: str, talk: Sequence[BaseMessage]
) -> list[BaseMessage]:
    """Return the conversation with what is known in its place, and the question at its end."""
    block = before_words([], [Sentence(text=text, verdict="stated") for text in known])
    asked = row.query + render(CHOOSE, options=lettered(row.options))
    system = HOST if place != "system" else f"{HOST}\n\n{block.strip()}"
    words = asked if place != "last words" else block + asked
    return [SystemMessage(system), *talk, HumanMessage(words)]


async def measure(
    chat: BaseChatModel, rows: Sequence[Row], turns: int, places: Sequence[str]
) -> dict[str, list[bool]]:
    """Return for each place whether the right reply was the likeliest, row by row."""
    talk = neutral(turns)
    found: dict[str, list[bool]] = {place: [] for place in places}
    for begin in range(0, len(rows), GROUP):
        group = rows[begin : begin + GROUP]
        known = [row.preference for row in group]
        for place in places:
            for row in group:
                letters = LETTERS[: len(row.options)]
                asked = prompt(row, known, place, talk)
                scores = await score_letters(chat, asked, letters, stage="placement")
                shares = scores.letters or {}
                best = max(letters, key=lambda letter: shares.get(letter, 0.0))
                found[place].append(best == letters[row.right])
                print("x" if found[place][-1] else ".", end="", flush=True)
            print(f" {place}", flush=True)
    return found


def report(turns: int, found: dict[str, list[bool]]) -> None:
    """Print each place's share with its interval, and the test between the two."""
    for place, right in found.items():
        low, high = wilson(sum(right), len(right))
        share = sum(right) / len(right)
        print(f"{turns} turns, {place}: {share:.2f} [{low:.2f}, {high:.2f}], n={len(right)}")
    if {"system", "last words"} <= found.keys():
        wins, losses = discordant(zip(found["last words"], found["system"], strict=True))
        p = mcnemar(wins, losses)
        print(f"  last words against system: {wins} won, {losses} lost, p={p:.3f}")


@command
def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="PrefEval's rows, as JSON lines")
    parser.add_argument("--turns", type=int, nargs="+", default=[10, 100])
    parser.add_argument("--n", type=int, default=20)
    parser.add_argument("--places", nargs="+", choices=PLACES, default=PLACES)
    add_model_options(parser)
    given = parser.parse_args()
    chat, _ = chosen_models(given)
    rows = rows_of(given.data, given.n)
    for turns in given.turns:
        report(turns, asyncio.run(measure(chat, rows, turns, given.places)))


if __name__ == "__main__":
    main()
