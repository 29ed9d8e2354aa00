"""`guided-profile eval --judge-check`: whether the model is good enough as a judge.

It judges texts that come with the package, labelled by hand. How far it agrees with the labels is
kept in `--out`, so that the reports of runs there say whether this judge's results may be claimed.
"""

import argparse
import json
from contextlib import closing

from rich.console import Console

from guided_profile.apps import assembly
from guided_profile.apps.settings import read_settings
from guided_profile.evals.datasets.judged import Form, labelled
from guided_profile.evals.run.calls import Calls, KeptChat
from guided_profile.evals.run.judge_check import check
from guided_profile.evals.scorers.agreement import claim, keep
from guided_profile.tools.progress import bars, downloads

FORMS: tuple[Form, ...] = ("replies", "pairs")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the option that asks for the check."""
    parser.add_argument(
        "--judge-check",
        action="store_true",
        help="ask nothing but how far the model as a judge agrees with labels by hand, and keep "
        "that in --out, for the reports of judged runs there",
    )


async def run(given: argparse.Namespace, out: Console, notes: Console) -> int:
    """Compare the model with the labels; keep how far they agree, and print it."""
    settings = read_settings()
    with downloads(notes) as on_progress:
        chat = assembly.chat_model(settings, on_progress)
    given.out.mkdir(parents=True, exist_ok=True)
    agreements = []
    with closing(Calls(given.out / "calls.db")) as calls, bars(notes) as display:
        kept = KeptChat(inner=chat, calls=calls)
        for form in FORMS:
            hand = labelled(form)
            bar = display.add_task(f"judging {form}", total=len(hand.rows))
            agreement = await check(
                kept,
                form,
                concurrency=given.concurrency,
                found=hand,
                on_judged=lambda bar=bar: display.advance(bar),  # type: ignore[misc]
            )
            keep(given.out, agreement)
            agreements.append(agreement)
    if given.json:
        figures = [
            agreement.model_dump(mode="json")
            | {"claimed": not agreement.why_not, "claim": claim(agreement)}
            for agreement in agreements
        ]
        out.print_json(json.dumps(figures))
        return 0
    for agreement in agreements:
        style = "red" if agreement.why_not else ""
        out.print(claim(agreement), style=style, soft_wrap=True)
    return 0
