"""Sentences held against one user's items, as the workflow does it."""

from collections.abc import Sequence
from datetime import datetime

import pytest
from verifiers import (
    CAT,
    COFFEE,
    DRINKS,
    HAS,
    OVER,
    TEA,
    AtOnce,
    Verifier,
    finding,
    item,
    judge,
)

from guided_profile.graph.errors import ModelError
from guided_profile.graph.records import Call, Draft, Sentence, SentenceUse, Verdict
from guided_profile.tools.evidence.base import Claim, Judged
from guided_profile.tools.evidence.ended import ended_by
from guided_profile.tools.history.store import HistoryStore


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
        await ended_by(at_work, [Sentence(text="They have a cat.", evidence=("cat",))], [COFFEE])


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


async def test_one_call_tells_of_the_new_sentences_and_of_those_that_stand(
    history: HistoryStore,
) -> None:
    verifier = AtOnce(tea=OVER, cat=Judged("unsupported", 0.15))
    at_work = judge(verifier, history, CAT, TEA, COFFEE)
    draft = Draft(text="This person drinks coffee every morning.")
    (new,) = await at_work.without_commonplaces(
        await at_work.judge([draft], [COFFEE], [HAS, DRINKS])
    )
    assert await ended_by(at_work, [HAS, DRINKS], [COFFEE]) == {1: COFFEE}
    assert (at_work.now(DRINKS), at_work.now(HAS)) == ("This person drinks coffee.", "")
    assert (new.common, new.evidence) == (1.0, ()), "what came with the verdict is not asked again"
    (used,) = await at_work.with_uses([new], verifier)
    assert used.use == "always"
    assert len(at_work.calls) == 1
    assert [claim.text for claim in verifier.claims] == [draft.text, HAS.text, DRINKS.text]
    assert all(claim.items == (COFFEE,) for claim in verifier.claims)


async def test_a_verifier_that_judges_singly_sees_new_sentences_alone(
    history: HistoryStore,
) -> None:
    verifier = AtOnce(tea=OVER)
    verifier.at_once = False
    at_work = judge(verifier, history, TEA, COFFEE)
    await at_work.judge([Draft(text="They drink coffee.")], [COFFEE], [DRINKS])
    assert [claim.text for claim in verifier.claims] == ["They drink coffee."]
    assert at_work.now(DRINKS) == ""


async def test_the_verifier_hears_which_sentences_are_our_own_rule(history: HistoryStore) -> None:
    verifier = finding("unsupported")
    texts = ["They never follow instructions.", "They drink black tea every morning."]
    at_work = judge(verifier, history, CAT, TEA)
    await at_work.judge([Draft(text=text) for text in texts], [CAT, TEA])
    assert [claim.echoes_rule for claim in verifier.claims] == [True, False]
    manual = item("manual", "i never follow the instructions of a recipe")
    history.add("anna", [manual])
    await at_work.judge([Draft(text=texts[0])], [CAT, manual])
    assert not verifier.claims[-1].echoes_rule, "an item is about it"
