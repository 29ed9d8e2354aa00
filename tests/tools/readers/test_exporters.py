"""Signal's and Messages' exporters: `Me` and `You` are the user, and their marks nobody's words."""

import json
from pathlib import Path
from typing import Any

import pytest

from guided_profile.tools.readers.chats.exporters import own_words
from tests.support.exported import in_every_form, read

AT = "2024-05-14 09:41:32"
MARKDOWN = f"""[{AT}] Me: I bake bread on Sundays__

[2024-05-14 09:42:10] Ana:_

> I bake bread on Sundays

Lovely!__
(- Me: ❤️ -)

[2024-05-14 09:43:00] Me: ![loaf.jpg](./media/loaf.jpg)__

[2024-05-14 09:44:00] Me: (This message was deleted)

[2024-05-14 09:45:00] Ana: I am allergic to rye__
""".replace("_", " ")
FIELDS = """Conversation: Ana (+43123)

From: You
Type: outgoing
Sent: Tue, 14 May 2024 11:41:32 +0200

I bake bread on Sundays

From: Ana (+43123)
Type: incoming
Sent: Tue, 14 May 2024 11:42:10 +0200
Received: Tue, 14 May 2024 11:42:11 +0200
Reaction: ❤ from You

> From: You
> Sent: Tue, 14 May 2024 11:41:32 +0200
>
> I bake bread on Sundays

Lovely!

From: You
Type: outgoing
Sent: Tue, 14 May 2024 11:43:32 +0200
Attachment: loaf.jpg (image/jpeg, 1234 bytes)

From: Ana (+43123)
Type: incoming
Sent: Tue, 14 May 2024 11:45:00 +0200
Received: Tue, 14 May 2024 11:45:11 +0200

I am allergic to rye

"""
SHORT = """2024-05-14 09:41 You: I bake bread on Sundays
2024-05-14 09:42 Ana: [reply to You on 2024-05-14 09:41] Lovely!
2024-05-14 09:43 You: [1 attachment]
2024-05-14 09:44 Ana: [call-history message]
2024-05-14 09:45 Ana: [edited, 1 attachment] I am allergic to rye
"""


def desktop(kind: str, body: str, sent: int, **more: Any) -> dict[str, Any]:
    return {"type": kind, "body": body, "sent_at": sent, "conversationId": "c", "id": "i", **more}


DESKTOP = json.dumps(
    [
        desktop("outgoing", "I bake bread on Sundays", 1715679692000),
        desktop("incoming", "Lovely!", 1715679730000, source="+43123"),
        desktop("outgoing", "", 1715679790000, attachments=[{}]),
        desktop("call-history", "", 1715679790000),
        desktop("incoming", "I am allergic to rye", 1715679900000, source="+43123"),
    ]
)


def line(sender: str, body: str, **more: Any) -> str:
    found = {"date": "2024-05-14T09:41:32", "sender": sender, "body": body, "quote": ""}
    return json.dumps({**found, "reactions": [], "attachments": [], "deleted": False, **more})


LINES = "\n".join(
    [
        line("Me", "I bake bread on Sundays  "),
        line("Ana", "Lovely!  ", quote="\n\n> I bake bread on Sundays\n\n"),
        line("Me", "", deleted=True),
        line("Ana", "I am allergic to rye  "),
    ]
)
SIGNAL = {
    "chat.md": MARKDOWN,
    "fields.txt": FIELDS,
    "short.txt": SHORT,
    "Ana.json": DESKTOP,
    "data.json": LINES,
}


@pytest.mark.parametrize("name", SIGNAL)
def test_signal(tmp_path: Path, name: str) -> None:
    found = in_every_form(tmp_path, name, SIGNAL[name])
    assert found.formats == {"signal": 1}
    assert found.lines == [
        ("user", "signal", "I bake bread on Sundays"),
        ("other", "signal", "Lovely!"),
        ("other", "signal", "I am allergic to rye"),
    ]
    assert str(found.items[0].time).startswith("2024-05-14 09:41")


MESSAGES = """May 14, 2024  9:41:32 AM (Read by them after 1 minute)
Me
I bake bread on Sundays
Tapbacks:
Loved by Ana

This message responded to an earlier message.

May 14, 2024  9:42:32 AM
Ana
I am allergic to rye
    May 14, 2024  9:50:00 AM
    Me
    Oh no, since when?

May 14, 2024  9:43:32 AM
Ana
/Users/x/Library/Messages/Attachments/IMG_1.HEIC

May 14, 2024  9:44:00 AM You renamed the conversation to Bakers

May 14, 2024  9:45:32 AM
Me
May 14, 2024  9:45:32 AM See you on Sudnay
Edited 5 seconds later: See you on Sunday

May 14, 2024  9:46:32 AM
Me
This message was deleted from the conversation!
"""
PAGE = """<html><body>
<div class="message">
<div class="sent iMessage">
<p><span class="timestamp">May 14, 2024  9:41:32 AM (Read by them after 1 minute)</span>
<span class="sender">Me</span></p>
<hr><div class="message_part">
<span class="bubble">I bake bread on Sundays</span>
</div>
<div class="reactions"><hr><p>Reactions:</p>
<div class="reaction"><span class="reaction"><b>Loved</b> by Ana</span></div>
</div>
</div>
</div>
<div class="message">
<div class="received">
<p><span class="timestamp">May 14, 2024  9:42:32 AM</span>
<span class="sender">Ana</span></p>
<hr><div class="message_part">
<span class="bubble">I am allergic to rye</span>
</div>
<div class="replies">
<div class="reply" id="g"><div class="message">
<div class="sent SMS">
<p><span class="timestamp">May 14, 2024  9:50:00 AM</span>
<span class="sender">Me</span></p>
<hr><div class="message_part">
<span class="bubble">Oh no, since when?</span>
</div>
</div>
</div>
</div></div>
</div>
</div>
<div class="message">
<div class="sent iMessage">
<p><span class="timestamp">May 14, 2024  9:45:32 AM</span>
<span class="sender">Me</span></p>
<hr><div class="message_part">
<div class="edited"><table><tbody><tr><td><span class="timestamp"></span></td><td>See you on \
Sudnay</td></tr></tbody><tfoot><tr><td><span class="timestamp">Edited 5 seconds later</span></td>\
<td>See you on Sunday</td></tr></tfoot></table></div>
</div>
</div>
</div>
</body></html>"""


@pytest.mark.parametrize(("name", "content"), [("Ana.txt", MESSAGES), ("Ana.html", PAGE)])
def test_imessage_exporter(tmp_path: Path, name: str, content: str) -> None:
    found = in_every_form(tmp_path, name, content)
    assert found.formats == {"imessage-export": 1}
    assert found.lines == [
        ("user", "imessage", "I bake bread on Sundays"),
        ("other", "imessage", "I am allergic to rye"),
        ("user", "imessage", "Oh no, since when?"),
        ("user", "imessage", "See you on Sunday"),
    ]
    assert str(found.items[0].time) == "2024-05-14 09:41:32+00:00"


def test_a_name_given_decides(tmp_path: Path) -> None:
    path = tmp_path / "chat.md"
    path.write_text(MARKDOWN)
    assert read(path, me="Ana").lines[0][0] == "other"


@pytest.mark.parametrize(
    "words",
    [
        "see [my page](https://example.org)",
        "I said: /home is where the heart is",
        "a | b",
        "[sic] he wrote",
        "Sent with love",
        "{curly}",
        "They deleted a file",
    ],
)
def test_a_persons_own_marks_stay(words: str) -> None:
    assert own_words(words) == words
