"""What an app wrote in a person's name, and what was taken back, is nobody's history."""

import json
from pathlib import Path
from typing import Any

import pytest

from guided_profile.graph.records import HistoryItem
from guided_profile.tools.readers.detect import Reading, read_items
from guided_profile.tools.readers.notices import is_notice


def kept(path: Path, me: str = "Ann") -> list[str]:
    """Return the texts of all items."""
    return [item.text for item in read_items(path, Reading(me=me)) if isinstance(item, HistoryItem)]


def said(content: str, sender: str = "Ann", **more: Any) -> dict[str, Any]:
    return {"sender_name": sender, "timestamp_ms": 1735850492000, "content": content, **more}


def messenger(folder: Path, *messages: dict[str, Any], name: str = "message_1.json") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    mangled = json.loads(json.dumps(messages))
    for message in mangled:
        for field in ("content", "sender_name"):
            message[field] = message[field].encode().decode("latin-1")
    path.write_text(json.dumps({"participants": [], "title": "Ben", "messages": mangled}))
    return path


@pytest.mark.parametrize(
    "message",
    [
        said("I took this back", is_unsent=True),
        said("The video chat ended.", call_duration=120),
        said("Cuộc gọi đã kết thúc", call_duration=0, missed=True),
        said("Ann joined", type="Subscribe"),
        said("call", type="Call"),
        said("Ann set the emoji to ❤."),
        said("Reacted ❤ to your message "),
        said("Hat mit ❤️ auf deine Nachricht reagiert "),
        said("あなたのメッセージに 👍 とリアクションしました "),
        said("Liked a message"),
        said("You sent an attachment."),
        said("Du hast einen Anhang gesendet."),
    ],
)
def test_what_messenger_and_instagram_wrote(tmp_path: Path, message: dict[str, Any]) -> None:
    own = said("I love rye ❤ a lot", type="Generic")
    assert kept(messenger(tmp_path, own, message, said("ok", "Ben"))) == [
        "I love rye ❤ a lot",
        "ok",
    ]


def test_the_encrypted_chats_of_messenger_have_types(tmp_path: Path) -> None:
    def secret(text: str, kind: str, unsent: bool = False) -> dict[str, Any]:
        sent = {"senderName": "Ann", "timestamp": 1735850492000, "media": []}
        return sent | {"text": text, "type": kind, "isUnsent": unsent}

    path = tmp_path / "Ben_1.json"
    messages = [
        secret("I took this back", "text", unsent=True),
        secret("Ann started a call", "placeholder"),
        secret("", "media"),
        secret("I love oats", "text"),
    ]
    chat = {"participants": ["Ann", "Ben"], "threadName": "Ben_1", "messages": messages}
    path.write_text(json.dumps(chat))
    assert kept(path) == ["I love oats"]


def test_the_same_words_from_many_people_in_many_chats_are_the_apps(tmp_path: Path) -> None:
    for number, sender in enumerate(("Ben", "Cem", "Dea")):
        messenger(
            tmp_path,
            said("Pidió ver un mensaje 😀", sender),
            said("Pidió ver un mensaje", sender),
            said("ok", sender),
            said("I have a dog", sender),
            said("I love rye", "Ann"),
            name=f"chat{number}/message_1.json",
        )
    assert sorted(set(kept(tmp_path))) == ["I have a dog", "I love rye", "ok"]


@pytest.mark.parametrize(
    "text",
    [
        "<Media omitted>",
        "<Medien ausgeschlossen>",
        "null",
        "IMG-20240514-WA0001.jpg (file attached)",
        "Ben Berg.vcf (Datei angehängt)",
        "\u200eimage omitted",
        "\u200eتم حذف هذه الرسالة",
        "This message was deleted",
        "You deleted this message.",
        "This message was deleted by admin Ben",
        "Diese Nachricht wurde gelöscht",
        "Du hast diese Nachricht gelöscht.",
        "Eliminaste este mensaje",
        "Ce message a été supprimé",
        "Hai eliminato questo messaggio",
        "Você apagou esta mensagem",
        "Dit bericht is verwijderd",
        "Данное сообщение удалено",
        "Ви видалили це повідомлення",
        "Usunięto tę wiadomość",
        "Bu mesaj silindi",
        "تم حذف هذه الرسالة",
        "मैसेज मिटा दिया गया",
        "このメッセージは削除されました",
        "삭제된 메시지입니다",
        "此消息已删除",
        "您已收回此訊息",
        "Tin nhắn này đã bị xóa",
        "Pesan ini telah dihapus",
    ],
)
def test_what_whatsapp_wrote_in_any_language(tmp_path: Path, text: str) -> None:
    assert is_notice(text)
    path = tmp_path / "chat.txt"
    for header in (
        "13/01/2025, 21:41 - ",
        "[13/01/2025, 21:41:00] ",
        "2025년 1월 13일 오후 9:41 - ",
    ):
        path.write_text(f"{header}Ann: I love rye\n{header}Ann: {text}\n{header}Ben: ok\n", "utf-8")
        assert kept(path) == ["I love rye", "ok"]


@pytest.mark.parametrize(
    "text",
    [
        "I deleted all my accounts last year",
        "Did you delete my message?",
        "see you in the message board, I deleted the old app and then found it again",
        "rye > wheat",
        "I <3 you",
        "see notes.txt (draft) please",
    ],
)
def test_what_people_write_stays(text: str) -> None:
    assert not is_notice(text)


def test_a_files_caption_and_an_edited_text_are_the_senders_words(tmp_path: Path) -> None:
    path = tmp_path / "chat.txt"
    header = "13/01/2025, 21:41 - Ann: "
    texts = (
        "IMG-1-WA0001.jpg (file attached)\nmy new oven\nis hot",
        "I love rye <This message was edited>",
        "I love oats \u200e<Diese Nachricht wurde bearbeitet>",
        "look \u200e<attached: 00000012-PHOTO.jpg>",
    )
    path.write_text("".join(f"{header}{text}\n" for text in texts), "utf-8")
    assert kept(path) == ["my new oven\nis hot", "I love rye", "I love oats", "look"]


def test_what_a_bot_wrote_for_somebody_in_telegram(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    common = {"type": "message", "date_unixtime": "1735850492", "from": "Ann", "from_id": "user1"}
    messages = [common | {"text": "I love rye"}, common | {"text": "Buy X", "via_bot": "@ads"}]
    path.write_text(json.dumps({"name": "Ben", "messages": messages}))
    assert kept(path) == ["I love rye"]
    pytest.importorskip("bs4")
    page = tmp_path / "messages.html"
    each = (
        '<div class="message default"><div class="body"><div class="date details" '
        'title="02.01.2025 21:41:32 UTC+01:00">21:41</div>{}<div class="text">{}</div></div></div>'
    )
    name = '<div class="from_name">Ann{}</div>'
    page.write_text(
        "<html>"
        + each.format(name.format(""), "I love rye")
        + each.format(name.format(" <span>via @ads</span>"), "Buy X")
        + each.format("", "and oats")
    )
    assert kept(page) == ["I love rye", "and oats"]
