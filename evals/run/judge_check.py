"""How far a judge agrees with labels by hand: of the replies of an assistant, and of pairs.

Each is judged as a run's texts are, in both orders or by both questions, and a judge may decline.
What it declined, and where it contradicted itself, is counted apart and is in no score.
"""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from langchain_core.language_models import BaseChatModel

from guided_profile.evals.datasets.examples import Example
from guided_profile.evals.datasets.judged import OPEN, Form, Labelled, labelled
from guided_profile.evals.scorers.agreement import Agreement, question_of
from guided_profile.evals.scorers.judge import QUESTION, judge
from guided_profile.evals.scorers.rubric import RUBRIC, keeps
from guided_profile.evals.scorers.statistics import kappa
from guided_profile.graph.prompts import Prompt
from guided_profile.graph.records import HistoryItem
from guided_profile.tools.models.calls import model_id

Said = tuple[str | None, bool]
"""A verdict, None if there is none; and whether the judge contradicted itself."""
PROMPTS: dict[Form, Prompt] = {"replies": RUBRIC, "pairs": QUESTION}


async def check(
    chat: BaseChatModel,
    form: Form,
    *,
    concurrency: int = 1,
    found: Labelled | None = None,
    on_judged: Callable[[], None] = lambda: None,
) -> Agreement:
    """Put what was labelled by hand before a judge.

    Args:
        chat: The judge.
        form: What it judges.
        concurrency: How many are judged at once.
        found: What was labelled; left out: what ships.
        on_judged: Called after each.

    Raises:
        ModelError: The endpoint failed: what is not judged is not guessed at.
    """
    hand = found or labelled(form)
    asks = _reply if form == "replies" else _pair
    places = asyncio.Semaphore(max(1, concurrency))

    async def judge_row(row: dict[str, Any]) -> Said:
        async with places:
            said = await asks(chat, row)
        on_judged()
        return said

    said = dict(zip(hand.labels, await asyncio.gather(*map(judge_row, hand.rows)), strict=True))
    return agreement_of(said, hand, model_id(chat), question_of(PROMPTS[form]))


def agreement_of(said: dict[str, Said], hand: Labelled, judge: str, question: str) -> Agreement:
    """Hold what a judge said, by id, against the labels."""
    clear = {id_: label for id_, label in hand.labels.items() if label not in OPEN}
    pairs = [
        (verdict, label) for id_, label in clear.items() if (verdict := said[id_][0]) is not None
    ]
    none = [said[id_] for id_ in clear if said[id_][0] is None]
    unclear = [said[id_][0] for id_ in hand.labels if id_ not in clear]
    return Agreement(
        judge=judge,
        question=question,
        kappa=kappa(pairs),
        decided=len(pairs),
        declined=sum(not turned for _, turned in none),
        turned=sum(turned for _, turned in none),
        rightly_declined=unclear.count(None),
        undecidable=len(unclear),
        people=kappa(hand.two),
        blind=hand.blind,
        labels=hand.digest,
        on=datetime.now(UTC).date().isoformat(),
    )


async def _reply(chat: BaseChatModel, row: dict[str, Any]) -> Said:
    said = await keeps(
        chat,
        question=row["question"],
        known=row["known"],
        reply=row["reply"],
        rubric=row["rubric"],
    )
    return said.verdict, said.turned


async def _pair(chat: BaseChatModel, row: dict[str, Any]) -> Said:
    example = Example(
        id=row["id"],
        user_id=row["id"],
        task="dialogue",
        question=row["question"],
        answerable=False,  # neither is the reference
        history=tuple(HistoryItem(text=text) for text in row["known"]),
    )
    said = await judge(chat, example, row["first"], row["second"])
    return said.winner, said.turned
