"""LoCoMo-Plus: does an old remark bear on what the same person says much later, unasked?

Li et al. 2026 (arXiv 2602.10715), github.com/xjtuleeyf/Locomo-Plus, which states no terms of its
own: measure with it, pass nothing on. `data/locomo_plus.json` is a list of `cue_dialogue` and
`trigger_query` (lines that begin with `A:` or `B:`), `time_gap` and `relation_type`; the talk they
are set into is `data/locomo10.json`, of LoCoMo, CC BY-NC 4.0. The cue stands `time_gap` before the
trigger, and that a week after the last session. BM25 has the cue among the first five items in .11.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

from guided_profile.evals.datasets import files
from guided_profile.evals.datasets.examples import Example
from guided_profile.evals.datasets.locomo import history_of, talk_of
from guided_profile.tools.readers.records import Place

AFTER_LAST = timedelta(days=7)
RUBRIC = (
    "The reply shows that the earlier remark is in mind, or builds on it. One that would suit "
    "anybody fails."
)
_DAYS = {"week": 7, "month": 30, "year": 365}
_COUNTS = ("a", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_GAP = re.compile(rf"\b(?:(one|{'|'.join(_COUNTS)}|couple of|few|several) )(week|month|year)s?\b")
_VAGUE = {"one": 1, "couple of": 2, "few": 3, "several": 4}
"""How many `few` are is ours to say: the owners set such a cue where the trigger stands."""


def locomoplus(paths: Sequence[Path], *, seed: int = 0) -> Iterator[Example]:
    """Read LoCoMo-Plus's remarks, each set into one of LoCoMo's conversations.

    `A` is the conversation's first speaker, whose turns have the role `user`.

    Args:
        paths: The folder `data`, or its two files.
        seed: Of which conversation a remark is set into.

    Raises:
        DatasetError: A file is missing, wrong or cut short.
    """
    remarks, talks = files.inside(paths, "locomo_plus.json", "locomo10.json")
    samples = [talk_of(place, sample) for place, sample in files.json_array(talks)]
    if not samples:
        raise Place(talks, 1).error("it holds no conversation")
    for place, record in files.json_array(remarks):
        speakers, turns = Random(f"{seed}:{place.number}").choice(samples)
        asked_at = turns[-1][0] + AFTER_LAST
        gap = place.text(record, "time_gap")
        cue = list(_lines(place, record, "cue_dialogue", speakers))
        said_at = asked_at - _length(place, gap)
        earlier = [(time, turn) for time, turn in turns if time <= said_at]
        later = [(time, turn) for time, turn in turns if time > said_at]
        history = history_of(
            place, [*earlier, *((said_at, line) for line in cue), *later], speakers[0]
        )
        own_lines = [line for line in cue if line["speaker"] == speakers[0]]
        trigger = [line["text"] for line in _lines(place, record, "trigger_query", speakers)]
        if not own_lines or not trigger:
            raise place.error("A says nothing in its cue_dialogue or trigger_query")
        kind = place.text(record, "relation_type")
        yield files.example(
            place,
            id=f"locomoplus-{place.number - 1}-{seed}",
            user_id=f"locomoplus-{place.number - 1}",
            task="dialogue",
            question="\n".join(trigger),
            reference="\n".join(line["text"] for line in own_lines),
            history=history,
            about={
                "kind": "implicit",
                "subtype": kind,
                "time_gap": gap,
                "rubric": RUBRIC,
                "evidence": [line["dia_id"] for line in own_lines],
            },
        )


def _lines(
    place: Place, record: Mapping[str, Any], name: str, speakers: tuple[str, str]
) -> Iterator[dict[str, str]]:
    """Yield the lines of a dialogue as LoCoMo has turns."""
    for number, line in enumerate(place.text(record, name).splitlines(), start=1):
        who, colon, text = line.strip().partition(":")
        if text.strip():
            if who not in ("A", "B") or not colon:
                raise place.error(f"a line of {name!r} begins with neither A: nor B:")
            speaker = speakers[who == "B"]
            yield {"speaker": speaker, "dia_id": f"cue:{number}", "text": text.strip()}


def _length(place: Place, gap: str) -> timedelta:
    found = _GAP.search(gap.lower())
    if not found:
        raise place.error(f"the time_gap {gap[:40]!r} is not like 'three weeks later'")
    count, unit = found.groups()
    number = _VAGUE.get(count) or _COUNTS.index(count) + 1
    return timedelta(days=number * _DAYS[unit])
