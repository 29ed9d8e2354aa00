"""How well the verifier separates supported sentences from invented and contradicted ones.

    make bench-evidence FILE=path                                # or several, or none: what comes
    python -m guided_profile.evals.benches.evidence path --wrong   # with the package

asks the verifier for every sentence of the files, prints what it keeps with n and Wilson 95 %
intervals, beside likeness of vectors alone and the model's Yes alone, and ends with a line of JSON:

    {"supported": {"kept": 190, "of": 210}, "invented": {…}, "contradicted": {…}}

What was asked is kept in `--out`, so a run that was stopped goes on. `--curve FILE.svg` draws how
often a sentence of a given probability is supported.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from time import perf_counter

import numpy as np

from guided_profile.evals.benches.command import command
from guided_profile.evals.benches.labelled import AUTHORED, LABELS, Labelled, Person, authored, read
from guided_profile.evals.report.charts import reliability
from guided_profile.evals.run.models import add_model_options, chosen_models
from guided_profile.evals.scorers.statistics import wilson
from guided_profile.graph.context import Context
from guided_profile.graph.errors import ModelError
from guided_profile.graph.prompts import ABOUT, RULE, SUPPORTED, SYSTEM
from guided_profile.tools.embedders.base import Embedder, likeness
from guided_profile.tools.evidence.base import Claim
from guided_profile.tools.evidence.calibration import Calibration, Features, calibration_of
from guided_profile.tools.evidence.candidates import claims_of, strongest
from guided_profile.tools.evidence.chat import ChatVerifier
from guided_profile.tools.models.calls import model_id

OUT = Path("eval-out/evidence.jsonl")
FALSE_ALARMS = 0.05
"""The share of invented sentences that the rules beside the verifier may keep."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A labelled sentence with what was found out about it."""

    person: str
    half: str
    given: Labelled
    features: Features
    evidence: tuple[str, ...]
    """Ids of the items that it would point to."""


class Kept:
    """What was asked before, in a file: the probability of Yes, a question a line."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[str, float] = {}
        if path.exists():
            whole = path.read_bytes()
            kept = whole[: whole.rfind(b"\n") + 1]
            if len(kept) < len(whole):  # the last line of a run that was stopped
                path.write_bytes(kept)
            for line in kept.decode("utf-8").split("\n")[:-1]:
                entry = json.loads(line)
                self._known[entry["key"]] = entry["yes"]

    def get(self, key: str) -> float | None:
        """Return what the model said to a question."""
        return self._known.get(key)

    def add(self, key: str, yes: float) -> None:
        """Keep what the model said."""
        self._known[key] = yes
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps({"key": key, "yes": yes}) + "\n")


async def ask(
    people: Sequence[Person],
    verifier: ChatVerifier,
    embed: Embedder,
    kept: Kept,
    on_progress: Callable[[int], None] = lambda count: None,
) -> list[Asked]:
    """Find out about every sentence of some people what the verifier weighs.

    Raises:
        ModelError: The model failed, or gives no probabilities.
    """
    found: list[Asked] = []
    for person in people:
        for given, claim in zip(person.sentences, _claims(person, embed), strict=True):
            key = _key(claim, verifier)
            yes = kept.get(key)
            if yes is None:  # one by one: what was asked is kept, whatever comes
                (yes,), _ = await verifier.ask([claim])
                if yes is None:
                    raise ModelError(
                        f"{model_id(verifier.chat)} gives no probabilities; the bench needs them."
                    )
                kept.add(key, yes)
            features = Features.of(claim, yes)
            found.append(Asked(person.key, person.half, given, features, strongest(claim)))
            on_progress(len(found))
    return found


def _claims(person: Person, embed: Embedder) -> list[Claim]:
    texts = [sentence.text for sentence in person.sentences]

    def vectors(of: list[str]) -> "np.typing.NDArray[np.float32]":
        return np.asarray(embed.embed_documents(of), np.float32)

    written = vectors(texts)
    alike = likeness(embed, written @ vectors([item.text for item in person.items]).T)
    to_rule = likeness(embed, written @ vectors([RULE])[0])
    tokens = Context(user_id="bench").context_tokens
    return claims_of(texts, person.items, alike, tokens=tokens, to_rule=to_rule.tolist())


def _key(claim: Claim, verifier: ChatVerifier) -> str:
    """Return what names a question: the model, the prompt, the sentence and the items."""
    parts = [model_id(verifier.chat), SYSTEM.text, SUPPORTED.text, claim.text]
    parts += [ABOUT.text] * claim.echoes_rule
    parts += [f"{item.text}\0{item.time}\0{item.source}\0{item.category}" for item in claim.items]
    return blake2b("\1".join(parts).encode(), digest_size=16).hexdigest()


Rule = Callable[[Asked], bool]


def rules(found: Sequence[Asked], calibration: Calibration) -> dict[str, Rule]:
    """Return what is compared: the verifier, and each of its main signs alone.

    A sign alone keeps what is above the threshold that lets 5 % of these invented sentences
    through, so it looks better than it would on other sentences.
    """

    def alone(sign: Callable[[Asked], float]) -> Rule:
        invented = [sign(sentence) for sentence in found if sentence.given.label == "invented"]
        floor = float(np.quantile(invented, 1 - FALSE_ALARMS)) if invented else 0.5
        return lambda sentence: sign(sentence) > floor

    return {
        "verifier": lambda sentence: calibration.probability(sentence.features) >= calibration.keep,
        "the model's Yes alone": alone(lambda sentence: sentence.features.yes),
        "nearness alone": alone(lambda sentence: sentence.features.nearness),
    }


def tally(found: Iterable[Asked], keeps: Rule) -> dict[str, dict[str, int]]:
    """Count what is kept of each label."""
    counts: dict[str, dict[str, int]] = {label: {"kept": 0, "of": 0} for label in LABELS}
    for sentence in found:
        counts[sentence.given.label]["of"] += 1
        counts[sentence.given.label]["kept"] += keeps(sentence)
    return counts


def share(kept: int, of: int) -> str:
    """Say a share as figures, with its 95 % interval."""
    if not of:
        return "-"
    low, high = wilson(kept, of)
    return f"{kept} of {of} ({kept / of:.0%} [{low:.0%}, {high:.0%}])"


def cited(found: Sequence[Asked], keeps: Rule) -> tuple[int, int]:
    """Return how many of the items that kept, supported sentences point to are labelled so."""
    pairs = [
        id_ in sentence.given.gold
        for sentence in found
        if sentence.given.label == "supported" and sentence.given.gold and keeps(sentence)
        for id_ in sentence.evidence
    ]
    return sum(pairs), len(pairs)


def shown(found: Sequence[Asked], calibration: Calibration) -> str:
    """Return the tables."""
    lines = []
    for name, keeps in rules(found, calibration).items():
        counts = tally(found, keeps)
        shares = "; ".join(f"{label} kept {share(**_of(counts[label]))}" for label in LABELS)
        lines.append(f"{name}: {shares}")
    keeps = rules(found, calibration)["verifier"]
    lines.append(f"cited items that are labelled: {share(*cited(found, keeps))}")
    for group in sorted({sentence.given.group for sentence in found}):
        counts = tally([sentence for sentence in found if sentence.given.group == group], keeps)
        kept = "; ".join(
            f"{label} {counts[label]['kept']} of {counts[label]['of']}" for label in LABELS
        )
        lines.append(f"  {group or 'all'}: {kept}")
    return "\n".join(lines)


def _of(count: dict[str, int]) -> dict[str, int]:
    return {"kept": count["kept"], "of": count["of"]}


def wrong(found: Sequence[Asked], calibration: Calibration) -> list[str]:
    """Return a line for each sentence that is judged wrongly."""
    keeps = rules(found, calibration)["verifier"]
    return [
        f"  {calibration.probability(sentence.features):.2f} (Yes {sentence.features.yes:.2f}) "
        f"{sentence.person}: {sentence.given.label}: {sentence.given.text}"
        for sentence in found
        if keeps(sentence) != (sentence.given.label == "supported")
    ]


@command
def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("files", nargs="*", type=Path, help="left out: what comes with the package")
    parser.add_argument(
        "--half", choices=("fit", "report"), help="only this half, where there are halves"
    )
    parser.add_argument("--wrong", action="store_true", help="list what was judged wrongly")
    parser.add_argument("--curve", type=Path, help="draw the reliability curve into this SVG file")
    parser.add_argument("--out", type=Path, default=OUT, help=f"keeps what was asked ({OUT})")
    add_model_options(parser)
    given = parser.parse_args()
    people = [person for path in given.files for person in read(path)]
    people = people or [person for name in AUTHORED for person in authored(name)]
    people = [
        person for person in people if not (given.half and person.half) or person.half == given.half
    ]
    chat, embed = chosen_models(given)
    verifier = ChatVerifier(chat)
    began = perf_counter()
    total = sum(len(person.sentences) for person in people)

    def show_progress(count: int) -> None:
        if sys.stderr.isatty():
            print(f"\r{count} of {total} sentences ", end="", file=sys.stderr, flush=True)

    found = asyncio.run(ask(people, verifier, embed, Kept(given.out), show_progress))
    calibration = calibration_of(model_id(verifier.chat))
    print(f"{total} sentences, {model_id(verifier.chat)}, {perf_counter() - began:.0f} s")
    print(shown(found, calibration))
    if given.wrong:
        print("\n".join(wrong(found, calibration)))
    if given.curve:
        pairs = [
            (calibration.probability(sentence.features), sentence.given.label == "supported")
            for sentence in found
        ]
        given.curve.write_text(reliability(pairs), encoding="utf-8")
    print(json.dumps(tally(found, rules(found, calibration)["verifier"])))


if __name__ == "__main__":
    main()
