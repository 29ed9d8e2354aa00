"""A workflow on a scripted model, whose stages answer as they are asked."""

from datetime import UTC, datetime
from typing import Any

from asked import BEARS, DEPENDS, STATEMENT, USE, USES, digests, writes_profile
from scripted import Script, ScriptedChat

from guided_profile.graph.build import Graph, build_graph
from guided_profile.graph.records import HistoryItem
from guided_profile.tools.history.store import HistoryStore

GUIDANCE = "One cat, one bicycle."
PROFILE = "This person has a cat named Miso. This person commutes by bicycle. They own a yacht."


def items(*texts: str, source: str = "chat") -> list[HistoryItem]:
    return [
        HistoryItem(text=text, source=source, time=datetime(2025, 1, 1 + n, tzinfo=UTC))
        for n, text in enumerate(texts)
    ]


ANNA = items("my cat Miso sleeps on my desk", "the bicycle commute took 20 minutes today")


OF_NO_HISTORY = ("answers", "use", "bears")
"""The stages, by `stage_of`, whose prompts show no history."""


def stage_of(prompt: str) -> str:
    if prompt.endswith("Does the reply answer the question? Answer Yes or No."):
        return "answers"
    if STATEMENT.search(prompt):
        return "verify"
    if USE.search(prompt) or USES.search(prompt):
        return "use"
    if BEARS.search(prompt) or DEPENDS.search(prompt):
        return "bears"
    if prompt.endswith("Answer Yes or No."):
        return "check"
    if digests(prompt):
        return "digest"
    if writes_profile(prompt):
        return "profile"
    return "respond"


def script(*replies: str | dict[str, float]) -> Script:
    """Digest and profile always answer; the response stage gives these replies, then the last.

    Of its own replies the model says that those decline that begin with an apology.
    """
    left = list(replies)

    def said(prompt: str) -> str | dict[str, float]:
        if "Answer with its letter alone." in prompt:  # what is asked of the memory: nothing
            return "A"
        stage = stage_of(prompt)
        if stage == "digest":
            return GUIDANCE
        if stage == "profile":
            return PROFILE
        if stage == "check":
            return {"Yes": 0.8, "No": 0.2}
        if stage == "answers":
            yes = 0.1 if "\nReply: Sorry" in prompt else 0.9
            return {"Yes": yes, "No": 1 - yes}
        return left.pop(0) if len(left) > 1 else left[0]

    return said


def responses(chat: ScriptedChat) -> list[str]:
    return [prompt for prompt in chat.prompts if stage_of(prompt) == "respond"]


def graph_of(
    history: HistoryStore, *replies: str | dict[str, float], **options: Any
) -> tuple[Graph, ScriptedChat]:
    chat = ScriptedChat(script=script(*replies))
    return build_graph(chat=chat, history=history, **options), chat
