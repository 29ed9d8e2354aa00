"""Evaluators in the form of openevals: functions of what came in and what came out.

    await aevaluate(target, data="my-dataset", evaluators=[abstention, restraint, keeps_to_profile])

Each takes `inputs`, `outputs` and `reference_outputs` by name and returns a `key`, a `score` and a
`comment`; a score of None says that it is not known, and is in no mean. The first three are rules
(`rules`); `reference_outputs` with `answerable`, as `guided-profile eval --langsmith` uploads it,
says whether to abstain was right. What is made by `keeps_to_limits` and `keeps_to_rubric` asks a
model.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypedDict

from langchain_core.language_models import BaseChatModel

from guided_profile.evals.online import rules
from guided_profile.evals.scorers.agreement import Agreement, claim
from guided_profile.evals.scorers.rubric import keeps
from guided_profile.graph.errors import SettingsError
from guided_profile.tools.standards.limits import MOST, broken_limits
from guided_profile.tools.standards.manner import Manner

Fields = Mapping[str, Any]


class Feedback(TypedDict):
    """What an evaluator says of a run."""

    key: str
    score: float | None
    """None: it is not known."""
    comment: str


Evaluator = Callable[..., Feedback]
AsyncEvaluator = Callable[..., Awaitable[Feedback]]


def abstention(
    *,
    inputs: Fields,
    outputs: Fields,
    reference_outputs: Fields | None = None,
    **kwargs: Any,
) -> Feedback:
    """Tell whether it was right to answer, or to decline: 1 or 0."""
    said = rules.read(_run(inputs, outputs))
    answerable = (reference_outputs or {}).get("answerable")
    if said is None or said["kind"] == "host" or not isinstance(answerable, bool):
        return _by_rule(rules.ABSTENTION, inputs, outputs)
    right = (said["kind"] == "answered") == answerable
    what = "holds" if answerable else "holds no"
    return Feedback(
        key=rules.ABSTENTION,
        score=float(right),
        comment=f"{said['kind']}, and the history {what} answer",
    )


def restraint(
    *,
    inputs: Fields,
    outputs: Fields,
    reference_outputs: Fields | None = None,
    **kwargs: Any,
) -> Feedback:
    """Tell whether something was brought up that the request did not need: 1 for nothing."""
    return _by_rule(rules.RESTRAINT, inputs, outputs)


def keeps_to_profile(
    *,
    inputs: Fields,
    outputs: Fields,
    reference_outputs: Fields | None = None,
    **kwargs: Any,
) -> Feedback:
    """Tell whether an answer keeps to the limits and habits that the workflow counted: 1 or 0."""
    return _by_rule(rules.KEEPS, inputs, outputs)


def keeps_to_manner(texts: Sequence[str]) -> Evaluator:
    """Return what tells whether a reply keeps to the habits of a person's own texts.

    Args:
        texts: What the person wrote, the newest last.
    """
    manner = Manner(tuple(texts))

    def kept(
        *,
        inputs: Fields,
        outputs: Fields,
        reference_outputs: Fields | None = None,
        **kwargs: Any,
    ) -> Feedback:
        said = rules.read(_run(inputs, outputs))
        if said is None or not said["reply"] or said["kind"] == "abstained":
            return _unscored("keeps-to-manner")
        missed = len(manner.missed(said["reply"]))
        comment = f"{missed} decisive habits are not kept"
        return Feedback(key="keeps-to-manner", score=float(not missed), comment=comment)

    return kept


def keeps_to_limits(chat: BaseChatModel) -> AsyncEvaluator:
    """Return what tells whether a reply keeps to the limits that hold for every answer.

    What a limit counts is asked of the model once, and counted then; of a host's answer, too.

    Args:
        chat: Reads the limits.

    Raises:
        ModelError: When called: the endpoint failed.
    """

    async def kept(
        *,
        inputs: Fields,
        outputs: Fields,
        reference_outputs: Fields | None = None,
        **kwargs: Any,
    ) -> Feedback:
        said = rules.read(_run(inputs, outputs))
        used = said["used"] if said else None
        limits = [
            sentence for sentence in used or () if said and said["uses"].get(sentence) == "always"
        ][:MOST]
        if said is None or not limits or not said["reply"] or said["kind"] == "abstained":
            return _unscored("keeps-to-limits")
        broken = await broken_limits(chat, limits, said["request"], said["reply"])
        comment = f"{len(broken.limits)} of {len(limits)} limits are broken"
        return Feedback(key="keeps-to-limits", score=float(not broken.limits), comment=comment)

    return kept


def keeps_to_rubric(
    chat: BaseChatModel, agreement: Agreement | None, rubric: str
) -> AsyncEvaluator:
    """Return what asks a judge whether a reply keeps to a rubric, in both ways.

    A judge that declines, or contradicts itself, gives no score.

    Args:
        chat: The judge.
        agreement: What a check of this judge found, see `scorers.agreement.agreement_in`.
        rubric: What a right reply does.

    Raises:
        SettingsError: How far the judge agrees with people is not known, or is not enough.
        ModelError: When called: the endpoint failed.
    """
    if agreement is None or agreement.why_not:
        raise SettingsError(f"this judge gives no scores. {claim(agreement)}")

    async def kept(
        *,
        inputs: Fields,
        outputs: Fields,
        reference_outputs: Fields | None = None,
        **kwargs: Any,
    ) -> Feedback:
        said = rules.read(_run(inputs, outputs))
        if said is None or not said["reply"]:
            return _unscored("keeps-to-rubric")
        known = said["used"] or said["supported"]
        judged = await keeps(
            chat, question=said["request"], known=known, reply=said["reply"], rubric=rubric
        )
        if judged.verdict is None:
            why = "contradicted itself" if judged.turned else "declined"
            return Feedback(key="keeps-to-rubric", score=None, comment=f"the judge {why}")
        return Feedback(
            key="keeps-to-rubric",
            score=float(judged.verdict == "follows"),
            comment=f"judged, {agreement.in_words}",
        )

    return kept


def _run(inputs: Fields, outputs: Fields) -> dict[str, Any]:
    return {"inputs": inputs, "outputs": outputs}


def _by_rule(key: str, inputs: Fields, outputs: Fields) -> Feedback:
    found = rules.found_in(_run(inputs, outputs))
    if key not in found:
        return _unscored(key)
    score, why = found[key]
    return Feedback(key=key, score=score, comment=why)


def _unscored(key: str) -> Feedback:
    return Feedback(key=key, score=None, comment="no rule can tell")
