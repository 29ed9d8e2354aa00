import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from guided_profile.graph.records import HistoryItem
from guided_profile.tools.readers.base import Kept, Reading, Skipped
from guided_profile.tools.readers.detect import Refused, opened, read_items

NOON = 1_735_732_800.0
"""2025-01-01 12:00 UTC."""


def turn(role: str, *parts: Any, **more: Any) -> dict[str, Any]:
    """A message as the export writes it."""
    message = {
        "author": {"role": role, "name": None, "metadata": {}},
        "create_time": NOON,
        "update_time": None,
        "content": {"content_type": "text", "parts": list(parts)},
        "status": "finished_successfully",
        "weight": 1.0,
        "metadata": {},
        "recipient": "all",
    }
    return message | more


def conversation(*messages: Any, **more: Any) -> dict[str, Any]:
    """A conversation of one branch; the messages' ids are m1, m2, …"""
    mapping: dict[str, Any] = {
        "root": {"id": "root", "message": None, "parent": None, "children": ["m1"]}
    }
    parent = "root"
    for number, message in enumerate(messages, start=1):
        id_ = f"m{number}"
        if isinstance(message, dict):
            message = {"id": id_, **message}
        children = [f"m{number + 1}"] if number < len(messages) else []
        mapping[id_] = {"id": id_, "message": message, "parent": parent, "children": children}
        parent = id_
    whole = {
        "title": "Cats",
        "create_time": NOON - 60,
        "update_time": NOON,
        "mapping": mapping,
        "current_node": parent,
        "conversation_id": "c1",
    }
    return whole | more


def export(folder: Path, *conversations: Any) -> Path:
    path = folder / "conversations.json"
    path.write_text(json.dumps(list(conversations)))
    return path


def test_what_the_user_wrote_is_evidence_and_the_assistants_part_is_marked(tmp_path: Path) -> None:
    path = export(
        tmp_path,
        conversation(turn("user", "My cat is called Miso."), turn("assistant", "A fine name.")),
    )
    time = datetime(2025, 1, 1, 12, tzinfo=UTC)
    assert list(read_items(path)) == [
        HistoryItem(id="m1", text="My cat is called Miso.", source="chatgpt", time=time),
        HistoryItem(id="m2", text="A fine name.", source="chatgpt", time=time, role="other"),
    ]


def test_only_the_branch_that_was_on_the_screen_is_read(tmp_path: Path) -> None:
    tree = conversation(turn("user", "first try"), turn("assistant", "old reply"))
    mapping = tree["mapping"]
    mapping["root"]["children"] = ["m1", "edited"]
    edited = turn("user", "second try", id="edited", create_time=NOON + 5)
    mapping["edited"] = {"id": "edited", "message": edited, "parent": "root", "children": []}
    for current in ("edited", None, "gone"):  # without a known one, the latest branch
        path = export(tmp_path, tree | {"current_node": current})
        assert [item.text for item in read_items(path) if isinstance(item, HistoryItem)] == [
            "second try"
        ]
    path = export(tmp_path, tree | {"current_node": "m2"})
    texts = [item.text for item in read_items(path) if isinstance(item, HistoryItem)]
    assert texts == ["first try", "old reply"]


def test_a_tree_that_goes_round_in_circles_ends(tmp_path: Path) -> None:
    tree = conversation(turn("user", "a"), turn("assistant", "b"))
    tree["mapping"]["m1"]["parent"] = "m2"
    assert len(list(read_items(export(tmp_path, tree)))) == 2


@pytest.mark.parametrize(
    "message",
    [
        turn("system", "You are helpful."),
        turn("tool", "search results"),
        turn("assistant", "search('cats')", recipient="browser"),
        turn("assistant", "let me think", channel="commentary"),
        turn("assistant", content={"content_type": "code", "text": "print(1)"}),
        turn("assistant", content={"content_type": "thoughts", "thoughts": []}),
        turn("user", "", metadata={}),
        turn("user", {"content_type": "image_asset_pointer", "asset_pointer": "file-1"}),
        turn("user", "hidden", metadata={"is_visually_hidden_from_conversation": True}),
    ],
)
def test_what_nobody_said_is_skipped(tmp_path: Path, message: dict[str, Any]) -> None:
    path = export(tmp_path, conversation(message))
    with opened(path, Reading()) as file:
        assert list(file.entries) == [Skipped()]


def test_words_beside_pictures_and_dictated_ones_are_read(tmp_path: Path) -> None:
    picture = {"content_type": "image_asset_pointer", "asset_pointer": "file-1"}
    spoken = {"content_type": "audio_transcription", "text": "and my dog"}
    parts = [picture, "look, my cat", spoken]
    message = turn("user", content={"content_type": "multimodal_text", "parts": parts})
    (item,) = read_items(export(tmp_path, conversation(message)))
    assert isinstance(item, HistoryItem)
    assert item.text == "look, my cat\nand my dog"


def test_custom_instructions_are_the_users_words_and_one_item(tmp_path: Path) -> None:
    about = {"about_user_message": "I am a cook.", "about_model_message": "Be brief."}
    metadata = {"is_user_system_message": True, "user_context_message_data": about}
    message = turn("system", "", create_time=None, metadata=metadata)
    item, again = read_items(export(tmp_path, conversation(message), conversation(message)))
    assert isinstance(item, HistoryItem)
    assert (item.text, item.role, item.category) == (
        "I am a cook.\nBe brief.",
        "user",
        "custom instructions",
    )
    assert item == again


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("nothing", "has no author or no content"),
        ({"author": {"role": "user"}}, "has no author or no content"),
        (turn("user", "a", create_time="noon"), "time: is out of range"),
        (turn("user", "a", create_time=1e30), "time: is out of range"),
        (turn("user", "a\0"), "text: holds a NUL character"),
        (turn("user", "a\ud800"), "text: is not valid Unicode"),
        (turn("user", "a" * 20_001), "text: String should have at most 20000"),
    ],
)
def test_a_bad_message_is_named_and_the_others_are_read(
    tmp_path: Path, bad: Any, reason: str
) -> None:
    path = export(
        tmp_path, {"title": "no mapping"}, conversation(turn("user", "a"), bad, turn("user", "b"))
    )
    tree, first, refused, last = read_items(path)
    assert isinstance(tree, Refused)
    assert tree.place == "conversation 1, message 1"
    assert isinstance(first, HistoryItem)
    assert isinstance(last, HistoryItem)
    assert isinstance(refused, Refused)
    assert refused.place == "conversation 2, message 2"
    assert refused.reason.startswith(reason)


def test_a_message_without_a_time_has_its_conversations(tmp_path: Path) -> None:
    (item,) = read_items(export(tmp_path, conversation(turn("user", "a", create_time=None))))
    assert isinstance(item, HistoryItem)
    assert item.time == datetime(2025, 1, 1, 11, 59, tzinfo=UTC)


def test_an_export_that_was_cut_off_is_read_up_to_there(tmp_path: Path) -> None:
    path = export(tmp_path, conversation(turn("user", "a")), conversation(turn("user", "b")))
    path.write_bytes(path.read_bytes()[:-40])
    first, refused = read_items(path)
    assert isinstance(first, HistoryItem)
    assert isinstance(refused, Refused)
    assert refused.place == "conversation 2, message 1"
    assert "is not JSON" in refused.reason


def test_the_archive_and_the_folder_are_read_as_the_file_is(tmp_path: Path) -> None:
    first, second = conversation(turn("user", "a")), conversation(turn("user", "b", id="other"))
    folder = tmp_path / "export"
    folder.mkdir()
    (folder / "conversations-000.json").write_text(json.dumps([first]))
    (folder / "conversations-001.json").write_text(json.dumps([second]))
    (folder / "user.json").write_text("{}")
    with zipfile.ZipFile(tmp_path / "export.zip", "w") as archive:
        for path in folder.iterdir():
            archive.write(path, path.name)
    for path in (folder, tmp_path / "export.zip"):
        with opened(path, Reading()) as file:
            assert file.format == "chatgpt"
            found = [entry.item.text for entry in file.entries if isinstance(entry, Kept)]
        assert found == ["a", "b"]
