"""Whether the embedded engine does more by handling several requests at once.

    python -m guided_profile.evals.benches.local_slots [--slots 1 4] [--turns 3]

runs a small workload as the workflow has it, in turns, on one engine for each number of slots:
digestions of different parts of a history, Yes or No about sentences on the same items, and the
rotations of one choice. Printed are the processor's seconds of each kind, which other work on the
machine does not change, what the engine read and wrote in one of them, and how far the
probabilities are from those of one slot.
"""

import argparse
import asyncio
from collections.abc import Sequence
from statistics import mean, stdev
from time import process_time

from langchain_core.language_models import BaseChatModel

from guided_profile.evals.benches.command import command
from guided_profile.evals.benches.overhead import a_history
from guided_profile.graph.prompts import CHOOSE, messages, render
from guided_profile.graph.records import Call
from guided_profile.graph.tasks import builtin_tasks
from guided_profile.tools.assembly import MODEL
from guided_profile.tools.evidence.base import Claim
from guided_profile.tools.evidence.chat import ChatVerifier
from guided_profile.tools.models.calls import complete, endpoint_model
from guided_profile.tools.models.choices import LETTERS, rotations
from guided_profile.tools.models.letters import score_letters
from guided_profile.tools.models.local import LocalServer
from guided_profile.tools.weights.fetch import ensure

PARTS, PART, WRITTEN = 4, 12, 40
"""Digestions, the items of each, and the tokens that each writes."""
SAID = (
    "rides a bicycle", "has a cat", "lives alone", "rides further in summer", "feeds an animal",
    "drives a car", "keeps a diary", "works at night",
)  # fmt: skip
OPTIONS = ("a bicycle bell", "a scratching post", "a fishing rod", "a chess set")

Measured = tuple[dict[str, float], list[Call], list[float]]
"""The processor's seconds of each kind, the calls, and the probabilities that came back."""


async def workload(chat: BaseChatModel, turn: int) -> Measured:
    """Run the workload; each turn is about other items, so that no cache has them."""
    items = [item.model_copy(update={"text": f"{turn}. {item.text}"}) for item in a_history()]
    task = builtin_tasks()["dialogue"]
    took: dict[str, float] = {}
    began = process_time()
    digested = await asyncio.gather(
        *(
            complete(
                chat,
                messages(items[n * PART : (n + 1) * PART], task.guiding_question),
                stage="digest",
                max_tokens=WRITTEN,
            )
            for n in range(PARTS)
        )
    )
    took["digestions"] = process_time() - began
    began = process_time()
    shared = tuple(items[-PART:])
    yes, judged = await ChatVerifier(chat).ask(
        [Claim(f"This person {said}.", shared) for said in SAID]
    )
    took["sentences"] = process_time() - began
    began = process_time()

    async def score(order: Sequence[int]) -> tuple[dict[str, float], Call]:
        listed = "\n".join(f"{LETTERS[n]}. {OPTIONS[o]}" for n, o in enumerate(order))
        asked = messages(shared, "What suits this person?" + render(CHOOSE, options=listed))
        scored = await score_letters(chat, asked, LETTERS[:4], stage="respond")
        return scored.letters or {}, scored.call

    first, *others = rotations(len(OPTIONS), len(OPTIONS))
    scores = [await score(first), *await asyncio.gather(*map(score, others))]
    took["rotations"] = process_time() - began
    calls = [done.call for done in digested] + judged + [call for _, call in scores]
    weights = [weight for letters, _ in scores for weight in letters.values()]
    return took, calls, [probability or 0.0 for probability in yes] + weights


async def measure(numbers: Sequence[int], turns: int, name: str) -> None:
    """Measure and print."""
    gguf = next(ensure(name).glob("*.gguf"))
    results: dict[int, list[Measured]] = {slots: [] for slots in numbers}
    for turn in range(turns):
        for slots in numbers if turn % 2 == 0 else reversed(numbers):
            server = LocalServer(gguf, slots=slots)  # a new one: nothing is cached
            chat = endpoint_model(
                name, base_url=server.base_url, api_key=server.api_key, timeout=600, at_once=slots
            )
            await complete(chat, messages([], "Say OK."), stage="warm", max_tokens=1)
            done = await workload(chat, turn)
            server.close()
            results[slots].append(done)
            print(f"turn {turn + 1}, {slots} slots: {_line(done)}", flush=True)
    for slots, runs in results.items():
        whole = [sum(took.values()) for took, _, _ in runs]
        spread = stdev(whole) if len(whole) > 1 else 0.0
        apart = max(
            abs(value - base)
            for (_, _, mine), (_, _, its) in zip(runs, results[numbers[0]], strict=True)
            for value, base in zip(mine, its, strict=True)
        )
        print(
            f"{slots} slots: {mean(whole):.1f} s (n={len(whole)}, sd {spread:.1f}), probabilities "
            f"at most {apart:.4f} from those of {numbers[0]}"
        )


def _line(done: Measured) -> str:
    took, calls, _ = done
    new = sum(call.input_tokens - call.cached_tokens for call in calls)
    written = sum(call.output_tokens for call in calls)
    whole = sum(took.values())
    kinds = ", ".join(f"{kind} {seconds:.1f} s" for kind, seconds in took.items())
    return (
        f"{whole:.1f} s ({kinds}); {new} tokens read, {written} written, "
        f"{(new + written) / whole:.1f} a second"
    )


@command
def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--slots", type=int, nargs="+", default=[1, 4], help="to hold against")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--model", default=MODEL, help="by the name of its weights")
    given = parser.parse_args()
    asyncio.run(measure(given.slots, given.turns, given.model))


if __name__ == "__main__":
    main()
