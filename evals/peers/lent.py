"""What a peer is lent: this project's own model and embedder, so that all use the same.

Each call of a peer is made, kept and charged like the workflow's own, and whatever failed is known
here even if the peer goes on without a word.
"""

import asyncio
import json
import re
from collections.abc import Mapping, Sequence
from contextvars import copy_context
from dataclasses import dataclass, field
from threading import get_ident
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.embeddings import Embeddings
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage, message_to_dict, messages_from_dict
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import Field, PrivateAttr

from guided_profile.evals.run.wrapped_chat import WrappedChat
from guided_profile.graph.errors import GuidedProfileError
from guided_profile.tools.embedders.base import Embedder
from guided_profile.tools.models.calls import without_refused

MOST_TOKENS = 2000
"""A reply ends here, as mem0's own clients have it; left open, a small model may never end."""

_ID = re.compile(r"(?<![0-9a-zA-Z])[0-9a-f]{8}(-?)(?:[0-9a-f]{4}\1){3}[0-9a-f]{12}(?![0-9a-zA-Z])")


class Ids:
    """Random ids, renamed in the order in which they appear.

    LangMem puts new ones into every prompt. Renamed, what is the same is asked in the same words:
    a run can be repeated, and a call that was answered is not made again.
    """

    def __init__(self) -> None:
        self._new: dict[str, str] = {}
        self._old: dict[str, str] = {}

    def renamed(self, data: Any) -> Any:
        """Return JSON data with its random ids renamed."""
        return json.loads(_ID.sub(lambda found: self._name(found[0]), json.dumps(data)))

    def restored(self, data: Any) -> Any:
        """Return JSON data with the ids that they had before."""
        text = json.dumps(data)
        return json.loads(_ID.sub(lambda found: self._old.get(found[0], found[0]), text))

    def _name(self, old: str) -> str:
        if old not in self._new:
            name = uuid5(NAMESPACE_OID, str(len(self._new)))
            self._new[old] = str(name) if "-" in old else name.hex
            self._old[self._new[old]] = old
        return self._new[old]


class LentChat(WrappedChat):
    """A chat model that may be called from any thread, and is called on the loop that lent it.

    Make it in the task that is charged, on the loop on which the inner model is called.
    """

    failures: list[GuidedProfileError] = Field(default_factory=list)
    """Every failure of the inner model."""
    _ids: Ids = PrivateAttr(default_factory=Ids)
    _loop: Any = PrivateAttr()
    _context: Any = PrivateAttr()
    _thread: int = PrivateAttr()

    def model_post_init(self, context: Any, /) -> None:
        """Remember the loop, and who is charged."""
        self._loop, self._context = asyncio.get_running_loop(), copy_context()
        self._thread = get_ident()

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        if get_ident() == self._thread:
            raise NotImplementedError("On its own loop, a lent model is called asynchronously.")
        called = self._asked(messages, stop, kwargs)
        # in a copy: a context is entered by one thread at a time
        future = self._context.copy().run(asyncio.run_coroutine_threadsafe, called, self._loop)
        result: ChatResult = future.result()
        return result

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return await self._asked(messages, stop, kwargs)

    async def _asked(
        self, messages: Sequence[BaseMessage], stop: list[str] | None, settings: dict[str, Any]
    ) -> ChatResult:
        asked = messages_from_dict(
            self._ids.renamed([message_to_dict(message) for message in messages])
        )
        settings = {"max_tokens": MOST_TOKENS} | settings
        if "tools" in settings:
            settings["tools"] = self._ids.renamed(settings["tools"])

        async def call(wanted: Mapping[str, Any]) -> ChatResult:
            return await self.inner._agenerate(asked, stop=stop, **{**settings, **wanted})

        try:
            result = await without_refused(self.inner, {"temperature": 0.0}, call)
        except GuidedProfileError as error:
            self.failures.append(error)
            raise
        (said,) = self._ids.restored(
            [message_to_dict(generation.message) for generation in result.generations]
        )
        (message,) = messages_from_dict([said])
        return ChatResult(generations=[ChatGeneration(message=message)])


class LentEmbedder(Embeddings):
    """An embedder that remembers its failures."""

    def __init__(self, inner: Embedder) -> None:
        self._inner = inner
        self.failures: list[GuidedProfileError] = []

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Return a vector for each text."""
        try:
            return self._inner.embed_documents(texts)
        except GuidedProfileError as error:
            self.failures.append(error)
            raise

    def embed_query(self, text: str) -> list[float]:
        """Return the vector of what is looked for."""
        try:
            return self._inner.embed_query(text)
        except GuidedProfileError as error:
            self.failures.append(error)
            raise


@dataclass(frozen=True, slots=True)
class Lent:
    """The model and the embedder that a peer works with."""

    chat: LentChat
    embedder: LentEmbedder
    dimension: int = field(kw_only=True)
    """Of the embedder's vectors."""

    @classmethod
    def of(cls, chat: BaseChatModel, embedder: Embedder) -> "Lent":
        """Lend a model and an embedder, within the loop and the task that use them."""
        return cls(LentChat(inner=chat), LentEmbedder(embedder), dimension=embedder.dimension)

    @property
    def failures(self) -> list[GuidedProfileError]:
        """What failed, whether the peer said so or not."""
        return [*self.chat.failures, *self.embedder.failures]
