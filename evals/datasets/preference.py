"""Preference prediction, as the paper builds it (section 4.1): which product did this person buy?

For each person who bought products of at least five categories, a category is drawn that they
bought two or more products of, and one of these products is the answer. Three products of other
categories that they never bought from are offered beside it; all else that they bought is the
history.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from random import Random

from guided_profile.evals.datasets import files
from guided_profile.evals.datasets.examples import Example
from guided_profile.evals.datasets.sampling import pseudonym
from guided_profile.tools.readers.records import Place

CATEGORIES = 5
"""Who bought from fewer categories has too little of a history (section 4.1)."""
LEAST = CATEGORIES + 1
"""The fewest products that somebody needs: one of each category, and a second of one of them."""
DISTRACTORS = 3


@dataclass(frozen=True, slots=True)
class Product:
    """Something that is bought, or watched."""

    id: str
    title: str
    category: str


@dataclass(frozen=True, slots=True)
class Purchase:
    """A product that somebody bought."""

    product: Product
    time: float | None = None
    """In seconds since 1970; None if it is not known."""


@dataclass(frozen=True, slots=True)
class Buyer:
    """Somebody who may be asked about."""

    name: str
    """As the owner's files have it."""
    bought: Sequence[Purchase]
    place: Place
    """Where they come from, for errors."""
    known: frozenset[str] = frozenset()
    """Categories that no distractor may be of, beside those that they bought from."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What the examples of one data set have in common."""

    prefix: str
    """Of their ids and their users'."""
    question: str
    source: str
    """Of the history's items."""
    seed: int


def preference_examples(
    choice: Choice,
    buyers: Iterable[Buyer],
    pool: Sequence[Product],
    n: int | None,
) -> Iterator[Example]:
    """Yield an example for each person who has enough of a history.

    Args:
        choice: What they have in common.
        buyers: Everybody who may be asked about.
        pool: What the distractors are drawn from.
        n: How many examples at most; None: all that there are.
    """
    found = (preference_example(choice, buyer, pool) for buyer in buyers)
    yield from islice((example for example in found if example is not None), n)


def preference_example(choice: Choice, buyer: Buyer, pool: Sequence[Product]) -> Example | None:
    """Return a person's example, or None if what they bought is not enough for one.

    A product bought twice counts once, and so do two of the same name: else the answer could stand
    in the history.
    """
    once = _once(buyer.bought)
    counts = Counter(purchase.product.category for purchase in once)
    often = sorted(category for category, count in counts.items() if count > 1)
    if len(counts) < CATEGORIES or not often:
        return None
    random = Random(f"{choice.seed}:{buyer.name}")
    category = random.choice(often)
    answer = random.choice([purchase for purchase in once if purchase.product.category == category])
    titles = {purchase.product.title for purchase in once}
    beside = _distractors(random, pool, buyer.known | set(counts), titles)
    if len(beside) < DISTRACTORS:
        return None
    options = [answer.product.title, *(product.title for product in beside)]
    random.shuffle(options)
    person = pseudonym(choice.prefix, buyer.name)
    return files.example(
        buyer.place,
        id=f"{person}-{choice.seed}",
        user_id=person,
        task="preference",
        question=choice.question,
        options=tuple(options),
        reference=answer.product.title,
        history=tuple(
            buyer.place.item(
                purchase.product.title,
                id=purchase.product.id,
                source=choice.source,
                category=purchase.product.category[:200],
                time=purchase.time,
            )
            for purchase in once
            if purchase is not answer
        ),
        about={
            "category": category,
            "later": sum((purchase.time or 0) > (answer.time or 0) for purchase in once),
        },
    )


def _once(bought: Sequence[Purchase]) -> list[Purchase]:
    """Return purchases in order of time, without products and names that came before."""
    ids: set[str] = set()
    titles: set[str] = set()
    kept = []
    for purchase in sorted(bought, key=lambda purchase: (purchase.time or 0, purchase.product.id)):
        if purchase.product.id not in ids and purchase.product.title not in titles:
            kept.append(purchase)
        ids.add(purchase.product.id)
        titles.add(purchase.product.title)
    return kept


def _distractors(
    random: Random, pool: Sequence[Product], known: frozenset[str], titles: set[str]
) -> list[Product]:
    found: list[Product] = []
    taken = set(titles)
    for product in _draws(random, pool):
        if product.category not in known and product.title not in taken:
            found.append(product)
            taken.add(product.title)
            if len(found) == DISTRACTORS:
                break
    return found


def _draws(random: Random, pool: Sequence[Product]) -> Iterator[Product]:
    if pool:
        yield from random.choices(pool, k=50)  # nearly always enough
        yield from random.sample(pool, len(pool))
