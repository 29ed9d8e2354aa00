"""Amazon reviews and product metadata, of 2014, 2018 or 2023, for preference prediction.

The paper (section 4.1) uses He and McAuley 2016 and McAuley et al. 2015, which is the layout of
2014. Get the reviews and the metadata of one or more categories, plain or gzipped:

- 2014, jmcauley.ucsd.edu/data/amazon (links on request): `reviews_X.json.gz` or
  `reviews_X_5.json.gz`, and `meta_X.json.gz`. Lines are JSON or Python dicts:
  `reviewerID`, `asin`, `unixReviewTime`; `asin`, `title`, `categories` (a list of paths).
- 2018, nijianmo.github.io/amazon (Ni, Li and McAuley 2019): `X.json.gz` or `X_5.json.gz` and
  `meta_X.json.gz`. Reviews as in 2014; `asin`, `title`, `category` (one path), `main_cat`.
- 2023, amazon-reviews-2023.github.io (Hou et al. 2024): `X.jsonl.gz` and `meta_X.jsonl.gz`.
  `user_id`, `parent_asin`, `timestamp` (in ms); `parent_asin`, `title`, `categories`,
  `main_category`.

All are for research; none grants redistribution, so neither they nor what is built from them may
be passed on.
"""

import html
import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from sys import intern
from typing import Any

from guided_profile.evals.datasets import files
from guided_profile.evals.datasets.examples import Example
from guided_profile.evals.datasets.preference import (
    LEAST,
    Buyer,
    Choice,
    Product,
    Purchase,
    preference_examples,
)
from guided_profile.evals.datasets.sampling import CANDIDATES, Lowest, sample_users
from guided_profile.graph.errors import DatasetError
from guided_profile.tools.readers.records import Place, json_object, lines

QUESTION = "Which of these products would this user most likely buy next?"
POOL = 20_000
"""How many products the distractors are drawn from."""

_LONGEST_TITLE = 500
_log = logging.getLogger(__name__)

_Bought = tuple[str, float | None]


@dataclass(frozen=True, slots=True)
class _Layout:
    """What the fields of a year are called."""

    user: str
    asin: str
    time: str
    seconds: float
    """How much of a second the time counts."""


_OLD = _Layout("reviewerID", "asin", "unixReviewTime", 1)
_NEW = _Layout("user_id", "parent_asin", "timestamp", 0.001)


def amazon(
    paths: Sequence[Path],
    *,
    n: int | None = None,
    seed: int = 0,
    level: int = -1,
    candidates: int = CANDIDATES,
) -> Iterator[Example]:
    """Build preference prediction from Amazon's reviews, each taken for a purchase.

    The reviews are read twice and the metadata once. What is held at a time does not grow with
    the files but with `candidates`: 64 MiB for counting, and the candidates' purchases and their
    products.

    Args:
        paths: The files of reviews and of metadata, in any order; which is which is found out.
        n: How many examples at most; None: one for each candidate who has enough purchases.
        seed: Of the draws: users, categories, answers, distractors and the options' order.
        level: Which name of a product's path of categories is its category: -1 the last and
            narrowest, 0 the first and widest.
        candidates: How many users are looked at.

    Raises:
        DatasetError: A file is wrong, damaged or cut short, or reviews or metadata are missing.
    """
    reviews, metadata = _sorted_out(paths)
    drawn = dict(
        sample_users(lambda: _reviews(reviews), at_least=LEAST, seed=seed, candidates=candidates)
    )
    wanted = {asin for rows in drawn.values() for asin, _ in rows}
    products, pool = _products(metadata, wanted, seed, level)
    known = sum(asin in products for asin in wanted)
    _log.info("%d of the %d products bought have a title and a category", known, len(wanted))
    buyers = (
        Buyer(
            user,
            [Purchase(products[asin], time) for asin, time in rows if asin in products],
            Place(reviews[0], 1),
        )
        for user, rows in drawn.items()
    )
    yield from preference_examples(Choice("amazon", QUESTION, "purchases", seed), buyers, pool, n)


def _sorted_out(paths: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    """Tell reviews from metadata by their first lines."""
    reviews, metadata = [], []
    for path in paths:
        first = next(files.json_lines(path, python=True), None)
        if first is None:
            raise DatasetError(f"{path} is empty; fetch it again from its owner.")
        place, record = first
        if "reviewerID" in record or "user_id" in record:
            reviews.append(path)
        elif "title" in record or "categories" in record or "category" in record:
            metadata.append(path)
        else:
            raise place.error(
                f"neither a review nor a product; it has {sorted(record)[:9]}",
                "give reviews and metadata of 2014, 2018 or 2023",
            )
    if not reviews or not metadata:
        missing = "reviews" if not reviews else "metadata (meta_….json.gz)"
        raise DatasetError(f"no file of {missing} is among the {len(paths)} given; add it.")
    return reviews, metadata


def _reviews(paths: Sequence[Path]) -> Iterator[tuple[str, _Bought]]:
    """Yield who bought what, and when, for each review."""
    for path in paths:
        for place, record in files.json_lines(path, python=True):
            layout = _NEW if "user_id" in record else _OLD
            user = place.text(record, layout.user)
            time = record.get(layout.time)
            if time is not None and not isinstance(time, int | float):
                raise place.error(f"the field {layout.time!r} is no number")
            seconds = None if time is None else time * layout.seconds
            yield user, (intern(place.text(record, layout.asin)), seconds)


_ASIN = re.compile(r"""["'](?:parent_)?asin["']:\s*["'](\w+)["']""")


def _products(
    paths: Sequence[Path], wanted: set[str], seed: int, level: int
) -> tuple[dict[str, Product], list[Product]]:
    """Return the wanted products by their id, and those that distractors are drawn from.

    A line is only looked into if its product may be needed: most are not, and the Python dicts of
    2014 take long to read.
    """
    products: dict[str, Product] = {}
    pool: Lowest[Product] = Lowest(POOL, seed)
    for path in paths:
        for number, line in lines(path):
            place = Place(path, number)
            found = _ASIN.search(line)
            if not line.rstrip().endswith("}") or not found:
                json_object(line, place, python=True)
                raise place.error("the product has no 'asin'")
            asin = found[1]
            spare = asin not in pool.values and pool.admits(asin)
            if (asin not in wanted or asin in products) and not spare:
                continue
            product = _product(json_object(line, place, python=True), asin, level)
            if product is None:
                continue
            if asin in wanted:
                products.setdefault(asin, product)
            if spare:
                pool.add(asin, product)
    return products, [product for _, product in pool.drawn()]


def _product(record: Mapping[str, Any], asin: str, level: int) -> Product | None:
    """Return a product, or None if it has no title or no category that can be read."""
    title = _clean(record.get("title"))
    path = _category_path(record)
    if not title or not path:
        return None
    category = path[max(-len(path), min(level, len(path) - 1))]
    return Product(asin, title[:_LONGEST_TITLE], intern(category))


def _category_path(record: Mapping[str, Any]) -> list[str]:
    """Return the first path of categories, the widest first; without one, the main category."""
    path = record.get("categories") or record.get("category") or []
    if isinstance(path, list) and path and isinstance(path[0], list):
        path = path[0]  # 2014: a list of paths
    names = [_clean(name) for name in path] if isinstance(path, list) else []
    names = [name for name in names if name]
    main = _clean(record.get("main_category") or record.get("main_cat"))
    return names or ([main] if main else [])


def _clean(text: object) -> str:
    """Return a name in one line, or nothing if it is markup, as some of 2018 are."""
    if not isinstance(text, str) or "getTime" in text:
        return ""
    plain = " ".join(html.unescape(text).split())
    return "" if "<" in plain and ">" in plain else plain
