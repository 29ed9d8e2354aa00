from datetime import UTC, datetime

import numpy as np
import pytest
from numpy.typing import NDArray

from guided_profile.graph.state import HistoryItem, Replaced, Sentence
from guided_profile.tools.embeddings import LexicalEmbedder
from guided_profile.tools.revision import MOST_SENTENCES, Contradicts, revise

EMBEDDER = LexicalEmbedder()


def embed(texts: list[str]) -> NDArray[np.float32]:
    return np.asarray(EMBEDDER.embed_documents(texts), dtype=np.float32)


def told(text: str, month: int, *evidence: str) -> Sentence:
    since = datetime(2025, month, 1, tzinfo=UTC)
    return Sentence(text=text, evidence=evidence or (text[-4:],), support=0.5, since=since)


def judge(*pairs: tuple[str, str]) -> tuple[Contradicts, list[tuple[str, str]]]:
    """Answer yes for pairs of words that stand in the older and the newer sentence."""
    asked: list[tuple[str, str]] = []

    async def contradicts(old: str, new: str) -> bool:
        asked.append((old, new))
        return any(one in old and two in new for one, two in pairs)

    return contradicts, asked


TACTILE = told("This person prefers tactile keyboard switches.", 1)
LINEAR = told("This person prefers linear keyboard switches.", 6)
DOG = told("This person has a dog named Pixel.", 2)


async def test_a_later_preference_replaces_the_earlier_one_and_both_dates_are_kept() -> None:
    contradicts, _ = judge(("tactile", "linear"))
    done = await revise([TACTILE, DOG], [LINEAR], [], embed=embed, contradicts=contradicts)
    assert done.sentences == (DOG, LINEAR)
    assert done.replaced == (
        Replaced(text=TACTILE.text, by=LINEAR.text, since=TACTILE.since, replaced=LINEAR.since),
    )


async def test_what_was_replaced_comes_back_only_with_newer_evidence() -> None:
    contradicts, _ = judge(("tactile", "linear"), ("linear", "tactile"))
    first = await revise([TACTILE], [LINEAR], [], embed=embed, contradicts=contradicts)
    for again, there in ((TACTILE, LINEAR), (told(TACTILE.text, 9), told(TACTILE.text, 9))):
        done = await revise(
            first.sentences, [again], first.replaced, embed=embed, contradicts=contradicts
        )
        assert done.sentences == (there,)


async def test_an_older_sentence_never_replaces_a_newer_one() -> None:
    contradicts, asked = judge(("linear", "tactile"))
    done = await revise([LINEAR], [TACTILE], [], embed=embed, contradicts=contradicts)
    assert LINEAR in done.sentences
    assert asked == []


async def test_a_restatement_adds_its_evidence_and_asks_nothing() -> None:
    contradicts, asked = judge(("dog", "dog"))
    again = told(DOG.text, 8, "new")
    done = await revise([DOG], [again], [], embed=embed, contradicts=contradicts)
    assert [one.text for one in done.sentences] == [DOG.text]
    assert done.sentences[0].evidence == ("new", *DOG.evidence)
    assert done.sentences[0].since == again.since
    assert asked == []


async def test_what_is_unrelated_is_not_asked_about_and_stands_beside() -> None:
    contradicts, asked = judge()
    boat = told("They sail on lakes.", 7)
    done = await revise([DOG], [boat], [], embed=embed, contradicts=contradicts)
    assert done.sentences == (DOG, boat)
    assert asked == []


async def test_a_profile_stays_short_and_the_oldest_evidence_leaves() -> None:
    words = "apples boats cars drums eggs forests guitars hills islands jackets".split()
    standing = [told(f"They collect {word}.", 1 + n) for n, word in enumerate(words)]
    contradicts, _ = judge()
    done = await revise(standing[:-1], standing[-1:], [], embed=embed, contradicts=contradicts)
    assert done.sentences == tuple(standing[-MOST_SENTENCES:])


async def test_nothing_new_changes_nothing() -> None:
    contradicts, _ = judge()
    done = await revise([DOG], [], [], embed=embed, contradicts=contradicts)
    assert done.sentences == (DOG,)


async def test_without_times_a_new_sentence_counts_as_later_than_a_standing_one() -> None:
    contradicts, asked = judge(("tactile", "linear"))
    old = TACTILE.model_copy(update={"since": None})
    new = LINEAR.model_copy(update={"since": None})
    done = await revise([old], [new], [], embed=embed, contradicts=contradicts)
    assert done.sentences == (new,)
    both = await revise([], [old, new], [], embed=embed, contradicts=contradicts)
    assert both.sentences == (old, new)
    assert len(asked) == 1


async def test_a_build_keeps_what_took_the_place_of_something_like_it() -> None:
    contradicts, _ = judge()
    gone = Replaced(text=TACTILE.text, by=LINEAR.text, replaced=LINEAR.since)
    done = await revise([], [TACTILE, LINEAR], [gone], embed=embed, contradicts=contradicts)
    assert done.sentences == (LINEAR,)


BERLIN, PORTO = "This person lives in a flat in Berlin.", "This person lives in a flat in Porto."
MOVED = HistoryItem(text="moved back to a flat in Berlin")


def undated(text: str, evidence: str = "a") -> Sentence:
    return Sentence(text=text, evidence=(evidence,), support=0.5)


async def test_without_times_news_bring_back_what_was_true_before() -> None:
    contradicts, _ = judge(("Berlin", "Porto"), ("Porto", "Berlin"))
    gone = Replaced(text=BERLIN, by=PORTO)
    done = await revise(
        [undated(PORTO)],
        [undated(BERLIN, "new")],
        [gone],
        news=[MOVED],
        embed=embed,
        contradicts=contradicts,
    )
    assert done.sentences == (undated(BERLIN, "new"),)
    assert done.replaced == (Replaced(text=PORTO, by=BERLIN),)  # what holds again is not in it
    built = await revise(
        [], [undated(BERLIN), undated(PORTO)], done.replaced, embed=embed, contradicts=contradicts
    )
    assert built.sentences == (undated(BERLIN),)


@pytest.mark.parametrize("dated", ["new", "gone"])
async def test_one_time_alone_keeps_nothing_from_coming_back(dated: str) -> None:
    contradicts, _ = judge(("Porto", "Berlin"))
    month = datetime(2025, 6, 1, tzinfo=UTC)
    new = undated(BERLIN).model_copy(update={"since": month if dated == "new" else None})
    gone = Replaced(text=BERLIN, by=PORTO, replaced=month if dated == "gone" else None)
    done = await revise(
        [undated(PORTO)], [new], [gone], news=[MOVED], embed=embed, contradicts=contradicts
    )
    assert done.sentences == (new,)


async def test_what_the_same_news_end_they_do_not_bring_back() -> None:
    contradicts, _ = judge(("Berlin", "moved from"))
    move = HistoryItem(text="moved from the flat in Berlin to Porto")
    done = await revise(
        [undated(BERLIN)],
        [undated(BERLIN, "new")],
        [],
        news=[move],
        embed=embed,
        contradicts=contradicts,
    )
    assert done.sentences == ()
    assert [one.text for one in done.replaced] == [BERLIN]


async def test_times_still_tell_what_does_not_come_back() -> None:
    contradicts, _ = judge(("linear", "tactile"))
    gone = Replaced(text=TACTILE.text, by=LINEAR.text, replaced=LINEAR.since)
    done = await revise(
        [LINEAR], [TACTILE], [gone], news=[MOVED], embed=embed, contradicts=contradicts
    )
    assert (done.sentences, done.replaced) == ((LINEAR,), (gone,))


@pytest.mark.parametrize("count", [0, 1])
async def test_an_empty_profile_takes_what_is_written(count: int) -> None:
    contradicts, _ = judge()
    done = await revise([], [DOG][:count], [], embed=embed, contradicts=contradicts)
    assert done.sentences == tuple([DOG][:count])


async def test_an_item_that_says_that_something_is_over_ends_the_sentence_about_it() -> None:
    then, now = datetime(2025, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
    standing = [
        Sentence(text="This person lives in Dresden.", evidence=("a",), since=then),
        Sentence(text="This person moved away from Dresden.", evidence=("b",), since=then),
        Sentence(text="This person has a cat.", evidence=("c",), since=then),
    ]
    asked: list[tuple[str, str]] = []

    async def contradicts(old: str, new: str) -> bool:
        asked.append((old, new))
        return True

    move = HistoryItem(text="moved from Dresden to Hamburg", time=now)
    before = HistoryItem(text="moved from Dresden to Bonn", time=datetime(2024, 1, 1, tzinfo=UTC))
    revised = await revise(
        standing, (), (), news=[before, move], embed=embed, contradicts=contradicts
    )
    assert asked == [("This person lives in Dresden.", move.text)]
    assert list(revised.sentences) == standing[1:]
    assert revised.replaced == (
        Replaced(text=standing[0].text, by=move.text, since=then, replaced=now),
    )


async def test_what_stands_beside_what_is_over_is_asked_about_too() -> None:
    contradicts, asked = judge(("bakery", "quit"))
    works = told("This person works at a bakery.", 1)
    quit_ = HistoryItem(text="quit the job at the bakery", time=datetime(2025, 9, 1, tzinfo=UTC))
    done = await revise([works, DOG], [], [], news=[quit_], embed=embed, contradicts=contradicts)
    assert asked == [(works.text, quit_.text)]
    assert done.sentences == (DOG,)
