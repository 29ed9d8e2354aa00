"""What a data set is made of, in figures, beside those of the paper's Table 6 (appendix C)."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from statistics import mean, median

from guided_profile.evals.datasets.examples import Example
from guided_profile.graph.tokens import approximate_tokens


@dataclass(frozen=True, slots=True)
class Paper:
    """A column of the paper's Table 6."""

    column: str
    data: int
    activities: float


TABLE_6 = {
    "preference": Paper("P-P", 673, 6.82),
    "paraphrase": Paper("T-P", 1500, 17.64),
    "dialogue": Paper("D-G", 607, 10.00),
}


@dataclass(slots=True)
class Statistics:
    """Counts examples one by one, and keeps none of them."""

    examples: int = 0
    users: set[str] = field(default_factory=set)
    activities: list[int] = field(default_factory=list)
    """The items of each history that the person wrote or did."""
    others: int = 0
    """The items that somebody else wrote."""
    tokens: list[int] = field(default_factory=list)
    """About how many tokens each history has."""
    categories: list[int] = field(default_factory=list)
    timed: int = 0
    answerable: int = 0
    options: Counter[int] = field(default_factory=Counter)
    places: Counter[int] = field(default_factory=Counter)
    """Where the answer stands among the options."""
    longest: int = 0
    """How often the answer is the longest option."""
    copied: list[float] = field(default_factory=list)
    """For texts: the share of the answer's words that the question has too."""

    def add(self, example: Example) -> None:
        """Count an example."""
        self.examples += 1
        self.users.add(example.user_id)
        mine = sum(item.role == "user" for item in example.history)
        self.activities.append(mine)
        self.others += len(example.history) - mine
        self.tokens.append(sum(approximate_tokens(item.text) for item in example.history))
        self.categories.append(len({item.category for item in example.history if item.category}))
        self.timed += bool(example.history) and all(item.time for item in example.history)
        self.answerable += example.answerable
        if example.options:
            self.options[len(example.options)] += 1
        if example.options and example.answerable:
            self.places[example.options.index(example.reference)] += 1
            self.longest += len(example.reference) == max(map(len, example.options))
        elif example.answerable:
            self.copied.append(_share(example.reference, example.question))

    def lines(self, paper: Paper | None = None) -> Iterator[str]:
        """Yield the figures as lines of text, beside the paper's where it has them."""

        def beside(value: object) -> str:
            return f"   paper, Table 6, {paper.column}: {value}" if paper else ""

        yield f"examples             {self.examples}{beside(paper and paper.data)}"
        yield f"users                {len(self.users)}"
        activities = f"{paper.activities:.2f}" if paper else ""
        yield f"items a history      {_spread(self.activities)}{beside(activities)}"
        if self.others:
            yield f"others' items        {self.others / self.examples:.2f} a history"
        yield f"tokens a history     {_spread(self.tokens, 0)}, approximately"
        if any(self.categories):
            yield f"categories a history {_spread(self.categories)}"
        yield f"with all times       {self.timed} of {self.examples}"
        yield f"answerable           {self.answerable} of {self.examples}"
        if self.options:
            sizes = ", ".join(f"{size} ({count})" for size, count in sorted(self.options.items()))
            yield f"options              {sizes}"
        if self.places:
            places = " ".join(f"{chr(65 + place)} {n}" for place, n in sorted(self.places.items()))
            yield f"answers              {places}"
            yield f"answer is longest    {self.longest} of {self.places.total()}"
        if self.copied:
            yield f"answer's words in the question {mean(self.copied):.2f} on average"


def _share(answer: str, question: str) -> float:
    """Return ROUGE-1's recall without stemming: how much of an answer a copy would get."""
    wanted, given = Counter(answer.lower().split()), Counter(question.lower().split())
    return (wanted & given).total() / max(1, wanted.total())


def _spread(counts: list[int], digits: int = 2) -> str:
    return (
        f"{mean(counts):.{digits}f} on average, {median(counts):g} in the middle, "
        f"{min(counts)} to {max(counts)}"
    )
