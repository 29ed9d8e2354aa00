from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage

from guided_profile.nodes.asking import Said, asked, payload, replied_stage, said


@pytest.mark.parametrize(
    ("resumed", "heard"),
    [
        ("two cats", Said("two cats")),
        ("", Said("")),
        ({"decisions": [{"type": "approve"}]}, Said("", True)),
        ({"decisions": [{"type": "reject"}]}, Said("", False)),
        ({"decisions": [{"type": "reject", "message": "no"}]}, Said("no", False)),
        ({"decisions": [{"type": "respond", "message": "two"}]}, Said("two")),
        (
            {"decisions": [{"type": "edit", "edited_action": {"args": {"reply": "two"}}}]},
            Said("two"),
        ),
        ({"decisions": [{"type": "edit", "edited_action": {"args": {"reply": 2}}}]}, None),
        ({"decisions": [{"type": "edit", "edited_action": {"args": ["two"]}}]}, None),
        ({"decisions": [{"type": "edit"}]}, None),
        ({"decisions": [{"type": "reject", "message": ["no"]}]}, None),
        ({"decisions": []}, None),
        ({"decisions": ["approve"]}, None),
        (["two cats"], None),
        (7, None),
        (None, None),
    ],
)
def test_a_run_is_resumed_with_a_text_or_a_filled_in_form(resumed: Any, heard: Said | None) -> None:
    assert said(resumed) == heard


def test_what_a_run_waits_with_has_the_form_of_an_agent_inbox() -> None:
    shown = payload("Any pets?", "Hello?", ["edit", "reject"])
    assert (shown["clarify"], shown["about"]) == ("Any pets?", "Hello?")
    (request,), (review,) = shown["action_requests"], shown["review_configs"]
    assert request == {"name": "reply", "args": {"reply": ""}, "description": "Any pets?"}
    assert review == {"action_name": "reply", "allowed_decisions": ["edit", "reject"]}
    shown = payload("Delete it?", "Forget it.", ["approve", "reject"])
    assert shown["action_requests"][0]["args"] == {}


def test_only_the_next_message_of_the_user_is_a_reply() -> None:
    asks = asked("clarify", "Any pets?")
    (question,), waits = asks["messages"], asks["waits"]
    reply = HumanMessage("A cat.")
    assert replied_stage(waits, [HumanMessage("Hello?"), question, reply]) == "clarify"
    assert replied_stage(waits, [question]) == ""
    assert replied_stage(waits, [question, AIMessage("Well?")]) == ""
    assert replied_stage(waits, [question, reply, HumanMessage("And a dog.")]) == ""
    assert replied_stage("", [question, reply]) == ""
    assert replied_stage(asked("clarify", "Any pets?")["waits"], [question, reply]) == ""
