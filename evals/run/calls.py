"""Every call of a model, kept on disk: none is made twice, and each is charged to who asked.

A run that was killed goes on from the calls that were answered, and methods that ask the very same
thing (one profile, eight settings of what the response sees) share one call. Whoever asks is
charged what the call cost when it was made, so that a method's cost does not depend on what ran
before it. The temperature is 0: asked again, a model would say the same, or ought to.
"""

import asyncio
import hashlib
import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from time import perf_counter
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun
from langchain_core.messages import AIMessage, BaseMessage, message_to_dict, messages_from_dict
from langchain_core.outputs import ChatGeneration, ChatResult

from guided_profile.evals.run.wrapped_chat import WrappedChat
from guided_profile.graph.errors import InputError, ModelError
from guided_profile.graph.records import Call
from guided_profile.tools.models.calls import call_of

_charged: ContextVar[list[Call] | None] = ContextVar("charged", default=None)
_only_kept: ContextVar[bool] = ContextVar("only_kept", default=False)


@contextmanager
def only_kept() -> Iterator[None]:
    """Let nothing be asked within whose reply is not kept already: a `ModelError` instead."""
    token = _only_kept.set(True)
    try:
        yield
    finally:
        _only_kept.reset(token)


@contextmanager
def charged() -> Iterator[list[Call]]:
    """Collect the calls that are made within, whether answered or failed."""
    calls: list[Call] = []
    token = _charged.set(calls)
    try:
        yield calls
    finally:
        _charged.reset(token)


class Calls:
    """Answered calls, by what was asked; on disk as soon as they are kept."""

    def __init__(self, path: Path) -> None:
        """Open the file, or begin it.

        Raises:
            InputError: It cannot be opened, or is something else.
        """
        try:
            self._database = sqlite3.connect(path)
            self._database.execute("PRAGMA synchronous = FULL")
            self._database.execute(
                "CREATE TABLE IF NOT EXISTS calls (asked TEXT PRIMARY KEY, reply TEXT)"
            )
            self._database.commit()
        except sqlite3.Error as error:
            raise InputError(f"the calls in {str(path)!r} cannot be used: {error}.") from error
        self.locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        """One for each call, so that two who ask the same at once make one call."""

    def get(self, asked: str) -> dict[str, Any] | None:
        """Return the reply to what was asked, if it is kept."""
        row = self._database.execute("SELECT reply FROM calls WHERE asked = ?", (asked,)).fetchone()
        return json.loads(row[0]) if row else None

    def keep(self, asked: str, reply: dict[str, Any]) -> None:
        """Keep a reply."""
        with self._database:
            self._database.execute(
                "INSERT OR REPLACE INTO calls VALUES (?, ?)", (asked, json.dumps(reply))
            )

    def close(self) -> None:
        """Close the file."""
        self._database.close()


class KeptChat(WrappedChat):
    """A chat model each of whose calls is kept, and made once."""

    calls: Calls
    """Where its replies are kept."""

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        asked = _digest(self.model_name, messages, stop, kwargs)
        async with self.calls.locks[asked]:
            kept = self.calls.get(asked)
            if kept is None and _only_kept.get():
                raise ModelError("the reply to this call is not kept any more.")
            if kept is None:
                began = perf_counter()
                try:
                    async with asyncio.timeout(getattr(self.inner, "deadline", None)):
                        result = await self.inner._agenerate(messages, stop=stop, **kwargs)
                except Exception:  # of any client; it is charged, and goes on
                    _charge(Call(stage="failed", seconds=perf_counter() - began))
                    raise
                generation = result.generations[0]
                kept = {
                    "message": message_to_dict(generation.message),
                    "info": generation.generation_info,
                    "seconds": perf_counter() - began,
                }
                self.calls.keep(asked, kept)
        (message,) = messages_from_dict([kept["message"]])
        _charge(call_of(message, "kept", kept["seconds"]))
        assert isinstance(message, AIMessage)
        return ChatResult(
            generations=[ChatGeneration(message=message, generation_info=kept["info"])]
        )


def _digest(
    model: str, messages: Sequence[BaseMessage], stop: list[str] | None, settings: dict[str, Any]
) -> str:
    shown = [[message.type, message.content, *_tool_calls(message)] for message in messages]
    asked = json.dumps([model, shown, stop, settings], sort_keys=True, default=str)
    return hashlib.sha256(asked.encode()).hexdigest()


def _tool_calls(message: BaseMessage) -> list[list[Any]]:
    """Return what a message calls, without the random ids of the calls."""
    calls = message.tool_calls if isinstance(message, AIMessage) else []
    return [[call["name"], call["args"]] for call in calls]


def _charge(call: Call) -> None:
    calls = _charged.get()
    if calls is not None:
        calls.append(call)
