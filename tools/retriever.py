"""The retriever tool: search in the history of the user whom the run is for."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Annotated, Any, cast
from uuid import uuid4

from langchain_core.messages import ToolMessage
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import BaseTool, InjectedToolArg, StructuredTool
from langgraph.prebuilt import ToolRuntime
from langgraph.runtime import Runtime
from pydantic import BaseModel, Field, ValidationError, field_validator

from guided_profile.graph.context import Context, Recall, require
from guided_profile.graph.errors import QuestionError
from guided_profile.graph.records import HistoryItem
from guided_profile.graph.text import as_data
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.safety.screen import flagged
from guided_profile.tools.search.ranking import LEAST_TOKENS, within

MOST = 200
"""The most items that a model gets from one search."""

_NO_RUNTIME = cast("ToolRuntime[Context]", None)
"""What a call outside of any graph has; it is refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageSearch:
    """What a stage of a graph may ask for beside what a model may."""

    recall: Recall = field(default_factory=Recall)
    """What makes one item better than another."""
    tokens: int | None = None
    """About how many tokens of history are wanted, instead of a number of items; items that give
    orders do not count, and what others wrote is left out."""


class SearchArguments(BaseModel):
    """What the model may choose; anything else that it sends is dropped."""

    query: str = Field(min_length=1, description="What to look for, in a few words.")
    limit: int = Field(
        default=10,
        ge=1,
        description=f"How many items to return, at most {MOST}.",  # more is cut, and no error
    )
    source: str | None = Field(
        default=None,
        description="Only items of this source, for example purchases; leave out for all.",
    )
    after: datetime | None = Field(
        default=None,
        description="Only items of this date or later, as 2025-01-31; leave out for any time.",
    )
    before: datetime | None = Field(
        default=None,
        description="Only items from before this date, as 2025-01-31; leave out for any time.",
    )
    category: str | None = Field(
        default=None,
        description="Only items of exactly this category; leave out for all.",
    )

    @field_validator("query")
    @classmethod
    def _not_blank(cls, query: str) -> str:
        if not query.strip():
            raise ValueError("is blank")
        return query

    @field_validator("source", "after", "before", "category", mode="before")
    @classmethod
    def _blank_is_left_out(cls, value: object) -> object:
        return None if value == "" else value


def make_search_history(
    history: HistoryStore, user_of: Callable[[Any], str] | None = None
) -> BaseTool:
    """Return the tool that searches the history of the run's user.

    Whose history that is comes from the run's context alone: the runtime is injected, is no part
    of the schema, and is not taken from the arguments even where a host forgets to strip them.
    The tool message's artifact holds the items: as JSON, which a host's checkpointer can read back,
    unless a stage asks, which keeps no message.

    Args:
        history: Where the items are.
        user_of: Reads the user's id from a context that is not `Context`.
    """

    def search_history(
        query: str,
        limit: int = 10,
        source: str | None = None,
        after: datetime | None = None,
        before: datetime | None = None,
        category: str | None = None,
        stage: Annotated[StageSearch | None, InjectedToolArg] = None,
        runtime: ToolRuntime[Context] = _NO_RUNTIME,
    ) -> tuple[str, Sequence[HistoryItem | dict[str, Any]]]:
        """Search what this user did, wrote or said before, the best matches first.

        Finds by meaning and by words, so use the user's own words, names and numbers where they
        are known. Items are found whatever their age: for a period, set after and before; for one
        kind of history, set source or category. Search again in other words if nothing fits.
        """
        context = _context_of(runtime, user_of)
        stage = stage if isinstance(stage, StageSearch) else None  # else it is a model's own
        tokens = stage.tokens if stage else None
        search = partial(
            history.search,
            context.user_id,
            query,
            limit=_most(limit, stage),
            recall=stage.recall if stage else context.recall or Recall(),
            role=None if tokens is None else "user",
            source=source,
            category=category,
            since=after,
            until=before,
        )
        shown = [match.item for match in search()]
        orders = flagged(shown)
        held = [item for item in shown if item.id in orders]
        if orders:  # what is nearly the same as one of them stands behind it
            others = [match.item for match in search(without=orders)]
            orders |= flagged(others)
            held += [item for item in others if item.id in orders]
            shown = [item for item in others if item.id not in orders]
        if tokens is not None:
            shown = within(shown, tokens)
        kept = [*shown, *held]
        return _for_model(shown), kept if stage else [item.model_dump(mode="json") for item in kept]

    async def search_history_off_the_loop(
        **arguments: Any,
    ) -> tuple[str, Sequence[HistoryItem | dict[str, Any]]]:
        user_id = _context_of(arguments.get("runtime", _NO_RUNTIME), user_of).user_id
        search = partial(search_history, **arguments)
        return await history.reading(user_id, search, embeds=True)  # Chroma blocks

    return StructuredTool.from_function(
        func=search_history,
        coroutine=search_history_off_the_loop,
        args_schema=SearchArguments,
        response_format="content_and_artifact",
    )


async def call_search(
    tool: BaseTool,
    arguments: Mapping[str, Any],
    *,
    runtime: Runtime[Context],
    config: RunnableConfig,
    stage: StageSearch | None = None,
) -> list[HistoryItem]:
    """Call the search tool from a stage of a graph, so that traces show it as a tool's run.

    Args:
        tool: Of `make_search_history`.
        arguments: Of `SearchArguments`; the limit may be above `MOST`.
        runtime: The stage's, whose context says whose history is searched.
        config: The stage's, whose callbacks are called.
        stage: What a stage may ask for beside that.

    Returns:
        The best first, among them those that give orders (`screen.flagged`).

    Raises:
        QuestionError: There is no context, or the arguments are none.
        HistoryError: The history cannot be read.
    """
    call_id = uuid4().hex
    injected: ToolRuntime[Context, Any] = ToolRuntime(
        state={},
        context=runtime.context,
        config=config,
        stream_writer=runtime.stream_writer,
        tool_call_id=call_id,
        store=runtime.store,
    )
    args = {**arguments, "stage": stage or StageSearch(), "runtime": injected}
    call = {"type": "tool_call", "id": call_id, "name": tool.name, "args": args}
    try:
        message: ToolMessage = await tool.ainvoke(call, config)
    except ValidationError as error:
        names = ", ".join(str(wrong["loc"][0]) for wrong in error.errors(include_input=False))
        # not chained: pydantic quotes what it was given
        raise QuestionError(f"the search is given a wrong {names}; see SearchArguments.") from None
    return list(message.artifact)


def _context_of(
    runtime: ToolRuntime[Context], user_of: Callable[[Any], str] | None = None
) -> Context:
    """Return the run's context; only a runtime that a graph made is believed."""
    context: Any = require(runtime.context if isinstance(runtime, ToolRuntime) else None)
    if user_of is not None:
        return Context(user_id=user_of(context))
    if not isinstance(context, Context):
        raise QuestionError(
            f"the run's context is a {type(context).__name__}; make the graph or agent with "
            "context_schema=Context, and call it with context=Context(user_id=…)."
        )
    return context


def _most(limit: int, stage: StageSearch | None) -> int:
    """Return how many items are fetched: for a token budget, as many as could fit."""
    if stage is None:
        return min(limit, MOST)
    return limit if stage.tokens is None else stage.tokens // LEAST_TOKENS + 1


def _for_model(items: list[HistoryItem]) -> str:
    """Write the items for the model, as JSON, so that no text passes for another item or turn."""
    return json.dumps(
        [
            {
                "date": item.time.date().isoformat() if item.time else None,
                "source": as_data(item.source),
                "written_by": item.role,
                "text": as_data(item.text),
            }
            for item in items
        ],
        ensure_ascii=False,
    )
