"""Whatever a task file holds, it is a task or refused in one line.

A longer run: `FUZZ=20000 pytest tests/graph/test_tasks_fuzz.py`. What it found stands below.
"""

import os
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from guided_profile.graph.context import Context
from guided_profile.graph.errors import TaskError
from guided_profile.graph.prompts import render
from guided_profile.graph.tasks import Task, builtin_tasks, load_task

fuzzed = settings(
    max_examples=int(os.environ.get("FUZZ", "60")),
    deadline=None,
    suppress_health_check=list(HealthCheck),
    database=None,
)
WHOLE = builtin_tasks()["preference"].model_dump(mode="json")
PIECES = (
    "!!int|!!float|!!bool|!!timestamp|!!binary|!!set|!!omap|!!python/name:os|&a|*a|<<|=|? |: |- "
    "|{|}|[|]|\n|\n  |'|\"|#|%YAML 9|---|...|name|kind|choice|sees|1:1|0x|.nan|2025-99-99|~|\t|\x00"
).split("|")
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5) | st.integers(), inner, max_size=3)
    ),
    max_leaves=8,
)


def refused(path: Path) -> str:
    """Return why a task file is refused; empty: it is a task."""
    try:
        use(load_task(path))
    except TaskError as error:
        reason = str(error)
        assert reason.isprintable()  # in one line, and nothing that a terminal would obey
        assert len(reason) < 1000
        return reason
    return ""


def use(task: Task) -> None:
    """Do with a task what a run does with it, which must not fail either."""
    task.model_dump_json().encode()
    for instruction in (task.guiding_question, *task.sources.values(), task.response_instruction):
        assert len(render(instruction, question="Why?")) < len(instruction) + 1000
    if task.abstention.declined:
        render(task.abstention.declined, question="Why?", reply="So.")
    timedelta(days=task.freshness.days)
    assert 0 <= task.temperature <= 2
    task.with_switches(Context(user_id="anna", grounded=False, joined=False))


@pytest.fixture
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("task") / "task.yaml"


@fuzzed
@given(text=st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=20).map("".join))
def test_any_text(path: Path, text: str) -> None:
    with suppress(UnicodeEncodeError):
        path.write_text(text, "utf-8")
        refused(path)


@fuzzed
@given(data=st.binary(max_size=60))
def test_any_bytes(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    refused(path)


@fuzzed
@given(field=st.sampled_from([*Task.model_fields, "nothing"]), value=values)
def test_a_field_of_any_type(path: Path, field: str, value: Any) -> None:
    path.write_text(yaml.safe_dump(WHOLE | {field: value}), "utf-8")
    refused(path)


@fuzzed
@given(
    part=st.sampled_from(["abstention", "freshness", "cold_start", "max_tokens", "recall"]),
    field=st.integers(0, 20),
    value=values | st.sampled_from(["{question}", "{reply}", "{question:5}", "{", "retry"]),
)
def test_a_field_of_a_field_of_any_type(path: Path, part: str, field: int, value: Any) -> None:
    named = sorted(WHOLE[part])
    changed = WHOLE[part] | {named[field % len(named)]: value}
    path.write_text(yaml.safe_dump(WHOLE | {part: changed}), "utf-8")
    refused(path)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"guiding_question": "{question:>9999999999}"}, "formats a variable"),
        ({"guiding_question": "{question!r}"}, "formats a variable"),
        ({"response_instruction": "{question:d}"}, "formats a variable"),
        ({"guiding_question": "{question.__class__}"}, "the only variable is"),
        ({"freshness": {"days": float("inf")}}, "freshness.days: "),
        ({"freshness": {"days": 1e300}}, "freshness.days: "),
        ({"temperature": float("nan")}, "temperature: "),
        ({"recall": {"half_life_days": float("nan")}}, "recall.half_life_days: "),
        ({"a\x1b]0;b" + "c" * 9999: 1}, "a\\x1b]0;bccc"),
    ],
)
def test_what_a_run_would_have_failed_on(path: Path, fields: dict[str, Any], reason: str) -> None:
    path.write_text(yaml.safe_dump(WHOLE | fields))
    assert reason in refused(path)


@pytest.mark.parametrize(
    "text",
    [
        "!!timestamp x",
        "!!int ''",
        "!!float ''",
        "!!bool x",
        "name: !!int '-'",
        "- " * 3000,
        "1" * 5000,
    ],
)
def test_what_was_found(path: Path, text: str) -> None:
    path.write_text(text)
    assert refused(path).startswith(f"the task file {str(path)!r} ")


def test_a_fields_name_of_two_lines(path: Path) -> None:
    path.write_text(yaml.safe_dump(WHOLE | {"abstention": {"a\n\x1eb": 1}}))
    assert "abstention.a b: Extra inputs" in refused(path)


def test_a_path_that_is_none() -> None:
    with pytest.raises(TaskError, match="a path holds no NUL"):
        load_task("a\0b")
