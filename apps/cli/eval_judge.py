"""`guided-profile eval --judge-check`: whether the model is good enough as a judge.

It is put before labels by hand that ship with the package, and what that comes to is kept in
`--out`, so that the reports of runs there say whether what this judge says may be claimed.
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
    """Add what asks for the check."""
    parser.add_argument(
        "--judge-check",
        action="store_true",
        help="ask nothing but how far the model as a judge agrees with labels by hand, and keep "
        "that in --out, for the reports of judged runs there",
    )


async def run(given: argparse.Namespace, out: Console, notes: Console) -> int:
    """Put the model before the labels, keep what comes of it, and print that."""
    settings = read_settings()
    with downloads(notes) as on_progress:
        chat = assembly.chat_model(settings, on_progress)
    given.out.mkdir(parents=True, exist_ok=True)
    found = []
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
            found.append(agreement)
    if given.json:
        said = [
            one.model_dump(mode="json") | {"claimed": not one.why_not, "claim": claim(one)}
            for one in found
        ]
        out.print_json(json.dumps(said))
        return 0
    for one in found:
        out.print(claim(one), style="red" if one.why_not else "", soft_wrap=True)
    return 0
