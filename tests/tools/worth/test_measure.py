"""What a profile is worth: with it, a model tells the person's own past from other people's."""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import pytest
from scripted import ScriptedChat
from workflows import items

from guided_profile.graph.errors import ModelError
from guided_profile.graph.records import Cost, HistoryItem, Profile, Sentence, Worth
from guided_profile.tools.models.dialect import dialect_of
from guided_profile.tools.worth.measure import EXAMPLES, LEAST, LEFT_OUT, MOST_CALLS, measure
from guided_profile.tools.worth.others import Other

NOW = datetime(2025, 6, 1, tzinfo=UTC)
CAT, ROWS = "This person has a cat.", "This person rows on the lake at dawn."
PAST = items(
    "the cat has learned to open doors",
    "bought another scratching post, the cat was pleased",
    "cat food is on offer, took twelve tins of it",
    "we took the boat out on the lake at five this morning",
    "new oars, the old ones had seen too much of the lake",
    "the cat sat on my oars and would not move",
)
OTHERS = [
    Other(f"p{n}", f"the {thing} has to be done before the weekend", "said", "chat", None, "en")
    for n, thing in enumerate(("garden fence", "tax form", "bread oven", "quilt", "radio set"))
]
KNOWS = {CAT: "cat", ROWS: "lake"}


def profile(*texts: str, evidence: Sequence[str] = ("elsewhere",)) -> Profile:
    sentences = tuple(Sentence(text=t, verdict="stated", evidence=tuple(evidence)) for t in texts)
    return Profile(
        task="dialogue",
        sentences=sentences,
        guidance="",
        fingerprint="f",
        model="m",
        created=NOW,
        cost=Cost(),
    )


def text_of(prompt: str) -> str:
    return re.findall(r"(?m)^Text: (.*)$", prompt)[0]


def reads(prompt: str) -> dict[str, float]:
    """Say Yes likelier to a text that a sentence speaks of, at odds of 3 to 1 instead of 1 to 1."""
    known = [word for text, word in KNOWS.items() if text in prompt]
    yes = 0.75 if any(word in text_of(prompt) for word in known) else 0.5
    if "This person knits." in prompt and "cat" in text_of(prompt):  # leads astray
        yes = 0.3
    return {"Yes": yes, "No": 1 - yes}


async def measured(
    made: Profile,
    past: Sequence[HistoryItem] = PAST,
    says: Callable[[str], str | dict[str, float]] = reads,
    *,
    logprobs: bool = True,
) -> tuple[Worth, ScriptedChat]:
    chat = ScriptedChat(script=says, logprobs=logprobs)
    worth, calls = await measure(chat, made, past, now=NOW, others=OTHERS)
    assert len(calls) == len(chat.prompts) == worth.cost.calls
    return worth, chat


async def test_a_profile_that_tells_the_persons_past_from_others_is_worth_something() -> None:
    worth, chat = await measured(profile(CAT, ROWS))
    assert worth.gain == pytest.approx(0.4055, abs=0.001)  # from a half to three quarters
    assert worth.helps
    assert worth.items == len(PAST)
    assert (worth.model, worth.measured, worth.note) == ("scripted", NOW, "")
    assert all("Does this come from this person?" in prompt for prompt in chat.prompts)


async def test_a_profile_of_somebody_else_is_worth_nothing() -> None:
    worth, _ = await measured(profile("This person collects stamps."))
    assert (worth.gain, worth.error) == (0.0, 0.0)
    assert not worth.helps


async def test_a_sentence_that_leads_the_model_astray_is_marked() -> None:
    worth, _ = await measured(profile(CAT, ROWS, "This person knits."))
    by_text = {sentence.text: sentence for sentence in worth.sentences}
    assert list(by_text) == [CAT, ROWS, "This person knits."]
    assert worth.lowered_by == ("This person knits.",)
    assert by_text["This person knits."].gain < 0


async def test_a_sentence_never_stands_beside_an_item_that_it_rests_on() -> None:
    cited = profile(CAT, evidence=[PAST[0].id, PAST[1].id])
    both = cited.model_copy(update={"sentences": (*cited.sentences, *profile(ROWS).sentences)})
    _, chat = await measured(both)
    for prompt in chat.prompts:
        if CAT in prompt:
            assert PAST[0].text not in prompt
            assert PAST[1].text not in prompt
    assert any(CAT in prompt for prompt in chat.prompts)
    assert any(PAST[0].text in prompt for prompt in chat.prompts)


async def test_what_is_asked_knowing_the_same_shares_its_beginning_and_comes_together() -> None:
    _, chat = await measured(profile(CAT, ROWS))
    known = [prompt.partition("Text: ")[0] for prompt in chat.prompts]
    assert len(set(known)) == 4  # nothing, the profile, and it without each of its sentences
    assert len(set(known)) == sum(a != b for a, b in zip(known, [None, *known], strict=False))


async def test_past_items_that_help_beside_the_profile_are_kept_as_examples() -> None:
    past = [*PAST, *items(*(f"on day {n} I wrote nothing of note at all" for n in range(12)))]

    def says(prompt: str) -> dict[str, float]:
        helps = "also comes from this person:\n- on day" in prompt
        yes = 0.9 if helps and "weekend" not in text_of(prompt) else 0.5
        return {"Yes": yes, "No": 1 - yes}

    worth, chat = await measured(profile(CAT), past, says)
    assert 0 < len(worth.examples) <= EXAMPLES
    held = {text_of(prompt) for prompt in chat.prompts}
    shown = {item.text for item in past if item.id in worth.examples}
    assert not shown & held


async def test_the_calls_are_bounded() -> None:
    past = items(*(f"the cat did thing number {n} to the sofa again" for n in range(25)))
    sentences = [f"This person has {n} cats." for n in range(20)]
    worth, _ = await measured(profile(*sentences), past)
    assert len(worth.sentences) == LEFT_OUT
    assert MOST_CALLS * 0.7 < worth.cost.calls <= MOST_CALLS  # others may come twice


async def test_without_probabilities_nothing_is_measured_and_one_call_is_made() -> None:
    worth, chat = await measured(profile(CAT), says=lambda _: "Yes", logprobs=False)
    assert (worth.gain, worth.error, worth.helps) == (None, None, False)
    assert "gives no probabilities" in worth.note
    assert len(chat.prompts) <= 2  # the second finds out that it gives none
    before = len(chat.prompts)
    await measure(chat, profile(CAT), PAST, now=NOW, others=OTHERS)
    assert len(chat.prompts) == before


async def test_a_model_that_thinks_is_not_asked() -> None:
    chat = ScriptedChat(script=reads)
    dialect_of(chat).thinks = True
    worth, calls = await measure(chat, profile(CAT), PAST, now=NOW, others=OTHERS)
    assert (worth.gain, calls, chat.prompts) == (None, [], [])


@pytest.mark.parametrize(
    ("made", "past", "says"),
    [
        (profile(CAT), PAST[: LEAST - 1], "too few items"),
        (profile(), PAST, "no sentence"),
        (profile(CAT), items(*(f"kissani söi tänään taas {n} kalaa" for n in range(9))), "Finnish"),
    ],
)
async def test_what_cannot_be_measured_says_why(
    made: Profile, past: list[HistoryItem], says: str
) -> None:
    worth, chat = await measured(made, past)
    assert worth.gain is None
    assert says in worth.note
    assert chat.prompts == []


async def test_what_a_model_that_fails_midway_took_is_counted() -> None:
    asked: list[str] = []

    def fails(prompt: str) -> str | dict[str, float]:
        asked.append(prompt)
        if len(asked) == 3:
            raise ModelError("gone.")
        return reads(prompt)

    chat = ScriptedChat(script=fails)
    worth, calls = await measure(chat, profile(CAT), PAST, now=NOW, others=OTHERS)
    assert (worth.gain, worth.failed, worth.note) == (None, True, "The model failed.")
    assert len(calls) == worth.cost.calls == len(asked) - 1 > 2
