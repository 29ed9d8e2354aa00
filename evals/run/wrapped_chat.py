"""A chat model that asks another one, for those that keep, count or replace what it says."""

from collections.abc import Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage
from langchain_core.outputs import ChatResult
from langchain_core.runnables import Runnable

from guided_profile.tools.models.calls import model_id


class WrappedChat(BaseChatModel):
    """A chat model that asks another one, asynchronously."""

    inner: BaseChatModel
    """The model that is called."""

    @property
    def model_name(self) -> str:
        """The model's own name."""
        return model_id(self.inner)

    @property
    def _llm_type(self) -> str:
        return "wrapped"

    def bind_tools(self, tools: Sequence[Any], **kwargs: Any) -> Runnable[Any, Any]:
        """Return this model with tools in the inner model's own form."""
        bound: Any = self.inner.bind_tools(tools, **kwargs)
        return self.bind(**bound.kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        raise NotImplementedError("A model that wraps another is called asynchronously.")
