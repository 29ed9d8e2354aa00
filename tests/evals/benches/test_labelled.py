"""Labelled sentences: three forms of a file are read, and what is wrong in them is reported."""

import json
from collections import Counter
from pathlib import Path

import pytest

from guided_profile.evals.benches.labelled import AUTHORED, LABELS, Person, authored, parse, read
from guided_profile.graph.errors import DatasetError

A_PERSON = {
    "user_id": "kim",
    "set": "mine",
    "lang": "en",
    "half": "fit",
    "history": [
        {"text": "my cat Miso sleeps on my desk", "source": "chat", "time": "2025-01-01T10:00:00"},
        {"text": "a bicycle pump", "source": "purchases", "category": "Cycling", "time": ""},
    ],
    "sentences": [
        {"text": "This person has a cat.", "label": "supported", "evidence": [0]},
        {"text": "Diese Person hat einen Hund.", "label": "invented", "evidence": [], "lang": "de"},
        {"text": "This person has no bicycle.", "label": "contradicted", "evidence": [1]},
    ],
}
BY_LABEL = """
people:
  - key: kim
    items:
      - {id: "7", time: 2025-01-01, source: chat, text: "my cat Miso sleeps on my desk"}
      - {id: "9", source: chat, role: other, text: "Do you like dogs?"}
    supported:
      - ["This person has a cat.", [7]]
    invented: ["This person has a dog."]
    contradicted: ["This person has no cat."]
"""
CASES = """
cases:
- {half: report, kind: past, supported: false, items: ["We used to have a cat."],
   sentence: "This person has a cat."}
- {half: fit, kind: plan, supported: true, items: [{text: "Moved at last.", time: 2025-03-01}],
   sentence: "This person moved."}
"""


def labels_of(people: list[Person]) -> list[tuple[str, str, str, set[str]]]:
    return [
        (sentence.label, sentence.text, sentence.group, set(sentence.gold))
        for person in people
        for sentence in person.sentences
    ]


def test_a_person_a_line_is_read() -> None:
    (person,) = parse(json.dumps(A_PERSON) + "\n\n", "mine.jsonl")
    assert (person.key, person.half) == ("kim", "fit")
    assert [item.id for item in person.items] == ["0", "1"]
    assert [item.kind for item in person.items] == ["said", "did"]
    assert person.items[0].time
    assert person.items[1].time is None
    assert labels_of([person]) == [
        ("supported", "This person has a cat.", "mine", {"0"}),
        ("invented", "Diese Person hat einen Hund.", "mine, in de", set()),
        ("contradicted", "This person has no bicycle.", "mine", {"1"}),
    ]


def test_people_with_their_sentences_by_label_are_read() -> None:
    (person,) = parse(BY_LABEL, "mine.yaml")
    assert [(item.id, item.role) for item in person.items] == [("7", "user"), ("9", "other")]
    assert labels_of([person]) == [
        ("supported", "This person has a cat.", "", {"7"}),
        ("invented", "This person has a dog.", "", set()),
        ("contradicted", "This person has no cat.", "", set()),
    ]


def test_cases_of_one_sentence_each_are_read() -> None:
    past, plan = parse(CASES, "cases.yaml")
    assert [(person.key, person.half) for person in (past, plan)] == [
        ("entry 1 of cases.yaml", "report"),
        ("entry 2 of cases.yaml", "fit"),
    ]
    assert labels_of([past, plan]) == [
        ("invented", "This person has a cat.", "past", set()),
        ("supported", "This person moved.", "plan", set()),
    ]


def test_a_separator_of_lines_within_a_text_ends_no_line() -> None:
    person = A_PERSON | {"history": [{"text": "one\u2028two"}, {"text": "three"}]}
    (found,) = parse(json.dumps(person, ensure_ascii=False), "mine.jsonl")
    assert found.items[0].text == "one\u2028two"


WRONG_LABEL = {**A_PERSON, "sentences": [{"text": "Yes.", "label": "true", "evidence": []}]}
NO_SUCH_ITEM = {**A_PERSON, "sentences": [{"text": "Y.", "label": "supported", "evidence": [2]}]}
BEFORE_THE_FIRST = {
    **A_PERSON,
    "sentences": [{"text": "Y.", "label": "supported", "evidence": [-1]}],
}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (json.dumps(WRONG_LABEL), "'true', none of supported, invented, contradicted"),
        (json.dumps(NO_SUCH_ITEM), "evidence"),
        (json.dumps(BEFORE_THE_FIRST), "evidence"),
        (json.dumps({**A_PERSON, "sentences": [{"text": "Y."}]}), "label"),
        (json.dumps({**A_PERSON, "history": [{"text": ""}]}), "text"),
        (json.dumps({"history": [{"text": "a cat"}]}), "supported"),
        ("[1, 2]", "Give it `history`"),
        ("17", "Give it `history`"),
        ('{"user_id": ', "JSON"),
    ],
)
def test_what_is_wrong_is_reported_with_its_line(text: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_text(f"{json.dumps(A_PERSON)}\n\n{text}\n")
    with pytest.raises(DatasetError, match=r"^line 3 of 'mine\.jsonl'") as failed:
        read(path)
    assert says in str(failed.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("cases: [{sentence: a, items: [b]}]", "entry 1 of 'mine.yaml'"),
        ("people: [{items: [{text: a}]}]", "entry 1 of 'mine.yaml'"),
        ("people: [a, b]", "entry 1 of 'mine.yaml'"),
        ("people: [", "'mine.yaml' is no YAML"),
        ("- a\n- b\n", "'mine.yaml' holds nobody"),
        ("", "'mine.yaml' holds nobody"),
    ],
)
def test_what_is_wrong_in_a_yaml_file_is_reported(text: str, says: str) -> None:
    with pytest.raises(DatasetError) as failed:
        parse(text, "mine.yaml")
    assert says in str(failed.value)


def test_a_file_that_holds_nobody_or_cannot_be_read_is_reported(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="nowhere"):
        read(tmp_path / "nowhere.jsonl")
    (tmp_path / "latin.jsonl").write_bytes(b"\xff\xfe{}")
    with pytest.raises(DatasetError, match="latin"):
        read(tmp_path / "latin.jsonl")
    (tmp_path / "empty.jsonl").write_text("\n")
    with pytest.raises(DatasetError, match="holds nobody"):
        read(tmp_path / "empty.jsonl")


@pytest.mark.parametrize("name", AUTHORED)
def test_what_comes_with_the_package_is_whole(name: str) -> None:
    people = authored(name)
    assert len({person.key for person in people}) == len(people)
    for person in people:
        assert len({item.id for item in person.items}) == len(person.items) > 0
        own = {item.id for item in person.items if item.role == "user"}
        assert len({sentence.text for sentence in person.sentences}) == len(person.sentences) > 0
        for sentence in person.sentences:
            assert sentence.label in LABELS
            assert sentence.gold <= own, f"{person.key}: {sentence.text}"
            if sentence.label == "supported" and len(person.sentences) > 1:
                assert sentence.gold, f"{person.key}: {sentence.text}"


def test_the_halves_share_nobody_and_are_large_enough() -> None:
    fitted, reported = [], []
    for name in AUTHORED:
        for person in authored(name):
            assert person.half in ("fit", "report"), person.key
            (fitted if person.half == "fit" else reported).append(person)
    counts = [sum(len(person.sentences) for person in half) for half in (fitted, reported)]
    assert min(counts) >= 300, counts
    texts = [{item.text for person in half for item in person.items} for half in (fitted, reported)]
    assert not texts[0] & texts[1]


def test_as_many_sentences_about_rules_are_shown_by_their_histories_as_are_not() -> None:
    cases = authored("about_rules.yaml")
    assert Counter(case.sentences[0].label for case in cases) == {"supported": 48, "invented": 48}
    assert len({item.text for case in cases for item in case.items}) > 600
