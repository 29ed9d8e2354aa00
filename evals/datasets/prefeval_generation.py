"""PrefEval's generation half: does a written reply follow what the person prefers?

Zhao et al. 2025, the files of `prefeval` and beside them `filtered_inter_turns.json`, under CC
BY-NC 4.0: a list of `conversation`s (messages with `role` and `content`) about other things, out of
LMSYS-Chat-1M, under its own terms. The right reply is the first of the multiple choice's options,
the others go against the preference (`violates`), and `explanation`, the owners' own, is the
rubric. As a choice between them, the longest is right for .42. Of 10 implicit choices, 2 leave open
which preference they come of. In .55 of such histories, BM25 has the preference among its first
five items.
"""

from collections.abc import Iterator, Sequence
from itertools import chain, pairwise
from pathlib import Path
from random import Random

from guided_profile.evals.datasets import files
from guided_profile.evals.datasets.examples import Example
from guided_profile.evals.datasets.prefeval import Form, history_of, pairs, replies_of, turns_of

BETWEEN = "filtered_inter_turns.json"
_Turns = list[tuple[str, str]]


def prefeval_generation(
    paths: Sequence[Path],
    *,
    form: Form = "persona",
    others: int = 10,
    turns: int = 10,
    seed: int = 0,
) -> Iterator[Example]:
    """Read PrefEval's questions, to be answered in words, the preference among other talk.

    Args:
        paths: The folder `benchmark_dataset`.
        form: How the preference comes out: see `prefeval`.
        others: How many preferences about other topics stand in the history too.
        turns: How many turns of talk about nothing of the kind do.
        seed: Of what is drawn, and of where each stands.

    Raises:
        DatasetError: A file is missing or wrong, or the two of a topic do not fit each other.
    """
    folder = files.only(paths, "the folder benchmark_dataset of PrefEval")
    between = list(_between(folder / BETWEEN)) if turns else []
    known = list(_preferences(paths)) if others else []
    for topic, place, choice, where, talk in pairs(paths, form):
        id_ = f"prefeval-generation-{form}-{topic}-{place.number - 1}"
        draw = Random(f"{seed}:{id_}")
        own = turns_of(where, talk, form)
        foreign = [preference for other, preference in known if other != topic]
        further = draw.sample(foreign, min(others, len(foreign)))
        blocks = [own, *([("user", preference)] for preference in further)]
        blocks += draw.sample(between, min(turns, len(between)))
        draw.shuffle(blocks)
        before = sum(map(len, blocks[: next(i for i, block in enumerate(blocks) if block is own)]))
        right, *wrong = replies_of(place, choice)
        yield files.example(
            place,
            id=f"{id_}-{seed}",
            user_id=id_,
            task="dialogue",
            question=place.text(choice, "question"),
            reference=right,
            history=history_of(chain.from_iterable(blocks), None, place),
            about={
                "kind": "preference" if form == "explicit" else "implicit",
                "form": form,
                "topic": topic,
                "preference": where.text(talk, "preference"),
                "other_preferences": further,
                "violates": [reply for reply in dict.fromkeys(wrong) if reply != right],
                "rubric": str(talk.get("explanation") or talk["preference"]),
                "evidence": [
                    str(before + at) for at, (role, _) in enumerate(own) if role == "user"
                ],
            },
        )


def _preferences(paths: Sequence[Path]) -> Iterator[tuple[str, str]]:
    """Yield every preference, as it is said outright, with its topic."""
    for topic, _, _, where, talk in pairs(paths, "explicit"):
        yield topic, where.text(talk, "preference")


def _between(path: Path) -> Iterator[_Turns]:
    """Yield what a user said to an assistant about something else, with what it answered."""
    for place, record in files.json_array(path):
        for asked, answered in pairwise(place.field(record, "conversation", list)):
            if not isinstance(asked, dict) or not isinstance(answered, dict):
                raise place.error("a message of 'conversation' is no object")
            if (asked.get("role"), answered.get("role")) == ("user", "assistant"):
                yield list(_words(asked, answered))


def _words(asked: dict[str, str], answered: dict[str, str]) -> Iterator[tuple[str, str]]:
    for role, message in (("user", asked), ("other", answered)):
        if text := str(message.get("content") or "").strip():
            yield role, text
