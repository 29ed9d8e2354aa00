"""What other assistants noted: never the user's own words."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from exported import folder_of, in_every_form, read

NEW_YEAR = datetime(2025, 1, 1, tzinfo=UTC)
CREATED = {"created_at": "2025-01-01T00:00:00Z", "updated_at": None}
MEM0 = {"id": "m1", "memory": "Loves rye", "metadata": {"category": "food"}, **CREATED}
FACT = {"uuid": "z1", "fact": "Mara bakes on Sundays", "created_at": "2025-01-01T00:00:00Z"}
LANGMEM = {
    "namespace": ["memories", "mara"],
    "key": "k1",
    "value": {"kind": "Memory", "content": {"content": "User prefers dark mode"}},
    "created_at": "2025-01-01T00:00:00+00:00",
    "updated_at": "2025-01-01T00:00:00+00:00",
}
PROFILE = LANGMEM | {
    "value": {
        "kind": "Profile",
        "content": {"name": "Mara", "likes": ["rye", "spelt"], "age": None},
    }
}
CLAUDE = {
    "conversations_memory": "**Work context**\n\nMara is a nurse in Graz.\n",
    "project_memories": {"p": "She plans a bakery."},
    "account_uuid": "a",
}
SYSTEMS = {
    "mem0": (json.dumps({"results": [MEM0]}), ["mem0 noted: Loves rye"], "food", NEW_YEAR),
    "mem0, a list": (json.dumps([MEM0]), ["mem0 noted: Loves rye"], "food", NEW_YEAR),
    "mem0, lines": (
        json.dumps(MEM0) + "\n" + json.dumps(MEM0 | {"id": "m2", "memory": "Is a nurse"}) + "\n",
        ["mem0 noted: Loves rye", "mem0 noted: Is a nurse"],
        "food",
        NEW_YEAR,
    ),
    "OpenMemory": (
        json.dumps(
            {
                "memories": [
                    {"id": "1", "content": "Loves rye", "state": "active", "app_id": "a", **CREATED}
                ]
            }
        ),
        ["mem0 noted: Loves rye"],
        None,
        NEW_YEAR,
    ),
    "LangMem": (json.dumps([LANGMEM]), ["LangMem noted: User prefers dark mode"], None, NEW_YEAR),
    "LangMem, a profile": (
        json.dumps([PROFILE]),
        ["LangMem noted: name: Mara; likes: rye, spelt"],
        "Profile",
        NEW_YEAR,
    ),
    "Zep": (json.dumps({"facts": [FACT]}), ["Zep noted: Mara bakes on Sundays"], None, NEW_YEAR),
    "Zep, edges": (
        json.dumps({"edges": [FACT], "nodes": [{"name": "Mara", "summary": "A baker"}]}),
        ["Zep noted: Mara bakes on Sundays"],
        None,
        NEW_YEAR,
    ),
    "Claude's export": (
        json.dumps([CLAUDE]),
        ["Claude noted: Mara is a nurse in Graz.", "Claude noted: She plans a bakery."],
        "Work context",
        None,
    ),
    "Claude's summary": (
        "**Work context**\n\nMara is a nurse.\n\n**Personal context**\n\nShe bakes rye.\n\n"
        "**Top of mind**\n\nA new oven.\n",
        [
            "an assistant noted: Mara is a nurse.",
            "an assistant noted: She bakes rye.",
            "an assistant noted: A new oven.",
        ],
        "Work context",
        None,
    ),
    "a list with dates": (
        "Here is what I remember:\n\n## Work\n[2025-01-01] - Is a nurse\n[unknown] - Bakes rye\n",
        ["an assistant noted: Is a nurse", "an assistant noted: Bakes rye"],
        "Work",
        NEW_YEAR,
    ),
    "ChatGPT's list": (
        "# Model Set Context\n\n1. [2025-01-01]. User is a nurse.\n2. [2025-01-02]. User bakes.\n",
        ["an assistant noted: User is a nurse.", "an assistant noted: User bakes."],
        "Model Set Context",
        NEW_YEAR,
    ),
    "pasted, in German": (
        "Der Nutzer ist Pfleger.\n\n- Der Nutzer backt gern.\n\nMag Roggen.\n",
        [
            "an assistant noted: Der Nutzer ist Pfleger.",
            "an assistant noted: Der Nutzer backt gern.",
            "an assistant noted: Mag Roggen.",
        ],
        None,
        None,
    ),
    "pasted, in Japanese": (
        "ユーザーは看護師です。\nユーザーはパンを焼きます。\n",
        [
            "an assistant noted: ユーザーは看護師です。",
            "an assistant noted: ユーザーはパンを焼きます。",
        ],
        None,
        None,
    ),
}


@pytest.mark.parametrize(("text", "texts", "category", "time"), SYSTEMS.values(), ids=SYSTEMS)
def test_what_another_assistant_noted_is_kept_as_its_words(
    tmp_path: Path, text: str, texts: list[str], category: str | None, time: datetime | None
) -> None:
    found = in_every_form(tmp_path, "memories.txt", text)
    assert found.formats == {"memories": 1}
    assert found.texts == texts
    assert {(item.role, item.kind, item.source) for item in found.items} == {
        ("other", "said", "memories")
    }
    assert (found.items[0].category, found.items[0].time) == (category, time)


def test_what_no_longer_holds_is_left_out(tmp_path: Path) -> None:
    facts = [FACT | {"invalid_at": "2025-02-01T00:00:00Z"}, FACT | {"uuid": "z2"}]
    found = read(folder_of(tmp_path, {"z.json": json.dumps({"facts": facts})}) / "z.json")
    assert len(found.items) == 1
    assert found.skipped == {"facts that no longer hold": 1}


def test_a_list_cut_short_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    cut = json.dumps([MEM0, MEM0 | {"id": "m2"}])[:-20]
    found = read(folder_of(tmp_path, {"m.json": cut}) / "m.json")
    assert found.texts == ["mem0 noted: Loves rye"]
    assert len(found.refused) == 1


NOTES = {
    "a diary": "I am a nurse.\nI bake rye on Sundays.\nAna came by.\n",
    "a to-do list": "- [ ] call Ana\n- [x] feed the starter\n- [ ] buy salt\n",
    "a log": "[2025-01-01 09:41:32] - INFO - started\n[2025-01-01 09:41:33] - INFO - done\n",
}


@pytest.mark.parametrize("text", NOTES.values(), ids=NOTES)
def test_other_texts_are_not_taken_for_memories(tmp_path: Path, text: str) -> None:
    from guided_profile.tools.readers.writing.memory_text import is_memory_text

    assert not is_memory_text(text)
