from dataclasses import dataclass

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import HumanMessage
from scripted import ScriptedChat

from guided_profile.evals.datasets.examples import Example
from guided_profile.evals.run.standin import LIMITS, Chosen, StandIn
from guided_profile.graph.state import Abstained, Answered
from guided_profile.tools.models.calls import complete

CHOICE = Example(
    id="1",
    user_id="u",
    task="assistant",
    question="Which cake?",
    options=("walnut", "apple"),
    reference="apple",
)


@dataclass(frozen=True)
class Writes:
    """A method that has the model write with a limit."""

    chat: BaseChatModel
    limit: int = LIMITS.response
    name: str = "writes"
    description: str = "writes"

    async def answer(self, example: Example) -> Answered | Abstained:
        """Write."""
        assert not example.options
        asked = [HumanMessage(example.question)]
        done = await complete(self.chat, asked, stage="any", max_tokens=self.limit)
        return Answered(text=done.text)


def apple(prompt: str) -> dict[str, float]:
    """Favour the letter A, and the apple a little more."""
    first = "A. apple" in prompt
    return {"A": 0.9, "B": 0.1} if first else {"A": 0.5, "B": 0.5}


async def test_options_are_weighed_where_the_answer_would_be_written() -> None:
    chat = ScriptedChat(script=apple)
    method = Chosen(Writes(StandIn(inner=chat)))
    said = await method.answer(CHOICE)
    assert isinstance(said, Answered)
    assert (said.option, said.text) == (1, "apple")
    assert said.confidence == pytest.approx(0.75)
    assert len(chat.prompts) == 2
    assert method.prompts == {"1": "Which cake?"}


async def test_without_probabilities_the_letters_that_are_said_count() -> None:
    chat = ScriptedChat(script=lambda prompt: "A" if "A. apple" in prompt else "B", logprobs=False)
    said = await Chosen(Writes(StandIn(inner=chat))).answer(CHOICE)
    assert isinstance(said, Answered)
    assert (said.option, said.confidence) == (1, 1.0)


async def test_other_calls_pass() -> None:
    chat = ScriptedChat(script=lambda prompt: "Yes")
    said = await Chosen(Writes(StandIn(inner=chat), 7)).answer(CHOICE)
    assert isinstance(said, Answered)
    assert (said.text, said.option) == ("Yes", None)
