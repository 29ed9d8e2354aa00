"""Chats with models: only the user's words are theirs, and only the branch that was shown."""

import json
from pathlib import Path
from typing import Any

import pytest

from guided_profile.tools.readers.base import Refused
from tests.support.exported import in_every_form, read, zip_of

RYE = "I bake rye bread every Sunday."


def claude_message(uuid: str, sender: str, text: str, **more: Any) -> dict[str, Any]:
    block = {"type": "text", "text": text, "citations": []}
    return {
        "uuid": uuid,
        "text": text,
        "content": [block],
        "sender": sender,
        "created_at": f"2025-03-01T08:00:0{uuid[-1]}.000000Z",
        "attachments": [],
        "files": [],
        **more,
    }


def claude(*messages: dict[str, Any]) -> str:
    talk = {"uuid": "c-1", "name": "Bread", "account": {"uuid": "a"}, "chat_messages": messages}
    return json.dumps([talk, {**talk, "uuid": "c-2", "chat_messages": []}])


def test_claude(tmp_path: Path) -> None:
    thought = claude_message("m-2", "assistant", "Raise the hydration.")
    thought["content"].insert(0, {"type": "thinking", "thinking": "Dense loaf."})
    only_tool = claude_message("m-4", "assistant", "")
    only_tool["content"] = [{"type": "tool_use", "name": "search", "input": {}}]
    found = in_every_form(
        tmp_path,
        "conversations.json",
        claude(
            claude_message("m-1", "human", RYE),
            thought,
            claude_message("m-3", "human", "I have a gas oven."),
            only_tool,
        ),
    )
    assert found.formats == {"claude": 1}
    assert found.lines == [
        ("user", "claude", RYE),
        ("other", "claude", "Raise the hydration."),
        ("user", "claude", "I have a gas oven."),
    ]
    first = found.items[0]
    assert (first.id, str(first.time)) == ("m-1", "2025-03-01 08:00:01+00:00")


def test_of_claudes_branches_the_last_one_counts(tmp_path: Path) -> None:
    root = "00000000-0000-4000-8000-000000000000"
    path = tmp_path / "a.json"
    path.write_text(
        claude(
            claude_message("m-1", "human", "first try", parent_message_uuid=root),
            claude_message("m-2", "assistant", "reply", parent_message_uuid="m-1"),
            claude_message("m-3", "human", RYE, parent_message_uuid=root),
            claude_message("m-4", "assistant", "better reply", parent_message_uuid="m-3"),
        )
    )
    assert read(path).texts == [RYE, "better reply"]


def test_claudes_zip_with_memories(tmp_path: Path) -> None:
    memories = [
        {
            "conversations_memory": "**Work context**\n\nMara is a nurse.\n\n"
            "**Taste**\n\nMara bakes.",
            "project_memories": {"p": "A blog."},
            "account_uuid": "a",
        }
    ]
    files = {
        "conversations.json": claude(claude_message("m-1", "human", RYE)),
        "users.json": '[{"uuid": "a", "full_name": "Mara", "email_address": "m@example.org"}]',
        "projects.json": '[{"uuid": "p", "name": "Blog", "docs": []}]',
        "memories.json": json.dumps(memories),
    }
    found = read(zip_of(tmp_path / "data.zip", files))
    assert found.formats == {"claude": 1, "memories": 1}
    assert found.texts[0] == RYE
    assert {item.role for item in found.items[1:]} == {"other"}  # Claude's words about the user
    assert found.skipped["files of other kinds"] == 2


def test_claude_cut_short(tmp_path: Path) -> None:
    path = tmp_path / "conversations.json"
    whole = claude(claude_message("m-1", "human", RYE))
    path.write_text(whole[: whole.index("c-2")])
    found = read(path)
    assert found.texts == [RYE]
    assert len(found.refused) == 1


TURNS = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": [{"type": "text", "text": RYE}, {"type": "image_url"}]},
    {"role": "assistant", "content": "You love baking, then!"},
    {"role": "tool", "content": "42"},
]
GEMINI = [
    {"role": "user", "parts": [{"text": RYE}]},
    {"role": "model", "parts": [{"text": "You love baking, then!"}]},
]
FORMS = {
    "lines of messages": "\n".join(map(json.dumps, TURNS)),
    "lines of conversations": json.dumps({"messages": TURNS}) + "\n" + json.dumps({"messages": []}),
    "an object": json.dumps({"messages": TURNS}, indent=1),
    "an array": json.dumps(TURNS),
    "an array of conversations": json.dumps([{"id": 1, "messages": TURNS}]),
    "ShareGPT": json.dumps(
        [
            {
                "conversations": [
                    {"from": "human", "value": RYE},
                    {"from": "gpt", "value": "You love baking, then!"},
                ]
            }
        ]
    ),
    "Gemini": json.dumps({"contents": GEMINI}),
    "Open WebUI": json.dumps([{"id": "c", "chat": {"title": "Bread", "messages": TURNS}}]),
    "LibreChat": json.dumps(
        {
            "conversationId": "c",
            "messages": [
                {"sender": "User", "text": RYE, "isCreatedByUser": True},
                {"sender": "GPT-4", "text": "You love baking, then!", "isCreatedByUser": False},
            ],
        }
    ),
    "logs": "\n".join(
        json.dumps({"type": turn["role"], "message": turn, "timestamp": "2025-01-02T03:04:05Z"})
        for turn in TURNS
    ),
    "text beside a role": "\n".join(
        json.dumps({"role": role, "text": text})
        for role, text in (("user", RYE), ("assistant", "You love baking, then!"))
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_messages_with_roles(tmp_path: Path, form: str) -> None:
    found = in_every_form(tmp_path, "chat.json", FORMS[form])
    assert found.formats == {"messages": 1}
    assert found.lines == [("user", "chat", RYE), ("other", "chat", "You love baking, then!")]
    assert not found.refused


def test_a_message_of_no_role_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(FORMS["lines of messages"] + '\n{"role": "Anna", "content": "hi"}\n{"a')
    found = read(path)
    assert found.refused == [
        Refused(5, "names no role that models' chats have"),
        Refused(6, "is not JSON"),
    ]


def test_items_of_this_program_are_no_messages(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "I bake", "role": "user"}\n{"text": "no", "role": "other"}\n')
    assert read(path).formats == {"jsonl": 1}


def test_the_assistants_words_are_not_the_users_whatever_column_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(FORMS["text beside a role"].replace("text", "content"))
    turns = read(path, columns={"text": "content"})
    assert turns.formats == {"jsonl": 1}
    assert turns.lines == [
        ("user", "notes", RYE),
        ("other", "notes", "You love baking, then!"),
    ]


def test_roles_of_models_chats_in_a_table(tmp_path: Path) -> None:
    path = tmp_path / "chat.csv"
    path.write_text("role,content\nuser,I bake\nassistant,You love baking!\n")
    assert [(item.role, item.text) for item in read(path).items] == [
        ("user", "I bake"),
        ("other", "You love baking!"),
    ]
