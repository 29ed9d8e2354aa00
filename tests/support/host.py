"""A host assistant: its own model, and an agent that a companion stands beside."""

from typing import Any

from asked import writes_profile
from langchain.agents import create_agent
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import Field

from guided_profile.apps.assistants.companion import Companion
from guided_profile.apps.assistants.middleware import GuidedProfileMiddleware
from guided_profile.graph.context import Context

OWN_PROMPT = "You are the assistant of a cooking school."
PROFILE = "This person cooks with a cast iron skillet. This person has a dog named Bruno."


class Host(BaseChatModel):
    """The host's own model: keeps what it is sent, and says what the test has it say."""

    says: list[AIMessage] = Field(default_factory=list)
    sent: list[list[BaseMessage]] = Field(default_factory=list)
    tools: list[str] = Field(default_factory=list)

    @property
    def _llm_type(self) -> str:
        return "host"

    def bind_tools(self, tools: Any, **options: Any) -> Any:
        self.tools[:] = [tool.name for tool in tools]
        return self

    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        self.sent.append(messages)
        said = self.says.pop(0) if self.says else AIMessage("Gladly.")
        return ChatResult(generations=[ChatGeneration(message=said)])


def writer(prompt: str) -> str:
    return PROFILE if writes_profile(prompt) else "skillet, dog Bruno"


def agent_of(companion: Companion, host: Host, *more: Any, **options: Any) -> Any:
    keeps = options.pop("checkpointer", None)
    options.setdefault("patience", 60.0)  # the machine may be busy
    return create_agent(
        host,
        options.pop("tools", []),
        system_prompt=options.pop("system_prompt", OWN_PROMPT),
        middleware=[GuidedProfileMiddleware(companion, **options), *more],
        context_schema=Context,
        checkpointer=keeps,
    )


def ask(agent: Any, text: str, user: str = "anna", thread: str = "1") -> dict[str, Any]:
    """Ask, and wait until what comes after the answer is done."""
    config = {"configurable": {"thread_id": thread}}
    said: dict[str, Any] = agent.invoke(
        {"messages": [("user", text)]}, config, context=Context(user_id=user)
    )
    return said


def said_by(companion: Companion, user: str) -> list[str]:
    assert companion.flush(60)
    return [item.text for item in companion.history.list(user)]


def mark(answer: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = answer["messages"][-1].response_metadata["guided_profile"]
    return found
