"""Judging in words: one reply tells of all sentences, of new ones and of those that stand.

Where a model gives no probabilities, a question about each sentence would find out no more.
"""

import asyncio
import json
import re
from collections.abc import Sequence
from typing import Any, Literal

from langchain_core.language_models import BaseChatModel
from pydantic import BaseModel, ValidationError

from guided_profile.graph.errors import ModelError
from guided_profile.graph.prompts import JUDGE, SAME_OF_EACH, STILL_SO, SUPPORTED, messages, render
from guided_profile.graph.records import Call, Verdict
from guided_profile.graph.text import as_data
from guided_profile.tools.evidence.base import Claim, Judged
from guided_profile.tools.evidence.candidates import strongest
from guided_profile.tools.evidence.uses import LETTERS
from guided_profile.tools.models.calls import complete, model_id
from guided_profile.tools.models.dialect import dialect_of
from guided_profile.tools.models.letters import ask_yes_no
from guided_profile.tools.text.sentences import split_sentences

STAGE = "verify"
STATED = 0.9
"""The nearness from which an item says a sentence by itself: in nearly its words, or its sense."""
DENIED = 0.3
"""The nearness from which an item speaks of what a sentence says: if that is not so, the item
contradicts it. A question of its own ("does the history contradict this?") does worse: a small
model says Yes to it for what is supported (area under the curve .04, n = 155)."""
JUDGED: dict[Verdict, float] = {
    "stated": 0.9,
    "inferred": 0.75,
    "unsupported": 0.15,
    "contradicted": 0.05,
}
"""What stands for a probability where a model gives its verdict in words alone."""
_TOKENS = 90
"""Of a judgement in words, for each sentence."""
_LINE_TOKENS = 8
"""Of a line with a number and Yes or No."""
_LINE = re.compile(r"(?im)^\W*(\d+)\W+(yes|no)\b")


class _Judgement(BaseModel):
    statement: int
    verdict: Literal["stated", "inferred", "contradicted", "unsupported"]
    lines: list[int]
    common: Any = None
    use: Any = None
    now: Any = None


async def judged_in_words(
    chat: BaseChatModel, claims: Sequence[Claim], standing: Sequence[Claim]
) -> tuple[list[Judged], list[Judged | None], list[Call]]:
    """Have all claims that share their items judged in one reply.

    What it leaves out of the new ones is asked about singly.
    """
    asked = [*claims, *standing]
    judged: list[Judged | None] = [None] * len(asked)
    calls = []
    for group in sharing(asked) if dialect_of(chat).lists else ():
        new = [n for n in group if n < len(claims)]
        older = [n for n in group if n >= len(claims)]
        found, call = await _judge_group(chat, [asked[n] for n in new], [asked[n] for n in older])
        calls.append(call)
        for n, judgement in zip([*new, *older], found, strict=True):
            judged[n] = judgement
    left = [n for n in range(len(claims)) if judged[n] is None]
    singly = await asyncio.gather(*(_judge_one(chat, claims[n]) for n in left))
    for n, (judgement, call) in zip(left, singly, strict=True):
        judged[n] = judgement
        calls.append(call)
    new_ones = [judgement for judgement in judged[: len(claims)] if judgement]
    return new_ones, judged[len(claims) :], calls


async def _judge_group(
    chat: BaseChatModel, claims: Sequence[Claim], standing: Sequence[Claim]
) -> tuple[list[Judged | None], Call]:
    asked = [*claims, *standing]
    statements = "\n".join(f"{n}. {as_data(claim.text)}" for n, claim in enumerate(asked, start=1))
    still_so = render(STILL_SO, first=str(len(claims) + 1)) if standing else ""
    items = asked[0].items
    done = await complete(
        chat,
        messages(items, render(JUDGE, statements=statements, standing=still_so)),
        stage=STAGE,
        max_tokens=_TOKENS * (len(asked) + 1),
    )
    found = _read(done.text)
    if found is None and done.finish_reason != "length":
        dialect_of(chat).lists = False
    by_number = {judgement.statement: judgement for judgement in found or ()}
    if min(by_number, default=1) < 1:
        by_number = {}  # it counts in another way, so no number can be relied on
    judged = [
        _judged(by_number[n], claim, stands=n > len(claims)) if n in by_number else None
        for n, claim in enumerate(asked, start=1)
    ]
    return judged, done.call


def _judged(judgement: _Judgement, claim: Claim, *, stands: bool) -> Judged | None:
    """Return a judgement with the items that it rests on.

    Where it names no line nearness says which, unless the claim stands and would be over by it.
    None: it cannot be relied on.
    """
    there = range(1, len(claim.items) + 1)
    named = tuple(claim.items[line - 1].id for line in judgement.lines if line in there)
    over = stands and judgement.verdict == "contradicted"
    if not named and (judgement.lines or over) and judgement.verdict != "unsupported":
        return None
    kept = judgement.verdict != "unsupported"
    return Judged(
        judgement.verdict,
        JUDGED[judgement.verdict],
        (named or strongest(claim)) if kept else (),
        common=judgement.common if isinstance(judgement.common, bool) else None,
        use=LETTERS.get(str(judgement.use)),
        now=_sentence_of(judgement.now),
    )


async def _judge_one(chat: BaseChatModel, claim: Claim) -> tuple[Judged, Call]:
    """Have a claim judged by a Yes or a No, whose probability is not known."""
    asked = render(SUPPORTED, statement=as_data(claim.text))
    reply = await ask_yes_no(chat, messages(claim.items, asked), stage=STAGE)
    if reply.said is None:
        raise ModelError(
            f"{model_id(chat)} was asked to judge a sentence, in JSON or by Yes or No, "
            "and replied with something else; try again, or set another model for the verifier."
        )
    probability = JUDGED["inferred" if reply.said else "unsupported"]
    return by_nearness(claim, probability, stands=reply.said), reply.call


async def same_in_words(
    chat: BaseChatModel, pairs: Sequence[Sequence[str]]
) -> tuple[list[float | None], list[Call]]:
    """Ask of all pairs of sentences at once whether both tell the same; None: not told."""
    listed = "\n".join(
        f"{n}. {as_data(first)} / {as_data(second)}" for n, (first, second) in enumerate(pairs, 1)
    )
    done = await complete(
        chat,
        messages([], render(SAME_OF_EACH, pairs=listed)),
        stage=STAGE,
        max_tokens=_LINE_TOKENS * (len(pairs) + 1),
    )
    said = {int(number): word.casefold() == "yes" for number, word in _LINE.findall(done.text)}
    return [float(said[n]) if n in said else None for n in range(1, len(pairs) + 1)], [done.call]


def sharing(claims: Sequence[Claim]) -> list[list[int]]:
    """Return the places of claims, those together that share their items."""
    groups: dict[tuple[str, ...], list[int]] = {}
    for n, claim in enumerate(claims):
        groups.setdefault(tuple(item.id for item in claim.items), []).append(n)
    return list(groups.values())


def by_nearness(claim: Claim, probability: float, *, stands: bool) -> Judged:
    """Return the verdict: how near an item comes tells what is stated, and what is denied."""
    nearest = max(claim.nearness, default=0.0)
    if stands:
        return Judged("stated" if nearest >= STATED else "inferred", probability, strongest(claim))
    if nearest >= DENIED:
        return Judged("contradicted", probability, strongest(claim))
    return Judged("unsupported", probability)


def _sentence_of(text: Any) -> str:
    """Return the first sentence of a judgement's text, or nothing."""
    return next(iter(split_sentences(text)), "") if isinstance(text, str) else ""


def _read(reply: str) -> list[_Judgement] | None:
    """Read judgements in words; what stands around the JSON, and what is none, is left out.

    None: there is no JSON at all.
    """
    for place in (match.start() for match in re.finditer(r"[{\[]", reply)):
        try:
            found, _ = json.JSONDecoder().raw_decode(reply, place)
        except ValueError:
            continue
        entries = found.get("judgements") if isinstance(found, dict) else found
        if isinstance(entries, list) and (isinstance(found, dict) or dict in map(type, entries)):
            return [judgement for entry in entries if (judgement := _entry(entry))]
    return None


def _entry(entry: object) -> _Judgement | None:
    """Return an entry as a judgement; what has another form is none."""
    if not isinstance(entry, dict):
        return None
    lines = entry.get("lines")
    try:
        return _Judgement.model_validate(
            entry
            | {
                "verdict": str(entry.get("verdict")).strip().casefold(),
                "lines": lines if isinstance(lines, list) else [] if lines is None else [lines],
            }
        )
    except ValidationError:
        return None
