"""Chats as plain text are known by their structure: nobody else's words become the user's own."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from guided_profile.graph.errors import HistoryItemError
from guided_profile.graph.records import HistoryItem
from guided_profile.tools.readers.detect import Reading, opened, read_items
from guided_profile.tools.readers.times import is_date_line

AT = datetime(2025, 1, 2, 21, 41, tzinfo=UTC)
RYE, DOGS = "I love rye", "I hate dogs"


def written(folder: Path, text: str) -> Path:
    path = folder / "chat.txt"
    path.write_text(text, "utf-8")
    return path


def by_role(path: Path, me: str) -> dict[str, list[str]]:
    """Return the texts of the items that the user, and that others wrote."""
    items = [item for item in read_items(path, Reading(me=me)) if isinstance(item, HistoryItem)]
    return {role: [item.text for item in items if item.role == role] for role in ("user", "other")}


TIMED = {
    "titled WhatsApp": """Chat with Ben
02.01.2025, 21:41 - Ann: I love rye
02.01.2025, 21:42 - Ben: I hate dogs""",
    "old WhatsApp": """02.01.2025 21:41:00: Ann: I love rye
02.01.2025 21:42:10: Ben: I hate dogs""",
    "WhatsApp, Korean": """2025년 1월 2일 오후 9:41 - Ann: I love rye
2025년 1월 2일 오후 9:42 - Ben: I hate dogs""",
    "WhatsApp, Vietnamese": """21:41, 2/1/2025 - Ann: I love rye
21:42, 2/1/2025 - Ben: I hate dogs""",
    "LINE": """[LINE] Chat history with Ben
Saved on: 2025/01/03 10:00

2025/01/02(Thu)
21:41\tAnn\tI love rye
21:42\tBen\tI hate dogs""",
    "LINE, Japanese": """[LINE] Benとのトーク履歴

2025/01/02(木)
午後9:41\tAnn\tI love rye
午後9:42\tBen\tI hate dogs""",
    "KakaoTalk": """Ben 님과 카카오톡 대화
저장한 날짜 : 2025-01-03 10:00:00

--------------- 2025년 1월 2일 목요일 ---------------
[Ann] [오후 9:41] I love rye
[Ben] [오후 9:42] I hate dogs""",
    "KakaoTalk, phone": """2025년 1월 2일 오후 9:41, Ann : I love rye
2025년 1월 2일 오후 9:42, Ben : I hate dogs""",
    "Signal": """[2025-01-02 21:41] Ann: I love rye
[2025-01-02 21:42] Ben: I hate dogs""",
    "Signal, fields": """Conversation: Ben

From: Ann
Type: outgoing
Sent: Thu, 2 Jan 2025 21:41:00 +0000

I love rye

From: Ben
Type: incoming
Sent: Thu, 2 Jan 2025 21:42:00 +0000
Received: Thu, 2 Jan 2025 21:42:01 +0000

I hate dogs
""",
    "iMessage": """Jan 02, 2025  9:41:00 PM (Read by them after 1 minute, 3 seconds)
Ann
I love rye

Jan 02, 2025  9:42:32 PM
Ben
I hate dogs
""",
    "WeChat": """Ann 2025-01-02 21:41:00
I love rye

Ben 2025-01-02 21:42:00
I hate dogs""",
    "Discord": """==============
Guild: Bread
==============

[02-Jan-25 09:41 PM] Ann
I love rye

[02-Jan-25 09:42 PM] Ben
I hate dogs""",
    "IRC": """2025-01-02 21:41 <Ann> I love rye
2025-01-02 21:42 <Ben> I hate dogs""",
    "French hours": """02.01.2025 21h41 - Ann : I love rye
02.01.2025 21h42 - Ben : I hate dogs""",
    "ISO": """2025-01-02T21:41:00.000Z Ann: I love rye
2025-01-02T21:42:00.000Z Ben: I hate dogs""",
    "bullets": """- 2025-01-02 21:41 **Ann**: I love rye
- 2025-01-02 21:42 **Ben**: I hate dogs""",
}
UNTIMED = {
    "roles": ("User", "User: I love rye\nAssistant: I hate dogs\n"),
    "roles, long replies": (
        "User",
        "User: I love rye\nAssistant: I hate dogs\n\n- one: 1\n- two\n",
    ),
    "ChatGPT": ("You said", "**You said:**\n\nI love rye\n\n**ChatGPT said:**\n\nI hate dogs\n"),
    "ChatGPT, headings": (
        "You",
        "# Bread\n\n#### You:\nI love rye\n\n#### ChatGPT:\nI hate dogs\n",
    ),
    "German page": (
        "Du hast gesagt",
        "Du hast gesagt:\nI love rye\nChatGPT hat gesagt:\nI hate dogs\n"
        "Du hast gesagt:\nok\nChatGPT hat gesagt:\ngern\n",
    ),
    "headings": ("User", "## User\n\nI love rye\n\n## Assistant\n\nI hate dogs\n"),
    "bold": ("Human", "**Human:** I love rye\n\n**AI:** I hate dogs\n"),
    "names": ("Ann", "Ann: I love rye\nBen: I hate dogs\nAnn: ok\n"),
    "two names": ("Ann", "Ann: I love rye\nBen: I hate dogs\n"),
    "wide colons": ("用户", "用户：I love rye\n助手：I hate dogs\n用户：好\n"),
}


@pytest.mark.parametrize("kind", TIMED)
def test_a_chat_with_times(tmp_path: Path, kind: str) -> None:
    path = written(tmp_path, TIMED[kind])
    with pytest.raises(HistoryItemError, match=r"say with --me which.*'Ann', 'Ben'.*--format text"):
        list(read_items(path))
    assert by_role(path, "Ann") == {"user": [RYE], "other": [DOGS]}
    assert by_role(path, "Ben") == {"user": [DOGS], "other": [RYE]}
    items = [item for item in read_items(path, Reading(me="Ann")) if isinstance(item, HistoryItem)]
    assert [item.time for item in items] == [AT, items[1].time]


@pytest.mark.parametrize("kind", UNTIMED)
def test_a_chat_without_times(tmp_path: Path, kind: str) -> None:
    me, text = UNTIMED[kind]
    path = written(tmp_path, text)
    if kind in ("names", "two names"):
        with pytest.raises(HistoryItemError, match="say with --me which of the people is the user"):
            list(read_items(path))
    else:
        unsaid = [item for item in read_items(path) if isinstance(item, HistoryItem)]
        assert unsaid == list(read_items(path, Reading(me=me)))
    roles = by_role(path, me)
    assert roles["user"][0] == RYE
    assert DOGS in roles["other"][0]
    assert not any("dogs" in text for text in roles["user"])


NOTES = {
    "prose": "I love rye.\nMy rule: never hurry.\nSee https://example.org\n",
    "diary": "2025-01-02\nI ran 5 km: slowly.\n\n2025-01-03\nI slept.\n",
    "dated lines": "2025-01-02: ran 5 km\n2025-01-03: slept\n2025-01-04: ran\n",
    "times in prose": "Got up at 9:41\nBus at 10:12 to work\nAt 12:30 I had soup\n",
    "timed notes": "09:41 went running\n12:30 had lunch\n21:00 read a book\n",
    "facts": "Name: Ann\nJob: nurse\nDiet: vegan\nTown: Graz\nPets: none\n",
    "sections": "## Food\nI love rye.\n\n## Work\nI am a nurse.\n",
    "lists": "Likes:\n- rye\n- bees\n\nDislikes:\n- dogs\n",
    "one label": "Todo: bread\nTodo: milk\nTodo: eggs\n",
    "prices": "Bread 3.50: too dear\nMilk 1.20: fine\nEggs 2.10: fine\nRye 4.00: ok\n",
    "a few labels in a long text": "\n".join(
        f"Note: {n}" if n in (10, 50) else f"Idea: {n}" if n in (20, 60) else f"I did {n} things"
        for n in range(100)
    ),
}


@pytest.mark.parametrize("kind", NOTES)
def test_notes_are_no_chat(tmp_path: Path, kind: str) -> None:
    path = written(tmp_path, NOTES[kind])
    with opened(path, Reading()) as file:
        assert file.format == "text"
    entries = list(read_items(path))
    assert [item.text for item in entries if isinstance(item, HistoryItem)] == [
        line.strip() for line in NOTES[kind].splitlines() if line.strip() and not is_date_line(line)
    ]


def test_the_user_alone_wrote_it_is_said_with_the_format(tmp_path: Path) -> None:
    path = written(tmp_path, "Lunch: soup\nDinner: rye\nLunch: rice\n")
    with pytest.raises(HistoryItemError, match="or with --format text that the user alone wrote"):
        list(read_items(path))
    assert len(list(read_items(path, Reading(format="text")))) == 3


def test_messages_of_many_lines_and_notices(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "title\n"
        "[2025-01-02 21:40] Ben joined the group\n"
        "[2025-01-02 21:41] Ann: I love rye\n\nat 10:00\nBen: is no speaker here\n"
        "[2025-01-02 21:42] Ann left\n"
        "[2025-01-02 21:43] Ben: I hate dogs\n"
        "[2025-01-02 21:44] Ben: [Sticker]\n",
    )
    ann, ben = read_items(path, Reading(me="Ann"))
    assert isinstance(ann, HistoryItem)
    assert isinstance(ben, HistoryItem)
    assert ann.text == "I love rye\n\nat 10:00\nBen: is no speaker here"
    assert (ben.role, ben.text) == ("other", DOGS)


def test_a_file_that_is_no_chat_is_said_to_be_none(tmp_path: Path) -> None:
    path = written(tmp_path, NOTES["prose"])
    with pytest.raises(HistoryItemError, match="is no chat whose lines begin with times or names"):
        list(read_items(path, Reading(format="chat", me="Ann")))


@pytest.mark.parametrize(
    "text",
    [
        "2024-05-14 09:41:32 INFO server: started\n2024-05-14 09:41:33 WARN server: slow\n",
        "2024-05-14 09:41:32,1 - root - INFO - db: on\n2024-05-14 09:41:33,1 - x - INFO - db: x\n",
        "[2024-05-14 09:41:32] [INFO] server: started\n[2024-05-14 09:41:33] [INFO] server: slow\n",
        "May 14 09:41:32 host sshd[123]: Accepted\nMay 14 09:41:33 host sshd[123]: Closed\n",
        "# user: root\ndef main():\n    pass\n    # Assistant: how do you do\n",
    ],
)
def test_logs_and_programs_are_no_chat(tmp_path: Path, text: str) -> None:
    path = written(tmp_path, text)
    try:
        with opened(path, Reading()) as file:
            assert file.format == "text"
    except HistoryItemError as error:
        assert "is no kind of file" in str(error)  # noqa: PT017


def test_settings_are_nobodys_words(tmp_path: Path) -> None:
    path = written(tmp_path, "user: mara\nassistant: gpt\nmodel: x\n")
    with pytest.raises(HistoryItemError, match="say with --me"):
        list(read_items(path))
