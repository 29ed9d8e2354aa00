"""Twelve questions to somebody whose life changed: does any answer contradict how it is now?

    python -m guided_profile.evals.benches.life                # the embedded model

The invented person of `data/mover.yaml` moves, changes jobs, partner and diet, sells a car and
takes up a hobby, over 92 items of two years. Each answer is held against what it must and must not
say, by regular expressions that were written with the person, before anything was asked.
"""

import argparse
import asyncio
import re
from dataclasses import dataclass
from typing import Any

import yaml
from langgraph.store.memory import InMemoryStore

from guided_profile.evals.benches.command import command
from guided_profile.evals.benches.labelled import data
from guided_profile.evals.run.history import temporary_history
from guided_profile.evals.run.models import add_model_options, chosen_models
from guided_profile.graph.build import Graph, build_graph
from guided_profile.graph.context import Context
from guided_profile.graph.records import HistoryItem, Profile
from guided_profile.graph.state import Abstained, Answered, Question


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, the answer, and what is wrong with it."""

    task: str
    question: str
    answer: Answered | Abstained
    wrong: tuple[str, ...]
    """What the answer says and must not, or does not say and must."""


def person() -> dict[str, Any]:
    """Return the person: `items`, `facts` and `questions`."""
    found: dict[str, Any] = yaml.safe_load(data("mover.yaml"))
    return found


def wrongs(asked: dict[str, Any], answer: Answered | Abstained) -> tuple[str, ...]:
    """Return what is wrong with an answer; an abstention says nothing wrong, and nothing right."""
    if isinstance(answer, Abstained):
        return ("no answer",) if asked.get("must") or asked.get("answer") else ()
    if "answer" in asked:
        return () if answer.text == asked["answer"] else (f"not {asked['answer']!r}",)
    flags = re.IGNORECASE
    said = [
        found[0]
        for pattern in asked.get("must_not", ())
        if (found := re.search(pattern, answer.text, flags))
    ]
    missing = [
        pattern for pattern in asked.get("must", ()) if not re.search(pattern, answer.text, flags)
    ]
    return (
        *(f"says {match!r}" for match in said),
        *(f"does not say {pattern!r}" for pattern in missing),
    )


async def ask(graph: Graph, of: dict[str, Any]) -> list[Asked]:
    """Ask all questions, each for its task."""
    found = []
    for entry in of["questions"]:
        question: Question = {"question": entry["question"], "options": entry.get("options", [])}
        context = Context(user_id=of["user_id"], task=entry["task"])
        out = await graph.ainvoke(question, context=context)
        found.append(
            Asked(entry["task"], entry["question"], out["answer"], wrongs(entry, out["answer"]))
        )
        print(shown(found[-1]), flush=True)
    return found


def shown(asked: Asked) -> str:
    """Return a question with its answer, and what is wrong with it."""
    answer = asked.answer
    said = answer.text if isinstance(answer, Answered) else f"(no answer: {answer.detail})"
    wrong = "; ".join(asked.wrong)
    return f"[{asked.task}] {asked.question}\n  {said}\n  {'WRONG: ' + wrong if wrong else 'right'}"


def profile_shown(profile: Profile) -> str:
    """Return a profile with its verdicts."""
    lines = [
        f"  {sentence.verdict:12} {sentence.confidence:.2f} {sentence.text}"
        for sentence in profile.sentences
    ]
    return "\n".join([f"Profile for {profile.task}:", *lines])


@command
def main() -> None:
    """Ask and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    add_model_options(parser)
    chat, embed = chosen_models(parser.parse_args())
    of = person()
    with temporary_history(embed) as history:
        history.add(of["user_id"], [HistoryItem.model_validate(item) for item in of["items"]])
        graph = build_graph(chat=chat, history=history, store=InMemoryStore())
        found = asyncio.run(ask(graph, of))
    profiles = {asked.task: asked.answer.profile for asked in found if asked.answer.profile}
    print("\n".join(profile_shown(profile) for profile in profiles.values()))
    right = sum(not asked.wrong for asked in found)
    contradict = sum(any(w.startswith("says") for w in asked.wrong) for asked in found)
    print(f"{right} of {len(found)} right; {contradict} contradict how it is now")


if __name__ == "__main__":
    main()
