"""Does a rewritten text come out as the person writes, and does it still say the same?

    python -m guided_profile.evals.benches.paraphrase --out done.jsonl    # eight authored writers
    python -m guided_profile.evals.benches.paraphrase --data tweets.jsonl --n 20 --out done.jsonl
    python -m guided_profile.evals.benches.paraphrase --out done.jsonl --report

Each line of the data is a person: their texts, a neutral text, and if known how they wrote it
themselves. What was done stands in `--out`, text by text, and is not done again. Of each text, how
far it is from the person's own ones (all countable habits) and from their own wording (the paper's
aspects, and length); whether it keeps the habits that are theirs; how alike it is to the neutral
text. `--before` also has the model write it as the task did before there were worked examples.
"""

import argparse
import asyncio
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean
from time import perf_counter
from typing import Any

from langchain_core.language_models import BaseChatModel
from langgraph.store.memory import InMemoryStore

from guided_profile.evals.benches.command import command
from guided_profile.evals.datasets.examples import Example
from guided_profile.evals.datasets.plain import plain
from guided_profile.evals.run.history import temporary_history
from guided_profile.evals.run.models import add_model_options, chosen_models
from guided_profile.evals.scorers.statistics import estimate
from guided_profile.evals.scorers.style import style_distance
from guided_profile.graph.build import build_graph
from guided_profile.graph.context import Context
from guided_profile.graph.profile import standing_profile
from guided_profile.graph.prompts import (
    GUIDANCE,
    PROFILE,
    history_block,
    messages,
    profile_in_words,
    render,
)
from guided_profile.graph.state import Answered
from guided_profile.graph.tasks import Task, builtin_tasks
from guided_profile.graph.text import as_data
from guided_profile.tools.embedders.base import Embedder
from guided_profile.tools.evidence import style
from guided_profile.tools.models.calls import complete

HABITS = {
    "lower case": style.LOWER_CASE,
    "open end": style.OPEN_END,
    "abbreviations": style.ABBREVIATION,
    "emoji": style.EMOJI,
}
DECISIVE = 0.6
"""The share of a person's texts from which on they do something, or, of the others, do not."""
WRITERS = Path(__file__).parent / "data" / "writers.jsonl"
BEFORE = (
    "Retype this text the way this person types, as the profile says. Change only what the profile "
    "speaks of, keep every word and the meaning, and write only the retyped text.\n\n"
    "Text: {question}\nRetyped text:"
)
"""The response instruction of the task's version 3, for what was written before."""
Row = dict[str, Any]


async def written(
    chat: BaseChatModel, embed: Embedder, task: Task, example: Example, before: bool
) -> Row:
    """Return the texts of one person: the neutral one, their own, and what the model wrote."""
    context = Context(user_id=example.user_id, task=task.name)
    with temporary_history(embed) as history:
        history.add(example.user_id, example.history)
        graph = build_graph(chat=chat, history=history, tasks=[task], store=InMemoryStore())
        if len(example.history) >= task.cold_start.items:
            await standing_profile(graph, task, context)  # which an answer finds there
        began = perf_counter()
        out = await graph.ainvoke({"question": example.question}, context=context)
        seconds = perf_counter() - began
    answer = out["answer"]
    texts = {
        "unchanged": example.question,
        "after": answer.text if answer.kind == "answered" else "",
    }
    if before:
        texts["before"] = await as_before(chat, example, answer)
    return {
        "id": example.id,
        "own": [item.text for item in example.history],
        "theirs": example.reference,
        "texts": texts,
        "missed": list(getattr(answer, "missed", ())),
        "calls": answer.cost.calls,
        "output_tokens": answer.cost.output_tokens,
        "seconds": round(seconds, 2),
    }


async def as_before(chat: BaseChatModel, example: Example, answer: Answered) -> str:
    """Return what the model writes from history, guidance and profile alone."""
    shown = answer.profile.supported if answer.profile else ()
    block = history_block(example.history) + render(GUIDANCE, guidance=as_data(answer.guidance))
    block += render(PROFILE, profile=profile_in_words(shown)) if shown else ""
    asked = messages([], block + render(BEFORE, question=as_data(example.question)))
    done = await complete(chat, asked, stage="before", max_tokens=100)
    return done.text.strip()


def scored(row: Row, likeness: Mapping[str, float]) -> dict[str, dict[str, float]]:
    """Return the figures of each of a row's texts."""
    own = style.style_of(row["own"])
    texts = dict(row["texts"]) | ({"theirs": row["theirs"]} if row["theirs"] else {})
    found: dict[str, dict[str, float]] = {}
    for name, text in texts.items():
        shown = style.style_of([text]) if text else {}
        found[name] = figures = {"meaning": likeness.get(name, 0.0)}
        figures["to own texts"] = style.distance(shown, own) if shown.keys() & own.keys() else 1.0
        if row["theirs"]:
            figures["to own wording"] = style_distance(text, row["theirs"]) if text else 1.0
        for habit, counted in HABITS.items():
            share = own.get(counted.name, 0.5)
            if max(share, 1 - share) >= DECISIVE and counted.name in shown:
                does = "does" if share > 0.5 else "does not"
                figures[f"{habit}, who {does}"] = float(shown[counted.name] == round(share))
    return found


def likenesses(embed: Embedder, row: Row) -> dict[str, float]:
    """Return the cosine of each text of a row and the neutral one."""
    texts = {name: text for name, text in row["texts"].items() if text}
    texts |= {"theirs": row["theirs"]} if row["theirs"] else {}
    vectors = embed.embed_documents([row["texts"]["unchanged"], *texts.values()])
    return {
        name: sum(a * b for a, b in zip(vectors[0], vector, strict=True))
        for name, vector in zip(texts, vectors[1:], strict=True)
    }


def table(rows: Sequence[Row], embed: Embedder) -> str:
    """Return the mean of each figure, with its interval and n."""
    every = [scored(row, likenesses(embed, row)) for row in rows]
    lines = []
    for name in ("unchanged", "before", "after", "theirs"):
        these = [figures[name] for figures in every if name in figures]
        if not these:
            continue
        lines.append(f"{name} (n={len(these)})")
        for figure in dict.fromkeys(figure for figures in these for figure in figures):
            values = [figures[figure] for figures in these if figure in figures]
            share = "who " in figure
            found = estimate(values, share=share)
            lines.append(f"  {figure:26} {found} (n={len(values)})")
    if rows:
        lines.append(
            f"an answer took {mean(row['calls'] for row in rows):.2f} calls, "
            f"{mean(row['output_tokens'] for row in rows):.0f} tokens, "
            f"{mean(row['seconds'] for row in rows):.1f} s"
        )
    return "\n".join(lines)


async def measure(given: argparse.Namespace, chat: BaseChatModel, embed: Embedder) -> None:
    """Write what is not done yet."""
    task = builtin_tasks()["paraphrase"]
    if given.candidates:
        task = task.model_copy(update={"candidates": given.candidates})
    if given.cold:  # no profile is made: the writing alone
        cold = task.cold_start.model_copy(update={"items": 1_000_000})
        task = task.model_copy(update={"cold_start": cold})
    done = {row["id"] for row in rows_of(given.out)}
    examples = list(plain([given.data], task="paraphrase"))[given.skip : given.skip + given.n]
    for example in examples:
        if example.id in done:
            continue
        row = await written(chat, embed, task, example, given.before)
        with given.out.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def rows_of(path: Path) -> list[Row]:
    """Return what was done."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@command
def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=WRITERS, help="the people, JSON Lines")
    parser.add_argument("--out", type=Path, required=True, help="where each text is kept")
    parser.add_argument("--n", type=int, default=20, help="how many people")
    parser.add_argument("--skip", type=int, default=0, help="how many to leave out before")
    parser.add_argument("--candidates", type=int, help="instead of what the task says")
    parser.add_argument("--before", action="store_true", help="also write as version 3 did")
    parser.add_argument("--cold", action="store_true", help="make no profile: the writing alone")
    parser.add_argument("--report", action="store_true", help="only print what was done")
    add_model_options(parser)
    given = parser.parse_args()
    if not given.report:
        chat, embed = chosen_models(given)
        asyncio.run(measure(given, chat, embed))
    else:
        from guided_profile.tools.assembly import make_embedder

        embed = make_embedder("minilm")
    print(table(rows_of(given.out), embed))


if __name__ == "__main__":
    main()
