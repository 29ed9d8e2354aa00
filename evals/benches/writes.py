"""What it costs to take items in: the model calls that keep a profile up with its history.

    python -m guided_profile.evals.benches.writes [--items 1000] [--every 10]
    python -m guided_profile.evals.benches.writes --over            # all that stood is over
    python -m guided_profile.evals.benches.writes --probabilities   # of every letter, to the end
    python -m guided_profile.evals.benches.writes --together        # ChatVerifier(together=True)
    python -m guided_profile.evals.benches.writes --model           # the embedded model

A user writes, and asks a question after every so many items, a day apart. Writing calls no model;
what is counted is every call that a question makes beyond its own answer, and how often the
standing profile served. The model is scripted: it states a fact for each of the newest items, as a
model does that is asked to, and gives the probabilities of Yes and No, but of no other letter, so
that after the first profile its words count. What a prompt has in common with one of the last few,
from its beginning on, counts as served by a prefix cache.
"""

import argparse
import asyncio
import json
import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import inf
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langgraph.store.memory import InMemoryStore
from pydantic import Field

from guided_profile.evals.benches.command import command
from guided_profile.evals.run.history import temporary_history
from guided_profile.graph.build import build_graph
from guided_profile.graph.context import Context
from guided_profile.graph.records import Cost, HistoryItem
from guided_profile.graph.tokens import approximate_tokens
from guided_profile.tools.assembly import make_chat, make_embedder
from guided_profile.tools.embedders.lexical import LexicalEmbedder
from guided_profile.tools.evidence.base import Verifier
from guided_profile.tools.evidence.chat import ChatVerifier
from guided_profile.tools.history.text_vectors import EmbedderLike

START = datetime(2025, 1, 1, tzinfo=UTC)
DOES = ("bought", "repaired", "sold", "borrowed", "painted", "cleaned", "looked for", "lent out")
THINGS = (
    "a kettle, a tent, a violin, a rucksack, a drill, a rice cooker, a globe, a bicycle pump, "
    "a sewing machine, a chessboard, a garden hose, a telescope, a pair of skis, a desk lamp, "
    "a cactus, a camera lens, a bread knife, a hammock, a typewriter, a rain jacket, a kayak"
).split(", ")
PLACES = "in Kiel, at the fair, for my aunt, before lunch, by the harbour, with Ines".split(", ")
_STATEMENT = re.compile(r"(?m)^(\d+)\. ")
_STOOD = re.compile(r"Statements from number (\d+) on were true before")
CACHED = 20
"""How many prompts a prefix cache holds."""
_LINE = re.compile(r"^\d+\. \[.*?\] i (.+)$", re.MULTILINE)


class Facts(BaseChatModel):
    """Answers every stage as a model does that states what it reads, and believes it."""

    over: bool = False
    """Whether it says of all that stood before that it is over."""
    weighs: bool = False
    """Whether it gives the probability of any letter."""
    sent: list[str] = Field(default_factory=list)
    """The last prompts, which the prefix cache holds."""

    @property
    def _llm_type(self) -> str:
        return "facts"

    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        prompt = "\n".join(message.text for message in messages)
        said, asked = self._said(prompt), approximate_tokens(prompt)
        written = approximate_tokens(said)
        common = max((_in_common(prompt, one) for one in self.sent), default=0)
        self.sent = [*self.sent, prompt][-CACHED:]
        usage: Any = {
            "input_token_details": {"cache_read": approximate_tokens(prompt[:common])},
            "input_tokens": asked,
            "output_tokens": written,
            "total_tokens": asked + written,
        }
        message = AIMessage(said, usage_metadata=usage)
        letters = ("Yes", "No", "A") if self.weighs else ("Yes", "No")
        if said in letters and kwargs.get("top_logprobs"):
            token = {"token": said, "logprob": -0.01}
            message.response_metadata["logprobs"] = {"content": [token | {"top_logprobs": [token]}]}
        return ChatResult(generations=[ChatGeneration(message=message)])

    def _said(self, prompt: str) -> str:
        _, judges, statements = prompt.partition("Statements about this person:\n")
        if judges:
            return self._judgements(statements)
        if pairs := prompt.partition("Pairs of notes about the same person:\n")[2]:
            return "\n".join(f"{n} No" for n in _STATEMENT.findall(pairs))
        if self.weighs and prompt.endswith("the letter of one and nothing else."):
            return "A"
        if prompt.endswith("Answer Yes or No."):
            return "No" if "Two notes" in prompt else "Yes"
        facts = _LINE.findall(prompt)[-5:]
        return " ".join(f"This person {fact}." for fact in facts) or "This person does things."

    def _judgements(self, statements: str) -> str:
        """Judge all in one reply: what is new is stated, and so is what stood, or it is over."""
        stood = _STOOD.search(statements)
        first = int(stood[1]) if stood and self.over else inf
        told = []
        for n in map(int, _STATEMENT.findall(statements)):
            one = {"statement": n, "verdict": "stated", "lines": [], "common": False, "use": "B"}
            if n >= first:
                over = {"verdict": "contradicted", "lines": [1]}
                one |= over | {"now": f"This person is on to no. {n}."}
            told.append(one)
        return json.dumps({"judgements": told})


def _in_common(one: str, other: str) -> int:
    """Return how many characters two texts have in common, from their beginning on."""
    differing = (n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b)
    return next(differing, min(len(one), len(other)))


@dataclass
class Spent:
    """What was counted."""

    items: int = 0
    questions: int = 0
    uses: Counter[str] = field(default_factory=Counter)
    making: Cost = field(default_factory=Cost)
    saved: Cost = field(default_factory=Cost)

    @property
    def calls_per_item(self) -> float:
        """Model calls for the profile, for each item that was written."""
        return self.making.calls / self.items


def an_item(number: int) -> HistoryItem:
    """Return the item of a number; no two are the same."""
    does, thing = DOES[number % len(DOES)], THINGS[number % len(THINGS)]
    place = PLACES[number % len(PLACES)]
    return HistoryItem(
        text=f"i {does} {thing} {place}, no. {number}",
        source="chat",
        time=START + timedelta(hours=number),
    )


async def spend(
    chat: BaseChatModel,
    embedder: EmbedderLike,
    items: int,
    every: int,
    verifier: Verifier | None = None,
) -> Spent:
    """Write the items and ask the questions."""
    spent = Spent()
    now = START
    with temporary_history(embedder) as history:
        graph = build_graph(
            chat=chat,
            history=history,
            verifier=verifier,
            store=InMemoryStore(),
            clock=lambda: now,
        )
        for first in range(0, items, every):
            batch = [an_item(number) for number in range(first, min(items, first + every))]
            history.add("kim", batch)
            now += timedelta(days=1)
            out = await graph.ainvoke(
                {"question": "What did you do with the kettle?"},
                context=Context(user_id="kim", max_retries=0),
            )
            use, made = out["answer"].profile_use, out["answer"].profile
            spent.items += len(batch)
            spent.questions += 1
            spent.uses[use] += 1
            if made and use in ("built", "revised"):
                spent.making = spent.making.plus(made.cost)
            elif made and use == "standing":
                spent.saved = spent.saved.plus(made.cost)
    return spent


@command
def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Count the model calls that writing items costs.")
    parser.add_argument("--items", type=int, default=1000)
    parser.add_argument("--every", type=int, default=10, help="items between two questions")
    parser.add_argument("--model", action="store_true", help="the model that the settings name")
    parser.add_argument("--over", action="store_true", help="all that stood is over each time")
    parser.add_argument(
        "--probabilities", action="store_true", help="the model tells those of every letter"
    )
    parser.add_argument(
        "--together", action="store_true", help="judged in one call even with probabilities"
    )
    asked = parser.parse_args()
    scripted = Facts(over=asked.over, weighs=asked.probabilities)
    chat = make_chat() if asked.model else scripted
    embedder = make_embedder() if asked.model else LexicalEmbedder()
    verifier = ChatVerifier(chat, together=True) if asked.together else None
    spent = asyncio.run(spend(chat, embedder, asked.items, asked.every, verifier))
    print(
        f"{spent.items} items written, {spent.questions} questions: "
        f"{spent.making.calls} calls for the profile, {spent.calls_per_item:.3f} an item, "
        f"{spent.making.input_tokens / spent.items:.0f} tokens in an item, "
        f"{spent.making.cached_tokens / spent.items:.0f} of them from the prefix cache"
    )
    print(
        f"the standing profile served {spent.uses['standing']} of {spent.questions} questions "
        f"(built {spent.uses['built']}, revised {spent.uses['revised']}), and saved "
        f"{spent.saved.calls} calls, {spent.saved.input_tokens} tokens in"
    )


if __name__ == "__main__":
    main()
