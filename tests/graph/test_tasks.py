from pathlib import Path
from typing import Any

import pytest
import yaml

from guided_profile.graph.context import Context
from guided_profile.graph.errors import TaskError
from guided_profile.graph.prompts import RULE
from guided_profile.graph.records import HistoryItem
from guided_profile.graph.tasks import builtin_tasks, by_name, find_task, load_task
from guided_profile.tools.text.words import words

GOOD: dict[str, Any] = {
    "name": "titles",
    "description": "Give a text a title.",
    "kind": "text",
    "guiding_question": "What are this person's titles like?",
    "profile_instruction": "Describe this person's titles.",
    "response_instruction": "Write a title for: {question}",
}


def write(folder: Path, **fields: Any) -> Path:
    path = folder / "titles.yaml"
    path.write_text(yaml.safe_dump({**GOOD, **fields}))
    return path


def test_the_built_in_tasks_show_the_response_what_the_paper_found_best() -> None:
    tasks = builtin_tasks()
    assert tasks["preference"].sees == ("personal_context", "profile")
    assert tasks["paraphrase"].sees == ("personal_context", "guidance", "profile")
    assert tasks["dialogue"].sees == ("personal_context", "profile")
    for task in tasks.values():
        assert task.max_tokens.response == 100
        assert task.temperature == 0


def test_the_built_in_tasks_are_read_once_and_whoever_asks_may_change_which_there_are() -> None:
    tasks = builtin_tasks()
    dialogue = tasks.pop("dialogue")
    assert builtin_tasks()["dialogue"] is dialogue


def test_what_a_person_did_is_asked_another_question_than_what_they_said() -> None:
    task = builtin_tasks()["preference"]
    bought = HistoryItem(text="rye flour", source="orders", category="Baking")
    said = HistoryItem(text="i bake rye bread", source="posts")
    assert task.question_of(said) == task.guiding_question
    assert task.question_of(bought) == task.sources["did"] != task.guiding_question
    of_its_source = task.model_copy(update={"sources": {"orders": "What is ordered?", "did": "?"}})
    assert of_its_source.question_of(bought) == "What is ordered?"


def test_the_question_about_taste_shares_no_word_with_the_rule_about_instructions() -> None:
    # asked what somebody "cannot stand", a small model noted "instructions that stand in it"
    asked = set(words(builtin_tasks()["preference"].guiding_question))
    assert not {word for word in words(RULE) if len(word) > 2} & asked


def test_a_task_file_of_ones_own_is_read(tmp_path: Path) -> None:
    task = load_task(write(tmp_path, sees=["profile"], abstention={"policy": "accept"}))
    assert (task.name, task.sees, task.abstention.policy) == ("titles", ("profile",), "accept")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"kind": "poem"}, "kind: Input should be 'choice' or 'text'"),
        ({"name": "My Task"}, "name: "),
        ({"colour": "red"}, "colour: Extra inputs are not permitted"),
        ({"sees": ["everything"]}, "sees.0: "),
        ({"sees": ["profile", "profile"]}, "sees names something twice"),
        ({"guiding_question": "Ask {user}?"}, r"guiding_question: uses \{user\}"),
        ({"guiding_question": "Ask {?"}, "guiding_question: .*write a literal brace twice"),
        ({"abstention": {"policy": "shrug"}}, "abstention.policy: "),
        ({"abstention": {"floor": 2}}, "abstention.floor is for tasks of kind 'choice'"),
        ({"abstention": {"off_topic_floor": 2}}, "off_topic_floor is a probability here"),
        (
            {"abstention": {"untouched_floor": 0.5}},
            "abstention: untouched_floor is named off_topic_floor now; rename it",
        ),
        ({"grounding": 2}, "grounding is for tasks of kind 'choice'"),
        ({"grounding_by": "newest"}, "grounding_by does nothing without grounding"),
        ({"abstention": {"declined": "Is {reply} to {user}?"}}, r"declined: uses \{user\}"),
        (
            {"kind": "choice", "abstention": {"declined": "Does {reply} answer?"}},
            "abstention.declined is for tasks of kind 'text'",
        ),
        ({"max_tokens": {"digest": 0}}, "max_tokens.digest: "),
        ({"version": 0}, "version: "),
    ],
)
def test_a_bad_task_file_is_refused_with_the_field_and_the_reason(
    tmp_path: Path, fields: dict[str, Any], message: str
) -> None:
    with pytest.raises(TaskError, match=message) as refused:
        load_task(write(tmp_path, **fields))
    assert "titles.yaml" in str(refused.value)


@pytest.mark.parametrize("text", ["- a list", "{not: yaml", ""])
def test_a_file_that_is_no_task_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "odd.yaml"
    path.write_text(text)
    with pytest.raises(TaskError, match=r"odd\.yaml"):
        load_task(path)
    with pytest.raises(TaskError, match="cannot be read"):
        load_task(tmp_path / "missing.yaml")


def test_a_missing_field_is_named(tmp_path: Path) -> None:
    path = tmp_path / "short.yaml"
    path.write_text(yaml.safe_dump({k: v for k, v in GOOD.items() if k != "guiding_question"}))
    with pytest.raises(TaskError, match="guiding_question: Field required"):
        load_task(path)


def test_names_are_unique_and_an_unknown_one_lists_the_known(tmp_path: Path) -> None:
    task = load_task(write(tmp_path))
    with pytest.raises(TaskError, match="two tasks are named 'titles'"):
        by_name([task, task])
    with pytest.raises(TaskError, match="assistant, dialogue, paraphrase, preference"):
        find_task(builtin_tasks(), "titles")


def test_what_the_response_sees_does_not_make_a_profile_stale_but_its_instruction_does(
    tmp_path: Path,
) -> None:
    task = load_task(write(tmp_path))
    assert task.with_switches(Context(user_id="anna", sees=())).recipe == task.recipe
    assert task.with_switches(Context(user_id="anna", guided=False)).recipe != task.recipe
    changed = load_task(write(tmp_path, profile_instruction="Describe them."))
    assert changed.recipe != task.recipe


def test_off_may_be_written_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "titles.yaml"
    path.write_text(
        "name: titles\ndescription: Titles.\nkind: text\nguiding_question: Which titles?\n"
        "profile_instruction: Write.\nresponse_instruction: 'Title: {question}'\nworth: off\n"
    )
    assert load_task(path).worth == "off"
