"""By which measures an answer is scored."""

from collections.abc import Callable

from guided_profile.evals.datasets.examples import Example
from guided_profile.evals.scorers.outcomes import outcome
from guided_profile.evals.scorers.result import Result
from guided_profile.evals.scorers.style import style_distance
from guided_profile.evals.scorers.text import (
    bleu,
    embedding_similarity,
    meteor_without_synonyms,
    rouge,
)
from guided_profile.evals.scorers.tokens import bertscore
from guided_profile.graph.tasks import Task
from guided_profile.tools.embedders.base import Embedder
from guided_profile.tools.embedders.minilm import MiniLMEmbedder

Scored = dict[str, float]
LESS_IS_BETTER = ("style-distance",)


def main_measure(task: Task) -> str:
    """Return what a task's methods are compared by."""
    if task.kind == "choice":
        return "accuracy"
    return "meteor" if task.evidence == "style" else "similarity"


def text_scores(embedder: Embedder) -> Callable[[str, str], Scored]:
    """Return what scores a text against the reference, by every measure there is.

    Raises:
        SettingsError: When called: the extra `evals` is not installed.
    """

    def score(text: str, reference: str) -> Scored:
        scores = rouge(text, reference)
        scores["meteor"] = meteor_without_synonyms(text, reference)
        scores["bleu"] = bleu(text, reference)
        scores["similarity"] = embedding_similarity(text, reference, embedder)
        if isinstance(embedder, MiniLMEmbedder):
            scores["bertscore"] = bertscore(text, reference, embedder)
        scores["style-distance"] = style_distance(text, reference)
        return scores

    return score


def answer_scores(
    example: Example, result: Result, score: Callable[[str, str], Scored]
) -> Scored | None:
    """Return the scores of one answer; None if it has none.

    An error has none, nor what is said where the history cannot answer; an abstention from a
    choice is not accurate, and one from a text has no text to score.

    Args:
        example: What was asked.
        result: What a method said to it.
        score: What scores a text against the reference: see `text_scores`.
    """
    if not example.answerable or result.kind == "error":
        return None
    if example.kind == "choice":
        return {"accuracy": float(outcome(example, result) == "correct")}
    return score(result.text, example.reference) if result.kind == "answered" else None
