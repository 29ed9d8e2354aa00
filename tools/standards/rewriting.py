"""Writing a text as a person writes: from worked examples, bound by what they never do.

The model is shown some of the person's own texts, each after what it would be without their habits
(`plain.py`), as turns of a conversation whose last one is the text that is asked for. Measured on
the embedded model, neither habits in words nor examples in a list come near that.
"""

import asyncio
from dataclasses import dataclass

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from guided_profile.graph.prompts import SYSTEM, render
from guided_profile.graph.records import Call
from guided_profile.graph.state import Reply, State
from guided_profile.graph.tasks import Task
from guided_profile.graph.text import as_data
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.models.calls import Completion, complete
from guided_profile.tools.models.dialect import dialect_of
from guided_profile.tools.safety.screen import flagged
from guided_profile.tools.standards.better import best
from guided_profile.tools.standards.grammar import grammar_of
from guided_profile.tools.standards.manner import MOST_TEXTS, Manner, own_texts
from guided_profile.tools.standards.once_more import once_more
from guided_profile.tools.standards.plain import plain

EXAMPLES = 6
LONGEST_EXAMPLE = 300
"""Characters."""
VARIED = 0.8
"""The temperature of all candidates but the first."""


def in_style(task: Task) -> bool:
    """Whether the response writes as the person does: the task is of style, and sees how."""
    return task.kind == "text" and task.evidence == "style" and "profile" in task.sees


def manner_of(history: HistoryStore, user_id: str) -> Manner:
    """Return how a user writes, by their newest texts; what gives the model orders is left out."""
    items = history.list(user_id, newest=MOST_TEXTS)
    orders = flagged(items)
    return Manner(own_texts([item for item in items if item.id not in orders]))


def worked_examples(manner: Manner) -> list[tuple[str, str]]:
    """Return the texts that are most like how the person writes, each after its plain form.

    The most typical stands last, nearest to what is asked. What does not depend on the question
    stays the same from one to the next, and so is served from the model's cache.
    """
    short = [text for text in manner.texts if len(text) <= LONGEST_EXAMPLE and plain(text)]
    typical = sorted(dict.fromkeys(short), key=manner.distance)[:EXAMPLES]
    return [(plain(text), text) for text in reversed(typical)]


def conversation(block: str, task: Task, question: str, manner: Manner) -> list[BaseMessage]:
    """Return the prompt: the instruction, the examples as turns, and the text that is asked for."""
    examples = worked_examples(manner) if "personal_context" in task.sees else []
    asked = [plain_form for plain_form, _ in examples] + [question]
    first = render(task.response_instruction, question=as_data(asked[0]))
    if "{question}" not in task.response_instruction:
        first += "\n\n" + as_data(asked[0])
    turns: list[BaseMessage] = [SystemMessage(SYSTEM.text), HumanMessage(block + first)]
    for (_, written), following in zip(examples, asked[1:], strict=True):
        turns += [AIMessage(as_data(written)), HumanMessage(as_data(following))]
    return turns


@dataclass(frozen=True, slots=True)
class Written:
    """The best of a task's candidates, and what all of them took."""

    reply: Reply
    calls: tuple[Call, ...]


async def write(
    chat: BaseChatModel,
    history: HistoryStore,
    user_id: str,
    task: Task,
    state: State,
    block: str,
) -> Written:
    """Have the model write the task's candidates, and take the best.

    Args:
        chat: The model.
        history: Whose texts show how the user writes.
        user_id: Who that is.
        task: The task.
        state: With the text to rewrite, and the earlier reply if it is to be a better one.
        block: What the profile says.

    Raises:
        ModelError: The endpoint failed.
    """
    source = state["text"]
    manner = await asyncio.to_thread(manner_of, history, user_id)
    grammar = None
    if dialect_of(chat).takes_grammars:
        grammar = await asyncio.to_thread(grammar_of, manner, source)
    prompt = once_more(await asyncio.to_thread(conversation, block, task, source, manner), state)

    async def candidate(temperature: float) -> Completion:
        return await complete(
            chat,
            prompt,
            stage="respond",
            max_tokens=task.max_tokens.response,
            temperature=temperature,
            grammar=grammar,
        )

    first = await candidate(task.temperature)  # alone: it fills the prefix cache
    varied = max(VARIED, task.temperature)
    others = await asyncio.gather(*(candidate(varied) for _ in range(task.candidates - 1)))
    whole = [one for one in (first, *others) if one.text.strip() and not one.cut_off] or [first]
    texts = [one.text.strip() for one in whole]
    chosen = 0
    if len(texts) > 1:
        chosen = await asyncio.to_thread(best, texts, source, manner, history)
    reply = Reply(
        text=texts[chosen],
        finish_reason=whole[chosen].finish_reason,
        confidence=whole[chosen].confidence,
        used=tuple(one.text for one in task.shown(state["profile"])),
    )
    return Written(reply, tuple(one.call for one in (first, *others)))
