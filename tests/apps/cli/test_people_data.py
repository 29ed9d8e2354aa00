"""The demo's invented people are what the demo says they are."""

import json
import re
from datetime import timedelta
from functools import cache
from importlib.resources import files
from typing import Any

import pytest
import yaml

from guided_profile.graph.records import HistoryItem
from guided_profile.graph.tasks import BUILTIN

FOLDER = files("guided_profile.apps.cli") / "people"
BEST_TASK = {"cook": "preference", "runner": "dialogue", "poster": "paraphrase"}
SOURCES = {
    "cook": {"purchases", "reviews", "notes", "chat"},
    "runner": {"chat", "forum", "purchases", "training_log"},
    "poster": {"posts", "replies", "messages"},
}
ABBREVIATION = re.compile(
    r"(?<!\w)(?:abt|bc|idc|idk|imo|lol|ngl|pls|ppl|prob|rn|tbf|tbh|thx|tmrw|u|w/o?|wknd)(?!\w)"
)
EMOJI = re.compile("[\u2600-\u27bf\ufe0f\U0001f000-\U0001faff]|[:;]-?[()DP]")
each_person = pytest.mark.parametrize("key", BEST_TASK)


@cache
def people() -> dict[str, dict[str, Any]]:
    entries = yaml.safe_load((FOLDER / "people.yaml").read_text(encoding="utf-8"))["people"]
    assert len({entry["key"] for entry in entries}) == len(entries)
    return {entry["key"]: entry for entry in entries}


def lines(key: str) -> list[str]:
    return (FOLDER / people()[key]["file"]).read_text(encoding="utf-8").splitlines()


@cache
def history(key: str) -> list[HistoryItem]:
    return [HistoryItem.model_validate_json(line) for line in lines(key)]


def written(key: str) -> list[str]:
    return [item.text for item in history(key) if item.role == "user"]


def test_the_three_people_come_with_what_the_demo_reads() -> None:
    assert {key: entry["task"] for key, entry in people().items()} == BEST_TASK
    fields = {"key", "name", "file", "about", "task", "questions", "unanswerable"}
    assert all(set(entry) == fields for entry in people().values())
    named = {entry["file"] for entry in people().values()}
    assert named == {path.name for path in FOLDER.iterdir() if path.name.endswith(".jsonl")}


@each_person
def test_a_history_is_short_enough_for_a_small_model(key: str) -> None:
    items = history(key)
    assert 15 <= len(items) <= 40
    assert sum(len(item.text) for item in items) < 4_000
    assert all(len(item.text.split()) <= 30 for item in items)
    # a shop's product names may be shorter than a sentence
    sentences = [item.text for item in items if item.source != "purchases"]
    assert [text for text in sentences if len(text.split()) < 6] == []


@each_person
def test_items_are_distinct_and_come_from_the_persons_sources(key: str) -> None:
    items = history(key)
    assert {item.source for item in items} == SOURCES[key]
    assert len(SOURCES[key]) >= 3
    assert len({item.id for item in items}) == len(items)
    assert len({item.text for item in items}) == len(items)


@each_person
def test_items_are_dated_in_order_over_two_years(key: str) -> None:
    assert all(json.loads(line)["time"].endswith("Z") for line in lines(key))
    times = [item.time for item in history(key) if item.time]
    assert len(times) == len(history(key))
    assert times == sorted(times)
    assert times[-1] - times[0] >= timedelta(days=23 * 30.4)
    assert (times[0].year, times[0].month) >= (2024, 10)
    assert (times[-1].year, times[-1].month) <= (2026, 10)


@each_person
def test_one_or_two_items_are_by_somebody_else(key: str) -> None:
    assert 1 <= len(history(key)) - len(written(key)) <= 2
    # the role is given only where it is not the user
    assert all(json.loads(line).get("role", "other") == "other" for line in lines(key))


@each_person
def test_every_task_has_a_question(key: str) -> None:
    person = people()[key]
    assert set(person["questions"]) == set(BUILTIN), "`demo --all` asks for every task"
    assert all(asked["question"].strip() for asked in person["questions"].values())
    assert person["about"].count(".") == 1
    assert person["about"].endswith(".")
    assert person["questions"]["dialogue"]["question"].endswith("?")
    assert person["unanswerable"].endswith("?")


@each_person
def test_options_differ_and_their_length_gives_nothing_away(key: str) -> None:
    asked = people()[key]["questions"]["preference"]
    options = asked["options"]
    assert len(options) == len({option.casefold() for option in options}) == 4
    assert asked["expected"] in range(4)
    sizes = [len(option) for option in options]
    assert max(sizes) <= 1.25 * min(sizes)
    said = "\n".join(item.text for item in history(key)).casefold()
    assert not any(option.casefold() in said for option in options)


def test_the_right_option_is_not_always_in_the_same_place() -> None:
    places = {entry["questions"]["preference"]["expected"] for entry in people().values()}
    assert len(places) > 1


@each_person
def test_the_text_to_rewrite_is_neutral_and_punctuated(key: str) -> None:
    text = people()[key]["questions"]["paraphrase"]["question"]
    sentences = re.split(r"(?<=[.!?]) ", text)
    assert 1 <= len(sentences) <= 2
    assert all(sentence[0].isupper() and sentence[-1] in ".?" for sentence in sentences)
    assert not ABBREVIATION.search(text)
    assert not EMOJI.search(text)


def test_the_poster_keeps_to_one_style() -> None:
    texts = written("poster")
    assert texts == [text.lower() for text in texts]
    assert not [text for text in texts if EMOJI.search(text)]
    assert sum(bool(ABBREVIATION.search(text)) for text in texts) >= 0.6 * len(texts)
    full_stops = [text for text in texts if text.endswith(".") and not text.endswith("..")]
    assert len(full_stops) <= 0.1 * len(texts)
    assert max(len(text.split()) for text in texts) <= 20
