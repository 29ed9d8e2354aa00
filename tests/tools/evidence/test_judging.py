"""Sentences held against one user's items, as the workflow does it."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import numpy as np
import pytest

from guided_profile.graph.errors import ModelError
from guided_profile.graph.records import Call, Draft, HistoryItem, Sentence, SentenceUse, Verdict
from guided_profile.graph.tasks import builtin_tasks
from guided_profile.tools.evidence.base import Claim, Judged
from guided_profile.tools.evidence.judging import MOST_NEWS, Judge
from guided_profile.tools.history.store import HistoryStore

TOPIC, STYLE = builtin_tasks()["dialogue"], builtin_tasks()["paraphrase"]


def item(id: str, text: str, month: int | None = 1, **given: str) -> HistoryItem:
    time = None if month is None else datetime(2025, month, 1, tzinfo=UTC)
    return HistoryItem.model_validate({"id": id, "text": text, "time": time, **given})


CAT = item("cat", "my cat Miso sleeps on my desk", 1)
TEA = item("tea", "i drink black tea every morning", 3)
COFFEE = item("coffee", "i drink coffee every morning now, tea bores me", 9)


class Verifier:
    """Gives the verdict that stands for a sentence, and the nearest items as its evidence."""

    id = "mine"

    def __init__(self, says: Callable[[Claim], Judged]) -> None:
        self.says = says
        self.claims: list[Claim] = []

    async def verify(self, claims: Sequence[Claim]) -> tuple[list[Judged], list[Call]]:
        self.claims += claims
        calls = [Call(stage="verify", seconds=1.0) for _ in claims]
        return [self.says(claim) for claim in claims], calls


def finding(verdict: Verdict, *evidence: str, probability: float = 0.8123) -> Verifier:
    return Verifier(lambda claim: Judged(verdict, probability, evidence))


def judge(
    verifier: Verifier, history: HistoryStore, *items: HistoryItem, style: bool = False
) -> Judge:
    history.add("anna", list(items))
    return Judge(verifier, history, "anna", STYLE if style else TOPIC, 3000)


@pytest.mark.parametrize(
    ("verdict", "named", "evidence", "against", "since"),
    [
        ("stated", ("tea", "cat"), ("tea", "cat"), (), TEA.time),
        ("inferred", ("cat",), ("cat",), (), CAT.time),
        ("contradicted", ("tea", "cat"), (), ("tea", "cat"), None),
        ("unsupported", (), (), (), None),
    ],
)
async def test_a_sentence_carries_its_verdict_evidence_and_confidence(
    history: HistoryStore,
    verdict: Verdict,
    named: tuple[str, ...],
    evidence: tuple[str, ...],
    against: tuple[str, ...],
    since: datetime | None,
) -> None:
    verifier = finding(verdict, *named)
    at_work = judge(verifier, history, CAT, TEA)
    draft = Draft(text="They like tea.", cited=("tea",))
    (sentence,) = await at_work.judge([draft], [CAT, TEA])
    assert sentence == Sentence(
        text="They like tea.",
        verdict=verdict,
        evidence=evidence,
        against=against,
        confidence=0.812,
        since=since,
    )
    (claim,) = verifier.claims
    assert claim.cited == {"tea"}
    assert claim.items == (CAT, TEA)
    assert claim.nearness[1] > claim.nearness[0]
    assert [call.seconds for call in at_work.calls] == [1.0]


async def test_nothing_written_is_nothing_asked(history: HistoryStore) -> None:
    verifier = finding("stated")
    at_work = judge(verifier, history, CAT)
    assert await at_work.judge([], [CAT]) == ()
    assert (verifier.claims, at_work.calls) == ([], [])


async def test_what_others_wrote_and_what_was_deleted_is_no_evidence(
    history: HistoryStore,
) -> None:
    theirs = item("theirs", "you own a yacht, Anna", role="other")
    verifier = finding("unsupported")
    at_work = judge(verifier, history, CAT, TEA, theirs)
    history.delete("anna", ["tea"])  # while the profile was written
    drafts = [Draft(text="They own a yacht."), Draft(text="They like tea.")]
    await at_work.judge(drafts, [CAT, TEA, theirs])
    assert [claim.items for claim in verifier.claims] == [(CAT,), (CAT,)]
    history.delete("anna", ["cat", "theirs"])
    await at_work.judge(drafts, [CAT, TEA, theirs])
    assert [claim.items for claim in verifier.claims[2:]] == [(), ()]


async def test_another_users_item_of_the_same_id_is_no_evidence(history: HistoryStore) -> None:
    verifier = finding("unsupported")
    at_work = judge(verifier, history)
    history.add("ben", [CAT])
    await at_work.judge([Draft(text="They have a cat.")], [CAT])
    assert verifier.claims[0].items == ()


async def test_a_verifier_that_fails_is_an_error(history: HistoryStore) -> None:
    def fail(claim: Claim) -> Judged:
        raise ModelError("the judge is gone.")

    at_work = judge(Verifier(fail), history, CAT)
    with pytest.raises(ModelError, match="gone"):
        await at_work.judge([Draft(text="They have a cat.")], [CAT])
    with pytest.raises(ModelError, match="gone"):
        await at_work.contradicted_by(
            [Sentence(text="They have a cat.", evidence=("cat",))], [COFFEE]
        )


SHOUTS = [
    item(f"{n}", text, 1 + n)
    for n, text in enumerate(["ok i go home now!!!", "ok nice one!!!", "ok see you later!!!"])
]


async def test_a_sentence_about_style_is_held_against_what_was_counted(
    history: HistoryStore,
) -> None:
    theirs = item("theirs", "Indeed; I shall write in my own way.", 9, role="other")
    verifier = Verifier(
        lambda claim: Judged(
            "stated", 0.9, tuple(one.id for one in claim.items if "lower" in one.text)
        )
    )
    at_work = judge(verifier, history, *SHOUTS, theirs, style=True)
    draft = Draft(text="This person writes in lower case.", cited=("0",))
    (sentence,) = await at_work.judge([draft], [*SHOUTS, theirs])
    (claim,) = verifier.claims
    assert all(one.source == "counted" for one in claim.items)
    assert all("Indeed" not in one.text for one in claim.items)
    assert len(claim.nearness) == len(claim.items) > 0
    assert sentence.evidence == ("2", "1", "0"), "the items that show it, the newest first"
    assert sentence.since == SHOUTS[2].time


async def test_a_style_of_which_nothing_can_be_counted_is_asked_of_no_lines(
    history: HistoryStore,
) -> None:
    verifier = finding("unsupported")
    at_work = judge(verifier, history, style=True)
    (sentence,) = await at_work.judge([Draft(text="This person shouts.")], [])
    assert verifier.claims[0].items == ()
    assert sentence.evidence == ()


DRINKS = Sentence(
    text="This person drinks black tea every morning.", evidence=("tea",), since=TEA.time
)
HAS = Sentence(text="This person has a cat named Miso.", evidence=("cat",), since=CAT.time)


def denying(*evidence: str) -> Verifier:
    def says(claim: Claim) -> Judged:
        if claim.text == DRINKS.text:
            return Judged("contradicted", 0.1, evidence)
        return Judged("stated", 0.9, ("cat", "coffee"))

    return Verifier(says)


async def test_a_standing_sentence_that_the_news_contradict_is_over(history: HistoryStore) -> None:
    verifier = denying("coffee")
    at_work = judge(verifier, history, CAT, TEA, COFFEE)
    assert await at_work.contradicted_by([HAS, DRINKS], [COFFEE]) == {1: COFFEE}
    for claim in verifier.claims:
        assert claim.items == (CAT, TEA, COFFEE), "what it rested on, and the news, by time"
    assert verifier.claims[1].cited == {"tea"}
    assert len(at_work.calls) == 2


async def test_what_it_rested_on_is_nearer_but_the_news_end_it(history: HistoryStore) -> None:
    at_work = judge(denying("tea"), history, CAT, TEA, COFFEE)
    assert await at_work.contradicted_by([DRINKS], [COFFEE]) == {0: COFFEE}


async def test_news_about_something_else_end_nothing(history: HistoryStore) -> None:
    rain = item("rain", "wet socks again", 9)
    at_work = judge(denying("tea"), history, TEA, rain)
    assert await at_work.contradicted_by([DRINKS], [rain]) == {}


async def test_an_older_item_that_comes_late_ends_nothing(history: HistoryStore) -> None:
    late = COFFEE.model_copy(update={"time": datetime(2024, 1, 1, tzinfo=UTC)})
    at_work = judge(denying("coffee"), history, TEA, late)
    assert await at_work.contradicted_by([DRINKS], [late]) == {}


@pytest.mark.parametrize("undated", ["item", "sentence"])
async def test_without_times_what_is_new_is_later(history: HistoryStore, undated: str) -> None:
    news = item("coffee", COFFEE.text, None if undated == "item" else 1)
    since = TEA.time if undated == "item" else None
    at_work = judge(denying("coffee"), history, TEA, news)
    standing = DRINKS.model_copy(update={"since": since})
    assert await at_work.contradicted_by([standing], [news]) == {0: news}


class KnowsEnded(Verifier):
    """Says that what speaks of coffee ends what speaks of tea."""

    def __init__(self, probability: float) -> None:
        super().__init__(lambda claim: Judged("contradicted", 0.1))
        self.asked: list[tuple[str, str]] = []
        self.probability = probability

    async def ended(self, text: str, item: HistoryItem) -> tuple[float, list[Call]]:
        self.asked.append((text, item.text))
        return self.probability, [Call(stage="verify", seconds=0.1)]


@pytest.mark.parametrize(("probability", "found"), [(0.6, {1: COFFEE}), (0.4, {})])
async def test_a_sentence_is_asked_about_beside_the_news_that_are_nearest_to_it(
    history: HistoryStore, probability: float, found: dict[int, HistoryItem]
) -> None:
    rain = item("rain", "wet socks again", 9)
    verifier = KnowsEnded(probability)
    at_work = judge(verifier, history, CAT, TEA, COFFEE, rain)
    assert await at_work.contradicted_by([HAS, DRINKS], [COFFEE, rain]) == found
    assert verifier.asked == [(DRINKS.text, COFFEE.text)], "nothing is near to the cat"
    assert verifier.claims == []
    assert len(at_work.calls) == 1


async def test_the_second_nearest_item_may_be_what_ends_a_sentence(history: HistoryStore) -> None:
    class Reads(KnowsEnded):
        async def ended(self, text: str, item: HistoryItem) -> tuple[float, list[Call]]:
            self.asked.append((text, item.text))
            return (0.7 if "stopped" in item.text else 0.1), []

    words = item("words", "black tea in the morning, as every morning", 8)
    over = item("over", "stopped with black tea in the morning", 9)
    third = item("third", "a morning with tea", 9)
    verifier = Reads(0.0)
    at_work = judge(verifier, history, TEA, words, over, third)
    assert await at_work.contradicted_by([DRINKS], [words, over, third]) == {0: over}
    assert len(verifier.asked) == MOST_NEWS


async def test_older_news_are_not_asked_about(history: HistoryStore) -> None:
    late = COFFEE.model_copy(update={"time": datetime(2024, 1, 1, tzinfo=UTC)})
    verifier = KnowsEnded(0.9)
    assert await judge(verifier, history, TEA, late).contradicted_by([DRINKS], [late]) == {}
    assert verifier.asked == []


async def test_without_news_nothing_is_judged_again(history: HistoryStore) -> None:
    verifier = denying("coffee")
    at_work = judge(verifier, history, TEA)
    assert (
        await at_work.contradicted_by([DRINKS], [])
        == await at_work.contradicted_by([], [TEA])
        == {}
    )
    assert verifier.claims == []


class Comparing(Verifier):
    """Says how surely one sentence tells what another tells."""

    def __init__(self, yes: float) -> None:
        super().__init__(lambda claim: Judged("stated", 0.9))
        self.yes = yes
        self.asked: list[tuple[str, str]] = []

    async def same(self, statement: str, other: str) -> tuple[float, list[Call]]:
        self.asked.append((statement, other))
        return self.yes, [Call(stage="verify", seconds=1.0)]


TACTILE = Sentence(text="This person prefers tactile keyboard switches.", evidence=("a",))
LINEAR = "This person prefers linear keyboard switches."


@pytest.mark.parametrize(("yes", "allowed"), [(0.49, True), (0.5, False)])
async def test_what_tells_in_other_words_what_the_user_forbade_is_left_out(
    history: HistoryStore, yes: float, allowed: bool
) -> None:
    verifier = Comparing(yes)
    at_work = judge(verifier, history)
    left = await at_work.without_forbidden([HAS, TACTILE], ["They sail.", LINEAR])
    assert left == ((HAS, TACTILE) if allowed else (HAS,))
    assert verifier.asked == [(LINEAR, TACTILE.text)], "only of what is alike"
    assert len(at_work.calls) == 1


async def test_a_verifier_that_cannot_compare_forbids_no_more_than_the_words(
    history: HistoryStore,
) -> None:
    at_work = judge(finding("stated"), history)
    assert await at_work.without_forbidden([HAS, TACTILE], [LINEAR]) == (HAS, TACTILE)
    assert await at_work.without_forbidden([], [LINEAR]) == ()
    comparing = Comparing(0.9)
    assert await judge(comparing, history).without_forbidden([HAS], []) == (HAS,)
    assert comparing.asked == []


async def test_whether_two_sentences_are_the_same_is_asked_where_their_words_differ(
    history: HistoryStore,
) -> None:
    for yes, same in ((0.2, False), (0.8, True)):
        verifier = Comparing(yes)
        at_work = judge(verifier, history)
        verbatim = ("They like tea.", "they LIKE tea!")
        denied = ("They do not like tea.", "They like tea.")
        assert await at_work.same([verbatim]) == [True]
        assert verifier.asked == []
        assert await at_work.same([verbatim, denied]) == [True, same]
        assert verifier.asked == [("They like tea.", "They do not like tea.")]
        assert len(at_work.calls) == 1
    blunt = judge(finding("stated"), history)
    fond = ("They like tea.", "They are fond of tea.")
    assert await blunt.same([("They like tea.", "They like TEA"), fond]) == [True, False]


class KnowsMost(Verifier):
    """Takes every sentence for inferred, and those about walks for true of most people."""

    def __init__(self, verdict: Verdict = "inferred") -> None:
        super().__init__(lambda claim: Judged(verdict, 0.8, ("a",)))
        self.asked: list[str] = []

    async def of_most(self, text: str) -> tuple[float, list[Call]]:
        self.asked.append(text)
        return (0.5 if "walks" in text else 0.49), [Call(stage="verify", seconds=1.0)]


WALKS = Sentence(text="This person enjoys walks.", verdict="inferred", evidence=("a",))
SAILS = Sentence(text="This person sails alone.", verdict="inferred", evidence=("a",))


async def test_what_is_true_of_most_people_keeps_no_evidence(history: HistoryStore) -> None:
    verifier = KnowsMost()
    at_work = judge(verifier, history)
    walks, sails = await at_work.without_commonplaces([WALKS, SAILS])
    assert (walks.evidence, walks.common, walks.verdict) == ((), 0.5, "inferred")
    assert (sails.evidence, sails.common) == (("a",), 0.49)
    assert len(at_work.calls) == 2


async def test_only_what_is_inferred_is_asked_about(history: HistoryStore) -> None:
    verifier = KnowsMost()
    said = WALKS.model_copy(update={"verdict": "stated"})
    struck = WALKS.model_copy(update={"verdict": "unsupported", "evidence": ()})
    assert await judge(verifier, history).without_commonplaces([said, struck]) == (said, struck)
    assert verifier.asked == []
    assert await judge(finding("inferred"), history).without_commonplaces([WALKS]) == (WALKS,)


async def test_likeness_is_on_the_scale_of_the_history(history: HistoryStore) -> None:
    at_work = judge(finding("stated"), history)
    texts = [HAS.text, DRINKS.text]
    np.testing.assert_allclose(await at_work.likeness(texts), history.alike(texts))


class NobodyAsked:
    """Knows the use of no sentence."""

    async def uses(self, texts: Sequence[str]) -> tuple[list[SentenceUse], list[Call]]:
        raise AssertionError(f"{texts!r} was decided before")


async def test_a_sentence_said_again_word_for_word_keeps_its_use(history: HistoryStore) -> None:
    text = "This person wants short answers."
    before = Sentence(text=text, evidence=("tea",), use="always")
    again = Sentence(text=text, evidence=("coffee",))
    holds = judge(finding("stated"), history, TEA)
    (one,) = await holds.with_uses([again], NobodyAsked(), known=[before])
    assert (one.use, one.evidence) == ("always", ("coffee",))


class AtOnce(KnowsEnded):
    """Judges what stood beside what is new, as it is told."""

    def __init__(self, **still: Judged | None) -> None:
        super().__init__(0.9)
        self.says = lambda claim: Judged("inferred", 0.8, ("tea",), common=True, use="always")
        self.at_once = True
        self.still = still
        self.same_said: list[float | None] = []

    async def verify_beside(
        self, claims: Sequence[Claim], standing: Sequence[Claim]
    ) -> tuple[list[Judged], list[Judged | None], list[Call]]:
        judged, _ = await self.verify([*claims, *standing])
        older = [
            next((judged for word, judged in self.still.items() if word in one.text), None)
            for one in standing
        ]
        return judged[: len(claims)], older, [Call(stage="verify", seconds=1.0)]

    async def same_of_each(
        self, pairs: Sequence[Sequence[str]]
    ) -> tuple[list[float | None], list[Call]]:
        return self.same_said, [Call(stage="verify", seconds=1.0)]

    async def same(self, one: str, other: str) -> tuple[float, list[Call]]:
        self.asked.append((one, other))
        return 0.9, [Call(stage="verify", seconds=1.0)]

    async def of_most(self, text: str) -> tuple[float, list[Call]]:
        raise AssertionError(text)

    async def uses(self, texts: Sequence[str]) -> tuple[list[SentenceUse], list[Call]]:
        raise AssertionError(texts)


OVER = Judged("contradicted", 0.05, ("coffee",), now="This person drinks coffee.")


async def test_one_call_tells_of_the_new_sentences_and_of_those_that_stand(
    history: HistoryStore,
) -> None:
    verifier = AtOnce(tea=OVER, cat=Judged("unsupported", 0.15))
    at_work = judge(verifier, history, CAT, TEA, COFFEE)
    draft = Draft(text="This person drinks coffee every morning.")
    (new,) = await at_work.without_commonplaces(
        await at_work.judge([draft], [COFFEE], [HAS, DRINKS])
    )
    assert await at_work.contradicted_by([HAS, DRINKS], [COFFEE]) == {1: COFFEE}
    assert (at_work.now(DRINKS), at_work.now(HAS)) == ("This person drinks coffee.", "")
    assert (new.common, new.evidence) == (1.0, ()), "what came with the verdict is not asked again"
    (used,) = await at_work.with_uses([new], verifier)
    assert used.use == "always"
    assert len(at_work.calls) == 1
    assert [claim.text for claim in verifier.claims] == [draft.text, HAS.text, DRINKS.text]
    assert all(claim.items == (COFFEE,) for claim in verifier.claims)


async def test_what_one_reply_leaves_out_is_asked_about_singly(history: HistoryStore) -> None:
    verifier = AtOnce(cat=Judged("unsupported", 0.15))
    at_work = judge(verifier, history, CAT, TEA, COFFEE)
    assert await at_work.contradicted_by([HAS, DRINKS], [COFFEE]) == {1: COFFEE}
    assert verifier.asked == [(DRINKS.text, COFFEE.text)]
    assert len(at_work.calls) == 2


@pytest.mark.parametrize("evidence", [("coffee",), ("tea",), ()])
async def test_what_is_not_later_ends_nothing_in_one_reply_either(
    history: HistoryStore, evidence: tuple[str, ...]
) -> None:
    late = COFFEE.model_copy(update={"time": datetime(2024, 1, 1, tzinfo=UTC)})
    at_work = judge(AtOnce(tea=Judged("contradicted", 0.05, evidence)), history, TEA, late)
    assert await at_work.contradicted_by([DRINKS], [late]) == {}


async def test_a_verifier_that_judges_singly_sees_new_sentences_alone(
    history: HistoryStore,
) -> None:
    verifier = AtOnce(tea=OVER)
    verifier.at_once = False
    at_work = judge(verifier, history, TEA, COFFEE)
    await at_work.judge([Draft(text="They drink coffee.")], [COFFEE], [DRINKS])
    assert [claim.text for claim in verifier.claims] == ["They drink coffee."]
    assert at_work.now(DRINKS) == ""


async def test_pairs_are_compared_in_one_call_and_what_it_leaves_out_singly(
    history: HistoryStore,
) -> None:
    verifier = AtOnce()
    at_work = judge(verifier, history)
    pairs = [("They ski.", "They go skiing."), ("They sew.", "They knit."), ("A b.", "They bake.")]
    verifier.same_said = [1.0, 0.0, None]
    assert await at_work.same(pairs) == [True, False, True]
    assert verifier.asked == [("A b.", "They bake.")]
    assert len(at_work.calls) == 2
