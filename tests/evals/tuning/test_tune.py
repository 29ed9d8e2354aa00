"""Guiding questions compared, on the real workflow with a scripted model."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from scripted import Script, ScriptedChat
from tuned import BETTER, WORSE, people, script

from guided_profile.evals.datasets.examples import Example
from guided_profile.evals.methods.workflow import MethodInputs
from guided_profile.evals.run.answers import Answers
from guided_profile.evals.run.calls import Calls, KeptChat
from guided_profile.evals.tuning.candidates import candidates
from guided_profile.evals.tuning.halves import halves
from guided_profile.evals.tuning.report import verdict
from guided_profile.evals.tuning.tune import Tuning, tune
from guided_profile.graph.errors import InputError, ModelError, TaskError
from guided_profile.graph.tasks import builtin_tasks
from guided_profile.tools.history.store import HistoryStore

PREFERENCE = builtin_tasks()["preference"]
OWN, VERSION = PREFERENCE.guiding_question, PREFERENCE.version


async def tuned(
    history: HistoryStore,
    folder: Path,
    examples: Sequence[Example],
    *questions: str,
    script: Script = script,
    task: str = "preference",
) -> tuple[Tuning, ScriptedChat]:
    chat = ScriptedChat(script=script)
    calls, answers = Calls(folder / "calls.db"), Answers(folder / "answers.jsonl")
    kept = KeptChat(inner=chat, calls=calls)
    parts = MethodInputs(kept, history, history.embedder, builtin_tasks()[task], examples)
    tried = candidates(parts.task, questions, ())
    try:
        return await tune(parts, halves(examples, 0), tried, answers), chat
    finally:
        answers.close()
        calls.close()


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_no_user_is_in_both_halves_and_the_halves_are_as_large(seed: int) -> None:
    examples = [
        *people(7, each=2),
        *(example.model_copy(update={"id": "x"}) for example in people(1)),
    ]
    parted = halves(examples, seed)
    mine, theirs = (
        {example.user_id for example in half} for half in (parted.development, parted.report)
    )
    assert not mine & theirs
    assert sorted([len(parted.development), len(parted.report)]) == [7, 8]
    assert parted == halves(examples, seed)


def test_another_seed_parts_the_users_in_another_way() -> None:
    parted = {
        frozenset(example.id for example in halves(people(12), seed).report) for seed in range(5)
    }
    assert len(parted) == 5


def test_examples_without_an_answer_are_not_chosen_by() -> None:
    lacking = {"answerable": False, "reference": ""}
    examples = [*people(12), *(example.model_copy(update=lacking) for example in people(24)[12:])]
    parted = halves(examples, 0)
    assert all(example.answerable for example in parted.development)
    assert len(parted.development) == 6
    assert any(not example.answerable for example in parted.report)


@pytest.mark.parametrize(
    ("examples", "said"),
    [
        (people(9), "there are 9 examples that can be answered, and tuning takes 10 or more"),
        (people(1, each=20), "20 examples part into 20 and 0"),
        (people(1, each=9) + people(3)[1:], "11 examples part into 9 and 2"),
    ],
)
def test_too_few_examples_or_users_are_refused(examples: list[Example], said: str) -> None:
    with pytest.raises(InputError, match=said):
        halves(examples, 0)


async def test_a_better_question_is_found_and_proven_on_the_other_half(
    history: HistoryStore, tmp_path: Path
) -> None:
    tuning, _ = await tuned(history, tmp_path, people(12), WORSE, BETTER)
    assert [trial.score and trial.score.mean for trial in tuning.development] == [0, 0, 1]
    assert [trial.candidate.question for trial in tuning.report] == [OWN, BETTER]
    assert tuning.recommended
    assert tuning.recommended.question == BETTER
    assert tuning.sure
    assert tuning.tuned
    assert (tuning.tuned.guiding_question, tuning.tuned.version) == (BETTER, VERSION + 1)
    assert tuning.report[1].against
    assert tuning.report[1].against.p == pytest.approx(2 / 2**6)
    assert tuning.report[1].row.cost.input_tokens > 0
    said = verdict(tuning)
    assert said.startswith("Use question 2: it is better on the report half too (100.0 [")
    assert "All 6 examples agree, so resampling them cannot say how wide the interval is" in said


async def test_a_gain_on_some_examples_comes_with_its_wide_interval(
    history: HistoryStore, tmp_path: Path
) -> None:
    parted = halves(people(12), 0)
    deaf = {example.history[0].text for example in parted.report[:4]}

    def script_(prompt: str) -> str | dict[str, float]:
        unseen = any(f"{text}\n" in prompt for text in deaf)
        return script(prompt.replace(BETTER, WORSE) if unseen else prompt)

    tuning, _ = await tuned(history, tmp_path, people(12), BETTER, script=script_)
    assert tuning.recommended
    said = verdict(tuning)
    assert "(33.3 [0.0, 66.7] points, p = 0.500, n = 6)" in said
    assert "the interval includes 0, so it may be no better" in said
    assert "With 6 examples the interval is wide" in said


async def test_what_ten_examples_show_is_not_called_proven(
    history: HistoryStore, tmp_path: Path
) -> None:
    tuning, _ = await tuned(history, tmp_path, people(10), BETTER)
    assert tuning.recommended
    assert not tuning.sure
    assert "recommended, and not proven" in verdict(tuning)
    assert "p is not below 0.05, so it may be no better" in verdict(tuning)


async def test_the_own_question_is_kept_where_none_is_better(
    history: HistoryStore, tmp_path: Path
) -> None:
    tuning, chat = await tuned(history, tmp_path, people(12), WORSE)
    assert tuning.recommended is None
    assert tuning.tuned is None
    assert [trial.candidate.question for trial in tuning.report] == [OWN]
    assert verdict(tuning).startswith("Keep your question: no other one (1 tried) did better")
    asked_of = {f"{example.history[0].text}\n" for example in tuning.halves.report}
    assert not [
        prompt for prompt in chat.prompts if WORSE in prompt and any(t in prompt for t in asked_of)
    ]


async def test_a_question_that_shines_on_its_own_half_alone_is_not_recommended(
    history: HistoryStore, tmp_path: Path
) -> None:
    fitted = {example.history[0].text for example in halves(people(12), 0).development}

    def overfitted(prompt: str) -> str | dict[str, float]:
        known = any(f"{text}\n" in prompt for text in fitted)
        return script(prompt if known else prompt.replace(BETTER, WORSE))

    tuning, _ = await tuned(history, tmp_path, people(12), BETTER, script=overfitted)
    assert tuning.chosen
    assert tuning.chosen.candidate.question == BETTER
    assert tuning.recommended is None
    assert tuning.tuned is None
    assert "question 1 is not better on the report half (0.0 [0.0, 0.0]" in verdict(tuning)


async def test_a_question_that_failed_is_neither_scored_as_wrong_nor_chosen(
    history: HistoryStore, tmp_path: Path
) -> None:
    failing = halves(people(12), 0).development[0].history[0].text

    def script_(prompt: str) -> str | dict[str, float]:
        if BETTER in prompt and f"{failing}\n" in prompt:
            raise ModelError("gone")
        return script(prompt)

    tuning, _ = await tuned(history, tmp_path, people(12), BETTER, script=script_)
    trial = tuning.development[1]
    assert trial.score
    assert (trial.score.mean, trial.score.n, trial.row.counts.errors) == (1, 5, 1)
    assert tuning.errors == 1
    assert tuning.chosen is None

    tuning, chat = await tuned(history, tmp_path, people(12), BETTER)
    assert tuning.errors == 0
    assert tuning.recommended
    about = [prompt for prompt in chat.prompts if any(f", {n}\n" in prompt for n in range(12))]
    assert len(about) < len(people(12)) * 5, "what was answered is not asked again"


async def test_where_the_own_question_always_fails_nothing_is_concluded(
    history: HistoryStore, tmp_path: Path
) -> None:
    def script_(prompt: str) -> str | dict[str, float]:
        if OWN in prompt:
            raise ModelError("gone")
        return script(prompt)

    with pytest.raises(ModelError, match="failed on every example of a half"):
        await tuned(history, tmp_path, people(12), BETTER, script=script_)


async def test_a_finished_run_makes_no_call_and_comes_to_the_same(
    history: HistoryStore, tmp_path: Path
) -> None:
    first, _ = await tuned(history, tmp_path, people(12), WORSE, BETTER)
    again, chat = await tuned(history, tmp_path, people(12), WORSE, BETTER)
    assert chat.prompts == []
    assert verdict(again) == verdict(first)
    _, chat = await tuned(
        history, tmp_path, people(12), "Which wares does this person buy?", BETTER
    )
    assert chat.prompts
    assert not [prompt for prompt in chat.prompts if OWN in prompt or BETTER in prompt]


async def test_an_abstention_from_a_text_counts_as_no_score_at_all(
    history: HistoryStore, tmp_path: Path
) -> None:
    """Else the question that abstains from all but the easiest would be the best."""
    change = {
        "task": "dialogue",
        "options": (),
        "question": "Which colour?",
        "reference": "red ones",
    }
    examples = [example.model_copy(update=change) for example in people(12)]
    easy = halves(examples, 0).development[0].history[0].text

    def script_(prompt: str) -> str | dict[str, float]:
        if prompt.endswith("Answer Yes or No."):
            hard = "buys red kettles" in prompt and f"{easy}\n" not in prompt
            return {"Yes": 0.1 if hard else 0.9, "No": 0.9 if hard else 0.1}
        if "Answer as this person" in prompt:
            return "red ones" if "buys red kettles" in prompt else "red ones, I think"
        return script(prompt)

    tuning, _ = await tuned(history, tmp_path, examples, BETTER, script=script_, task="dialogue")
    own, other = tuning.development
    assert tuning.measure == "similarity"
    assert other.row.counts.abstained == 5
    assert own.score
    assert other.score
    assert other.score.n == 6
    assert other.score.mean == pytest.approx(1 / 6)
    assert other.row.scores["similarity"].mean > own.score.mean
    assert tuning.chosen is None


def test_a_question_that_no_task_could_ask_is_refused_by_name() -> None:
    with pytest.raises(TaskError, match=r"the guiding question 'Who is \{name\}\?': uses \{name\}"):
        candidates(PREFERENCE, ["Who is {name}?"], ())


def test_each_question_is_tried_once() -> None:
    tried = candidates(PREFERENCE, [BETTER, f" {BETTER} "], [OWN, WORSE, BETTER])
    assert [(candidate.label, candidate.origin) for candidate in tried] == [
        ("own", "the task's own"),
        ("1", "yours"),
        ("2", "the model's"),
    ]
    assert len({candidate.method for candidate in tried}) == 3
