"""PER-CHAT, for dialogue response generation (the paper's section 4.3).

Wu, Ma and Yang 2021, github.com/Willyoung2017/PER-CHAT: questions of Reddit's AskReddit, replies,
and earlier comments of who replied. For academic use, under Reddit's terms; not to be passed on.

Its owners publish the raw data without saying how its files are laid out, so the names of the
fields are given here by `keys`; a file whose fields have other names is refused with the names
that it has. A record is a JSON object, one a line or all in one array:

    {"user": "…", "question": "…", "response": "…", "history": ["…", "…"]}
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from guided_profile.evals.datasets import files
from guided_profile.evals.datasets.examples import Example
from guided_profile.evals.datasets.sampling import Lowest, pseudonym
from guided_profile.graph.errors import DatasetError
from guided_profile.tools.history.text_vectors import EmbedderLike
from guided_profile.tools.readers.records import Place, lines

KEYS = {"user": "user", "question": "question", "response": "response", "history": "history"}
BAND = 0.4, 0.6
"""The nearest comment's cosine to the response: less is of no use, more gives it away."""

_BODIES = ("text", "body", "comment")
_BATCH = 32
_log = logging.getLogger(__name__)


def perchat(
    paths: Sequence[Path],
    *,
    embedder: EmbedderLike,
    n: int | None = 607,
    seed: int = 0,
    keys: Mapping[str, str] | None = None,
    comments: int = 10,
    candidates: int = 20_000,
) -> Iterator[Example]:
    """Build dialogue responses: a question, to be answered as this person would.

    Args:
        paths: The files of records.
        embedder: What likeness is measured by; the paper used a sentence transformer.
        n: How many examples at most; None: all of the candidates in the band.
        seed: Of the draw.
        keys: The names that the files have for `KEYS`; those left out are called as there.
        comments: How many comments a history holds, the last ones; the paper has 10.00.
        candidates: How many records are looked at.

    Raises:
        DatasetError: A file is wrong or cut short, or its fields have other names.
        ModelError: The embedder failed.
    """
    unknown = sorted(set(keys or {}) - set(KEYS))
    if unknown:
        raise DatasetError(f"keys has {unknown}; name the fields for {sorted(KEYS)}.")
    names = KEYS | dict(keys or {})
    kept: Lowest[Example] = Lowest(candidates, seed)
    for place, record in chain.from_iterable(_records(path) for path in paths):
        one = _example(place, record, names, comments)
        if one is not None and one.id not in kept.values and kept.admits(one.id):
            kept.add(one.id, one)
    drawn = [one for _, one in kept.drawn()]
    count = 0
    for start in range(0, len(drawn), _BATCH):
        for one in _in_band(drawn[start : start + _BATCH], embedder):
            if count == n:
                return
            count += 1
            yield one
    _log.info("%d of %d records are in the band %s to %s", count, len(drawn), *BAND)


def _records(path: Path) -> Iterator[tuple[Place, dict[str, Any]]]:
    first = next(lines(path), (1, ""))[1].lstrip()
    return files.json_array(path) if first.startswith("[") else files.json_lines(path)


def _example(
    place: Place, record: Mapping[str, Any], names: Mapping[str, str], comments: int
) -> Example | None:
    """Return a record as an example, or None if it has no comments."""
    missing = sorted({names[name] for name in KEYS} - record.keys())
    if missing:
        raise place.error(
            f"there are no fields {missing}; it has {sorted(record)[:12]}",
            "say which of them are user, question, response and history (the option keys)",
        )
    said = [_body(place, one) for one in place.field(record, names["history"], list)]
    response = place.text(record, names["response"])
    said = [text for text in said if text and text != response][-comments:]
    if not said:
        return None
    person = pseudonym("per-chat", place.text(record, names["user"]))
    question = place.text(record, names["question"])
    return files.example(
        place,
        id=pseudonym("per-chat", f"{person}\0{question}\0{response}"),
        user_id=person,
        task="dialogue",
        question=question,
        reference=response,
        history=tuple(
            place.item(text, id=str(number), source="comments") for number, text in enumerate(said)
        ),
    )


def _body(place: Place, comment: object) -> str:
    """Return the text of a comment: it stands alone, or in a field."""
    if isinstance(comment, dict):
        comment = next((comment[name] for name in _BODIES if name in comment), None)
    if not isinstance(comment, str):
        raise place.error(f"a comment is no text, nor an object with one of {list(_BODIES)}")
    return comment.strip()


def _in_band(examples: Sequence[Example], embedder: EmbedderLike) -> Iterator[Example]:
    """Yield those whose response is as like its nearest comment as the paper wants it."""
    texts = [[example.reference, *(item.text for item in example.history)] for example in examples]
    vectors = np.asarray(
        embedder.embed_documents([text for group in texts for text in group]), np.float32
    )
    start = 0
    for one, group in zip(examples, texts, strict=True):
        response, *rest = vectors[start : start + len(group)]
        start += len(group)
        nearest = float(np.max(np.stack(rest) @ response))
        if BAND[0] < nearest <= BAND[1]:
            yield one.model_copy(update={"about": one.about | {"nearest": round(nearest, 4)}})
