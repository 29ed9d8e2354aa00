"""Measuring what a profile is worth: does it tell the person's own past from other people's?

Some of the person's items are held out. Each is put beside an item of an invented person, and the
model is asked of both whether they are the person's, with the profile and without. What the profile
adds to the log probability of the right one, in the mean over the items, is its worth for this
person and model.

    worth, calls = await measure(chat, profile, items, now=now)
    worth.gain, worth.error, worth.lowered_by, worth.examples

It takes at most `MOST_CALLS` calls of one token each.
"""

import logging
from collections.abc import Sequence
from datetime import datetime
from itertools import chain
from math import sqrt
from statistics import mean, stdev

from langchain_core.language_models import BaseChatModel

from guided_profile.graph.errors import ModelError
from guided_profile.graph.records import (
    Call,
    Cost,
    HistoryItem,
    Profile,
    Sentence,
    SentenceWorth,
    Worth,
)
from guided_profile.tools.models.calls import model_id
from guided_profile.tools.models.dialect import dialect_of
from guided_profile.tools.text.language import language_of
from guided_profile.tools.worth.asking import Asker, Trial, View
from guided_profile.tools.worth.held_out import held_out, spread
from guided_profile.tools.worth.others import Other, beside, languages, shipped

_log = logging.getLogger(__name__)

HELD_OUT = 8
"""How many items are held out at most."""
LEAST = 4
"""With fewer, nothing is measured."""
OTHERS = 1
"""How many texts of others each is put beside."""
LEFT_OUT, LEFT_OUT_TRIALS = 6, 4
"""How many sentences are left out one by one, and over how many items."""
TRIED, TRIED_TRIALS, EXAMPLES = 4, 3, 3
"""How many past items are tried as examples, over how many items, and how many are kept."""
MOST_CALLS = (2 * HELD_OUT + LEFT_OUT * LEFT_OUT_TRIALS + TRIED * TRIED_TRIALS) * (1 + OTHERS)


async def measure(
    chat: BaseChatModel,
    profile: Profile,
    items: Sequence[HistoryItem],
    *,
    now: datetime,
    others: Sequence[Other] | None = None,
) -> tuple[Worth, list[Call]]:
    """Return what a profile is worth for a model, and the calls that it took.

    Args:
        chat: The model that is asked.
        profile: The profile; what counts is its sentences that are used.
        items: The person's own, in order of time, without those that give orders.
        now: The time, in UTC.
        others: Items of other people; left out, those that come with the package.

    Returns:
        Its gain, or none, with `note` saying why: the endpoint gives no probabilities, there are
        too few items, none of others in the person's language, or the model failed (it is logged).
    """
    asker = Asker(chat)
    worth = Worth(model=model_id(chat), measured=now)
    trials = trials_of(items, profile.supported, others)
    if isinstance(trials, str):
        return worth.model_copy(update={"note": trials}), []
    without_sentence = _left_out(trials, profile.supported)
    tried = _tried(trials, items)
    wanted = [View(trial) for trial in trials]
    wanted += [View(trial, trial.sentences) for trial in trials]
    wanted += chain(*without_sentence.values(), *tried.values())
    weighs = dialect_of(chat).weighs_first  # thoughts are no single token
    known, note = False, "The model's endpoint gives no probabilities of single tokens."
    try:
        known = weighs and await asker.ask(wanted)
    except ModelError as failure:
        _log.warning("what the profile is worth could not be measured: %s", failure)
        worth, note = worth.model_copy(update={"failed": True}), "The model failed."
    if not known:
        unknown = worth.model_copy(update={"note": note, "cost": Cost.of(asker.calls)})
        return unknown, asker.calls

    def gain_of(view: View) -> float:
        return asker.likely(view) - asker.likely(View(view.trial, view.trial.sentences))

    gain, error = mean_and_error([-gain_of(View(trial)) for trial in trials])
    examples = {item.id: mean(map(gain_of, all_)) for item, all_ in tried.items()}
    best = sorted(examples, key=lambda id_: -examples[id_])[:EXAMPLES]
    measured = worth.model_copy(
        update={
            "gain": gain,
            "error": error,
            "items": len(trials),
            "sentences": tuple(
                _sentence(sentence, [-gain_of(view) for view in all_])
                for sentence, all_ in without_sentence.items()
            ),
            "examples": tuple(id_ for id_ in best if examples[id_] > 0),
            "cost": Cost.of(asker.calls),
        }
    )
    return measured, asker.calls


def trials_of(
    items: Sequence[HistoryItem],
    sentences: Sequence[Sentence],
    others: Sequence[Other] | None = None,
    count: int = OTHERS,
) -> list[Trial] | str:
    """Return what is asked, or, in words, why nothing can be.

    Args:
        items: The person's own, in order of time.
        sentences: Those of the profile that are used.
        others: Items of other people; left out, those that come with the package.
        count: How many of them stand beside each of the person's.
    """
    others = shipped() if others is None else others
    if not sentences:
        return "The profile has no sentence that is used."
    held = held_out(items, sentences, HELD_OUT)
    if len(held) < LEAST:
        return f"There are too few items to hold some out: {len(held)} of the {LEAST} it takes."
    language = language_of([item.text for item in items])
    code = language.code if language else "en"
    if code not in languages(others):
        return f"No items of others come with the package in {language.name if language else code}."
    return [
        Trial(each.item, each.sentences, beside(each.item, code, count, others)) for each in held
    ]


def _left_out(trials: Sequence[Trial], sentences: Sequence[Sentence]) -> dict[Sentence, list[View]]:
    """Return, for each sentence, what is asked without it; for one alone nothing is left."""
    asked: dict[Sentence, list[View]] = {}
    for sentence in sentences[:LEFT_OUT]:
        with_it = [t for t in trials if sentence in t.sentences and len(t.sentences) > 1]
        some = spread(with_it, LEFT_OUT_TRIALS)
        if len(some) > 1:
            rest = [tuple(other for other in t.sentences if other != sentence) for t in some]
            asked[sentence] = [View(*both) for both in zip(some, rest, strict=True)]
    return asked


def _tried(trials: Sequence[Trial], items: Sequence[HistoryItem]) -> dict[HistoryItem, list[View]]:
    """Return, for some of the other items, what is asked with each as an example."""
    held = {trial.item.text for trial in trials}
    tried = spread([item for item in items if item.text not in held], TRIED)
    some = spread(trials, TRIED_TRIALS)
    return {item: [View(trial, trial.sentences, (item,)) for trial in some] for item in tried}


def _sentence(sentence: Sentence, gains: Sequence[float]) -> SentenceWorth:
    gain, error = mean_and_error(gains)
    return SentenceWorth(text=sentence.text, gain=gain, error=error, items=len(gains))


def mean_and_error(values: Sequence[float]) -> tuple[float, float]:
    """Return the mean and its standard error."""
    return round(mean(values), 4), round(stdev(values) / sqrt(len(values)), 4)
