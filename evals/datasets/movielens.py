"""MovieLens, for preference prediction: which of these films would this person enjoy next?

GroupLens' sets at grouplens.org/datasets/movielens (Harper and Konstan 2015): `ratings.csv` and
`movies.csv` of ml-latest-small, ml-latest, ml-20m, ml-25m or ml-32m, or `ratings.dat` and
`movies.dat` of ml-1m or ml-10m. To be used with acknowledgement, not commercially; ml-latest-small
may be redistributed on the same terms, ml-1m not without permission.
"""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from guided_profile.evals.datasets.examples import Example
from guided_profile.evals.datasets.preference import (
    LEAST,
    Buyer,
    Choice,
    Product,
    Purchase,
    preference_examples,
)
from guided_profile.evals.datasets.sampling import CANDIDATES, sample_users
from guided_profile.graph.errors import DatasetError
from guided_profile.tools.readers.records import Place, lines

QUESTION = "Which of these films would this user most likely enjoy next?"
LIKED = 4.0
"""From this rating on, of 5, a film was enjoyed."""

_Rated = tuple[str, float, float]


def movielens(
    paths: Sequence[Path],
    *,
    n: int | None = None,
    seed: int = 0,
    items: int = 12,
    candidates: int = CANDIDATES,
) -> Iterator[Example]:
    """Build preference prediction from film ratings, as the paper does from purchases.

    A film's category is its genres together. The history and the answer are the films that
    somebody enjoyed; a distractor is of genres that they never rated anything of.

    Args:
        paths: The folder of a set, or its file of ratings and its file of movies.
        n: How many examples at most; None: one for each user who has enough films.
        seed: Of the draws.
        items: From how many of a user's films, those enjoyed last, an example is built.
        candidates: How many users are looked at.

    Raises:
        DatasetError: A file is missing, wrong or cut short.
    """
    ratings, movies = _found(paths)
    films = _films(movies)

    def buyers() -> Iterator[Buyer]:
        drawn = sample_users(
            lambda: _ratings(ratings, films), at_least=LEAST, seed=seed, candidates=candidates
        )
        for user, rows in drawn:
            liked = sorted((time, film) for film, rating, time in rows if rating >= LIKED)
            bought = [Purchase(films[film], time) for time, film in liked[-items:]]
            rated = frozenset(films[film].category for film, _, _ in rows)
            yield Buyer(user, bought, Place(ratings, 1), rated)

    yield from preference_examples(
        Choice("movielens", QUESTION, "films", seed), buyers(), list(films.values()), n
    )


def _found(paths: Sequence[Path]) -> tuple[Path, Path]:
    """Return the files of ratings and of movies."""
    given = [file for path in paths for file in (path.iterdir() if path.is_dir() else [path])]
    for end in (".csv", ".dat"):
        named = {path.name: path for path in given if path.suffix == end}
        if {f"ratings{end}", f"movies{end}"} <= named.keys():
            return named[f"ratings{end}"], named[f"movies{end}"]
    raise DatasetError(
        "ratings.csv and movies.csv, or ratings.dat and movies.dat, are not both there; give the "
        "folder of a MovieLens set, or the two files."
    )


def _rows(path: Path, names: str) -> Iterator[tuple[Place, list[str]]]:
    """Yield the fields of each line but the first of a CSV file, or of each of a .dat file."""
    columns = names.split(",")
    dat = path.suffix == ".dat"
    for number, line in lines(path, encoding=_encoding(path), ended=True):
        place = Place(path, number)
        row = line.strip("\r\n").split("::") if dat else next(csv.reader([line]))
        if len(row) != len(columns):
            raise place.error(f"it has {len(row)} fields, and {names} are {len(columns)}")
        if number > 1 or dat:
            yield place, row
        elif row != columns:
            raise place.error(f"the columns are not {names}", "give MovieLens' own file")


def _encoding(path: Path) -> str:
    return "latin-1" if path.name == "movies.dat" and not _is_utf8(path) else "utf-8"


def _is_utf8(path: Path) -> bool:
    """Whether a file is UTF-8, as ml-10m's movies are and ml-1m's are not."""
    try:
        path.read_text("utf-8")
    except (UnicodeDecodeError, OSError):
        return False
    return True


def _films(path: Path) -> dict[str, Product]:
    return {
        row[0]: Product(row[0], row[1], row[2]) for _, row in _rows(path, "movieId,title,genres")
    }


def _ratings(path: Path, films: dict[str, Product]) -> Iterator[tuple[str, _Rated]]:
    """Yield who rated which film how, and when, for each rating."""
    for place, (user, film, rating, time) in _rows(path, "userId,movieId,rating,timestamp"):
        if film not in films:
            raise place.error(f"no movie has the id {film!r}", "give the movies of the same set")
        try:
            yield user, (film, float(rating), float(time))
        except ValueError:
            raise place.error("the rating or its time is no number") from None
