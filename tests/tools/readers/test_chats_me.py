"""Whose words are the user's: by id where an export has ids, and never by a mere guess."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from guided_profile.graph.errors import HistoryItemError
from guided_profile.graph.records import HistoryItem
from guided_profile.tools.readers.detect import Format, Reading, Refused, read_items


def mine(path: Path, me: str) -> list[str]:
    """Return what the user is taken to have written."""
    items = [item for item in read_items(path, Reading(me=me)) if isinstance(item, HistoryItem)]
    return [item.text for item in items if item.role == "user"]


def telegram(folder: Path, *messages: dict[str, Any]) -> Path:
    path = folder / "result.json"
    path.write_text(json.dumps({"name": "Runners", "id": 9, "messages": messages}))
    return path


def sent(sender: str | None, id_: object, text: str, **more: Any) -> dict[str, Any]:
    said = {"type": "message", "date_unixtime": "1735850492", "from": sender, "text": text}
    return said | ({} if id_ is None else {"from_id": id_}) | more


def test_a_namesake_in_telegram_is_not_the_user(tmp_path: Path) -> None:
    path = telegram(
        tmp_path,
        sent("Anna", "user1", "I ran"),
        sent("Anna", "user77", "I smoke"),
        sent("anna ", "user1", "again"),
        sent("Ben", "user2", "ok"),
        sent("user1", "user3", "call me so"),
    )
    with pytest.raises(
        HistoryItemError,
        match=r"2 people .* go by 'Anna'; .* --me .*'user1' \(messages: 2\), 'user77' \(messages: ",
    ):
        mine(path, "Anna")
    assert mine(path, "user1") == ["I ran", "again"]
    assert mine(path, "user77") == ["I smoke"]
    assert mine(path, "Ben") == ["ok"]


def test_telegrams_ids_may_be_numbers_and_may_be_missing(tmp_path: Path) -> None:
    path = telegram(
        tmp_path, sent("Anna", None, "old"), sent("Anna", 44, "new"), sent(None, 5, "x")
    )
    assert mine(path, "Anna") == ["old", "new"]
    assert mine(path, "44") == ["new"]
    with pytest.raises(HistoryItemError, match="nobody in the export is 'None'"):
        mine(path, "None")
    path = telegram(tmp_path, sent("Anna", None, "old"), sent("Ben", None, "older"))
    assert mine(path, "Anna") == ["old"]


def test_what_was_forwarded_in_telegram_is_nobodys_own(tmp_path: Path) -> None:
    path = telegram(
        tmp_path,
        sent("Anna", "user1", "I ran"),
        sent("Anna", "user1", "BrandX is best", forwarded_from="News"),
        sent("Anna", "user1", "said a deleted account", forwarded_from=None),
        sent("Anna", "user1", "says a channel", forwarded_from_id="channel7"),
    )
    assert mine(path, "Anna") == ["I ran"]
    assert len(list(read_items(path, Reading(me="Anna")))) == 1


def test_who_takes_the_users_name_in_slack_is_not_the_user(tmp_path: Path) -> None:
    def member(id_: str, account: str, shown: str) -> dict[str, Any]:
        return {"id": id_, "name": account, "profile": {"display_name": shown}}

    day = [
        {"type": "message", "user": user, "text": text, "ts": "1735850492.000200"}
        for user, text in (("U1", "I like tea"), ("U2", "fire me"), ("U3", "ok"), ("U1", "yes"))
    ]
    users = [member("U1", "akurz", "anna"), member("U2", "mallory", "anna"), member("U3", "U1", "")]
    path = tmp_path / "slack.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("users.json", json.dumps(users))
        archive.writestr("general/2025-01-02.json", json.dumps(day))
    with pytest.raises(HistoryItemError, match=r"'U1' \(messages: 2\), 'U2' \(messages: 1\)"):
        mine(path, "anna")
    assert mine(path, "U1") == ["I like tea", "yes"]
    assert mine(path, "akurz") == ["I like tea", "yes"]


@pytest.mark.parametrize(
    ("name", "format"), [("chat.txt", "text"), ("notes.md", "text"), ("notes.txt", "auto")]
)
def test_plain_text_does_not_say_what_the_user_wrote(
    tmp_path: Path, name: str, format: Format
) -> None:
    path = tmp_path / name
    path.write_text("hi, I am Anna\nBen says: I smoke\n")
    with pytest.raises(
        HistoryItemError, match=r"is no chat that can be read.*leave out --me for a"
    ):
        list(read_items(path, Reading(me="Anna", format=format)))
    assert len(list(read_items(path, Reading(format="text")))) == 2


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", "text,role\nhi,Anna\nI smoke,\n"),
        ("a.jsonl", '{"text": "hi", "role": "Anna"}\n{"text": "I smoke", "role": null}\n'),
        ("a.json", '[{"text": "hi", "role": "Anna"}, {"text": "I smoke"}]'),
    ],
)
def test_an_entry_that_names_nobody_is_not_the_users(
    tmp_path: Path, name: str, content: str
) -> None:
    path = tmp_path / name
    path.write_text(content)
    item, refused = read_items(path, Reading(me="Anna"))
    assert item == HistoryItem(text="hi")
    assert isinstance(refused, Refused)
    assert refused.reason.startswith("role: is missing, and with --me it says who wrote")


@pytest.mark.parametrize(
    ("given", "there"),
    [
        ("Am\u00e9lie", "Ame\u0301lie"),
        ("Ann \u2764", "ann \u2764\ufe0f"),
        ("Ann Berg", "Ann\u00a0 Berg"),
        ("Ann Berg", "\u2068Ann\u200b Berg\u2069"),
        ("\uff21nn", "Ann"),
        ("Gro\u00df", "GROSS"),
    ],
)
def test_names_that_look_the_same_are_the_same(tmp_path: Path, given: str, there: str) -> None:
    path = tmp_path / "chat.txt"
    lines = f"13/01/2025, 21:41 - {there}: I love rye\n13/01/2025, 21:42 - Ben: ok\n"
    path.write_text(lines, "utf-8")
    assert mine(path, given) == ["I love rye"]
    assert mine(path, "Ben") == ["ok"]


def test_a_table_that_names_its_writers_is_not_the_users_alone(tmp_path: Path) -> None:
    path = tmp_path / "discord.csv"
    rows = "Number,Author,Date,Content\n1,Ann,2025-01-02,I love rye\n2,Ben,2025-01-02,I hate dogs\n"
    path.write_text(rows)
    with pytest.raises(HistoryItemError, match="the column 'Author' says who wrote; say with --me"):
        list(read_items(path))
    assert mine(path, "Ann") == ["I love rye"]
    with pytest.raises(HistoryItemError, match=r"says who wrote.* --column role=user if"):
        list(read_items(path, Reading(columns={"text": "Content"})))
    alone = Reading(columns={"text": "Content", "role": "user"})
    assert len([*read_items(path, alone)]) == 2
    books = tmp_path / "books.csv"
    books.write_text("Title,Author\nThe Salt Path,R. Winn\n")
    assert mine_alone(books) == ["The Salt Path"]


def mine_alone(path: Path) -> list[str]:
    return [item.text for item in read_items(path) if isinstance(item, HistoryItem)]


def messenger_chat(title: str, *people: str) -> str:
    messages = [
        {"sender_name": name, "timestamp_ms": 1735850492000, "content": f"I am {name}"}
        for name in people
    ]
    participants = [{"name": name} for name in people]
    return json.dumps({"participants": participants, "title": title, "messages": messages})


def test_a_chat_of_two_that_goes_by_the_others_name_says_who_the_user_is(tmp_path: Path) -> None:
    path = tmp_path / "message_1.json"
    path.write_text(messenger_chat("Ben", "Ann", "Ben"))
    assert mine_alone(path)[0] == "I am Ann"
    assert [item.role for item in read_items(path) if isinstance(item, HistoryItem)] == [
        "user",
        "other",
    ]
    path.write_text(messenger_chat("Bakers", "Ann", "Ben", "Cy"))
    with pytest.raises(HistoryItemError, match="say with --me"):
        list(read_items(path))


def test_who_is_in_all_chats_is_the_user(tmp_path: Path) -> None:
    for number, people in enumerate((("Ann", "Ben", "Cy"), ("Ann", "Dan", "Eve"))):
        folder = tmp_path / f"inbox/{number}"
        folder.mkdir(parents=True)
        (folder / "message_1.json").write_text(messenger_chat("Bakers", *people))
    items = [item for item in read_items(tmp_path) if isinstance(item, HistoryItem)]
    assert {item.text for item in items if item.role == "user"} == {"I am Ann"}


def telegram_chat(kind: str, name: str) -> dict[str, object]:
    messages = [
        {"type": "message", "date": "2025-01-02T22:41:32", "from": who, "from_id": id_, "text": who}
        for who, id_ in (("Ann", "user1"), ("Ben", "user2"))
    ]
    return {"name": name, "type": kind, "id": 2, "messages": messages}


def test_telegram_says_who_the_user_is(tmp_path: Path) -> None:
    def roles(export: dict[str, object]) -> dict[str, str]:
        path = tmp_path / "result.json"
        path.write_text(json.dumps(export))
        found = [item for item in read_items(path) if isinstance(item, HistoryItem)]
        return {item.text: item.role for item in found}

    assert roles(telegram_chat("personal_chat", "Ben")) == {"Ann": "user", "Ben": "other"}
    group = telegram_chat("private_group", "Bakers")
    account = {"personal_information": {"user_id": 1}, "chats": {"list": [group]}}
    assert roles(account) == {"Ann": "user", "Ben": "other"}
    both = {"chats": {"list": [telegram_chat("personal_chat", "Ben"), group]}}
    assert roles(both) == {"Ann": "user", "Ben": "other"}
    with pytest.raises(HistoryItemError, match="say with --me"):
        roles(group)
    with pytest.raises(HistoryItemError, match="say with --me"):
        roles(telegram_chat("personal_chat", "Benjamin"))
