"""Whether a history is about what is asked at all."""

from collections.abc import Sequence

import numpy as np

from guided_profile.graph.records import HistoryItem
from guided_profile.graph.tasks import Task
from guided_profile.tools.embedders.lexical import LexicalEmbedder
from guided_profile.tools.evidence.nearness import is_on_topic
from guided_profile.tools.history.store import HistoryStore


def is_history_on_topic(
    history: HistoryStore,
    user_id: str,
    task: Task,
    asked: Sequence[str],
    items: Sequence[HistoryItem],
) -> bool:
    """Whether any item is about the question or an option; True where that decides nothing.

    It decides nothing either where items are embedded by their words: those miss too much. This
    may read from the disk.

    Args:
        history: Where the items' vectors are.
        user_id: Whose.
        task: Says whether anybody looks.
        asked: The question, and the options.
        items: The history, as far as it is known.
    """
    if task.abstention.off_topic_floor is None or isinstance(history.embedder, LexicalEmbedder):
        return True
    kept = history.vectors(user_id, [item.id for item in items])
    items = [item for item in items if item.id in kept]  # one may have been deleted
    if not items:
        return False
    vectors = np.asarray([kept[item.id] for item in items], np.float32)
    return is_on_topic(asked, items, history.likeness(history.embed(list(asked)) @ vectors.T))
