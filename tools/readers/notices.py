"""What apps write in a person's name: reactions, calls, placeholders, and what was taken back.

Where an export has a field or a mark for it, that decides, in the reader of the app. What is here
is for exports that have none: how such a text is built, and the few things that are only words.
"""

import re
import unicodedata
from collections import Counter, deque
from collections.abc import Iterable

_PLACEHOLDER = re.compile(
    r"<[^<>\n]{3,80}>|\[[^\[\]\n]{3,60}\]|\[[^\[\]\n\x00-\x7f]{2}\]|【[^【】\n]{1,60}】"
    r"|[\w.\-() ]{1,100}\.\w{2,4} \([^()\n]{3,60}\)|null|☎ [^\n]{3,40}"
    "|[^\n\u200e]{1,200}\\.\\w{2,5} (?:• )?\u200e[^\n]{3,80}"
    r"|사진(?: \d+장)?|동영상|이모티콘"
)
"""A line that is nothing but `<Media omitted>`, `[Sticker]` or `IMG-1.jpg (file attached)`, in any
language, what programs write for no text, and KakaoTalk's bare words for pictures and films."""
_MARKED = re.compile(
    "(?:^|\\s)\u200e<[^<>\n]{3,80}>\\s*$|\\s<(?:[^<>\\s]{1,30} ){1,9}[^<>\\s]{1,30}>\\s*$"
)
"""Ends a message to which the app added something: that it was edited, or has a file."""

_MESSAGE = (
    "message|nachricht|mensaje|mensagem|messaggio|bericht|сообщени|повідомлен|съобщени|wiadomoś"
    "|mesaj|رسالة|پیام|הודעה|मैसेज|संदेश|メッセージ|메시지|消息|訊息"
    "|讯息|pesan|tin nhắn|ข้อความ|meddeland|besked|melding|viesti|zpráv|správ|üzenet"
    "|μήνυμα|žinut|поруку|poruk|missatge|sõnum|sporočil|mesej|پیغام|মেসেজ|বার্তা"
)
_TAKEN_BACK = (
    "delet|unsent|recall|gelösch|zurückgenommen|elimin|borr|supprim|apag|verwijder|удал|видал"
    "|изтри|usuni|silin|sildi|حذف|נמחק|מחק|मिटा|हटा|削除|取り消|삭제|删除|刪除|撤回|收回|dihapus|menghapus"
    "|xóa|thu hồi|ลบ|tog bort|slette|poist|odstran|smaz|zmaz|töröl|șters|διαγρ|ištr|обрис"
    "|obris|izbris|radera|esborr|kustut|memadam|dipadam|মুছে"
)
_MESSAGES, _TAKINGS = _MESSAGE.split("|"), _TAKEN_BACK.split("|")
_LONGEST_NOTICE = 80
_MOST_WORDS = 8

_BY_YOU = re.compile(
    r"(?:you sent|du hast|enviaste|has enviado|(?:vous avez|tu as) envoyé|hai inviato|você enviou"
    r"|(?:je|u) hebt) (?:an?|eine[mn]?|une?|um|een) "
    r"(?:attachment|anhang|archivo adjunto|pièce jointe|allegato|anexo|bijlage)\b.{0,20}"
    r"|(?:liked|gefällt|le gustó|le ha gustado|a aimé|ha messo mi piace a|curtiu|vindt) "
    r"(?:an?|eine|une?|uma|een) "
    r"(?:message|nachricht|mensaje|messaggio|mensagem|bericht)(?: leuk)?",
    re.IGNORECASE,
)
"""Messenger's and Instagram's words that are built as any others."""

_QUOTED = tuple(re.compile(rf"[“„«‹「『\"](.+{lazy})[”“»›」』\"]", re.DOTALL) for lazy in ("", "?"))
_REMEMBERED = 500
_WORDS_OF_REACTION = 6
_LONGEST_QUOTE = 5000

ENOUGH = 3
"""People who sent the same words, in so many chats, did not find them themselves."""


def is_notice(text: str) -> bool:
    """Whether a text, or the line of one, is what an app wrote in its sender's name."""
    text = text.strip(" ")
    return text.startswith("\u200e") or bool(_PLACEHOLDER.fullmatch(text.strip())) or _is_gone(text)


def _is_gone(text: str) -> bool:
    """Whether a text stands for a message that was taken back."""
    short = len(text) <= _LONGEST_NOTICE and len(text.split()) <= _MOST_WORDS
    if not short or "?" in text:
        return False
    first = text.partition("\n")[0].lower()
    return any(word in first for word in _MESSAGES) and any(word in first for word in _TAKINGS)


def without_notices(text: str) -> str:
    """Return a message's own words, without what the app wrote before or after them."""
    first, _, rest = text.partition("\n")
    if rest.strip() and is_notice(first) and not _is_gone(first):
        text = rest  # the caption of a file
    text = _MARKED.sub("", text.rstrip())
    return "" if is_notice(text) else text


def is_of_messenger(text: str, sender: str) -> bool:
    """Whether Messenger or Instagram wrote a text: about its sender, or about another message."""
    return (
        text.startswith(f"{sender} ")
        or _is_reaction(text)
        or bool(_BY_YOU.fullmatch(text[: 2 * _LONGEST_NOTICE].strip().rstrip(".")))
    )


def _is_reaction(text: str) -> bool:
    """Whether an emoji stands within a short text that ends in a space, as none that is typed."""
    if len(text) > _LONGEST_NOTICE or text == text.rstrip():
        return False
    words = text.split()
    return len(words) <= _MOST_WORDS and sum(map(_is_emoji, words[1:-1])) == 1


def _is_emoji(word: str) -> bool:
    return all(unicodedata.category(char) in ("So", "Sk", "Mn", "Cf") for char in word)


def sent_by_many(messages: Iterable[tuple[str, str, str]]) -> frozenset[str]:
    """Return the `template`s of what three people sent in three chats, twice each: an app's words.

    Args:
        messages: The chat, the sender and the text of each.
    """
    times: Counter[str] = Counter()
    chats: dict[str, set[str]] = {}
    people: dict[str, set[str]] = {}
    for chat, sender, text in messages:
        if words := template(text):
            times[words] += 1
            for found, value in ((chats, chat), (people, sender)):
                if len(found.setdefault(words, set())) < ENOUGH:
                    found[words].add(value)
    return frozenset(
        words
        for words, count in times.items()
        if count >= 2 * ENOUGH == len(chats[words]) + len(people[words])
    )


def is_short(text: str) -> bool:
    """Whether a text is as long as a notice, and no question."""
    words = text.split() if len(text) <= _LONGEST_NOTICE else []
    return 3 <= len(words) <= _MOST_WORDS and text[-1] not in "?？؟"


class Recent:
    """The last messages of a chat, by which a reaction is known: it quotes one of them.

    Phones without reactions get them as a text, `Liked “I bake on Sundays”`, in any language.
    """

    def __init__(self) -> None:
        self._texts: deque[str] = deque(maxlen=_REMEMBERED)

    def add(self, text: str) -> None:
        """Remember a message."""
        self._texts.append(text)

    def is_quoted_in(self, text: str) -> bool:
        """Whether a text is a few words about a message that it quotes, and nothing more."""
        if len(text) > _LONGEST_QUOTE:
            return False
        return any(self._holds(found, text) for quoted in _QUOTED if (found := quoted.search(text)))

    def _holds(self, quoted: re.Match[str], text: str) -> bool:
        others = f"{text[: quoted.start()]} {text[quoted.end() :]}".strip()
        if not 1 <= len(others.split()) <= _WORDS_OF_REACTION or "\n" in others:
            return False
        words = quoted[1].strip()
        begun = words.removesuffix("…").removesuffix("...").rstrip()
        cut = begun != words and bool(begun)
        return any(
            earlier == words or (cut and earlier.startswith(begun)) for earlier in self._texts
        )


def template(text: str) -> str:
    """Return a text without its emoji and numbers if it has as many words as a notice; or ``."""
    words = text.split() if len(text) <= _LONGEST_NOTICE else []
    if not 3 <= len(words) <= _MOST_WORDS:
        return ""
    return " ".join(word for word in words if not _is_emoji(word) and not word.isdigit())
