"""Writing a text as a person writes: from worked examples, bound by what they never do.

The model is shown some of the person's own texts, each after what it would be without their habits
(`plain.py`, `written_out.py`), as turns of a conversation whose last one is the text that is asked
for. Measured on the embedded model, neither habits in words nor examples in a list come near that.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from guided_profile.graph.prompts import MIND, SYSTEM, render
from guided_profile.graph.records import Call
from guided_profile.graph.state import Reply, State
from guided_profile.graph.tasks import Task
from guided_profile.graph.text import as_data
from guided_profile.tools.evidence.marks import own_words
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.models.calls import Completion, complete
from guided_profile.tools.models.dialect import dialect_of
from guided_profile.tools.safety.screen import flagged
from guided_profile.tools.standards.better import best
from guided_profile.tools.standards.grammar import grammar_of
from guided_profile.tools.standards.manner import MOST_TEXTS, Manner, own_texts
from guided_profile.tools.standards.plain import plain
from guided_profile.tools.standards.written_out import written_out

EXAMPLES = 5
LONGEST_EXAMPLE = 300
"""Characters."""
VARIED = 0.8
"""The temperature of all candidates but the first, and of a second attempt."""


def in_style(task: Task) -> bool:
    """Whether the response writes as the person does: the task is of style, and sees how."""
    return task.kind == "text" and task.evidence == "style" and "profile" in task.sees


def manner_of(history: HistoryStore, user_id: str) -> Manner:
    """Return how a user writes, by their newest texts; what gives the model orders is left out."""
    items = history.list(user_id, newest=MOST_TEXTS)
    orders = flagged(items)
    return Manner(own_texts([item for item in items if item.id not in orders]))


def typical_texts(manner: Manner) -> list[str]:
    """Return the texts that are most like how the person writes, the most typical last.

    They do not depend on the question, and so are served from the model's cache. Links and handles
    are left out: they would be written into every text.
    """
    own = map(own_words, manner.texts)
    short = [text for text in own if len(text) <= LONGEST_EXAMPLE and plain(text)]
    return sorted(dict.fromkeys(short), key=manner.distance)[:EXAMPLES][::-1]


def conversation(
    block: str,
    task: Task,
    question: str,
    examples: Sequence[tuple[str, str]],
    missed: Sequence[str] = (),
) -> list[BaseMessage]:
    """Return the prompt: the instruction, the examples as turns, and the text that is asked for.

    Args:
        block: What stands before everything.
        task: The task, whose instruction opens the conversation.
        question: The text that is asked for.
        examples: Texts of the person, each after what it would be without their habits.
        missed: What a first attempt missed; it is named beside the text, with the instruction.
    """
    asked = [as_data(without) for without, _ in examples] + [as_data(question)]
    if missed:
        mind = render(MIND, missed=as_data("; ".join(missed)))
        asked[-1] = mind + _instructed(task, asked[-1])
    if examples or not missed:
        asked[0] = _instructed(task, asked[0])
    turns: list[BaseMessage] = [SystemMessage(SYSTEM.text), HumanMessage(block + asked[0])]
    for (_, written), following in zip(examples, asked[1:], strict=True):
        turns += [AIMessage(as_data(written)), HumanMessage(following)]
    return turns


def _instructed(task: Task, text: str) -> str:
    instruction = render(task.response_instruction, question=text)
    return instruction if "{question}" in task.response_instruction else f"{instruction}\n\n{text}"


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
    texts = await asyncio.to_thread(typical_texts, manner)
    shown, calls = await written_out(
        chat, texts if "personal_context" in task.sees else [], history.beside(user_id)
    )
    again = state.get("earlier") is not None
    examples = list(zip(shown, texts, strict=False))
    prompt = conversation(block, task, source, examples, state["missed"] if again else ())

    async def candidate(temperature: float, seed: int | None = None) -> Completion:
        return await complete(
            chat,
            prompt,
            stage="respond",
            max_tokens=task.max_tokens.response,
            temperature=temperature,
            grammar=grammar,
            seed=seed,
        )

    varied = max(VARIED, task.temperature)
    # alone: it fills the prefix cache
    first = await (candidate(varied, 0) if again else candidate(task.temperature))
    others = await asyncio.gather(*(candidate(varied, n) for n in range(1, task.candidates)))
    whole = [
        completion
        for completion in (first, *others)
        if completion.text.strip() and not completion.cut_off
    ] or [first]
    said = [completion.text.strip() for completion in whole]
    chosen = 0
    if len(said) > 1:
        chosen = await asyncio.to_thread(best, said, source, manner, history)
    reply = Reply(
        text=said[chosen],
        finish_reason=whole[chosen].finish_reason,
        confidence=whole[chosen].confidence,
        used=tuple(sentence.text for sentence in task.shown(state["profile"])),
    )
    return Written(reply, (*calls, *(completion.call for completion in (first, *others))))
