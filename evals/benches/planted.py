"""Long histories with facts planted in them: does what was said once reach an answer?

    python -m guided_profile.evals.benches.planted                       # the embedded model
    python -m guided_profile.evals.benches.planted --only planted05 --prompts

Each of the ten invented people of `data/planted.yaml` says a dozen things once: limits, facts
of life, preferences, interests. They stand among 150 to 1,000 everyday items. For each, a request
that needs it is sent; it reaches the answer if the standing profile has a sentence that rests on it
or if recall brings the item for that request. Which, is counted.
"""

import argparse
import asyncio
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice
from time import perf_counter
from typing import Any, cast
from uuid import UUID

import yaml
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage
from langgraph.store.memory import InMemoryStore

from guided_profile.evals.benches.command import command
from guided_profile.evals.benches.labelled import data
from guided_profile.evals.run.history import temporary_history
from guided_profile.evals.run.models import add_model_options, chosen_models
from guided_profile.evals.scorers.statistics import wilson
from guided_profile.graph.build import Graph, build_graph
from guided_profile.graph.context import Context
from guided_profile.graph.profile import standing_profile
from guided_profile.graph.records import HistoryItem, Profile
from guided_profile.graph.state import Question
from guided_profile.graph.tasks import builtin_tasks
from guided_profile.tools.embedders.base import Embedder

TASK = "assistant"
SIZES = (150, 300, 500, 1000, 300, 700, 150, 300, 150, 150)
"""How many items the history of each person has, in their order."""
KINDS = ("limit", "fact", "preference", "topical")
FROM = datetime(2023, 1, 1, tzinfo=UTC)
DAYS = 1060


@dataclass(frozen=True, slots=True)
class Reached:
    """A planted fact, and what brings it to an answer."""

    kind: str
    fact: str
    in_profile: bool
    by_recall: bool

    @property
    def reached(self) -> bool:
        """Whether the response sees it at all."""
        return self.in_profile or self.by_recall


def people() -> tuple[list[dict[str, Any]], Mapping[str, list[dict[str, str]]]]:
    """Return the people, and the everyday items by language."""
    found = yaml.safe_load(data("planted.yaml"))
    filler = {"en": found["filler"]} | {
        name.removeprefix("filler_"): lines
        for name, lines in found.items()
        if name.startswith("filler_")
    }
    return found["people"], filler


def history_of(person: Mapping[str, Any], filler: list[dict[str, str]], size: int) -> list[Any]:
    """Return the person's items among everyday ones on days of their own, in order of time."""
    draw = random.Random(person["user_id"])
    shuffled = draw.sample(filler, len(filler))
    items = [HistoryItem.model_validate(item) for item in person["items"]]
    for n, line in enumerate(islice(cycle(shuffled), size - len(items))):
        day = FROM + timedelta(days=draw.randrange(DAYS))
        items.append(HistoryItem.model_validate({**line, "id": f"f{n}", "time": day}))
    return sorted(items, key=lambda item: item.time or FROM)


class Prompts(BaseCallbackHandler):
    """Prints every prompt that a model is sent."""

    def on_chat_model_start(
        self,
        serialized: dict[str, Any],
        messages: list[list[BaseMessage]],
        *,
        run_id: UUID,
        **kwargs: Any,
    ) -> None:
        """Print the prompt."""
        for message in messages[0]:
            print(f"--- {message.type}\n{message.text}")


async def recalled(graph: Graph, context: Context, request: str) -> set[str]:
    """Return the ids of the items that a request brings before the response; no model is asked."""
    question: Question = {"question": request}
    brought: list[HistoryItem] = []
    async for state in graph.astream(
        question,
        context=context,
        stream_mode="values",
        output_keys="recalled",
        interrupt_before=["respond"],
    ):
        brought = cast("list[HistoryItem]", state or brought)
    return {item.id for item in brought}


async def reached_of(
    graph: Graph, person: Mapping[str, Any], context: Context, profile: Profile
) -> list[Reached]:
    """Return what becomes of each planted fact."""
    in_profile = {sentence.evidence[0] for sentence in profile.supported if sentence.evidence}
    found = []
    for fact in person["facts"]:
        wanted = set(fact["evidence"])
        brought = await recalled(graph, context, fact["ask"])
        found.append(
            Reached(fact["kind"], fact["fact"], bool(wanted & in_profile), bool(wanted & brought))
        )
    return found


async def measure(
    person: Mapping[str, Any], items: list[HistoryItem], chat: BaseChatModel, embed: Embedder
) -> list[Reached]:
    """Make the person's profile, send the requests, and print what came of it."""
    context = Context(user_id=person["user_id"], task=TASK)
    with temporary_history(embed) as history:
        history.add(person["user_id"], items)
        graph = build_graph(chat=chat, history=history, store=InMemoryStore())
        began = perf_counter()
        profile = await standing_profile(graph, builtin_tasks()[TASK], context)
        seconds = perf_counter() - began
        found = await reached_of(graph, person, context, profile)
    cost = profile.cost
    print(
        f"{person['user_id']} ({person['language']}): {len(items)} items, profile in "
        f"{seconds:.0f} s, {cost.calls} calls, {cost.input_tokens} tokens in "
        f"({cost.cached_tokens} cached), {cost.output_tokens} out"
    )
    for sentence in profile.sentences:
        print(
            f"  {sentence.verdict:12} {sentence.confidence:.2f} {sentence.text}  "
            f"{list(sentence.evidence)}"
        )
    for fact in found:
        where = "profile" if fact.in_profile else "recall" if fact.by_recall else "LOST"
        print(f"  {where:8} {fact.kind:10} {fact.fact}")
    print(flush=True)
    return found


def table(found: Iterable[Reached]) -> str:
    """Return how many of each kind were reached, and by what."""
    rows = [f"{'kind':12} {'in the profile':16} {'by recall':16} either [Wilson 95 %]"]
    every = list(found)
    for kind in (*KINDS, "all"):
        these = [fact for fact in every if kind in (fact.kind, "all")]
        if not these:
            continue
        n = len(these)
        either = sum(fact.reached for fact in these)
        low, high = wilson(either, n)
        profile, recall = sum(o.in_profile for o in these), sum(o.by_recall for o in these)
        rows.append(
            f"{kind:12} {f'{profile} of {n}':16} {f'{recall} of {n}':16} {either} of {n} "
            f"({100 * either / n:.0f} % [{100 * low:.0f}, {100 * high:.0f}])"
        )
    return "\n".join(rows)


@command
def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", nargs="*", help="the user ids that are measured")
    parser.add_argument("--prompts", action="store_true", help="print every prompt")
    add_model_options(parser)
    given = parser.parse_args()
    everybody, filler = people()
    ids = [person["user_id"] for person in everybody]
    if unknown := set(given.only or ()) - set(ids):
        parser.error(f"nobody is called {sorted(unknown)[0]!r}; there are {', '.join(ids)}")
    chat, embed = chosen_models(given)
    if given.prompts:
        chat = chat.model_copy(update={"callbacks": [Prompts()]})
    found: list[Reached] = []
    for person, size in zip(everybody, SIZES, strict=True):
        if given.only and person["user_id"] not in given.only:
            continue
        items = history_of(person, filler[person["language"]], size)
        found += asyncio.run(measure(person, items, chat, embed))
    print(table(found))


if __name__ == "__main__":
    main()
