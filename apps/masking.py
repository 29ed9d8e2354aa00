"""What identifies a person in a text, masked: addresses, links, telephone and other numbers.

Nothing here knows a country or a language. A text is read with the digits of all scripts as 0 to 9,
and a number goes by its form: how it begins, how many digits it has, how they are grouped. Dates,
years, prices and other amounts stay. A form that may be either is masked.
"""

import re
import unicodedata
from ipaddress import ip_address

_INSIDE = r"[^\s<>\"。、，！？「」（）]"
_END = r"[^\s<>\"。、，！？「」（）'.,;:!?)\]}…]"
"""What a link may end with: nothing that ends the sentence around it."""
_PATH = rf"(?::[0-9]{{1,5}})?/(?:{_INSIDE}*{_END})?"
_SPACED = (
    r"[^\W\d_\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
    r"\uf900-\ufaff]"
)
"""A letter of a script in which a name does not touch the words around it."""
_MONTH, _DAY = "(?:0?[1-9]|1[0-2])", "(?:0?[1-9]|[12][0-9]|3[01])"

_FORMS = {
    "link": rf"[A-Za-z][A-Za-z0-9+.-]{{1,20}}://{_INSIDE}*{_END}",
    "email": r"(?<![\w.!#$%&'*+/=?^`{|}~-])[\w.!#$%&'*+/=?^`{|}~-]+@"
    r"[^\W_](?:[\w-]{0,62}\.)+[^\W\d_][\w-]{1,62}",
    "handle": r"(?<![\w@/.])@\w[\w.]{0,40}\w",
    "address": r"(?<![\w:.])(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|"
    r"[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7})(?![\w:]|\.[0-9])",
    # links that have lost their scheme, as in prompts; Latin ones may touch words of other scripts
    "host": "|".join(
        (
            rf"(?<![./@-])(?:[A-Za-z0-9-]{{1,63}}\.){{1,8}}[A-Za-z]{{2,24}}{_PATH}",
            rf"(?<![\w./@-])(?:[\w-]{{1,63}}\.){{1,8}}[^\W\d_]{{2,24}}{_PATH}",
            r"(?<![./@-])(?:[A-Za-z0-9-]{1,63}\.){0,8}[A-Za-z0-9-]{2,63}\.[A-Za-z]{2,24}"
            r"(?![A-Za-z0-9_(-])",
            rf"(?<![\w./@-])(?:(?:{_SPACED}|[0-9-]){{2,63}}\.){{1,8}}{_SPACED}{{2,24}}(?![\w(-])",
        )
    ),
    "iban": r"[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?(?![A-Za-z0-9_])",
    "kept": "|".join(  # random ids, and dates
        (
            "[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}",
            rf"[0-9]{{4}}(?P<a>[-/.]){_MONTH}(?P=a){_DAY}(?![0-9]|(?P=a)[0-9])",
            rf"(?:{_DAY}(?P<b>[-/.]){_MONTH}(?P=b)|{_MONTH}(?P<c>[-/.]){_DAY}(?P=c))"
            r"(?:[0-9]{4}|[0-9]{2})(?![0-9]|[-/.][0-9])",
        )
    ),
    "id": r"(?=[0-9]*[A-Z])(?=(?:[A-Z]*[0-9]){6})[A-Z0-9]{7,20}(?![A-Za-z0-9_])",
    "number": r"(?<![0-9][.,'’])\+?(?:\((?=\+?[0-9]{1,5}\))\+?)?[0-9](?:[ ()./-]{0,3}[0-9]){6,30}"
    r"(?![A-Za-z0-9_]|[.,'’][0-9])",
}
_KNOWN = re.compile(
    "(?<![A-Za-z0-9_])(?:" + "|".join(f"(?P<{name}>{form})" for name, form in _FORMS.items()) + ")"
)
_LIKE_ASCII = str.maketrans(
    "＋－（）．／＠\u00a0\u2007\u2009\u202f\u2010\u2011\u2012\u2013\u2212", "+-()./@    -----"
)
_GROUPED = re.compile(r"[0-9]{1,2}(?: [0-9]{3})+|[0-9]{1,3}(?:\.[0-9]{3})+|[0-9]{1,3} [0-9]{3}")
"""An amount with its thousands apart; in many places `612 345 678` is a telephone number."""
_PRICED = re.compile(r"[^\S\n]?(?:[A-Z]{3}(?![A-Za-z0-9_])|%)")


def masked(text: str) -> str:
    """Return a text with marks, as `[phone]`, in the place of what identifies a person."""
    plain = text if text.isascii() else _with_plain_digits(text)
    parts, end = [], 0
    for found in _KNOWN.finditer(plain):
        mark = _mark(found, plain)
        if mark:
            parts += [text[end : found.start()], f"[{mark}]"]
            end = found.end()
    return "".join([*parts, text[end:]])


def _with_plain_digits(text: str) -> str:
    """Return a text of the same length, its digits, signs and spaces as ASCII has them."""
    digits = {mark: str(unicodedata.decimal(mark)) for mark in set(text) if mark.isdecimal()}
    return text.translate(_LIKE_ASCII | {ord(mark): digit for mark, digit in digits.items()})


def _mark(found: re.Match[str], plain: str) -> str | None:
    if found["number"]:
        return None if _has_price(found, plain) else _number(found["number"])
    if found["kept"]:
        return None
    if found["address"]:
        try:
            ip_address(found["address"])
        except ValueError:
            return None  # a time, as 12:30:45
        return "address"
    if found["host"]:
        last = found["host"].rpartition(".")[2]
        is_name = "/" in last or last in (last.lower(), last.upper())  # "It ended.Then" is none
        return "link" if is_name else None
    return found.lastgroup


def _has_price(found: re.Match[str], plain: str) -> bool:
    """Whether a currency stands beside a number."""
    if "+" in found["number"]:
        return False
    start, end = found.span()
    beside = plain[max(0, start - 2) : start] + plain[end : end + 2]
    currency = any(unicodedata.category(sign) == "Sc" for sign in beside)
    return currency or bool(_PRICED.match(plain, end))


def _number(text: str) -> str | None:
    """Return what a row of digits is: a `card`, `phone`, other `number`, or None for an amount."""
    groups = re.findall(r"[0-9]+", text)
    between = re.findall(r"[^0-9+]+", text.lstrip("+("))
    digits = "".join(groups)
    if "+" in text or digits.startswith("00"):
        return "phone"
    if 13 <= len(digits) <= 19 and _is_card(digits):
        return "card"
    if digits.startswith("0") and between != ["."]:
        return "phone"
    if len(groups) == 1:
        is_round = 2 * len(digits.rstrip("0")) <= len(digits)
        return "number" if len(digits) > 8 and not is_round else None
    is_amount = between == ["."] or all(map(_GROUPED.fullmatch, re.split(" ?- ?", text)))
    is_round = all(group.endswith("0") for group in groups)
    is_years = all(1000 <= int(group) < 2100 for group in groups)
    if is_amount or is_round or is_years:
        return None
    if text.startswith("(") or max(map(len, groups)) > 2:
        return "phone" if len(digits) <= 15 else "number"
    is_pairs = {len(group) for group in groups} == {2} and len(groups) == 4
    return "phone" if is_pairs and len(set(between)) == 1 else None  # else scores, or a list


def _is_card(digits: str) -> bool:
    """Whether the last digit is the check of the others (Luhn)."""
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits))]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0
