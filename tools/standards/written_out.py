"""A person's texts with every word written out, where signs alone do not show how: a model does it.

"idk why ppl review it" is no worked example of short forms while what stands before it has them
too. Texts that shorten, stretch or leave out something are written out by the model, once; the
others need no model (`plain.py`).
"""

import asyncio
from collections.abc import MutableMapping, Sequence

from langchain_core.language_models import BaseChatModel

from guided_profile.graph.errors import ModelError
from guided_profile.graph.prompts import WRITTEN_OUT, messages, render
from guided_profile.graph.records import Call
from guided_profile.graph.text import as_data
from guided_profile.tools.evidence.abbreviations import abbreviations, left_out
from guided_profile.tools.evidence.marks import own_words, stretched
from guided_profile.tools.models.calls import complete, model_id
from guided_profile.tools.standards.plain import plain

LONGER = 3.0
"""How many times as long as a text what it is written out as may be; else it is made up."""
MAX_TOKENS = 120


async def written_out(
    chat: BaseChatModel, texts: Sequence[str], kept: MutableMapping[tuple[str, str], str]
) -> tuple[list[str], tuple[Call, ...]]:
    """Return each text without its writer's habits, and what that took; the first time alone.

    Where the model fails, signs alone decide.

    Args:
        chat: The model.
        texts: The person's own.
        kept: What was written out of theirs before; more is added.
    """
    name = model_id(chat)
    new = [text for text in texts if is_shortened(text) and (name, text) not in kept]
    done = await asyncio.gather(*(_write_out(chat, text) for text in new))
    for text, (whole, _) in zip(new, done, strict=True):
        kept[name, text] = whole
    shown = [kept.get((name, text)) or plain(text) for text in texts]
    return shown, tuple(call for _, call in done if call)


def is_shortened(text: str) -> bool:
    """Return whether a text has words that are not written out, in any script."""
    own = own_words(text)
    return bool(abbreviations(own) or left_out(own) or stretched(own))


async def _write_out(chat: BaseChatModel, text: str) -> tuple[str, Call | None]:
    asked = messages([], render(WRITTEN_OUT, text=as_data(text)))
    try:
        done = await complete(chat, asked, stage="respond", max_tokens=MAX_TOKENS)
    except ModelError:
        return plain(text), None
    whole = done.text.strip()
    sound = whole and not done.cut_off and len(whole) <= LONGER * len(text)
    return (plain(whole) or plain(text)) if sound else plain(text), done.call
