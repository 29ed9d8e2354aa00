"""A run over several lengths of the history, shown: its tables, and a page with charts."""

from collections.abc import Iterator

from guided_profile.evals.report.by_length import At, ByLength, Pair, ours_of
from guided_profile.evals.report.lines import Line, Point, lines_by_length
from guided_profile.evals.report.page import document
from guided_profile.evals.report.tables import SIGNIFICANT, Table, for_page


def tables(found: ByLength) -> Iterator[Table]:
    """Return what is shown: what was right, what it took, and the pairs."""
    cells = [cell for length in found.lengths for cell in found.at(length)]
    whole = len(cells) == len(found.methods) * len(found.lengths)
    sections = len(found.methods) if whole else 0
    yield Table(
        "right answers of 100 (95 % interval, Wilson), by items of the history",
        ("method", *(f"{length:,}" for length in found.lengths)),
        [
            (name, *(_right(found.cells.get((name, length))) for length in found.lengths))
            for name in found.methods
        ],
        f"an abstention is not right; guessing gets {100 * found.chance:.0f}",
    )
    yield Table(
        "what became of the questions",
        ("items", "method", "n", "right", "abstained", "errors"),
        [
            (
                f"{cell.length:,}",
                cell.method,
                str(cell.accuracy.n if cell.accuracy else 0),
                str(cell.accuracy or ""),
                str(cell.abstained),
                str(cell.errors),
            )
            for cell in cells
        ],
        "n: answered or abstained from",
        sections=sections,
        words=2,
    )
    yield Table(
        "what a question takes",
        ("items", "method", "shown", "tokens", "s", "to build", "s", "in all"),
        [_spent(cell) for cell in cells],
        "shown: items that the response saw; tokens: of prompts and replies, without what a prefix "
        "cache served; s: seconds of the model; to build: what is made of a history, whatever is "
        "asked of it; in all: the tokens of a question with its share of that",
        sections=sections,
        words=2,
    )
    ours = {length: ours_of([cell.method for cell in found.at(length)]) for length in found.lengths}
    shown = [pair for pair in found.pairs if pair.first == ours[pair.length]]
    if shown:
        yield Table(
            "paired: exact McNemar, corrected within each length (Holm)",
            ("items", "", "n", "+", "−", "p", "Holm"),
            [_tested(pair) for pair in shown],
            "+ and −: the questions that only the first, and only the second, has right; all other "
            f"pairs are in summary.json; bold: below {SIGNIFICANT} after Holm",
            bold=[pair.corrected < SIGNIFICANT for pair in shown],
            words=2,
        )


def _right(cell: At | None) -> str:
    if not cell or not cell.accuracy:
        return ""
    mean, low, high = (
        f"{100 * share:.0f}"
        for share in (cell.accuracy.mean, cell.accuracy.low, cell.accuracy.high)
    )
    return f"{mean} ({low}–{high})"


def _spent(cell: At) -> tuple[str, ...]:
    return (
        f"{cell.length:,}",
        cell.method,
        "" if cell.shown is None else f"{cell.shown:.0f}",
        f"{cell.tokens:,.0f}",
        f"{cell.seconds:.1f}",
        f"{cell.built_tokens:,.0f}" if cell.built else "",
        f"{cell.built_seconds:.0f}" if cell.built else "",
        f"{cell.in_all:,.0f}",
    )


def _tested(pair: Pair) -> tuple[str, ...]:
    counts = str(pair.n), str(pair.wins), str(pair.losses)
    ps = f"{pair.p:.3f}", f"{pair.corrected:.3f}"
    return (f"{pair.length:,}", f"{pair.first} : {pair.second}", *counts, *ps)


def page(found: ByLength, title: str) -> str:
    """Return the report: no script, nothing from outside, light and dark."""
    right = [
        Line(
            name,
            [
                Point(cell.length, cell.accuracy.mean, cell.accuracy.low, cell.accuracy.high)
                for cell in found.of(name)
                if cell.accuracy
            ],
        )
        for name in found.methods
    ]
    tokens = [
        Line(name, [Point(c.length, c.in_all, c.in_all, c.in_all) for c in found.of(name)])
        for name in found.methods
    ]
    parts = [
        f"<figure>{lines_by_length(right, 'right answers', chance=found.chance)}<figcaption>Right "
        "answers in percent, by items of the history. The strokes are 95 % intervals; the dashed "
        "line is what guessing gets.</figcaption></figure>",
        f"<figure>{lines_by_length(tokens, 'tokens of a question', logarithmic=True)}<figcaption>"
        "Tokens of a question, with its share of what was made of the history."
        "</figcaption></figure>",
        *(for_page(table) for table in tables(found)),
    ]
    return document(title, found.facts, parts)
