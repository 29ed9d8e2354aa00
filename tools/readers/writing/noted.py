"""What the memories of other systems look like: mem0, LangMem, Zep, Claude's export."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from guided_profile.tools.readers.base import Skipped
from guided_profile.tools.readers.writing.memory_text import Line, noted_lines


class Noted(NamedTuple):
    """A memory."""

    by: str
    """The system that noted it."""
    text: str
    time: Any = None
    category: Any = None
    id: Any = None


def noted_in(entry: Any) -> Iterator[Noted | Skipped]:
    """Yield what an object, or a line of a text, notes; nothing: it is of none of the systems."""
    if isinstance(entry, Line):
        yield Noted("an assistant", entry.text, entry.date, entry.heading)
    if not isinstance(entry, dict):
        return
    if isinstance(entry.get("memory"), str):
        yield _of_mem0(entry, entry["memory"])
    elif {"namespace", "key", "value"} <= entry.keys():
        yield from _of_langmem(entry)
    elif isinstance(entry.get("fact"), str):
        yield _of_zep(entry)
    elif "conversations_memory" in entry:
        yield from _of_claude(entry)
    elif isinstance(entry.get("content"), str) and "id" in entry:
        yield _of_mem0(entry, entry["content"])  # OpenMemory's
    elif {"name", "summary"} <= entry.keys():
        yield Skipped("summaries of people and things")


def _of_mem0(entry: Mapping[str, Any], text: str) -> Noted | Skipped:
    if entry.get("state") in ("deleted", "archived") or entry.get("is_deleted"):
        return Skipped("deleted memories")
    metadata = entry.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    categories = entry.get("categories")
    category = categories[0] if isinstance(categories, list) and categories else None
    time = entry.get("updated_at") or entry.get("created_at")
    return Noted("mem0", text, time, category or metadata.get("category"), entry.get("id"))


def _of_zep(entry: Mapping[str, Any]) -> Noted | Skipped:
    if entry.get("invalid_at") or entry.get("expired_at"):
        return Skipped("facts that no longer hold")
    fact = str(entry.get("content") or entry["fact"])
    time = entry.get("valid_at") or entry.get("created_at")
    return Noted("Zep", fact, time, None, entry.get("uuid"))


def _of_claude(entry: Mapping[str, Any]) -> Iterator[Noted]:
    projects = entry.get("project_memories")
    texts = [entry["conversations_memory"]]
    texts += list(projects.values()) if isinstance(projects, dict) else []
    for text in texts:
        for line in noted_lines(text if isinstance(text, str) else ""):
            yield Noted("Claude", line.text, line.date, line.heading)


def _of_langmem(entry: Mapping[str, Any]) -> Iterator[Noted]:
    """Yield the memory of an item of LangGraph's Store: a text, or the fields of a profile."""
    value = entry["value"]
    kind = value.get("kind") if isinstance(value, dict) else None
    while isinstance(value, dict) and isinstance(value.get("content"), str | dict):
        value = value["content"]
    if isinstance(value, dict):
        parts = [
            f"{name}: {_plain(found)}"
            for name, found in value.items()
            if found not in (None, "", [])
        ]
        value = "; ".join(parts)
    if isinstance(value, str) and value.strip():
        time = entry.get("updated_at") or entry.get("created_at")
        id_ = "/".join(map(str, [*_list(entry["namespace"]), entry["key"]]))
        yield Noted("LangMem", value, time, None if kind == "Memory" else kind, id_)


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _plain(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
