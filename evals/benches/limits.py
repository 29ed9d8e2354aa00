"""Does the check find replies that break what somebody wants of every reply?

    python -m guided_profile.evals.benches.limits --data tests/data/limits.yaml --half report

Each case is a limit ("Höchstens 25 Wörter"), a request, and a reply that keeps to it or
does not. Limits that are counted are reported apart from those that
the model is asked about.
"""

import argparse
import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from langchain_core.language_models import BaseChatModel

from guided_profile.evals.benches.command import command
from guided_profile.evals.run.models import add_model_options, chosen_models
from guided_profile.evals.scorers.statistics import wilson
from guided_profile.tools.standards.limits import broken_limits

Case = dict[str, Any]


async def found(chat: BaseChatModel, cases: Sequence[Case]) -> list[bool]:
    """Return whether the check finds that each case's reply breaks its limit, and print it."""
    detected = []
    for case in cases:
        broken = await broken_limits(chat, [case["limit"]], case["request"], case["reply"])
        detected.append(bool(broken.limits))
        mark = "  " if detected[-1] == case["broken"] else "✗ "
        verdict = "breaks" if detected[-1] else "keeps"
        print(f"{mark}{verdict} {case['limit']} ({len(broken.calls)} calls)", flush=True)
    return detected


def table(cases: Sequence[Case], detected: Sequence[bool]) -> str:
    """Return how many were judged correctly, of each kind."""
    lines = []
    for countable in (True, False):
        for broken in (True, False):
            verdicts = [
                verdict
                for case, verdict in zip(cases, detected, strict=True)
                if (case["countable"], case["broken"]) == (countable, broken)
            ]
            if not verdicts:
                continue
            right, n = sum(verdict == broken for verdict in verdicts), len(verdicts)
            low, high = wilson(right, n)
            kind = "countable" if countable else "not countable"
            lines.append(
                f"{kind}, {'broken' if broken else 'kept'}: {right} of {n} judged correctly "
                f"({100 * right / n:.0f} % [{100 * low:.0f}, {100 * high:.0f}])"
            )
    return "\n".join(lines)


@command
def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="the cases, YAML")
    parser.add_argument("--half", choices=("fit", "report"), help="only the cases of one half")
    parser.add_argument("--n", type=int, help="how many cases at most")
    add_model_options(parser)
    given = parser.parse_args()
    cases = yaml.safe_load(given.data.read_text(encoding="utf-8"))
    cases = [case for case in cases if given.half in (None, case["half"])][: given.n]
    chat, _ = chosen_models(given)
    print(table(cases, asyncio.run(found(chat, cases))))


if __name__ == "__main__":
    main()
