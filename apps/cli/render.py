"""How answers and profiles look in a terminal."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import exp
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from guided_profile.apps.runs import OnStage
from guided_profile.apps.terminal import plain
from guided_profile.graph.records import (
    Cost,
    Difference,
    HeldBackReason,
    HistoryItem,
    Profile,
    Replaced,
    Sentence,
    Worth,
)
from guided_profile.graph.state import Abstained, Answered

STAGES = {
    "recall": "searching the history",
    "digest": "asking the guiding question",
    "profile": "writing the profile",
    "verify": "holding each sentence against the history",
    "prove": "measuring what the profile is worth",
    "respond": "answering",
    "review": "abstained, trying again with more of the history",
}
SHOWN_EVIDENCE = 2
HELD_BACK: dict[HeldBackReason, str] = {
    "off_topic": "off the topic",
    "private": "private, and not raised",
    "makes_no_difference": "makes no difference here",
    "already_in_conversation": "said already",
    "over_budget": "no room",
    "no_worth": "not proven to be of use",
}


@contextmanager
def progress(notes: Console, before: str = "") -> Iterator[OnStage]:
    """Show the stage that is running; None hides it, so that something else can be shown."""
    with notes.status(f"{before}starting") as status:

        def on_stage(event: Mapping[str, Any] | None) -> None:
            if event is None:
                status.stop()
                return
            part = f" ({event['part']} of {event['of']})" if event.get("of", 1) > 1 else ""
            status.update(f"{before}{STAGES.get(event['stage'], event['stage'])}{part}")
            status.start()

        yield on_stage


def item(shown: HistoryItem, width: int = 70) -> str:
    """Say an item in a line, with its date, source and id."""
    text = " ".join(shown.text.split())
    text = text if len(text) <= width else text[: width - 1] + "…"
    date = f"{shown.time.date().isoformat()} " if shown.time else ""
    return f"“{text}” ({date}{shown.source}, {shown.id})"


def sentences(
    profile: Profile, items: Mapping[str, HistoryItem], *, numbered: bool = False
) -> Iterator[RenderableType]:
    """Show each sentence with its verdict and the strongest items behind it."""
    for number, sentence in enumerate(profile.sentences, start=1):
        mark = f"{number}. " if numbered else ""
        used = sentence.pinned or sentence.evidence
        behind = sentence.evidence or sentence.against
        if used:
            yield plain(f"{mark or '• '}{sentence.text}") + plain(f"  {_verdict(sentence)}", "dim")
        else:
            yield plain(f"{mark}✗ {sentence.text}", style="dim strike")
            yield Padding(plain(f"{_verdict(sentence)}: not used", "dim"), (0, 4))
        for id_ in behind[:SHOWN_EVIDENCE]:
            if id_ in items:
                yield Padding(plain(item(items[id_]), "dim"), (0, 4))
        more = len(behind) - SHOWN_EVIDENCE
        if more > 0:
            yield Padding(plain(f"and {more} more", "dim"), (0, 4))


def _verdict(sentence: Sentence) -> str:
    """Say what the history says to a sentence, in a few words."""
    if sentence.pinned:
        return "pinned"
    if sentence.verdict == "contradicted":
        return "the history contradicts this"
    if not sentence.evidence and sentence.verdict == "inferred":
        return "true of most people"
    if not sentence.evidence:
        return "nothing in the history supports this"
    verdict = "stated" if sentence.verdict == "stated" else "probably: inferred"
    return f"{verdict}, {sentence.confidence:.0%} sure"


def cost(spent: Cost) -> str:
    """Say what calls cost, in a line."""
    return (
        f"{spent.calls} calls, {spent.input_tokens} tokens in ({spent.cached_tokens} from the "
        f"prefix cache), {spent.output_tokens} out, {spent.seconds:.1f} s"
    )


def profile(made: Profile, items: Mapping[str, HistoryItem]) -> Group:
    """Show a profile with its guidance and evidence."""
    guidance = [
        plain("What the guiding question brought out:", "bold"),
        plain(made.guidance),
        plain(""),
    ]
    version = f", version {made.version}" if made.version > 1 else ""
    return Group(
        *(guidance if made.guidance else []),
        plain("Profile:", "bold"),
        *([plain(made.note)] if made.note else []),
        *sentences(made, items, numbered=True),
        *replaced(made.replaced),
        plain(f"\n{made.created:%Y-%m-%d %H:%M} UTC by {made.model}{version}", "dim"),
        plain(cost(made.cost), "dim"),
        *([plain(_worth_in_words(made.worth), "dim")] if made.worth else []),
    )


def worth(measured: Worth, items: Mapping[str, HistoryItem]) -> Group:
    """Say what a profile is worth, which sentences lower it, and which past items raise it."""
    words = plain(_worth_in_words(measured), "bold")
    if measured.gain is None:
        return Group(words)
    lowered = measured.lowered_by
    return Group(
        words,
        plain(
            f"{measured.gain:+.2f} ± {measured.error:.2f} nats (mean and standard error of "
            f"{measured.items} of their own items, each beside one of somebody else)"
        ),
        *([plain("\nBetter without:")] if lowered else []),
        *(plain(f"  ✗ {text}") for text in lowered),
        *([plain("\nPast items that help beside it:")] if measured.examples else []),
        *(Padding(plain(item(items[i]), "dim"), (0, 4)) for i in measured.examples if i in items),
        plain(
            f"\n{measured.measured:%Y-%m-%d %H:%M} UTC by {measured.model}: {cost(measured.cost)}",
            "dim",
        ),
    )


def _worth_in_words(measured: Worth) -> str:
    gain = measured.gain
    if gain is None:
        return f"What the profile is worth is not known. {measured.note}"
    if not measured.clear:
        return "The profile neither helps nor misleads, as far as their own past can tell."
    if gain < 0:
        return (
            f"The profile misleads: their own past is {exp(-gain):.1f} times less likely with it."
        )
    return f"The profile helps: their own past is {exp(gain):.1f} times as likely with it."


def replaced(outdated: Sequence[Replaced]) -> Iterator[Text]:
    """Show what no longer holds, and since when."""
    for sentence in outdated:
        was = f"{sentence.since.date()}" if sentence.since else "once"
        now = f"{sentence.replaced.date()}" if sentence.replaced else "now"
        yield plain(f"no longer ({was}, until {now}): {sentence.text}", "dim")


def changes(made: Profile, change: Difference) -> Group:
    """Show a version of a profile by what it changed of the one before it."""
    return Group(
        plain(f"version {made.version}, {made.created:%Y-%m-%d %H:%M} UTC", "bold"),
        *([plain(f"  ({made.note})")] if made.note else []),
        *(plain(f"  + {text}", "green") for text in change.added),
        *(plain(f"  - {text}", "red") for text in change.removed),
        *(plain(f"  - {old.text}  (now: {old.by})", "red") for old in change.replaced),
        *(plain(f"    {text}", "dim") for text in change.kept),
    )


def probabilities(shares: Mapping[str, float]) -> Sequence[Text]:
    """Show the options of a choice, the most probable first."""
    ranked = sorted(shares.items(), key=lambda option: -option[1])
    return [plain(f"{share:4.0%}  {option}", "dim") for option, share in ranked]


def answer(given: Answered | Abstained, items: Mapping[str, HistoryItem]) -> Group:
    """Show an answer with its evidence, or an abstention with its reason."""
    if isinstance(given, Abstained):
        lines = [plain("No answer. ", "bold") + plain(given.detail)]
        if given.tries:
            lines.append(plain(f"Tried {given.tries + 1} times.", "dim"))
        return Group(*lines, plain(cost(given.cost), "dim"))
    shown: list[RenderableType] = [plain(given.text, "bold")]
    shown += probabilities(given.probabilities or {})
    if any(id_ in items for id_ in given.evidence):
        shown.append(plain("\nbecause of"))
        shown += [
            Padding(plain(item(items[id_]), "dim"), (0, 4))
            for id_ in given.evidence
            if id_ in items
        ]
    else:
        shown.append(plain("\nNothing in the history says this directly.", "dim"))
    shown += [plain(f"used: {text}", "dim") for text in given.used]
    shown += [
        plain(f"held back ({HELD_BACK[held.reason]}): {held.text}", "dim")
        for held in given.held_back
    ]
    sure = f"confidence {given.confidence:.0%}; " if given.confidence is not None else ""
    kept = given.profile.cost if given.profile and given.profile_use == "standing" else None
    saved = f"; the kept profile saved {kept.calls} calls" if kept else ""
    return Group(*shown, plain(f"\n{sure}{cost(given.cost)}{saved}", "dim"))
