"""Discord's package holds the user's own messages; DiscordChatExporter's files everybody's."""

import json
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from guided_profile.graph.errors import HistoryItemError
from tests.support.exported import in_every_form, read, zip_of

OWN = json.dumps(
    [
        {"ID": 12, "Timestamp": "2024-05-14 09:41:32", "Contents": "I bake rye", "Attachments": ""},
        {"ID": 13, "Timestamp": "2024-05-14 09:42:32", "Contents": "", "Attachments": "https://x"},
    ]
)
TABLE = (
    "ID,Timestamp,Contents,Attachments\n12,2024-05-14 09:41:32.000000+00:00,I bake rye,\n"
    "13,2024-05-14 09:42:32+00:00,,https://x\n"
)


@pytest.mark.parametrize(("name", "content"), [("messages.json", OWN), ("messages.csv", TABLE)])
def test_the_package(tmp_path: Path, name: str, content: str) -> None:
    found = in_every_form(tmp_path, name, content, zone=ZoneInfo("Europe/Berlin"))
    assert found.formats == {"discord": 1}
    assert found.lines == [("user", "discord", "I bake rye")]
    assert str(found.items[0].time) == "2024-05-14 09:41:32+00:00"
    channel = {"id": "9", "type": 0, "name": "general", "guild": {"id": "1", "name": "Bakers"}}
    files = {
        "Nachrichten/index.json": '{"9": "general"}',
        f"Nachrichten/c9/{name}": content,
        "Nachrichten/c9/channel.json": json.dumps(channel),
        "account/user.json": '{"id": "42", "username": "mara"}',
    }
    (item,) = read(zip_of(tmp_path / "package.zip", files)).items
    assert (item.category, item.id, item.kind) == ("Bakers, general", "discord:12", "said")


def exported(text: str, name: str, **more: Any) -> dict[str, Any]:
    author = {"id": name * 3, "name": name, "nickname": name.title(), "isBot": False}
    return {
        "id": text[:3],
        "type": "Default",
        "timestamp": "2024-05-14T09:41:32.5+02:00",
        "content": text,
        "author": author,
        **more,
    }


EXPORTER = {
    "chat.json": json.dumps(
        {
            "guild": {"id": "1", "name": "Bakers"},
            "channel": {"id": "9", "type": "GuildTextChat", "name": "general"},
            "messages": [
                exported("I bake rye", "mara"),
                exported("I am allergic", "ana", type="Reply"),
                exported("Joined the server.", "ana", type="GuildMemberJoin"),
                exported("beep", "bot", author={"id": "1", "name": "bot", "isBot": True}),
            ],
            "messageCount": 4,
        }
    ),
    "chat.csv": '"AuthorID","Author","Date","Content","Attachments","Reactions"\n'
    '"1","mara","2024-05-14T09:41:32.5000000+02:00","I bake rye","",""\n'
    '"2","ana","2024-05-14T09:42:32.5000000+02:00","I am allergic","","❤ (1)"\n',
    "chat.txt": "=" * 62 + "\nGuild: Bakers\nChannel: Text / general\n" + "=" * 62 + "\n\n"
    "[05/14/2024 9:41 AM] mara\nI bake rye\n\n{Attachments}\nhttps://cdn/x.png\n\n\n"
    "[05/14/2024 9:42 AM] ana (pinned)\nI am allergic\n\n{Reactions}\n❤ (2)\n\n"
    + "=" * 62
    + "\nExported 2 message(s)\n"
    + "=" * 62
    + "\n",
}


@pytest.mark.parametrize("name", EXPORTER)
def test_discord_chat_exporter(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text(EXPORTER[name])
    with pytest.raises(HistoryItemError, match="say with --me which of the people"):
        read(path)
    found = in_every_form(tmp_path, name, EXPORTER[name], me="mara")
    assert found.formats == {"discord": 1}
    assert found.lines == [
        ("user", "discord", "I bake rye"),
        ("other", "discord", "I am allergic"),
    ]
    assert str(found.items[0].time).startswith("2024-05-14")
