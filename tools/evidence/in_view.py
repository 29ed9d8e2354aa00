"""What a response sees of the user: what its answer can be held against."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from guided_profile.graph.records import HistoryItem, evidence_of
from guided_profile.graph.state import State
from guided_profile.graph.tasks import Task
from guided_profile.tools.evidence.nearness import grounds
from guided_profile.tools.history.store import HistoryStore


def sees_anything(task: Task, state: State) -> bool:
    """Whether the response has what the task lets it see to answer from, or is to see nothing."""
    return bool(
        not task.sees
        or ("personal_context" in task.sees and state["recalled"])
        or ("guidance" in task.sees and state["guidance"])
        or ("profile" in task.sees and task.shown(state["profile"]))
        or state["clarification"]
    )


def cited(task: Task, state: State) -> list[str]:
    """Return the ids of the items that the profile points to, if the response saw it."""
    profile = state["profile"] if "profile" in task.sees else None
    supported = profile.supported if profile else ()
    if task.restrains and "reply" in state:
        used = state["reply"].used
        supported = tuple(sentence for sentence in supported if sentence.text in used)
    return evidence_of(supported)


def items_in_view(
    history: HistoryStore, user_id: str, task: Task, state: State
) -> tuple[list[HistoryItem], NDArray[np.float32]]:
    """Return the items that the response saw or its profile points to, and a unit vector of each.

    One that was deleted meanwhile is left out.
    """
    saw = state["reply"].saw if task.restrains and "reply" in state else None
    items = {item.id: item for item in state["recalled"] if saw is None or item.id in saw}
    missing = [id_ for id_ in cited(task, state) if id_ not in items]
    items |= {item.id: item for item in history.get(user_id, missing, now=False)}
    vectors = history.vectors(user_id, items)
    kept = [item for item in items.values() if item.id in vectors]
    return kept, np.asarray([vectors[item.id] for item in kept], np.float32)


def grounds_in(
    history: HistoryStore,
    options: Sequence[str],
    items: Sequence[HistoryItem],
    item_vectors: NDArray[np.float32],
    *,
    newest: bool = False,
) -> list[float]:
    """Return how much items speak for each option; this embeds texts.

    Args:
        history: Whose embedder it is.
        options: What to choose among.
        items: What speaks.
        item_vectors: A unit vector of each item.
        newest: See `grounds`.
    """
    if not items:  # what is known rests on none, as a peer's memories do
        return [0.0] * len(options)
    categories = list(dict.fromkeys(item.category for item in items if item.category))
    vectors = history.embed([*options, *categories])
    chosen = vectors[: len(options)]
    return grounds(
        len(options),
        items,
        history.likeness(chosen @ item_vectors.T),
        {
            name: history.likeness(chosen @ vector)
            for name, vector in zip(categories, vectors[len(options) :], strict=True)
        },
        newest=newest,
    )
