"""Which guiding questions quote the examples, and so could not serve everybody else."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from guided_profile.evals.datasets.examples import Example
from guided_profile.graph.records import HistoryItem

RUN = 4
"""So many words in a row, in a question and in the data alike, are a quotation."""
RUN_UNSPACED = 8
"""So many characters, where a script puts no spaces between words."""

_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+")


def quotations(
    questions: Sequence[str],
    examples: Iterable[Example],
    *,
    shown: Iterable[HistoryItem] = (),
    allowed: str = "",
) -> dict[str, str]:
    """Return the questions that quote the examples, each with what it quotes.

    A quotation is a run of `RUN` words; a whole item, option or answer of two words or more; or a
    name or number: a word with a digit, or with a capital inside a sentence. Of what the model was
    shown, it is also two neighbouring words that mean something by themselves.

    Args:
        questions: What is looked at.
        examples: Their histories, questions, options and answers must not be quoted.
        shown: The items that the model was shown.
        allowed: Words that are the task's own, and so nobody's.
    """
    free = _folded(allowed)
    looked = {
        question: (_folded(question), _names(question) - _names(allowed)) for question in questions
    }
    found: dict[str, str] = {}

    def look(text: str, *, closely: bool) -> None:
        runs, exact = list(_runs(list(words_of(text)), closely=closely)), set(_WORD.findall(text))
        for question, (folded, names) in looked.items():
            named = sorted(names & exact)
            quotes = (run for run in runs if run in folded and run not in free)
            quoted = named[0] if named else next(quotes, "").strip()
            if quoted:
                found.setdefault(question, quoted)

    for item in shown:
        look(f"{item.category or ''}: {item.text}", closely=True)
    for text in dict.fromkeys(text for example in examples for text in _texts(example)):
        look(text, closely=False)
    return found


def _runs(words: Sequence[str], *, closely: bool) -> Iterator[str]:
    """Yield the runs of a text's words that are quotations where a question has them."""
    if closely:
        yield from (
            f" {word} {following} "
            for word, following in pairwise(words)
            if min(len(word), len(following)) > 3  # shorter ones stand in every sentence
        )
    unspaced = 2 * sum(re.match(f"[{_UNSPACED}]", word) is not None for word in words) > len(words)
    size = min(RUN_UNSPACED if unspaced else RUN, len(words))
    if size > 1:
        for start in range(len(words) - size + 1):
            yield f" {' '.join(words[start : start + size])} "


def _texts(example: Example) -> Iterator[str]:
    yield from (item.text for item in example.history)
    yield example.question
    yield from example.options
    yield example.reference


def words_of(text: str) -> Iterator[str]:
    """Yield the words of a text, without their capitals."""
    return (word.casefold() for word in _WORD.findall(text))


def _folded(text: str) -> str:
    return f" {' '.join(words_of(text))} "


def _names(text: str) -> set[str]:
    """Return the words that have a digit, or a capital that no sentence's start accounts for."""
    names = set()
    for sentence in re.split(r"[.?!:;]\s+|\n", text):
        for number, word in enumerate(_WORD.findall(sentence)):
            if any(map(str.isdigit, word)) or (number and word != "I" and word[0].isupper()):
                names.add(word)
    return names
