from pathlib import Path
from typing import Any

import pytest
from records import as_json

from guided_profile.evals.datasets.load import load
from guided_profile.graph.errors import DatasetError

BEES = [{"role": "user", "content": "I keep bees."}, {"role": "assistant", "content": "Good."}]
RAIN = [{"role": "user", "content": "Will it rain?"}]
META = {
    "question": "What should I read?",
    "options": "A: A book of crime.\nSet in May: so it says.\nB: A book of bees.",
    "gold_label": "B",
}


def task(number: int, **further: Any) -> dict[str, Any]:
    return {
        "task_id": "SD-Books-task-1",
        "type": number,
        "topic": ["Books"],
        "context": [[BEES, "2023-05-01 Morning"], [RAIN, "2023-06-01 Evening"]],
        "affinity_links": [{"value": BEES, "date": "2023-05-01 Morning"}],
    } | further


def data(folder: Path, *tasks: dict[str, Any], meta: dict[str, Any] = META) -> Path:
    as_json(folder / "tasks" / "user7" / "input_data_c.json", {"overall": list(tasks)})
    for entry in tasks:
        name = f"SD-Books-task-1_{entry['type']}.json"
        as_json(folder / "evaluation" / "user7" / "meta" / "overall" / name, meta)
    return folder


def test_choices_are_asked_of_all_sessions_so_far(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    found = list(load("perma", data(tmp_path, task(1), task(2), task(3))))
    assert [example.about["kind"] for example in found] == ["preference", "preference-later"]
    assert "1 questions that are asked before" in caplog.text
    example = found[0]
    assert example.options == ("A book of crime.\nSet in May: so it says.", "A book of bees.")
    assert example.reference == "A book of bees."
    assert [item.id for item in example.history] == ["0:0", "0:1", "1:0"]
    assert [item.time.hour for item in example.history if item.time] == [6, 6, 19]
    assert example.about["evidence"] == ["0:0"]
    assert example.about["topic"] == "Books"
    assert len({example.id for example in found}) == 2


def test_what_is_missing_or_wrong_is_said(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"no tasks/user…/input_data_multi_s.json"):
        list(load("perma", data(tmp_path, task(2)), multi=True, dialogues="s"))
    with pytest.raises(DatasetError, match="the gold_label 'H' is none of the options"):
        list(load("perma", data(tmp_path, task(2), meta=META | {"gold_label": "H"})))
    with pytest.raises(DatasetError, match="task 1: a date is '9 May', not like"):
        list(load("perma", data(tmp_path, task(2, context=[[BEES, "9 May"]]))))
    (tmp_path / "evaluation/user7/meta/overall/SD-Books-task-1_2.json").unlink()
    with pytest.raises(DatasetError, match=r"task-1_2.json cannot be read: No such file"):
        list(load("perma", tmp_path))
