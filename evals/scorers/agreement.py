"""How far a judge agrees with people, and whether what it says may be claimed.

A judge is a chat model and a question that it is asked, in one version: another model, or another
wording, is another judge. What is not known of it is not assumed: without a check, nothing that it
says may be claimed. `evals.run.judge_check` makes the check.
"""

import json
from pathlib import Path

from pydantic import ValidationError

from guided_profile.evals.scorers.statistics import Estimate
from guided_profile.graph.errors import InputError
from guided_profile.graph.prompts import Prompt
from guided_profile.graph.records import Record

LEAST_KAPPA = 0.6
"""Where agreement begins to be called substantial (Landis and Koch 1977, Biometrics 33). A judge
with less errs so often, one way or the other, that differences of a few points are its own."""
LEAST_LOW = 0.4
"""The least lower end of its interval: where agreement begins to be called moderate there."""
LEAST_DECIDED = 0.5
"""The least share that it decides on, of what people could decide: agreement on the easiest few
says nothing of the rest."""
FILE = "judge.json"
CHECK = "`guided-profile eval --judge-check` with the same --out measures it"


class Agreement(Record):
    """How far a judge agrees with labels by hand."""

    judge: str
    """The model's id."""
    question: str
    """The name and version of what it is asked."""
    kappa: Estimate | None
    """Over what it decided; None: it decided nothing, or always in one way as people did."""
    decided: int
    declined: int
    """Of how many it said "unclear", or was not sure, where people could decide."""
    turned: int
    """Of how many it contradicted itself when the order, or the question, was turned around."""
    rightly_declined: int = 0
    """Of how many it gave no verdict where people could not either."""
    undecidable: int = 0
    """How many those are."""
    people: Estimate | None = None
    """How far two people agree who labelled the same; None: only one did."""
    blind: bool = False
    """Whether they labelled without having read what the judge is asked."""
    labels: str = ""
    """A digest of the labels."""
    on: str = ""
    """The date of the check."""

    @property
    def why_not(self) -> str:
        """Why what this judge says must not be claimed; empty: it may be."""
        of = self.decided + self.declined + self.turned
        if self.kappa is None or self.decided < LEAST_DECIDED * of:
            return f"it decided on {self.decided} of {of}"
        if self.kappa.mean < LEAST_KAPPA:
            return f"that is less than {LEAST_KAPPA}"
        if self.kappa.low < LEAST_LOW:
            return f"it may be less than {LEAST_LOW}"
        return "" if self.blind else "the labels are not by two people who labelled blind"

    @property
    def in_words(self) -> str:
        """What was found, in a sentence."""
        said = f"kappa {of_kappa(self.kappa)}" if self.kappa else "no kappa"
        people = f"; people among themselves {of_kappa(self.people)}" if self.people else ""
        of = self.decided + self.declined + self.turned
        return (
            f"with {of} labels by hand, {self.judge} as a judge ({self.question}) has {said} over "
            f"the {self.decided} that it decided; it declined {self.declined} and contradicted "
            f"itself on {self.turned}; of {self.undecidable} that people leave open it left "
            f"{self.rightly_declined} open{people} ({self.on})"
        )


def of_kappa(kappa: Estimate) -> str:
    """Say a kappa, as `0.71 [0.49, 0.90]`."""
    return f"{kappa.mean:.2f} [{kappa.low:.2f}, {kappa.high:.2f}]"


def claim(agreement: Agreement | None) -> str:
    """Say whether what a judge said may be claimed, and on what ground."""
    if agreement is None:
        return f"Not to be claimed: how far this judge agrees with people is not known; {CHECK}."
    if agreement.why_not:
        return f"Not to be claimed, since {agreement.why_not}: {agreement.in_words}."
    return f"The judge agrees with people: {agreement.in_words}."


def question_of(prompt: Prompt) -> str:
    """Return a prompt's name and version."""
    return f"{prompt.name} {prompt.version}"


def agreement_in(folder: Path, judge: str, prompt: Prompt) -> Agreement | None:
    """Return what a check in a run's folder found of a judge; None if there was none.

    Raises:
        InputError: What is kept there is damaged.
    """
    return _kept(folder / FILE).get(_key(judge, question_of(prompt)))


def keep(folder: Path, agreement: Agreement) -> None:
    """Keep what a check found beside a run, in the place of what an earlier one did.

    Raises:
        InputError: What is kept there is damaged.
    """
    kept = _kept(folder / FILE) | {_key(agreement.judge, agreement.question): agreement}
    whole = {key: entry.model_dump(mode="json") for key, entry in kept.items()}
    (folder / FILE).write_text(
        json.dumps(whole, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
    )


def _key(judge: str, question: str) -> str:
    return f"{question} by {judge}"


def _kept(path: Path) -> dict[str, Agreement]:
    if not path.exists():
        return {}
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        return {key: Agreement.model_validate(entry) for key, entry in kept.items()}
    except (ValueError, AttributeError, ValidationError) as error:
        raise InputError(f"{str(path)!r} is damaged; delete it, and check the judge again.") from (
            error
        )
