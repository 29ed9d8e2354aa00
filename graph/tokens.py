"""About how many tokens a text has, in any language and without a tokenizer.

Models' tokenizers agree on the common things: every digit is a token, most marks are, an English
word is one or two. Where they differ, they differ by letter: what is rare in their training data
(a Polish ł, anything in Amharic) is cut into bytes. So each character has a price of its own. The
prices were fitted to Qwen's tokenizer on short texts in some sixty languages, at 1.0 to 1.4 of the
real count; those of OpenAI (o200k), DeepSeek and Mistral (tekken) mostly count fewer.
"""

from bisect import bisect_right
from math import ceil

_LETTERS = {
    "crstw": 13,
    "hno": 24,
    "bdeflx": 29,
    "mpqy": 38,
    "agiuv": 46,
    "z": 58,
    "jk": 74,
    " ": 33,
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ": 47,
    "0123456789": 100,
    "đĐơƠưƯ": 45,  # Vietnamese
    "ЄІЇЎєіїўҐґҒғҚқҢңҮүҰұҺһӘәӨөЂЈЉЊЋЏђјљњћџ": 200,  # Cyrillic, of all languages but Russian
    "ٹپچڈڑژکڭگںھہۀۂۇۈۋیېےەۓ": 140,  # Persian, Urdu, Uighur, Kurdish
}
"""What a character costs, in hundredths of a token."""
_BLOCKS = (
    (0x00, 90),  # marks and line breaks
    (0xC0, 140),  # é
    (0x100, 155),  # ł
    (0x180, 185),
    (0x300, 100),  # combining accents; Greek
    (0x400, 50),  # Cyrillic
    (0x530, 110),  # Armenian
    (0x590, 54),  # Hebrew
    (0x600, 50),  # Arabic
    (0x700, 200),
    (0x900, 118),  # Devanagari
    (0x980, 130),  # Bengali
    (0xA00, 185),
    (0xB80, 125),  # Tamil
    (0xC00, 172),
    (0xE00, 70),  # Thai
    (0xE80, 150),
    (0x10A0, 112),  # Georgian
    (0x1100, 200),
    (0x1EA0, 30),  # Vietnamese
    (0x1F00, 130),
    (0x2000, 100),  # dashes, quotes, arrows
    (0x2190, 200),
    (0x3000, 105),
    (0x3040, 80),  # kana
    (0x3100, 200),
    (0x4E00, 90),  # Chinese characters
    (0xA000, 200),
    (0xAC00, 100),  # Korean
    (0xD7B0, 200),
    (0x10000, 300),
    (0x1F300, 200),  # emoji
    (0x20000, 300),
)
"""From where on other characters cost how much."""
_STARTS = [start for start, _ in _BLOCKS]


class _Prices(dict[str, int]):
    """What each character costs; looked up once and then kept."""

    def __missing__(self, character: str) -> int:
        price = self[character] = _BLOCKS[bisect_right(_STARTS, ord(character)) - 1][1]
        return price


_price = _Prices(
    {letter: price for letters, price in _LETTERS.items() for letter in letters}
).__getitem__


def approximate_tokens(text: str) -> int:
    """Return about how many tokens a text has, rather too many than too few, in any language.

    It never has fewer than one of its beginnings.
    """
    return ceil(sum(map(_price, text)) / 100)
