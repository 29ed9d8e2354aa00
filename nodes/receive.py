"""receive: take the question in, and start the run afresh.

What is wrong with it is only written down, and raised by the next stage: so whose it is stands in
the thread's checkpoint by then, and a deletion of all that is kept about them finds it.
"""

from typing import Any, TypedDict

from langchain_core.messages import AnyMessage, HumanMessage
from langgraph.runtime import Runtime
from langgraph.types import Overwrite

from guided_profile.graph.context import Context, require
from guided_profile.graph.errors import InputError, QuestionError
from guided_profile.graph.records import Call
from guided_profile.graph.state import ProfileUse, RepliesTo, State
from guided_profile.graph.tasks import Task
from guided_profile.nodes.asking import replied_stage
from guided_profile.nodes.resources import Resources
from guided_profile.nodes.stage import Stage
from guided_profile.tools.models.choices import LETTERS


class ReceiveUpdate(TypedDict, total=False):
    """What receive writes: the question, and everything else as at a thread's beginning."""

    user_id: str
    refusal: str
    messages: list[AnyMessage]
    text: str
    choices: list[str]
    waits: str
    task: str
    replies_to: RepliesTo
    memory: None
    tries: int
    clarification: str
    flagged: list[str]
    parts: Overwrite
    calls: Overwrite
    guidance: str
    profile: None
    profile_use: ProfileUse
    standing: None
    building: bool
    welcomed: int
    missed: list[str]
    earlier: None
    abstention: None
    answer: None


def make_receive(resources: Resources) -> Stage[State, ReceiveUpdate]:
    """Return the stage that takes the question in."""

    async def receive(state: State, runtime: Runtime[Context]) -> ReceiveUpdate:
        context = require(runtime.context)
        question, text, refusal, choices = state.get("question") or "", "", "", list[str]()
        replies_to: RepliesTo = "" if question else _replies_to(state, context)
        if replies_to in ("clarify", "welcome"):  # the run that asked goes on
            return {"replies_to": replies_to}
        try:
            text = _checked_text(question or _last_question(state.get("messages") or []))
            _, task = resources.asked(runtime)
            choices = _checked_options(task, state.get("options") or [])
        except InputError as error:
            refusal = str(error)
        asked: list[AnyMessage] = [HumanMessage(question)] if question and not refusal else []
        calls: list[Call] = []
        return {
            "user_id": context.user_id,
            "refusal": refusal,
            "messages": asked,
            "text": text,
            "choices": choices,
            "waits": "",
            "task": context.task,
            "replies_to": replies_to,
            "memory": None,
            "tries": 0,
            "clarification": "",
            "flagged": [],
            "parts": Overwrite({}),
            "calls": Overwrite(calls),
            "guidance": "",
            "profile": None,
            "profile_use": "none",
            "standing": None,
            "building": False,
            "welcomed": 0,
            "missed": [],
            "earlier": None,
            "abstention": None,
            "answer": None,
        }

    return receive


def _replies_to(state: State, context: Context) -> RepliesTo:
    """Return the stage that the last message replies to, if it asked this user, for this task."""
    if (state.get("user_id"), state.get("task")) != (context.user_id, context.task):
        return ""
    messages = state.get("messages") or []
    return replied_stage(state.get("waits") or "", messages) if _spoken(messages) else ""


def _spoken(messages: list[AnyMessage]) -> bool:
    return bool(messages and messages[-1].text.strip())


def _last_question(messages: list[AnyMessage]) -> str:
    if not messages or not isinstance(messages[-1], HumanMessage):
        raise QuestionError(
            "there is no question: send `question`, or `messages` whose last one is the user's."
        )
    return str(messages[-1].text)


def _checked_text(text: Any) -> str:
    if not isinstance(text, str) or not text.strip():
        raise QuestionError("the question is empty; send the text that is to be answered.")
    return text.strip()


def _checked_options(task: Task, options: Any) -> list[str]:
    if not isinstance(options, list) or not all(isinstance(option, str) for option in options):
        raise QuestionError("options has to be a list of texts.")
    if task.kind == "text":
        if options:
            raise QuestionError(
                f"the task {task.name!r} writes a text and takes no options; leave them out, or "
                "name a task of kind 'choice'."
            )
        return []
    cleaned = [" ".join(option.split()) for option in options]
    if not 2 <= len(cleaned) <= len(LETTERS):
        raise QuestionError(
            f"the task {task.name!r} chooses among 2 to {len(LETTERS)} options; "
            f"it was given {len(cleaned)}."
        )
    if "" in cleaned or len(set(cleaned)) < len(cleaned):
        raise QuestionError("an option is empty, or stands twice; each has to differ.")
    return cleaned
