"""A history as prompts hold it: the user's own items, in one order, in parts that fit."""

from collections.abc import Iterable, Sequence
from math import ceil

from guided_profile.graph.records import HistoryItem
from guided_profile.graph.tasks import Task
from guided_profile.tools.search.ranking import bounded, tokens_of


def own(items: Iterable[HistoryItem]) -> list[HistoryItem]:
    """Return what the user wrote: what others wrote is no evidence about the user."""
    return [item for item in items if item.role == "user"]


def in_order(items: Sequence[HistoryItem], window: Sequence[HistoryItem]) -> list[HistoryItem]:
    """Sort found items as the history lists them, so that the same items make the same prompt.

    Args:
        items: What a search found, the best first.
        window: The newest of the history, as it lists them; items that are not in it are older.
    """
    place = {item.id: index for index, item in enumerate(window)}
    older = [item for item in items if item.id not in place]
    older.sort(key=lambda item: (item.time.timestamp() if item.time else 0.0, item.id))
    return older + sorted((i for i in items if i.id in place), key=lambda item: place[item.id])


def cut(items: Sequence[HistoryItem], task: Task, budget: int) -> list[list[HistoryItem]]:
    """Cut a history into parts of about the same size that each fit a token budget, in order.

    A history that fits as a whole is left whole. Of another, what is asked different guiding
    questions, or comes from different sources if the task says so, is kept apart.

    Args:
        items: The history, in order of time.
        task: Says what is kept apart.
        budget: Tokens a part may have; an item larger than that is a part of its own, cut to it.
    """
    if sum(map(tokens_of, items)) <= budget:
        return [list(items)] if items else []
    groups: dict[str, list[HistoryItem]] = {}
    for item in items:
        apart = item.source if task.parts == "source" else task.question_of(item)
        groups.setdefault(apart, []).append(item)
    return [part for group in groups.values() for part in _even(group, budget)]


def _even(items: Sequence[HistoryItem], budget: int) -> list[list[HistoryItem]]:
    """Cut items where each part has its even share of their tokens, or is full."""
    sizes = [min(tokens_of(item), budget) for item in items]
    share = sum(sizes) / ceil(sum(sizes) / budget)
    parts: list[list[HistoryItem]] = [[]]
    used = before = 0  # in this part, and in all up to here
    for item, size in zip(items, sizes, strict=True):
        if parts[-1] and (used + size > budget or before + size / 2 > share * len(parts)):
            parts.append([])
            used = 0
        parts[-1].append(bounded(item, budget))
        used += size
        before += size
    return parts
