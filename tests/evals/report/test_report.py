"""What a run comes to: rows, comparisons, tables, and the page."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest
from rich.console import Console

from guided_profile.evals.datasets.examples import Example
from guided_profile.evals.report import page as pages
from guided_profile.evals.report import paper, terminal
from guided_profile.evals.report.page import page
from guided_profile.evals.report.summary import Prices, Summary, summarize
from guided_profile.evals.report.svg import ticks
from guided_profile.evals.scorers.result import Result
from guided_profile.graph.records import Cost, HistoryItem
from guided_profile.graph.tasks import builtin_tasks
from guided_profile.tools.embedders.lexical import LexicalEmbedder

EVIL = "<script>alert('x')</script><img src=http://evil.example/a.png onerror=1>"
METHODS = {"dg": "raw", "gpg": "guided", "tfidf": "no model"}


def choice(number: int, *, answerable: bool = True) -> Example:
    return Example(
        id=f"e{number}",
        user_id="u",
        task="preference",
        question=f"Which one? {EVIL}",
        options=("tea", EVIL, "wine", "milk"),
        reference="tea" if answerable else "",
        answerable=answerable,
        history=(HistoryItem(text=f"history {EVIL}", category=EVIL),),
    )


def said(method: str, example: str, option: int, **more: Any) -> Result:
    fields = {
        "kind": "answered",
        "text": "tea" if option == 0 else EVIL,
        "option": option,
        "confidence": 0.6,
        "cost": Cost(calls=4, input_tokens=1000, output_tokens=10, cached_tokens=400, seconds=2.0),
        "profile": (f"This person likes {EVIL}",),
        "unsupported": (f"This person sings {EVIL}",),
        "guidance": EVIL,
    }
    return Result(example=example, method=method, **fields | more)


def preference() -> Summary:
    """Return a run: of 20, gpg has 15 right and 1 failed, dg has 8 and abstains from 2."""
    examples = [choice(number) for number in range(20)]
    examples += [choice(number, answerable=False) for number in (20, 21)]
    results = []
    for number in range(20):
        results.append(said("gpg", f"e{number}", 0 if number < 15 else 1))
        results.append(said("dg", f"e{number}", 0 if number < 8 else 1))
        results.append(said("tfidf", f"e{number}", 0, cost=Cost()))
    failed = {"kind": "error", "reason": f"ModelError: {EVIL}", "confidence": None}
    results[3 * 19] = said("gpg", "e19", 0, **failed)
    for number in (18, 19):
        abstained = {"kind": "abstained", "reason": "declined", "confidence": None}
        results[3 * number + 1] = said("dg", f"e{number}", 0, **abstained)
    results += [said("gpg", "e20", 0, kind="abstained"), said("gpg", "e21", 0, profile=())]
    return summarize(
        builtin_tasks()["preference"],
        examples,
        results,
        methods=METHODS,
        embedder=LexicalEmbedder(),
        prices=Prices(2.0, 8.0, 0.5),
        facts={"model": EVIL},
    )


def test_an_error_is_in_no_score_and_an_abstention_is_not_right() -> None:
    summary = preference()
    gpg, dg = summary.row("gpg"), summary.row("dg")
    assert gpg.scores["accuracy"].n == 19
    assert gpg.scores["accuracy"].mean == pytest.approx(15 / 19)
    assert (gpg.counts.correct, gpg.counts.incorrect, gpg.counts.error) == (15, 4, 1)
    assert (dg.scores["accuracy"].n, dg.scores["accuracy"].mean) == (20, 0.4)
    assert dg.counts.abstained == 2
    assert gpg.abstaining is not None
    assert (gpg.abstaining.n, gpg.abstaining.mean) == (2, 0.5)
    assert summary.row("tfidf").scores["accuracy"].high == 1.0
    assert summary.row("tfidf").scores["accuracy"].low < 0.9


def test_pairs_leave_failures_out_and_are_corrected_for_their_number() -> None:
    summary = preference()
    pairs = {
        (comparison.first, comparison.second): comparison for comparison in summary.comparisons
    }
    assert set(pairs) == {("gpg", "dg"), ("tfidf", "dg"), ("gpg", "tfidf")}
    pair = pairs["gpg", "dg"]
    assert (pair.difference.n, pair.wins, pair.losses) == (19, 7, 0)
    assert pair.p == pytest.approx(2 / 2**7)
    assert pair.corrected == pytest.approx(2 * pair.p)  # the second smallest of three
    assert pairs["tfidf", "dg"].corrected == pytest.approx(3 * pairs["tfidf", "dg"].p)


def test_the_price_of_a_thousand_answers() -> None:
    row = preference().row("dg")
    each = (600 * 2.0 + 400 * 0.5 + 10 * 8.0) / 1e6
    assert row.price == pytest.approx(1000 * each)
    assert Prices(2.0, 8.0).of(Cost(input_tokens=1000, cached_tokens=400)) == 2000 / 1e6


class Page(HTMLParser):
    """Reads a page, holding each end tag against its start."""

    VOID = ("meta", "circle", "line", "path", "polyline")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in self.VOID or tag == "path":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, tag

    def handle_data(self, data: str) -> None:
        self.text += data


def read(summary: Summary) -> Page:
    read_ = Page()
    read_.feed(page(summary, priced=True))
    read_.close()
    return read_


def test_the_page_is_whole_and_loads_and_runs_nothing() -> None:
    shown = read(preference())
    assert shown.open == []
    assert not {"script", "img", "link", "iframe", "object", "form", "a"} & set(shown.tags)
    assert not [name for name, _ in shown.attributes if name.startswith("on")]
    assert not {"src", "href", "action", "xlink:href"} & {name for name, _ in shown.attributes}
    policy = [value for name, value in shown.attributes if name == "content"]
    assert "default-src 'none'; style-src 'unsafe-inline'" in policy
    whole = page(preference(), priced=True)
    assert "url(" not in whole
    assert "@import" not in whole
    assert "<script" not in whole
    assert EVIL in shown.text  # as text


def test_the_page_shows_every_part_and_the_true_numbers() -> None:
    shown = read(preference())
    assert shown.tags.count("svg") == 3
    assert "gpg reaches 78.9, dg 40.0" in shown.text
    assert "better on 7 and worse on 0" in shown.text
    assert "gpg beats dg: 7 cases" in shown.text
    assert "gpg loses to dg: 0 cases" in shown.text
    assert "1 answers failed" in shown.text
    assert shown.tags.count("details") == 7
    assert "65.08" in shown.text  # the paper's GPG, as a diamond


def test_cases_show_both_answers_with_the_profile_behind() -> None:
    whole = page(preference(), priced=False)
    case = whole[whole.index("<details>") : whole.index("</details>")]
    assert re.findall(r"class='(side[ won]*)'><h4>(\w+)", case) == [
        ("side won", "gpg"),
        ("side", "dg"),
    ]
    assert "This person likes" in case
    assert "<del>This person sings" in case
    assert "1 items" in case


def printed(summary: Summary, width: int = 80) -> str:
    console = Console(width=width, record=True, file=None, quiet=False, force_terminal=False)
    with console.capture() as captured:
        for table in terminal.printed(summary, priced=True):
            console.print(table)
    return captured.get()


def test_the_tables_stand_beside_the_papers_and_fit_a_terminal() -> None:
    text = printed(preference())
    assert "…" not in text
    assert re.search(r"gpg\s+│\s+19 │\s+78\.9 \[[\d., ]+\] │\s+65\.08 │", text)
    assert "41.46 / 32.39 / 26.15" in text
    assert re.search(r"gpg\s+│\s+78\.9 │\s+21\.1 │\s+0\.0 │", text)  # the one that failed is out
    assert "1 answers failed" in text
    assert "where the history holds no answer" in text
    assert "In 1 of 22 profiles no sentence had evidence: gpg." in " ".join(text.split())
    assert "dg: of" not in text


def test_texts_are_scored_and_compared_by_the_tasks_own_measure() -> None:
    task = builtin_tasks()["paraphrase"]
    examples = [
        Example(id=str(n), user_id="u", task="paraphrase", question="q", reference=f"lol ok {n}")
        for n in range(6)
    ]
    near = [said("gpg", example.id, 0, text=f"lol ok {example.id}") for example in examples]
    far = [said("dg", example.id, 0, text="Very well, Sir.") for example in examples]
    summary = summarize(
        task,
        examples,
        near + far,
        methods={"dg": "raw", "gpg": "guided"},
        embedder=LexicalEmbedder(),
        prices=Prices(),
    )
    assert summary.main == "meteor"
    (comparison,) = summary.comparisons
    assert (comparison.wins, comparison.losses) == (6, 0)
    assert comparison.p == 2 / 2**6
    assert summary.row("gpg").scores["rouge-l"].mean == 1.0
    assert summary.row("gpg").scores["style-distance"].mean == 0.0
    text = printed(summary)
    assert "42.22" in text  # the paper's METEOR of DG
    assert "…" not in text
    shown = read(summary)
    assert "gpg beats dg: 6 cases" in shown.text
    assert shown.tags.count("svg") == 2


@pytest.mark.parametrize("low", range(10))
@pytest.mark.parametrize("high", range(1, 11))
def test_marks_stand_within_their_axis(low: int, high: int) -> None:
    marks = ticks(low / 10, high / 10) if low < high else []
    assert all(mark <= high / 10 + 1e-9 for mark in marks)


def test_of_many_methods_the_surest_six_are_drawn() -> None:
    summary = preference()
    row = summary.row("gpg")
    assert row.curve
    many = [
        replace(row, method=f"m{number}", curve=replace(row.curve, area=number / 10))
        for number in range(8)
    ]
    shown = pages._surest(replace(summary, rows=tuple(many)))
    assert shown.count("<polyline") == 6
    assert ">m7</text>" in shown
    assert ">m1</text>" not in shown
    assert "The 6 best by that are drawn." in shown


def test_a_run_of_one_rule_has_a_page_too() -> None:
    summary = summarize(
        builtin_tasks()["preference"],
        [choice(1)],
        [said("random", "e1", 0, cost=Cost())],
        methods={"random": "a guess"},
        embedder=LexicalEmbedder(),
        prices=Prices(),
    )
    shown = read(summary)
    assert shown.open == []
    assert "nothing to compare" in shown.text
    empty = summarize(
        builtin_tasks()["preference"],
        [choice(1)],
        [],
        methods={"dg": "raw"},
        embedder=LexicalEmbedder(),
        prices=Prices(),
    )
    assert "Nothing was answered." in read(empty).text


def test_the_papers_figures_are_those_of_its_tables() -> None:
    assert paper.figures("preference", "gpg") == {"accuracy": 65.08}
    assert paper.figures("paraphrase", "gpg-g")["meteor"] == 44.46
    assert paper.figures("dialogue", "pg") == {"similarity": 32.66, "bertscore": 83.47}
    assert paper.figures("dialogue", "gpg-g") == {}
    assert paper.figures("own", "gpg") == {}
    assert all(99.9 < sum(three) < 100.1 for three in paper.OUTCOMES.values())
    assert json.dumps(paper.PARAPHRASE["dg0"])
