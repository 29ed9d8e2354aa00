from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
import pytest
from numpy.typing import NDArray

from guided_profile.graph.records import HistoryItem, Replaced, Sentence
from guided_profile.tools.profiles.revision import MOST_REPLACED, MOST_SENTENCES, revise


def stated(text: str, month: int, *evidence: str) -> Sentence:
    since = datetime(2025, month, 1, tzinfo=UTC)
    evidence = evidence or (text[-5:-1],)
    return Sentence(text=text, verdict="stated", evidence=evidence, confidence=0.5, since=since)


def undated(text: str, evidence: str = "a") -> Sentence:
    return Sentence(text=text, verdict="stated", evidence=(evidence,), confidence=0.5)


def news(text: str, month: int | None = None, id: str = "new") -> HistoryItem:
    time = None if month is None else datetime(2025, month, 1, tzinfo=UTC)
    return HistoryItem(id=id, text=text, time=time)


class Alike:
    """Takes sentences for alike, or for the same, by pairs."""

    def __init__(self, *alike: Sequence[str]) -> None:
        self.near = [set(pair) for pair in alike]
        self.differ: list[set[str]] = []
        self.asked: list[tuple[str, str]] = []
        self.rounds = 0

    async def likeness(self, texts: Sequence[str]) -> NDArray[np.float64]:
        def like(first: str, second: str) -> float:
            if first == second:
                return 1.5
            return 1.1 if {first, second} in self.near else 0.3

        return np.array([[like(text, other) for other in texts] for text in texts])

    async def same(self, pairs: Sequence[tuple[str, str]]) -> list[bool]:
        self.rounds += 1
        self.asked += pairs
        return [set(pair) not in self.differ for pair in pairs]


TACTILE = stated("This person prefers tactile keyboard switches.", 1)
LINEAR = stated("This person prefers linear keyboard switches.", 6)
DOG = stated("This person has a dog named Pixel.", 2)
PIXEL = stated("They have a dog, Pixel.", 8, "new")
NOW_LINEAR = news("went back to linear switches", 6)


async def test_what_the_news_end_gives_way_and_both_dates_are_kept() -> None:
    fresh = LINEAR.model_copy(update={"evidence": ("new",)})
    done = await revise([TACTILE, DOG], [fresh], [], over={0: NOW_LINEAR}, comparison=Alike())
    assert done.sentences == (DOG, fresh)
    assert done.replaced == (
        Replaced(text=TACTILE.text, by=LINEAR.text, since=TACTILE.since, replaced=LINEAR.since),
    )


async def test_what_is_over_is_gone_though_no_sentence_tells_of_it() -> None:
    done = await revise([TACTILE, DOG], [], [], over={0: NOW_LINEAR}, comparison=Alike())
    assert done.sentences == (DOG,)
    assert [(old.text, old.by) for old in done.replaced] == [(TACTILE.text, NOW_LINEAR.text)]


@pytest.mark.parametrize(("month", "comes"), [(1, False), (9, True)])
async def test_what_was_replaced_comes_back_only_with_newer_evidence(
    month: int, comes: bool
) -> None:
    gone = Replaced(text=TACTILE.text, by=LINEAR.text, replaced=LINEAR.since)
    again = stated(TACTILE.text, month)
    done = await revise([LINEAR], [again], [gone], comparison=Alike())
    assert (again in done.sentences) is comes
    assert LINEAR in done.sentences


async def test_what_is_said_in_the_words_of_what_took_its_place_stands() -> None:
    comparison = Alike((TACTILE.text, LINEAR.text))
    comparison.differ = [{TACTILE.text, LINEAR.text}]
    gone = Replaced(text=TACTILE.text, by=LINEAR.text, replaced=LINEAR.since)
    done = await revise([], [TACTILE, LINEAR], [gone], comparison=comparison)
    assert done.sentences == (LINEAR,)


async def test_a_restatement_adds_its_evidence_and_the_fuller_sentence_stays() -> None:
    comparison = Alike((DOG.text, PIXEL.text))
    surer = PIXEL.model_copy(update={"confidence": 0.8})
    done = await revise([DOG], [surer], [], comparison=comparison)
    (sentence,) = done.sentences
    assert (sentence.text, sentence.evidence) == (DOG.text, ("new", *DOG.evidence))
    assert (sentence.confidence, sentence.since) == (0.8, PIXEL.since)


async def test_what_is_near_and_not_the_same_stands_beside() -> None:
    """Who likes hiking in the Alps does not therefore like skiing there, however near the words."""
    comparison = Alike((DOG.text, PIXEL.text))
    comparison.differ = [{DOG.text, PIXEL.text}]
    done = await revise([DOG], [PIXEL], [], comparison=comparison)
    assert done.sentences == (DOG, PIXEL)
    assert comparison.asked == [(DOG.text, PIXEL.text)]


async def test_what_is_unrelated_is_not_asked_about_and_stands_beside() -> None:
    comparison = Alike()
    boat = stated("They sail on lakes.", 7)
    done = await revise([DOG], [boat], [], comparison=comparison)
    assert done.sentences == (DOG, boat)
    assert comparison.asked == []


async def test_a_profile_stays_short_and_the_oldest_evidence_leaves() -> None:
    words = "apples boats cars drums eggs forests guitars hills islands jackets".split()
    standing = [stated(f"They collect {word}.", 1 + n) for n, word in enumerate(words)]
    done = await revise(standing[:-1], standing[-1:], [], comparison=Alike())
    assert done.sentences == tuple(standing[-MOST_SENTENCES:])


async def test_what_is_surest_outlasts_what_is_new() -> None:
    allergy = stated("They are allergic to nuts.", 1).model_copy(update={"confidence": 0.95})
    fresh = [stated(f"They like the colour {n}.", 2 + n) for n in range(MOST_SENTENCES)]
    done = await revise([allergy], fresh, [], comparison=Alike())
    assert done.sentences == (allergy, *fresh[1:])


async def test_three_that_say_the_same_become_one_and_all_pairs_are_asked_at_once() -> None:
    pixel = stated("Their dog is Pixel.", 9, "newest")
    comparison = Alike((DOG.text, PIXEL.text), (PIXEL.text, pixel.text))
    done = await revise([DOG], [pixel, PIXEL], [], comparison=comparison)
    (sentence,) = done.sentences
    assert sentence.evidence == ("newest", "new", *DOG.evidence)
    assert comparison.rounds == 1


async def test_the_record_of_what_was_replaced_stays_short_too() -> None:
    before = [Replaced(text=f"They owned boat {n}.", by="They sold it.") for n in range(40)]
    done = await revise([TACTILE], [], before, over={0: NOW_LINEAR}, comparison=Alike())
    assert len(done.replaced) == MOST_REPLACED
    assert done.replaced[-1].text == TACTILE.text


async def test_nothing_new_changes_nothing() -> None:
    done = await revise([DOG], [], [], comparison=Alike())
    assert done.sentences == (DOG,)


@pytest.mark.parametrize("count", [0, 1])
async def test_an_empty_profile_takes_what_is_written(count: int) -> None:
    done = await revise([], [DOG][:count], [], comparison=Alike())
    assert done.sentences == tuple([DOG][:count])


BERLIN, PORTO = "This person lives in a flat in Berlin.", "This person lives in a flat in Porto."
MOVED = news("moved back to a flat in Berlin")


async def test_without_times_news_bring_back_what_was_true_before() -> None:
    gone = Replaced(text=BERLIN, by=PORTO)
    back = undated(BERLIN, "new")
    done = await revise([undated(PORTO)], [back], [gone], over={0: MOVED}, comparison=Alike())
    assert done.sentences == (back,)
    assert done.replaced == (Replaced(text=PORTO, by=BERLIN),)  # what holds again is not in it
    built = await revise([], [undated(BERLIN), undated(PORTO)], done.replaced, comparison=Alike())
    assert built.sentences == (undated(BERLIN),)


@pytest.mark.parametrize("dated", ["new", "gone"])
async def test_one_time_alone_keeps_nothing_from_coming_back(dated: str) -> None:
    month = datetime(2025, 6, 1, tzinfo=UTC)
    new = undated(BERLIN).model_copy(update={"since": month if dated == "new" else None})
    gone = Replaced(text=BERLIN, by=PORTO, replaced=month if dated == "gone" else None)
    done = await revise([undated(PORTO)], [new], [gone], over={0: MOVED}, comparison=Alike())
    assert done.sentences == (new,)


async def test_times_still_tell_what_does_not_come_back() -> None:
    gone = Replaced(text=TACTILE.text, by=LINEAR.text, replaced=LINEAR.since)
    done = await revise([LINEAR], [TACTILE], [gone], over={}, comparison=Alike())
    assert (done.sentences, done.replaced) == ((LINEAR,), (gone,))
