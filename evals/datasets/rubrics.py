"""What a row says of a right answer besides the answer: what breaks it, and how to judge it.

    violates             replies that go against what the person said, as options of a choice
    rubric               how a judge tells a right reply: a text, a list of lines, or an object
    must_name            what a right reply names; must_not_choose: what it does not settle on
    numbers              figures that a right reply holds
    forgotten            what the person took back, which no reply may say

All may be left out, and are kept in an example's `about`.
"""

from collections.abc import Mapping
from typing import Any

from guided_profile.evals.datasets.examples import Example
from guided_profile.evals.datasets.sampling import priority
from guided_profile.graph.text import as_data
from guided_profile.tools.readers.records import Place

LISTS = ("violates", "numbers", "other_preferences")
TEXTS = ("must_name", "must_not_choose", "forgotten", "outdated", "preference", "liked")


def check(place: Place, record: Mapping[str, Any]) -> None:
    """Refuse a row with a field of this kind that cannot be used for scoring.

    Raises:
        DatasetError: One is of the wrong kind; the message names the line and the field.
    """
    for name in LISTS:
        if name in record:
            texts = place.field(record, name, list)
            if not all(isinstance(text, str) and text.strip() for text in texts):
                raise place.error(f"the field {name!r} is no list of texts", "make it one")
    for name in TEXTS:
        if name in record:
            place.text(record, name)
    rubric = record.get("rubric", "")
    if not isinstance(rubric, str | list | dict):
        raise place.error("the field 'rubric' is no text, list or object", "make it one of them")
    if record.get("answer") in record.get("violates", ()):
        raise place.error("the answer stands in 'violates' too", "take it out of one of them")
    for name in ("outdated", "liked"):
        if record.get("options") and name in record and record[name] not in record["options"]:
            raise place.error(f"the field {name!r} is none of the options", "add it to them")


def options_of(record: Mapping[str, Any], id_: str) -> tuple[str, ...]:
    """Return what a row offers: its options, or its answer among the replies that go against it.

    The order of the latter is drawn by the row's id.
    """
    if record.get("options"):
        return tuple(record["options"])
    if not record.get("violates") or not isinstance(record.get("answer"), str):
        return ()
    offered = [str(record["answer"]), *record["violates"]]
    return tuple(sorted(dict.fromkeys(offered), key=lambda reply: priority(0, f"{id_} {reply}")))


def are_notes(example: Example) -> bool:
    """Whether an example's history is nothing but notes, as that of plain texts is too."""
    return bool(example.history) and all(item.source == "notes" for item in example.history)


def known_of(example: Example) -> tuple[str, ...]:
    """Return what a data set itself says is known of the person, the preference asked for first.

    That is: memories that are current, what is preferred, notes that are the history, or what the
    person said to like. Empty: the data set says nothing of the kind.
    """
    about = example.about
    memory = about.get("memory")
    if isinstance(memory, list):
        return tuple(
            note["content"] for note in memory if note.get("status") in (None, "active", "current")
        )
    if "preference" in about:
        return tuple(dict.fromkeys([about["preference"], *about.get("other_preferences", ())]))
    if are_notes(example):
        return tuple(item.text for item in example.history)
    liked = about.get("liked")
    if liked and any(str(liked) in item.text for item in example.history):
        return (str(liked),)
    return ()


def profile_of(example: Example) -> tuple[str, ...]:
    """Return what is known as the sentences of a profile that is right and whole."""
    said = "preference" in example.about or "liked" in example.about
    known = known_of(example)
    return tuple(f"This person says: {sentence}" for sentence in known) if said else known


def wanted_in(example: Example, prompt: str) -> bool | None:
    """Whether what the answer takes stands in a prompt: the preference, or an item that tells it.

    None: the data set does not say what an answer takes.
    """
    items = {item.id: item.text for item in example.history}
    texts = [items[id_] for id_ in example.about.get("evidence", ()) if id_ in items]
    texts += [example.about["preference"]] if "preference" in example.about else []
    return any(holds(prompt, text) for text in texts) if texts else None


def holds(prompt: str, text: str) -> bool:
    """Whether a prompt holds a text, as prompts show texts."""
    return as_data(" ".join(text.split())) in " ".join(prompt.split())
