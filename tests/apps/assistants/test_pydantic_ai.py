"""The capability in pydantic-ai's own agents, with its own scripted model."""

from collections.abc import AsyncIterator, Iterator, Sequence
from concurrent.futures import Future
from typing import Any

import pytest
from host import writer
from langgraph.store.memory import InMemoryStore
from scripted import ScriptedChat

from guided_profile.apps.assistants.companion import Companion
from guided_profile.graph.context import Context
from guided_profile.graph.errors import HistoryError, QuestionError
from guided_profile.graph.records import HistoryItem
from guided_profile.tools.history.store import HistoryStore

pytest.importorskip("pydantic_ai", reason="pip install 'guided-profile[pydantic-ai]'")

from pydantic_ai import Agent, ImageUrl
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolCallPart, UserPromptPart
from pydantic_ai.models.function import AgentInfo, FunctionModel

from guided_profile.apps.assistants.pydantic_ai import GuidedProfile

SKILLET = "I cook everything in a cast iron skillet"
QUESTION = "Which skillet should I cook with?"
ANNA = Context(user_id="anna")


def prompts(messages: Sequence[ModelMessage]) -> list[Any]:
    parts = [part for message in messages for part in message.parts]
    return [part.content for part in parts if isinstance(part, UserPromptPart)]


@pytest.fixture
def personal(history: HistoryStore) -> Iterator[GuidedProfile]:
    history.add("anna", [HistoryItem(text=SKILLET, source="chat")])
    chat = ScriptedChat(script=writer)
    with Companion(chat=chat, history=history, store=InMemoryStore()) as companion:
        yield GuidedProfile(companion, patience=60)


class Model:
    """Keeps what it was sent; it calls the tool first, where there is one."""

    def __init__(self) -> None:
        self.sent: list[list[ModelMessage]] = []

    def __call__(self, messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        self.sent.append(messages)
        if info.function_tools and len(self.sent) == 1:
            return ModelResponse([ToolCallPart(info.function_tools[0].name, {})])
        return ModelResponse([TextPart("Cast iron, as ever.")])

    async def stream(self, messages: list[ModelMessage], info: AgentInfo) -> AsyncIterator[str]:
        self.sent.append(messages)
        yield "Cast iron, "
        yield "as ever."


def agent(personal: GuidedProfile, model: Model) -> Agent[Any, str]:
    made = FunctionModel(model, stream_function=model.stream)
    return Agent(made, instructions="Be short.", deps_type=Context, capabilities=[personal])


async def test_an_answer_is_personal_and_what_is_said_is_remembered(
    personal: GuidedProfile,
) -> None:
    model = Model()
    result = await agent(personal, model).run(QUESTION, deps=ANNA)
    (sent,) = prompts(model.sent[0])
    assert SKILLET in sent
    assert sent.endswith(QUESTION)
    assert prompts(result.all_messages()) == [QUESTION]  # what goes into the next run is clean
    assert result.response.metadata
    assert result.response.metadata["guided_profile"]["personalized"]
    assert personal.companion.flush(60)
    assert QUESTION in [item.text for item in personal.companion.history.list("anna")]
    assert not personal._runs  # what a run looked up ends with it


async def test_a_stream_a_tool_call_and_a_picture_are_personal_too(
    personal: GuidedProfile,
) -> None:
    model = Model()
    async with agent(personal, model).run_stream(QUESTION, deps=ANNA) as streamed:
        assert await streamed.get_output() == "Cast iron, as ever."
    assert SKILLET in prompts(model.sent[0])[0]

    calling = Model()
    with_tool = agent(personal, calling)

    @with_tool.tool_plain
    def stock() -> str:
        return "two skillets"

    await with_tool.run(QUESTION, deps=ANNA)
    assert [SKILLET in prompts(sent)[0] for sent in calling.sent] == [True, True]

    picture = ImageUrl("https://example.com/skillet.png")
    seeing = Model()
    await agent(personal, seeing).run([picture, QUESTION], deps=ANNA)
    block, *rest = prompts(seeing.sent[0])[0]
    assert SKILLET in block
    assert rest == [picture, QUESTION]


async def test_no_other_user_is_shown_and_no_user_at_all_is_an_error(
    personal: GuidedProfile,
) -> None:
    model = Model()
    await agent(personal, model).run(QUESTION, deps=Context(user_id="ben"))
    assert prompts(model.sent[0]) == [QUESTION]
    with pytest.raises(QuestionError, match="without user_id"):
        await agent(personal, Model()).run(QUESTION, deps=None)


async def test_a_memory_that_fails_never_fails_the_agent(
    personal: GuidedProfile, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*args: object, **kwargs: object) -> "Future[None]":
        failed: Future[None] = Future()
        failed.set_exception(HistoryError("the index is broken."))
        return failed

    monkeypatch.setattr(personal.companion, "known", fails)
    result = await agent(personal, Model()).run(QUESTION, deps=ANNA)
    assert result.output == "Cast iron, as ever."
    assert result.response.metadata
    assert result.response.metadata["guided_profile"]["failure"].startswith("HistoryError")


SHOW = "What do you know about me?"


def asked(prompt: str) -> Any:
    if "its letter alone." in prompt:
        return {"E": 0.9} if SHOW in prompt.rpartition("Message: ")[2] else {"A": 0.9}
    return {"No": 0.9} if "Yes or No" in prompt else writer(prompt)


@pytest.mark.memory_requests
async def test_what_was_done_follows_the_answer_streamed_and_not_and_after_a_tool(
    history: HistoryStore,
) -> None:
    history.add("anna", [HistoryItem(text=SKILLET, source="chat")])
    expected = f"Cast iron, as ever.\n\nThis is what I know about you.\n- {SKILLET}"
    chat = ScriptedChat(script=asked)
    with Companion(chat=chat, history=history, store=InMemoryStore()) as companion:
        personal, model = GuidedProfile(companion, patience=60), Model()
        result = await agent(personal, model).run(SHOW, deps=ANNA)
        assert result.output == expected
        assert "Do not say that yourself" in prompts(model.sent[0])[0]
        assert result.response.text == expected

        async with agent(personal, Model()).run_stream(SHOW, deps=ANNA) as streamed:
            pieces = [piece async for piece in streamed.stream_text(delta=True)]
        assert "".join(pieces) == expected
        assert streamed.all_messages()[-1].parts[0].content == expected  # type: ignore[union-attr]

        with_tool = agent(personal, Model())

        @with_tool.tool_plain
        def stock() -> str:
            return "two skillets"

        result = await with_tool.run(SHOW, deps=ANNA)
        assert result.output == expected
        (called, _, _) = [message.parts[0] for message in result.all_messages()[1:]]
        assert isinstance(called, ToolCallPart)
        assert len(result.all_messages()[1].parts) == 1


@pytest.mark.memory_requests
async def test_an_output_of_a_fixed_form_stays_as_it_is_and_its_model_is_asked_to_say_it(
    history: HistoryStore,
) -> None:
    def dish(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        received.append(prompts(messages)[0])
        return ModelResponse([ToolCallPart(info.output_tools[0].name, {"response": 7})])

    history.add("anna", [HistoryItem(text=SKILLET, source="chat")])
    received: list[str] = []
    chat = ScriptedChat(script=asked)
    with Companion(chat=chat, history=history, store=InMemoryStore()) as companion:
        personal = GuidedProfile(companion, patience=60)
        counting = Agent(
            FunctionModel(dish), output_type=int, deps_type=Context, capabilities=[personal]
        )
        assert (await counting.run(SHOW, deps=ANNA)).output == 7
    assert "Tell them so first" in received[0]
