"""What takes the place of a sentence that a newer item ended: how it is now, in the model's words.

The writer of a revision sees the news alone and may pass over that somebody moved; beside the
sentence that an item ends, what holds now is easy to say.
"""

import asyncio
from collections.abc import Sequence

from langchain_core.language_models import BaseChatModel

from guided_profile.graph.prompts import RENEW, messages, render
from guided_profile.graph.records import Call, Draft, HistoryItem
from guided_profile.graph.text import as_data
from guided_profile.tools.models.calls import complete
from guided_profile.tools.text.sentences import split_sentences

_TOKENS = 60


async def renewed(
    chat: BaseChatModel, ended: Sequence[tuple[str, HistoryItem]], temperature: float
) -> tuple[list[Draft | None], list[Call]]:
    """Write of each sentence that is over how it is now; nothing is judged yet.

    Args:
        chat: Who writes.
        ended: The sentences, each with the item that ended it.
        temperature: Of the writing.

    Returns:
        A draft for each, or None where the model wrote nothing, and the calls it took.

    Raises:
        ModelError: The model failed.
    """
    done = await asyncio.gather(
        *(
            complete(
                chat,
                messages([], _asked(text, item)),
                stage="profile",
                max_tokens=_TOKENS,
                temperature=temperature,
            )
            for text, item in ended
        )
    )
    written = [split_sentences(reply.text, cut_off=reply.cut_off) for reply in done]
    drafts = [
        Draft(text=sentences[0], cited=(item.id,)) if sentences else None
        for (_, item), sentences in zip(ended, written, strict=True)
    ]
    return drafts, [reply.call for reply in done]


def _asked(text: str, item: HistoryItem) -> str:
    did = "did" if item.kind == "did" else "wrote"
    return render(RENEW, note=as_data(text), did=did, item=as_data(item.text))
