"""The workflow inside a host's own graph: as a node, and as a tool of an agent."""

from typing import Any

import pytest
from asked import writes_profile
from langchain.agents import create_agent
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.runnables import Runnable
from langchain_core.tools import tool
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.prebuilt import ToolRuntime
from langgraph.store.memory import InMemoryStore
from scripted import ScriptedChat

from guided_profile.graph.build import Graph, build_graph
from guided_profile.graph.context import Context
from guided_profile.graph.records import HistoryItem
from guided_profile.tools.history.store import HistoryStore

QUESTION = "What is my dog called?"
ANNA = Context(user_id="anna")


def script(prompt: str) -> str | dict[str, float]:
    if prompt.endswith("Answer Yes or No."):
        return {"Yes": 0.9, "No": 0.1}
    return "This person has a dog named Bruno." if writes_profile(prompt) else "Bruno, of course."


@pytest.fixture
def graph(history: HistoryStore) -> Graph:
    history.add("anna", [HistoryItem(text="my dog Bruno"), HistoryItem(text="Bruno barks")])
    chat = ScriptedChat(script=script)
    return build_graph(chat=chat, history=history, store=InMemoryStore())


@pytest.fixture
def parent(graph: Graph) -> Any:
    builder = StateGraph(MessagesState, context_schema=Context)
    builder.add_node("personal", graph)
    builder.add_edge(START, "personal")
    builder.add_edge("personal", END)
    return builder.compile()


async def test_a_host_graph_uses_it_as_a_node(parent: Any) -> None:
    said = await parent.ainvoke({"messages": [("user", QUESTION)]}, context=ANNA)
    assert [message.text for message in said["messages"]] == [QUESTION, "Bruno, of course."]


async def test_through_a_host_graph_come_the_stages_and_the_words_of_the_answer_alone(
    parent: Any,
) -> None:
    stages, words = [], {}
    async for _, mode, part in parent.astream(
        {"messages": [("user", QUESTION)]},
        context=ANNA,
        stream_mode=["custom", "messages"],
        subgraphs=True,
    ):
        if mode == "custom":
            stages.append(part["stage"])
        elif isinstance(part[0], AIMessage):
            words.setdefault(part[1]["langgraph_node"], []).append(part[0].text)
    assert stages == ["recall", "digest", "profile", "verify", "respond"]
    assert words == {"review": ["Bruno, of course."]}  # once; no guidance, profile, Yes or No


class Caller(GenericFakeChatModel):
    """Calls the tool, then is done."""

    def bind_tools(self, tools: Any, **options: Any) -> Runnable[Any, AIMessage]:
        return self


async def test_an_agent_uses_it_as_a_tool(graph: Graph) -> None:
    @tool
    async def as_suits_the_user(text: str, runtime: ToolRuntime[Context]) -> str:
        """Answer a question as it suits the user."""
        done = await graph.ainvoke({"question": text}, context=runtime.context)
        answer = done["answer"]
        return answer.text if answer.kind == "answered" else answer.detail

    call = {"name": "as_suits_the_user", "args": {"text": QUESTION}, "id": "1"}
    model = Caller(messages=iter([AIMessage("", tool_calls=[call]), AIMessage("Bruno.")]))
    agent = create_agent(model, [as_suits_the_user], context_schema=Context)
    stages, said = [], []
    async for place, mode, part in agent.astream(
        {"messages": [HumanMessage("and my dog?")]},
        context=ANNA,
        stream_mode=["custom", "values"],
        subgraphs=True,
    ):
        if mode == "custom":
            stages.append(part["stage"])
        elif not place:
            said = part["messages"]
    (answer,) = [message.text for message in said if isinstance(message, ToolMessage)]
    assert answer == "Bruno, of course."
    assert stages == ["recall", "digest", "profile", "verify", "respond"]
