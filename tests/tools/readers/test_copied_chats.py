"""Pages of chats with models, copied or saved as text in any language: the user's words are theirs.

And what chat apps export: renamed, zipped, in a folder, or cut short.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.exported import folder_of, in_every_form, read, zip_of

RYE, REPLY = "I bake rye bread", "You love baking, then!\n\n- **Tip:** steam"
LABELS = {
    "en": ("You said:", "ChatGPT said:"),
    "fr": ("Vous avez dit :", "ChatGPT a dit :"),
    "pt-BR": ("Você disse:", "O ChatGPT disse:"),
    "de": ("Du hast gesagt:", "ChatGPT hat gesagt:"),
    "ja": ("あなた:", "ChatGPT:"),
    "ar": ("قلت:", "قال ChatGPT:"),
    "zh": ("你说：", "ChatGPT 说："),
    "ko": ("나의 말:", "ChatGPT의 말:"),
    "Claude": ("You", "Claude"),
    "Copilot": ("You said", "Copilot said"),
    "roles": ("User:", "Assistant:"),
    "an extension": ("Prompt:", "Response:"),
    "a name": ("Mara:", "Gemini:"),
    "German roles": ("Benutzer:", "Assistent:"),
    "Spanish roles": ("Usuario:", "Asistente:"),
    "Russian roles": ("Пользователь:", "Ассистент:"),
}
MARKS = {"heading": "##### {}", "bold": "**{}**", "plain": "{}"}


@pytest.mark.parametrize("language", LABELS)
@pytest.mark.parametrize("marks", MARKS)
def test_a_page_of_one_question(tmp_path: Path, language: str, marks: str) -> None:
    user, model = (MARKS[marks].format(label) for label in LABELS[language])
    text = f"{user}\n\n{RYE}\n\n{model}\n\n{REPLY}\n"
    found = in_every_form(tmp_path, "page.md", text)
    assert found.lines == [("user", "chat", RYE), ("other", "chat", REPLY)]


def test_labels_in_a_reply_are_no_speakers(tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    path.write_text(
        "User: How warm?\nAssistant: A plan:\n1. **Preheat:** 250\nNote: rye needs longer.\n"
        "```\nprint('Done: yes')\n```\nUser: My oven: gas.\nAnna: has none\nAssistant: I see.\n"
    )
    found = read(path)
    assert [text for role, _, text in found.lines if role == "user"] == [
        "How warm?",
        "My oven: gas.\nAnna: has none",
    ]
    assert len(found.items) == 4


@pytest.mark.parametrize(
    "line",
    ["[2024-05-14 09:41:32] {}: {}", "2024-05-14T09:41:32Z {}: {}", "14/05/2024, 09:41 - {}: {}"],
)
def test_a_log_with_times(tmp_path: Path, line: str) -> None:
    path = tmp_path / "log.txt"
    path.write_text("\n".join([line.format("User", RYE), line.format("Assistant", "I see that")]))
    found = read(path)
    assert found.lines == [("user", "chat", RYE), ("other", "chat", "I see that")]
    assert str(found.items[0].time).startswith("2024-05-14 09:41")


def test_a_user_whose_name_is_given_is_the_one_who_asks(tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    path.write_text(f"User: {RYE}\nAssistant: ok\n")
    assert read(path, me="Mara").lines[0] == ("user", "chat", RYE)


def chatgpt(*texts: str) -> str:
    mapping: dict[str, Any] = {"0": {"id": "0", "message": None, "parent": None, "children": []}}
    for number, text in enumerate(texts, start=1):
        message = {
            "id": f"m{number}",
            "author": {"role": "user" if number % 2 else "assistant"},
            "create_time": 1714558272.0 + number,
            "content": {"content_type": "text", "parts": [text]},
        }
        parent = str(number - 1)
        mapping[str(number)] = {"id": str(number), "message": message, "parent": parent}
        mapping[parent]["children"] = [str(number)]
    talk = {"title": "Bread", "mapping": mapping, "current_node": str(len(texts))}
    return json.dumps([talk, {**talk, "mapping": {}}])


MESSAGES = [
    {
        "id": number,
        "type": "message",
        "date": "2024-05-14T09:41:32",
        "date_unixtime": "1715672492",
        "from": who,
        "from_id": f"user{number}",
        "text": text,
    }
    for number, (who, text) in enumerate((("Mara", RYE), ("Ana", "I am allergic"), ("Ana", "!")))
]
EXPORTS = {
    "chatgpt": ("conversations.json", chatgpt(RYE, "I am allergic", "!")),
    "telegram": (
        "result.json",
        json.dumps({"name": "Ana", "type": "personal_chat", "id": 1, "messages": MESSAGES}),
    ),
    "messenger": (
        "message_1.json",
        json.dumps(
            {
                "participants": [{"name": "Mara"}, {"name": "Ana"}],
                "title": "Ana",
                "messages": [
                    {
                        "sender_name": message["from"],
                        "content": message["text"],
                        "timestamp_ms": 1715672492000,
                    }
                    for message in MESSAGES
                ],
            }
        ),
    ),
    "whatsapp": (
        "_chat.txt",
        f"14/05/2024, 09:41 - Mara: {RYE}\n14/05/2024, 09:41 - Ana: I am allergic\n"
        "14/05/2024, 09:41 - Ana: !\n",
    ),
}


@pytest.mark.parametrize("kind", EXPORTS)
def test_what_apps_export(tmp_path: Path, kind: str) -> None:
    name, content = EXPORTS[kind]
    found = in_every_form(tmp_path, name, content, me="Mara")
    assert found.formats == {kind: 1}
    assert found.lines[:2] == [("user", kind, RYE), ("other", kind, "I am allergic")]
    assert {item.kind for item in found.items} == {"said"}


@pytest.mark.parametrize("kind", ["telegram", "messenger"])
def test_what_is_cut_short_is_read_up_to_there(tmp_path: Path, kind: str) -> None:
    name, content = EXPORTS[kind]
    path = tmp_path / name
    path.write_text(content[: content.rindex("!")])
    found = read(path, me="Mara")
    assert found.texts == [RYE, "I am allergic"]
    assert len(found.refused) == 1
    assert "cut short" in found.refused[0].reason


def test_the_page_of_chatgpts_export(tmp_path: Path) -> None:
    head = "<html><head><title>ChatGPT Data Export</title><script>\nvar jsonData = "
    page = f"{head}{chatgpt(RYE, 'ok')};\n</script></head><body></body></html>"
    assert in_every_form(tmp_path, "chat.html", page).texts == [RYE, "ok"]
    files = {"chat.html": page, "conversations.json": chatgpt(RYE, "ok"), "user.json": "{}"}
    assert read(zip_of(tmp_path / "export.zip", files)).texts == [RYE, "ok"]


def test_a_page_saved_from_the_browser(tmp_path: Path) -> None:
    def turn(role: str, words: str) -> str:
        return (
            f'<article><h5>{role} said:</h5><div data-message-author-role="{role}" '
            f'data-message-id="id-{role}" dir="auto"><div class="x">{words}</div></div></article>'
        )

    page = f"<html><body><main>{turn('user', RYE)}{turn('assistant', '<p>At 250.</p>')}</main>"
    found = in_every_form(tmp_path, "Bread.html", f"{page}<form>Ask anything</form></body></html>")
    assert found.formats == {"chatgpt-page": 1}
    assert found.lines == [("user", "chatgpt", RYE), ("other", "chatgpt", "At 250.")]
    assert found.items[0].id == "id-user"


def test_chats_of_several_kinds_in_one_folder(tmp_path: Path) -> None:
    files = {
        "log.txt": f"User: {RYE}\nAssistant: I see, you bake\n",
        "ana.txt": "Mara: do you like rye?\nAna: no, I am allergic\nMara: a pity\n",
    }
    folder = folder_of(tmp_path, files)
    found = read(folder)
    assert found.lines == [("user", "chat", RYE), ("other", "chat", "I see, you bake")]
    (refused,) = found.refused
    assert refused.file == "ana.txt"
    assert "say it with --me" in refused.reason
    own = [text for role, _, text in read(folder, me="Mara").lines if role == "user"]
    assert own == ["do you like rye?", "a pity", RYE]
