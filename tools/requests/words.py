"""The message to the user about what was done: one sentence, in their language where it can be."""

from collections.abc import Iterable

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import HumanMessage

from guided_profile.graph.errors import ModelError
from guided_profile.graph.prompts import MEMORY_SAID, render
from guided_profile.graph.records import Call
from guided_profile.graph.text import shortened
from guided_profile.tools.models.calls import complete, model_id
from guided_profile.tools.requests.kinds import STAGE
from guided_profile.tools.text.language import language_of

ASKS = "I no longer use this; shall I delete it for good, yes or no?"
WITHDRAWN = "I no longer use this, which you can undo within a day."
DELETED = "It is deleted, which you can undo within a day."
LEFT = "I deleted nothing, and no longer use it."
LAPSED = "That question is too old now, so I deleted nothing; ask me again to forget it."
BACK = "Everything is as it was before."
NOT_FOUND = "I know nothing that you could mean, so there was nothing to forget."
NOT_KEPT = "I will not remember this message."
ALWAYS = "From now on I go by this."
REMEMBERED = "I will remember that."
KNOWN = "This is what I know about you."
UNKNOWN = "I know nothing about you yet."
NOT_KEPT_HERE = "I cannot remember that, since nothing that is said here is kept."
NOT_DONE = "The rest could not be done now; please ask for it again."
CANNOT = "I cannot do that, since nothing is kept here from one conversation to the next."
SHOWN = 30
"""So many notes are named."""
_NOTE_TOKENS, _SENTENCE_TOKENS = 40, 80
_LONGER = 4
"""A sentence in another language that is so many times as long is something else."""
_translated: dict[tuple[str, str, str], str] = {}
"""By model, language and sentence: there are few of each."""


async def in_language_of(
    chat: BaseChatModel, message: str, sentence: str
) -> tuple[str, list[Call]]:
    """Return a sentence in the language of a message; in English where the model cannot.

    The message is not shown, so that nothing of it is in what is kept for others.
    """
    language = language_of([message])
    if language is None or language.code == "en":
        return sentence, []
    key = (model_id(chat), language.code, sentence)
    if key in _translated:
        return _translated[key], []
    asked = [HumanMessage(render(MEMORY_SAID, language=language.name, sentence=sentence))]
    try:
        done = await complete(chat, asked, stage=STAGE, max_tokens=_SENTENCE_TOKENS)
    except ModelError:  # what the sentence says was done already
        return sentence, []
    text = " ".join(done.text.split()).strip('"“”«»„')
    written = language_of([text])
    if done.cut_off or not text or len(text) > _LONGER * len(sentence) or written != language:
        return sentence, [done.call]
    _translated[key] = text
    return text, [done.call]


def with_notes(sentence: str, notes: Iterable[str]) -> str:
    """Return a sentence with the notes that it speaks of, a line each."""
    texts = [" ".join(shortened(note, _NOTE_TOKENS).split()) for note in dict.fromkeys(notes)]
    shown = [f"- {text}" for text in texts[:SHOWN]]
    if len(texts) > SHOWN:
        shown.append(f"- … (+{len(texts) - SHOWN})")
    return "\n".join([sentence, *shown])
