"""Guiding questions that a chat model proposes for a task, from a few people's histories.

A small model writes headings, repeats itself, and asks about the very things it was shown. What it
writes is read line by line, and a question that could not serve every other person is dropped, with
the reason.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage

from guided_profile.evals.datasets.examples import Example
from guided_profile.evals.tuning.quotations import quotations, words_of
from guided_profile.graph.prompts import (
    SYSTEM,
    Prompt,
    history_block,
    history_line,
    render,
)
from guided_profile.graph.records import HistoryItem
from guided_profile.graph.tasks import Task
from guided_profile.graph.tokens import approximate_tokens
from guided_profile.tools.models.calls import complete
from guided_profile.tools.search.parts import own

PROPOSE = Prompt(
    "propose",
    1,
    "Above are histories of several people. The task of an assistant is: {description} To do it "
    "well for anybody, it first asks their history a guiding question. Now that is:\n{known}\n\n"
    "Write a numbered list of {count} other guiding questions, each about another side of a person "
    'that matters for the task, in this form: "What does the history above tell about this '
    "person's ...?\" All of them are put to everybody, so name nothing from the histories.",
)
MOST_ASKED = 3
"""How often the model is asked, each time shown others first, while too few are usable."""
PEOPLE = 3
"""How many people's histories it is shown at a time."""
HISTORY_TOKENS = 120
"""About how much of each: the newest items."""
ITEM_CHARACTERS = 200
LONGEST = 400
SHORTEST = 8
"""In characters, of a guiding question."""

_MARKER = re.compile(
    r"^[\s>#*_]*(?:(?:guiding\s+)?(?:question|q)\s*\d*\s*[.:)]+|\(?\d{1,2}\s*[.):、]|[-*•–]\s)[\s*_]*",
    re.IGNORECASE,
)
_PLACEHOLDER = re.compile(r"[{}\[\]<>]|_{2,}|\.{3}$|…$")
_ASKS = ("?", "？", "؟", ";")
_ENDS = (*_ASKS, ".", "。", "!", "।")


@dataclass(frozen=True, slots=True)
class Dropped:
    """A line that the model wrote as a question and that cannot be one."""

    text: str
    why: str


@dataclass(frozen=True, slots=True)
class Proposals:
    """What the model proposed."""

    questions: tuple[str, ...]
    dropped: tuple[Dropped, ...]


async def propose(
    chat: BaseChatModel,
    task: Task,
    examples: Sequence[Example],
    count: int,
    *,
    known: Sequence[str] = (),
) -> Proposals:
    """Have a model propose guiding questions.

    Args:
        chat: The model.
        task: Whose guiding question may be bettered.
        examples: Whose histories it is shown a few of; no question may quote any of them.
        count: How many questions at most; there may be fewer.
        known: Further questions that are there already; the model is not shown them.

    Raises:
        ModelError: The endpoint failed.
    """
    there = [task.guiding_question, *known]
    people = list(
        {example.user_id: example.history for example in examples if example.history}.values()
    )
    found: list[str] = []
    dropped: list[Dropped] = []
    for time in range(MOST_ASKED):
        if len(found) >= count:
            break
        shown = [_newest(items) for items in (people[time:] + people[:time])[:PEOPLE]]
        asked = _messages(task, shown, count - len(found), [task.guiding_question, *found])
        done = await complete(
            chat, asked, stage="propose", max_tokens=60 * (count - len(found)) + 40
        )
        read = read_lines(done.text, cut_off=done.finish_reason == "length")
        for text, why in _judged(read, [*there, *found], task, examples, list(chain(*shown))):
            if why:
                dropped.append(Dropped(text, why))
            elif len(found) < count:
                found.append(text)
    return Proposals(tuple(found), tuple(dropped))


def _messages(
    task: Task, people: Sequence[Sequence[HistoryItem]], count: int, known: Sequence[str]
) -> list[BaseMessage]:
    asked = render(PROPOSE, description=task.description, known="\n".join(known), count=str(count))
    blocks = "".join(history_block(items) for items in people)
    return [SystemMessage(SYSTEM.text), HumanMessage(blocks + asked)]


def _newest(items: Sequence[HistoryItem]) -> list[HistoryItem]:
    """Return the newest items of the person's own that there is room for, the oldest first."""
    kept: list[HistoryItem] = []
    room = HISTORY_TOKENS
    for item in reversed(own(items)):
        short = item.model_copy(update={"text": item.text[:ITEM_CHARACTERS]})
        room -= approximate_tokens(history_line(short))
        if room < 0:
            break
        kept.append(short)
    return kept[::-1]


def read_lines(reply: str, *, cut_off: bool = False) -> list[str]:
    """Return the lines of a reply that are meant as questions, without their numbers and quotes.

    Where lines are numbered or bulleted, those are meant; else those that end as a question does.

    Args:
        reply: What a model wrote.
        cut_off: Whether it was cut off, so that its last line is not whole.
    """
    lines = [line.strip() for line in reply.splitlines() if line.strip()]
    if cut_off:
        lines = lines[:-1]
    marked = [line for line in lines if _MARKER.match(line)]
    meant = [_bare(line) for line in marked or lines]
    return [line for line in meant if line.endswith(_ENDS if marked else _ASKS)]


def _bare(line: str) -> str:
    line = _MARKER.sub("", line).strip().strip("*_`").strip()
    if line[:1] in "\"'“«‘「" and line[-1:] in "\"'”»’」":
        line = line[1:-1].strip()
    return line


def _judged(
    lines: Iterable[str],
    known: Sequence[str],
    task: Task,
    examples: Sequence[Example],
    shown: Sequence[HistoryItem],
) -> Iterator[tuple[str, str]]:
    """Yield each line with the reason why it is no use, empty if it is of use."""
    there = {tuple(words_of(question)) for question in known}
    drafts = list(dict.fromkeys(lines))
    quoting = quotations(drafts, examples, shown=shown, allowed=_ownwords_of(task))
    for line in drafts:
        words = tuple(words_of(line))
        if len(line) < SHORTEST or len(line) > LONGEST:
            yield line, f"it has {len(line)} characters, and not {SHORTEST} to {LONGEST}"
        elif _PLACEHOLDER.search(line):
            yield line, "it leaves something to be filled in"
        elif words in there:
            yield line, "it is there already"
        elif line in quoting:
            yield line, f"it quotes the examples: {quoting[line]!r}"
        else:
            there.add(words)
            yield line, ""


def _ownwords_of(task: Task) -> str:
    return "\n".join(
        (
            PROPOSE.text,
            task.description,
            task.guiding_question,
            task.profile_instruction,
            task.response_instruction,
            *task.sources.values(),
        )
    )
