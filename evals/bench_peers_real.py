"""mem0, LangMem and this project beside each other, on the embedded model.

    python -m guided_profile.evals.bench_peers_real apps/people/cook.jsonl [--items 20]

A person's items, one after the other as they are written, then questions about them, two of which
the history does not answer; one model and one embedder for all, each system in its turn, the
engine's prompt cache emptied between them. Printed are the calls, tokens and seconds that items and
questions take, how much there was to answer from, and what failed. The model's context is 16,384
tokens, since mem0's instruction alone takes 7,900. Needs the extra `peers`.
"""

import argparse
import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import Any
from uuid import UUID

from langchain_core.callbacks import AsyncCallbackHandler
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, LLMResult

from guided_profile.evals.bench_peers import opened, told
from guided_profile.evals.embedded import MODEL, embedded_embedder
from guided_profile.evals.method_peers import PEERS
from guided_profile.graph.errors import GuidedProfileError
from guided_profile.graph.state import Call, HistoryItem
from guided_profile.tools.local_model import LocalServer
from guided_profile.tools.models import endpoint_model
from guided_profile.tools.weights import ensure

CONTEXT_TOKENS = 16_384
QUESTIONS = (
    "What do you fry things in?",
    "What did you do with the non-stick pan?",
    "Which chili paste do you cook with?",
    "What is your sister called?",
    "Which football club do you support?",
)


class Counting(AsyncCallbackHandler):
    """Counts the calls of a model, whoever makes them."""

    def __init__(self) -> None:
        """Begin with none."""
        self.calls: list[Call] = []
        self.failed: Counter[str] = Counter()

    async def on_llm_end(self, response: LLMResult, *, run_id: UUID, **kwargs: Any) -> None:
        """Count a reply."""
        generation = response.generations[0][0]
        assert isinstance(generation, ChatGeneration)
        message = generation.message
        usage = message.usage_metadata if isinstance(message, AIMessage) else None
        assert usage
        cached = usage.get("input_token_details", {}).get("cache_read") or 0
        self.calls.append(
            Call(
                stage="counted",
                seconds=0.0,
                input_tokens=usage["input_tokens"],
                output_tokens=usage["output_tokens"],
                cached_tokens=cached,
            )
        )

    async def on_llm_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        """Count a failure."""
        self.failed[type(error).__name__] += 1


def read(path: Path, most: int) -> list[HistoryItem]:
    """Return the first items of a JSONL file."""
    with path.open(encoding="utf-8") as lines:
        return [HistoryItem.model_validate(json.loads(line)) for line in islice(lines, most)]


async def measure(items: Sequence[HistoryItem]) -> None:
    """Measure and print, system by system."""
    gguf = next(ensure(MODEL).glob("*.gguf"))
    embedder = embedded_embedder()
    for name in ("ours", *PEERS):
        server = LocalServer(gguf, context_tokens=CONTEXT_TOKENS)
        counting = Counting()
        chat = endpoint_model(MODEL, base_url=server.base_url, api_key=server.api_key, timeout=1800)
        chat.callbacks = [counting]
        async with opened(name, chat, embedder) as system:
            began, lost = perf_counter(), Counter[str]()
            for item in items:
                try:
                    await system.take_in("rosa", [item])
                except GuidedProfileError as error:
                    lost[type(error).__name__] += 1
            print(f"{name}: {len(items)} items taken in: {told(counting.calls, began)}", flush=True)
            if lost:
                print(f"{name}: of these items failed: {dict(lost)}", flush=True)
            for number, question in enumerate(QUESTIONS):
                began = perf_counter()
                seen = await system.ask("rosa", question)
                spent = told(counting.calls, began)
                cold = ", cold" if number == 0 else ""
                print(f"{name}: {question} {seen} to answer from{cold}: {spent}", flush=True)
        if counting.failed:
            print(f"{name}: calls that failed: {dict(counting.failed)}", flush=True)
        server.close()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Compare with mem0 and LangMem, on a real model.")
    parser.add_argument("history", type=Path, help="a person's items, JSON Lines")
    parser.add_argument("--items", type=int, default=20)
    given = parser.parse_args()
    for package in PEERS.values():
        package.load()
    asyncio.run(measure(read(given.history, given.items)))


if __name__ == "__main__":
    main()
