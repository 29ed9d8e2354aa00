import warnings
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from langsmith import aevaluate, schemas
from scripted import ScriptedChat

from guided_profile.evals.experiments.clients import local_client
from guided_profile.evals.online.evaluators import (
    abstention,
    keeps_to_limits,
    keeps_to_manner,
    keeps_to_profile,
    keeps_to_rubric,
    restraint,
)
from guided_profile.evals.scorers.agreement import Agreement
from guided_profile.evals.scorers.statistics import Estimate
from guided_profile.graph.errors import SettingsError
from guided_profile.tools.standards import limits

ASKED = {"question": "What is my cat called?"}
ANSWERED = {"answer": {"kind": "answered", "text": "Miso.", "evidence": ["1"], "used": []}}
ABSTAINED = {"answer": {"kind": "abstained", "reason": "low_confidence"}}
SHORT = "Wants replies below three words."
KEPT_TO = {"used": [SHORT], "always": [SHORT], "held_back": []}


def agent(text: str) -> dict[str, Any]:
    message = {"type": "ai", "content": text, "response_metadata": {"guided_profile": KEPT_TO}}
    return {"messages": [message]}


@pytest.mark.parametrize(
    ("outputs", "reference", "score"),
    [
        (ANSWERED, None, 1),
        (ANSWERED, {"answerable": False}, 0),
        (ANSWERED, {"answerable": True}, 1),
        (ABSTAINED, None, None),
        (ABSTAINED, {"answerable": False}, 1),
        (ABSTAINED, {"answerable": True}, 0),
        ({"text": "of another program"}, {"answerable": True}, None),
        (agent("Miso."), {"answerable": True}, None),
    ],
)
def test_a_reference_says_whether_to_abstain_was_right(
    outputs: dict[str, Any], reference: dict[str, Any] | None, score: float | None
) -> None:
    said = abstention(inputs=ASKED, outputs=outputs, reference_outputs=reference, metadata={})
    assert (said["key"], said["score"]) == ("abstention", score)
    assert said["comment"]


def test_what_no_rule_can_tell_has_no_score() -> None:
    for evaluator, key in ((restraint, "restraint"), (keeps_to_profile, "keeps-to-profile")):
        said = evaluator(inputs=ASKED, outputs={"text": "of another program"})
        assert said == {"key": key, "score": None, "comment": "no rule can tell"}


async def test_langsmith_takes_them_as_they_are() -> None:
    now = datetime.now(UTC)
    data = [
        schemas.Example(id=uuid4(), inputs=ASKED, outputs=about, created_at=now)
        for about in ({"answerable": True}, {"answerable": False})
    ]

    async def target(inputs: dict[str, Any]) -> dict[str, Any]:
        return ANSWERED

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "'upload_results' parameter is in beta")
        done = await aevaluate(
            target,
            data=data,
            evaluators=[abstention, restraint, keeps_to_manner(["tea", "more tea"])],
            client=local_client(),
            upload_results=False,
        )
    scores = [
        {result.key: result.score for result in row["evaluation_results"]["results"]}
        async for row in done
    ]
    assert {entry["abstention"] for entry in scores} == {1, 0}
    assert all(entry["restraint"] == 1 and "keeps-to-manner" in entry for entry in scores)


def test_the_habits_of_a_persons_texts_are_counted() -> None:
    kept = keeps_to_manner([f"no capitals {n} and no full stop" for n in range(12)])
    said = [
        kept(inputs=ASKED, outputs={"answer": {"kind": "answered", "text": text}})["score"]
        for text in ("miso the cat", "MISO! The CAT!!! 😺")
    ]
    assert said == [1, 0]
    assert kept(inputs=ASKED, outputs=ABSTAINED)["score"] is None


async def test_a_limit_is_read_by_a_model_and_counted() -> None:
    limits._readings.cache_clear()

    def reads(prompt: str) -> str | dict[str, float]:
        if "set a limit on" in prompt:
            return {"A": 0.9, "H": 0.1}
        return {"B": 0.9, "A": 0.1} if "What does that say of" in prompt else "3"

    kept = keeps_to_limits(ScriptedChat(script=reads))
    for text, score in (("Miso.", 1.0), ("I think that she is called Miso.", 0.0)):
        said = await kept(inputs=ASKED, outputs=agent(text))
        assert said["score"] == score, said
    assert (await kept(inputs=ASKED, outputs=ANSWERED))["score"] is None


def measured(kappa: float) -> Agreement:
    return Agreement(
        judge="m",
        question="rubric 2",
        kappa=Estimate(kappa, kappa - 0.1, kappa + 0.1, 40),
        decided=40,
        declined=0,
        turned=0,
        blind=True,
    )


@pytest.mark.parametrize("agreement", [None, measured(0.3)])
def test_a_judge_that_is_not_known_to_agree_with_people_gives_no_score(
    agreement: Agreement | None,
) -> None:
    with pytest.raises(SettingsError, match="this judge gives no scores"):
        keeps_to_rubric(ScriptedChat(script=lambda prompt: "Yes"), agreement, "It is short.")


async def test_a_judge_that_declines_is_in_no_mean() -> None:
    replies: dict[str, Any] = {"said": {"Unclear": 1.0}}
    chat = ScriptedChat(script=lambda prompt: replies["said"])
    kept = keeps_to_rubric(chat, measured(0.8), "It is short.")
    said = await kept(inputs=ASKED, outputs=ANSWERED)
    assert (said["score"], said["comment"]) == (None, "the judge declined")
    replies["said"] = {"Yes": 1.0}
    said = await kept(inputs=ASKED, outputs=ANSWERED)
    assert (said["score"], said["comment"]) == (None, "the judge contradicted itself")
    assert "It is short." in chat.prompts[0]


async def test_a_judgement_comes_with_the_agreement_of_its_judge() -> None:
    def script(prompt: str) -> dict[str, float]:
        return {"No": 1.0} if "Does the reply fail?" in prompt else {"Yes": 1.0}

    kept = keeps_to_rubric(ScriptedChat(script=script), measured(0.8), "It is short.")
    said = await kept(inputs=ASKED, outputs=ANSWERED)
    assert said["score"] == 1
    assert "kappa 0.80 [0.70, 0.90]" in said["comment"]
