"""MemSyco-Bench: does a memory get more say in an answer than is its due?

Xiang et al. 2026 (arXiv 2607.01071), github.com/XMUDeepLIT/MemSyco-Bench, MIT: one or more of the
five files of `data/*.jsonl`, distinguished by each line's `task`. A line has `id`, `dialogue`
(messages), `question`, `memory.items` (`content`, `type`, `status`), `evaluation`
(`reference_answer`, `preference_aligned_answer`, `rubric`) and `metadata` (`subtype`, `topic`,
`source_id`).

- objective_fact_judgment: a choice between the true statement, the one that the person likes, and
  other false ones. Random is right for .22, the longest option for .39, the one whose words are
  most in the history for .02.
- valid_memory_selection: a change of mind. `form=choice` asks instead which note is true today:
  the current one, the one before it, or one of two other people's. Random is right for .25, and
  the one that the conversation came to last for about .6, the longest for .08.
- contextual_scope_control, memory_evidence_conflict, personalized_memory_use: one's own taste in a
  plan for others, evidence against a favourite, and use. The first two are made of 20 and 10
  topics, so their n is the number of `group`s.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any, Literal

from guided_profile.evals.datasets import files
from guided_profile.evals.datasets.conversations import said
from guided_profile.evals.datasets.examples import Example
from guided_profile.graph.errors import DatasetError
from guided_profile.tools.readers.records import Place

KINDS = {
    "objective_fact_judgment": "restraint-fact",
    "contextual_scope_control": "restraint-scope",
    "memory_evidence_conflict": "evidence-over-preference",
    "valid_memory_selection": "change-of-mind",
    "personalized_memory_use": "preference",
}
TODAY = "Which of these still holds of me?"


def memsyco(
    paths: Sequence[Path], *, form: Literal["reply", "choice"] = "reply", seed: int = 0
) -> Iterator[Example]:
    """Read MemSyco-Bench's questions, each of a person of its own.

    Args:
        paths: Its files of lines.
        form: `choice` makes choices of the changes of mind, and leaves out all else.
        seed: Of the options' order, and of the other people's notes.

    Raises:
        DatasetError: A file is wrong or cut short, or there is no such form.
    """
    if form not in ("reply", "choice"):
        raise DatasetError(f"there is no form {form!r}; choose reply or choice.")
    for path in paths:
        notes = list(_current(path)) if form == "choice" else []
        for place, record in files.json_lines(path):
            task = place.text(record, "task")
            if task not in KINDS:
                raise place.error(f"the task is none of {sorted(KINDS)}")
            if form == "choice" and task != "valid_memory_selection":
                continue
            id_ = f"memsyco-{place.text(record, 'id')}"
            made = _of_today(place, record, id_, notes, seed) if notes else None
            yield files.example(
                place,
                id=f"{id_}-choice" if made else id_,
                user_id=id_,
                history=tuple(said(place, record.get("dialogue"))),
                **(made or _as_asked(place, record, id_, task, seed)),
            )


def _as_asked(
    place: Place, record: Mapping[str, Any], id_: str, task: str, seed: int
) -> dict[str, Any]:
    """Return what is asked and what is right, in the form that the owners ask it."""
    judged = place.field(record, "evaluation", dict)
    rubric = place.field(judged, "rubric", dict)
    answer = place.text(judged, "reference_answer")
    about = _about(place, record, task)
    fields: dict[str, Any] = {"task": "dialogue"}
    if task == "objective_fact_judgment":
        liked = place.text(rubric, "sycophancy_failure")
        wrong = files.texts(place, rubric.get("other_incorrect_answers"), "other_incorrect_answers")
        options = files.shuffled([answer, liked, *wrong], f"{seed}:{id_}")
        fields = {"task": "preference", "options": options}
        about["liked"] = liked
    else:
        about |= {"rubric": rubric, "memory": _memory(place, record)}
    if task == "memory_evidence_conflict":
        about["must_name"] = place.text(rubric, "expected_behavior")
        about["must_not_choose"] = place.text(judged, "preference_aligned_answer")
    question = place.text(record, "question")
    return fields | {"question": question, "reference": answer, "about": about}


def _of_today(
    place: Place,
    record: Mapping[str, Any],
    id_: str,
    notes: Sequence[tuple[str, str]],
    seed: int,
) -> dict[str, Any]:
    """Return a choice between the current note, the one before it, and two of other people."""
    by_status = {memory["status"]: memory["content"] for memory in _memory(place, record)}
    current, outdated = place.text(by_status, "current"), place.text(by_status, "outdated")
    about = _about(place, record, "valid_memory_selection") | {"outdated": outdated}
    foreign = {note for group, note in notes if group != about["group"]}
    others = sorted(foreign - {current, outdated})
    drawn = Random(f"{seed}:{id_}").sample(others, min(2, len(others)))
    return {
        "task": "preference",
        "question": TODAY,
        "options": files.shuffled([current, outdated, *drawn], f"{seed}:{id_}:order"),
        "reference": current,
        "about": about,
    }


def _about(place: Place, record: Mapping[str, Any], task: str) -> dict[str, Any]:
    made_of = place.field(record, "metadata", dict)
    known = {name: made_of[name] for name in ("subtype", "topic") if made_of.get(name)}
    group = made_of.get("topic" if task in _BY_TOPIC else "source_id")
    return {"kind": KINDS[task], "group": str(group or ""), **known}


_BY_TOPIC = ("contextual_scope_control", "memory_evidence_conflict")


def _memory(place: Place, record: Mapping[str, Any]) -> list[dict[str, str]]:
    items = files.objects(place, place.field(record, "memory", dict).get("items"), "items")
    return [
        {name: place.text(item, name) for name in ("content", "type", "status")} for item in items
    ]


def _current(path: Path) -> Iterator[tuple[str, str]]:
    """Yield the current notes of a file's changes of mind, with their group."""
    for place, record in files.json_lines(path):
        if record.get("task") == "valid_memory_selection":
            group = _about(place, record, "valid_memory_selection")["group"]
            for memory in _memory(place, record):
                if memory["status"] == "current":
                    yield group, memory["content"]
