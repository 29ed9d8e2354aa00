"""PrefEval: which of four replies follows what this person prefers?

Zhao et al. 2025, github.com/amazon-science/PrefEval, CC BY-NC 4.0: the folder `benchmark_dataset`.
`mcq_options/TOPIC.json` holds `question`, `preference`, `explanation` and four
`classification_task_options`, of which the first is right. The conversations that the preference
comes out of stand at the same place of the file of the same name in `explicit_preference`,
`implicit_preference/choice-based` or `implicit_preference/persona-driven`.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, get_args

from guided_profile.evals.datasets import files
from guided_profile.evals.datasets.examples import Example
from guided_profile.graph.errors import DatasetError
from guided_profile.graph.records import HistoryItem
from guided_profile.tools.readers.records import Place

Form = Literal["persona", "choice", "explicit"]
"""How the preference comes out: in talk about something else, by choosing, or said outright."""

_FOLDERS = {
    "persona": "implicit_preference/persona-driven",
    "choice": "implicit_preference/choice-based",
    "explicit": "explicit_preference",
}
_log = logging.getLogger(__name__)


def prefeval(paths: Sequence[Path], *, form: Form = "persona", seed: int = 0) -> Iterator[Example]:
    """Build choices from PrefEval's multiple-choice files.

    The history is what the person said, in turns of the role `user`, and what the assistant said,
    of the role `other`. The assistant's acknowledgement of a choice, which spells the preference
    out, is left out.

    Args:
        paths: The folder `benchmark_dataset`.
        form: Which conversations.
        seed: Of the options' order.

    Raises:
        DatasetError: A file is missing or wrong, or the two of a topic do not fit each other.
    """
    for topic, place, choice, where, talk in pairs(paths, form):
        question, replies = place.text(choice, "question"), replies_of(place, choice)
        if len(set(replies)) < len(replies):
            _log.warning("%s, entry %d offers the same twice; left out", place.path, place.number)
            continue
        id_ = f"prefeval-{form}-{topic}-{place.number - 1}"
        yield files.example(
            place,
            id=f"{id_}-{seed}",
            user_id=id_,
            task="preference",
            question=question,
            options=files.shuffled(replies, f"{seed}:{id_}"),
            reference=replies[0],
            history=history_of(turns_of(where, talk, form), topic, where),
            about={"topic": topic, "form": form},
        )


def pairs(
    paths: Sequence[Path], form: Form
) -> Iterator[tuple[str, Place, dict[str, Any], Place, dict[str, Any]]]:
    """Yield each topic's replies to choose from, with the conversation that stands beside them.

    Raises:
        DatasetError: A file is missing or wrong, or the two of a topic do not fit each other.
    """
    if form not in get_args(Form):
        raise DatasetError(f"there is no form {form!r}; choose one of {list(get_args(Form))}.")
    folder = files.only(paths, "the folder benchmark_dataset of PrefEval")
    talks = folder / _FOLDERS[form]
    topics = sorted((folder / "mcq_options").glob("*.json"))
    if not topics or not talks.is_dir():
        raise DatasetError(f"{folder} has no mcq_options, or no {_FOLDERS[form]}; give PrefEval's.")
    for path in topics:
        said = talks / path.name
        if not said.exists():
            _log.warning("%s is left out: there is no %s", path, said)
            continue
        for found in _paired(path, said):
            yield path.stem, *found


def _paired(
    options: Path, said: Path
) -> Iterator[tuple[Place, dict[str, Any], Place, dict[str, Any]]]:
    talks = list(files.json_array(said))
    choices = list(files.json_array(options))
    if len(talks) != len(choices):
        raise DatasetError(
            f"{options} has {len(choices)} entries and {said} has {len(talks)}; fetch both again."
        )
    for (place, choice), (where, talk) in zip(choices, talks, strict=True):
        if where.text(talk, "question") != place.text(choice, "question"):
            raise where.error(f"its question is not that of {options.name}, entry {place.number}")
        yield place, choice, where, talk


def replies_of(place: Place, choice: Mapping[str, Any]) -> list[str]:
    """Return the replies to choose from, the one that follows the preference first."""
    return files.texts(
        place, choice.get("classification_task_options"), "classification_task_options"
    )


def turns_of(place: Place, talk: Mapping[str, Any], form: Form) -> list[tuple[str, str]]:
    """Return who said what in a conversation, by the roles `user` and `other`."""
    if form == "explicit":
        return [("user", place.text(talk, "preference"))]
    conversation = place.field(talk, "conversation", dict)
    return list(_chosen(place, conversation) if form == "choice" else _talked(place, conversation))


def history_of(
    turns: Iterable[tuple[str, str]], topic: str | None, place: Place
) -> tuple[HistoryItem, ...]:
    """Return turns as items, whose ids are their positions."""
    return tuple(
        place.item(text, id=str(number), source="chat", category=topic, role=role)
        for number, (role, text) in enumerate(turns)
    )


def _chosen(place: Place, talk: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "user", place.text(talk, "query")
    yield "other", place.text(talk, "assistant_options")
    yield "user", place.text(talk, "user_selection")


def _talked(place: Place, talk: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the turns in their order; they are numbered from "0", and some are null."""
    if not all(key.isdecimal() for key in talk):
        raise place.error("the turns of 'conversation' are not numbered")
    for key in sorted(talk, key=int):
        turn = place.optional(talk, key, dict)
        for role, name in (("user", "user"), ("other", "assistant")):
            text = str(turn.get(name) or "").strip()
            if text:
                yield role, text
