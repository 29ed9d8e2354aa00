"""LoCoMo: questions about what somebody said in very long conversations, and some about nothing.

Maharana et al. 2024, github.com/snap-research/locomo, CC BY-NC 4.0: `data/locomo10.json`, a list
of `sample_id`, `conversation` (`speaker_a`, `speaker_b`, `session_1`, `session_1_date_time`, …) and
`qa` (`question`, `answer`, `category`, `evidence`). Category 5, "adversarial", asks one speaker
about what the other one said: nothing in the history answers it, and to abstain is right.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from guided_profile.evals.datasets import files
from guided_profile.evals.datasets.examples import Example
from guided_profile.graph.records import HistoryItem
from guided_profile.tools.readers.records import Place

CATEGORIES = {1: "multi-hop", 2: "temporal", 3: "open-domain", 4: "single-hop", 5: "adversarial"}
UNANSWERABLE = 5

_SESSION = re.compile(r"session_(\d+)")
_TIME = "%I:%M %p on %d %B, %Y"


def locomo(paths: Sequence[Path]) -> Iterator[Example]:
    """Read LoCoMo's questions, each of them about one of the two speakers.

    The history is the whole conversation: the turns of whom the question is about have the role
    `user`, those of the other speaker the role `other`. A picture stands as its caption.

    Args:
        paths: The file `locomo10.json`.

    Raises:
        DatasetError: It is wrong or cut short.
    """
    path = files.only(paths, "locomo10.json")
    for place, sample in files.json_array(path):
        name = place.text(sample, "sample_id")
        speakers, turns = talk_of(place, sample)
        histories = {who: history_of(place, turns, who) for who in speakers}
        said_by = {str(turn["dia_id"]): str(turn["speaker"]) for _, turn in turns}
        for number, entry in enumerate(place.field(sample, "qa", list)):
            if not isinstance(entry, dict):
                raise place.error(f"question {number} is no JSON object")
            yield _example(place, f"{name}-{number}", entry, name, speakers, histories, said_by)


def _example(
    place: Place,
    id_: str,
    entry: Mapping[str, Any],
    name: str,
    speakers: tuple[str, str],
    histories: Mapping[str, tuple[HistoryItem, ...]],
    said_by: Mapping[str, str],
) -> Example:
    question = place.text(entry, "question")
    category = place.field(entry, "category", int)
    if category not in CATEGORIES:
        raise place.error(f"question {id_} is of the category {category}, not one of 1 to 5")
    evidence = [
        part
        for listed in place.optional(entry, "evidence", list)
        for part in re.split("[;, ]+", str(listed))
    ]
    who = _about_whom(question, evidence, speakers, said_by)
    answerable = category != UNANSWERABLE
    answer = place.text(entry, "answer") if answerable else ""
    if CATEGORIES[category] == "open-domain":
        answer = answer.split(";")[0].strip()  # LoCoMo's own scores leave out the explanation
    about = {"kind": CATEGORIES[category], "evidence": evidence}
    if not answerable:
        about["tempting"] = str(entry.get("adversarial_answer") or entry.get("answer") or "")
    return files.example(
        place,
        id=f"locomo-{id_}",
        user_id=f"locomo-{name}-{who}",
        task="dialogue",
        question=question,
        reference=answer,
        answerable=answerable,
        history=histories[who],
        about=about,
    )


def talk_of(
    place: Place, sample: Mapping[str, Any]
) -> tuple[tuple[str, str], list[tuple[datetime, Mapping[str, Any]]]]:
    """Return the two speakers, and all turns with their session's time, in order.

    Raises:
        DatasetError: It is no conversation of LoCoMo's.
    """
    talk = place.field(sample, "conversation", dict)
    speakers = place.text(talk, "speaker_a"), place.text(talk, "speaker_b")
    found: list[tuple[datetime, Mapping[str, Any]]] = []
    named = (_SESSION.fullmatch(key) for key in talk)
    for number in sorted(int(match[1]) for match in named if match):
        said = place.text(talk, f"session_{number}_date_time")
        try:
            time = datetime.strptime(said, _TIME)
        except ValueError:
            raise place.error(f"session {number} has the time {said[:40]!r}") from None
        for turn in place.field(talk, f"session_{number}", list):
            if not isinstance(turn, dict) or turn.get("speaker") not in speakers:
                raise place.error(f"a turn of session {number} is of neither speaker")
            place.text(turn, "dia_id")
            found.append((time, turn))
    return speakers, found


def history_of(
    place: Place, turns: Sequence[tuple[datetime, Mapping[str, Any]]], who: str
) -> tuple[HistoryItem, ...]:
    """Return turns as the history of one speaker; a picture stands as its caption."""
    items = []
    for time, turn in turns:
        caption = turn.get("blip_caption")
        text = f"{turn.get('text') or ''} {f'[shares {caption}]' if caption else ''}".strip()
        if text:
            role = "user" if turn["speaker"] == who else "other"
            items.append(place.item(text, id=turn["dia_id"], source="chat", time=time, role=role))
    return tuple(items)


def _about_whom(
    question: str, evidence: Sequence[str], speakers: tuple[str, str], said_by: Mapping[str, str]
) -> str:
    """Return the speaker that a question names; if both or none, the one who said the answer."""
    named = [who for who in speakers if re.search(rf"\b{re.escape(who)}\b", question)]
    if len(named) == 1:
        return named[0]
    return next((said_by[place] for place in evidence if place in said_by), speakers[0])
