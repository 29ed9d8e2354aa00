"""sentiment140, for text paraphrasing as LaMP-7 makes it of it (the paper's section 4.2).

Go, Bhayani and Huang 2009: `training.1600000.processed.noemoticon.csv` from help.sentiment140.com
("for students"), in Latin-1, every field quoted, no header: polarity, id, date, query, user, text.
For research; Twitter's terms forbid passing tweets on.
"""

import csv
import html
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from random import Random

from guided_profile.evals.datasets import files
from guided_profile.evals.datasets.examples import Example
from guided_profile.evals.datasets.neutral import neutralised
from guided_profile.evals.datasets.sampling import CANDIDATES, pseudonym, sample_users
from guided_profile.graph.errors import DatasetError
from guided_profile.tools.readers.records import Place, lines

WORDS = 10
"""LaMP-7 takes only tweets of so many words or more."""
TWEETS = 10
"""LaMP-7 takes only users of so many such tweets or more."""

_COLUMNS = 6
_Tweet = tuple[int, str, str, str]


def sentiment140(
    paths: Sequence[Path],
    *,
    neutral: Path | None = None,
    n: int | None = None,
    seed: int = 0,
    tweets: int = TWEETS,
    words: int = WORDS,
    candidates: int = CANDIDATES,
) -> Iterator[Example]:
    """Build text paraphrasing: a neutral text, to be written as this person would tweet it.

    Args:
        paths: The CSV file.
        neutral: The file that `neutral.neutralise` wrote for these tweets.
        n: How many examples at most; None: one for each user drawn.
        seed: Of the draws of users and tweets.
        tweets: How many tweets a user needs, the answer among them.
        words: How many words a tweet needs.
        candidates: How many users are looked at.

    Raises:
        DatasetError: The file is wrong or cut short, or neutral texts are missing.
    """
    if neutral is None:
        raise DatasetError(
            "sentiment140 has no neutral texts of its own; give the file that has them with "
            "--neutral FILE, and --write-neutral to have a model write it."
        )
    drawn = sentiment140_tweets(
        paths, n=n, seed=seed, tweets=tweets, words=words, candidates=candidates
    )
    yield from neutralised(drawn, neutral)


def sentiment140_tweets(
    paths: Sequence[Path],
    *,
    n: int | None = None,
    seed: int = 0,
    tweets: int = TWEETS,
    words: int = WORDS,
    candidates: int = CANDIDATES,
) -> Iterator[Example]:
    """Yield examples whose question is still the person's own tweet, to be neutralised.

    The arguments and errors are those of `sentiment140`.
    """
    path = files.only(paths, "training.1600000.processed.noemoticon.csv")
    users = sample_users(
        lambda: _tweets(path, words), at_least=tweets, seed=seed, candidates=candidates
    )
    examples = (_example(path, user, rows, tweets, seed) for user, rows in users)
    yield from islice((example for example in examples if example is not None), n)


def _example(
    path: Path, user: str, rows: Sequence[_Tweet], tweets: int, seed: int
) -> Example | None:
    """Return an example of a user, or None if too few of their tweets say different things.

    Some tweets stand in the file twice, once as happy and once as sad, and some users repeat
    themselves: else the answer could stand in the history.
    """
    once = list({row[3]: row for row in reversed(rows)}.values())
    if len(once) < tweets:
        return None
    once.sort(key=lambda row: (len(row[1]), row[1]))  # Twitter's ids go up with time
    answer = Random(f"{seed}:{user}").choice(once)
    person = pseudonym("sentiment140", user)
    return files.example(
        Place(path, answer[0]),
        id=f"{person}-{seed}",
        user_id=person,
        task="paraphrase",
        question=answer[3],
        reference=answer[3],
        history=tuple(
            Place(path, row[0]).item(row[3], id=row[1], source="tweets", time=row[2])
            for row in once
            if row is not answer
        ),
    )


def _tweets(path: Path, words: int) -> Iterator[tuple[str, _Tweet]]:
    """Yield who wrote which tweet, for each that is long enough."""
    for number, line in lines(path, encoding="latin-1", ended=True):
        place = Place(path, number)
        row = _fields(line.rstrip("\r\n"), place)
        if len(row) != _COLUMNS or row[0] not in ("0", "2", "4"):
            raise place.error(
                f"it has {len(row)} fields that begin with {row[0][:8]!r}, not the {_COLUMNS} of "
                "sentiment140, of which the first is 0, 2 or 4"
            )
        _, id_, date, _, user, text = row
        text = " ".join(html.unescape(text).split())
        if len(text.split()) >= words:
            yield user, (number, id_, date, text)


def _fields(line: str, place: Place) -> list[str]:
    """Return the fields of a line; only the last, the tweet, may hold quotes, doubled or not."""
    if line.startswith('"') and line.endswith('"'):
        *fields, text = line[1:-1].split('","', _COLUMNS - 1)
        return [*fields, text.replace('""', '"')]
    try:
        return next(csv.reader([line], strict=True))
    except csv.Error:
        raise place.error("a quote is not closed; it may be cut off") from None
