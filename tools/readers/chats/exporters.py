"""What the programs that write chats to text files add to a person's words.

Signal's exporters (signal-export, sigtop), imessage-exporter and DiscordChatExporter write English,
whatever language the people wrote in, and each of their marks has a fixed form; so the marks are
known by that form. What apps themselves write in a person's name is in `notices`.
"""

import re

_REST = re.compile(
    r"^(?:\{(?:Attachments|Embed|Stickers|Reactions|Forwarded Message)\}[ \t]*$"
    r"|={20,}\n+Exported \d|[ \t]*(?:Tapbacks|Reactions):[ \t]*\n[^\n]{1,80} by ).*",
    re.MULTILINE | re.DOTALL,
)
"""Begins files, reactions and previews, after which no words of the person come."""
_REACTIONS = re.compile(r"[ \t]{0,3}\(- [^\n()]{1,500} -\)$", re.MULTILINE)
_EFFECTS = (
    "Confetti|Echo|Fireworks|Balloons|Heart|Lasers|Shooting Star|Sparkles|Spotlight|Slam|Loud"
    "|Gentle|Invisible Ink"
)
_LINES = re.compile(
    r"^[ \t]*(?:\(- .{1,500} -\)|\(\( .{0,100} \)\)"
    r"|\((?:media|attachment) not exported\)|\(This message was deleted\)"
    r"|(?:/|~/|[A-Z]:\\|attachments/)[^\n]{1,400}\.[A-Za-z0-9]{2,5}"
    r"|This message (?:responded to an earlier message\.|was deleted from the conversation!)"
    rf"|Sent with (?:{_EFFECTS})|Attachment missing!"
    r"|[^\n]{1,60} (?:deleted|unsent) (?:a|this|this part of the) message[.!])[ \t]*$\n?",
    re.MULTILINE,
)
"""Lines that are a reaction, a sticker, a file or an effect."""
_VERSION = re.compile(r"\A\s*\| Version: \d+\n(?:\| [^\n]*\n)*\|\n((?:\| ?[^\n]*(?:\n|\Z))*)")
_EARLIER = re.compile(r"^\|\n?\| Version: .*", re.MULTILINE | re.DOTALL)
_MEDIA = re.compile(r"!?\[[^\[\]\n]{0,200}\]\(\.{1,2}/[^()\n]{1,500}\)[ \t]*")
_DETAILS = re.compile(
    r"^\[(?:(?:reply to .{1,80}? on \d{4}-\d\d-\d\d \d\d:\d\d|edited|\d+ attachments?)(?:, |\]))+ ?"
)
_QUOTE = re.compile(r"\A\s*(?:>[^\n]*(?:\n|\Z))+\s*")
"""The message that is replied to, before the reply."""
_EDIT = re.compile(r"^[ \t]*Edited [^\n]{1,60}? later: ", re.MULTILINE)


def own_words(text: str) -> str:
    """Return a message's text without what the program that exported it added."""
    if version := _VERSION.match(text):  # the latest one stands first
        text = re.sub(r"^\| ?", "", _EARLIER.sub("", version[1]), flags=re.MULTILINE)
    text = _REST.sub("", text)
    text = _QUOTE.sub("", text)
    text = _DETAILS.sub("", text)
    if edits := [*_EDIT.finditer(text)]:
        text = text[edits[-1].end() :]
    return _MEDIA.sub("", _REACTIONS.sub("", _LINES.sub("", text))).strip()
