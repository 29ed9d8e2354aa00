"""Secrets in what people write: passwords, keys, card, account and document numbers.

Whatever is added to a history is looked through here, and each secret replaced by what it was:
`my card is [card number]`. The keys that services hand out are known by detect-secrets, numbers by
the check digits that python-stdnum knows. A password is known by the word before it.
"""

import re
from collections.abc import Callable, Iterable
from functools import cache
from importlib import import_module
from itertools import pairwise

from guided_profile.graph.records import HistoryItem

MARKS = ("[password]", "[key]", "[card number]", "[account number]", "[document number]")
_PASSWORD, _KEY, _CARD, _ACCOUNT, _DOCUMENT = MARKS

_SERVICES = (
    "aws.AWSKeyDetector",
    "azure_storage_key.AzureStorageKeyDetector",
    "discord.DiscordBotTokenDetector",
    "github_token.GitHubTokenDetector",
    "gitlab_token.GitLabTokenDetector",
    "jwt.JwtTokenDetector",
    "mailchimp.MailchimpDetector",
    "openai.OpenAIDetector",
    "pypi_token.PypiTokenDetector",
    "sendgrid.SendGridDetector",
    "slack.SlackDetector",
    "square_oauth.SquareOAuthDetector",
    "stripe.StripeDetector",
    "telegram_token.TelegramBotTokenDetector",
    "twilio.TwilioKeyDetector",
)
"""The detectors whose keys have a form of their own. Those that look for any text without order
would take a hash in a link for one."""
_LONG = re.compile(r"[\w+/=.:-]{20}|PRIVATE KEY|://[^\s/@]*@", re.ASCII)
"""What a text with a key holds."""
_PRIVATE = re.compile(
    r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY[A-Z ]{0,10}-----"
    r"(?:(?!-----END).)*(?:-----END [A-Z0-9 ]{0,60}-----)?",
    re.DOTALL,
)
_IN_ADDRESS = re.compile(r"(?<=://)([^\s:/?#@]{1,100}):([^\s:/?#@]{1,200})(?=@)")
_WITH_PREFIX = re.compile(
    r"(?<![\w/=.?&%-])(?=[a-z]{2,10}[-_]|AIza)(?:[A-Za-z]{1,12}\d{0,4}[-_]){0,3}"
    r"([A-Za-z0-9][\w-]{19,200})(?![\w/])",
    re.ASCII,
)
"""`sk-ant-api03-…`, `hf_…`, `AIza…`: a short name and letters and digits without order."""

_WORDS = (
    "password|passwd|passphrase|passcode|pwd|api[ _-]?key|secret[ _-]?key|access[ _-]?token"
    "|passwort|kennwort|mot de passe|contraseña|palavra-passe|senha|parola d'ordine|wachtwoord"
    "|lösenord|adgangskode|passord|salasana|hasło|heslo|jelszó|parolă|lozinka|şifre"
    "|пароль|парола|κωδικός|סיסמה|סיסמא|كلمة السر|كلمة المرور|گذرواژه|पासवर्ड"
    "|kata sandi|mật khẩu|รหัสผ่าน|パスワード|비밀번호|密码|密碼"
)
"""What a password is called where people enter one."""
_LABELLED = re.compile(
    rf"(?<![^\W_])(?:{_WORDS})(?P<gap>(?:\s{{0,2}}(?:[:=]|[^\s!-~]{{1,8}}|[^\W\d_]{{1,7}}(?=\s)))?"
    r"[ \t\"'`«(]{0,3})(?P<value>[!-~]{4,100})",
    re.IGNORECASE,
)

_DIGITS = re.compile(r"\d(?:[ .-]?\d){6}|[A-Z]{2}\d\d|<<")
"""What a text with a number of these holds."""
_START, _END = r"(?<![\w+/=#.,-])", r"(?![\w/-]|[.,]\d)"
_CARDS = re.compile(
    rf"{_START}(?:[2-6]\d{{3}}([ -]?)\d{{4}}\1\d{{4}}\1\d{{4}}|3[47]\d\d([ -]?)\d{{6}}\2\d{{5}}"
    rf"|3[0689]\d\d([ -]?)\d{{6}}\3\d{{4}}){_END}"
)
_BRANDS = re.compile(r"4|5[0-8]|2[2-7]|3[0-9]|6[0-9]")
_ACCOUNTS = re.compile(r"(?<![\w/])[A-Z]{2}\d\d(?:[ -]?[A-Z0-9]{1,4}){3,8}(?![\w/])")
_PASSPORT = re.compile(r"(?<![\w<])(?=[A-Z0-9<]{0,43}<<)[A-Z0-9<]{28,44}(?![\w<])")
"""A line that machines read, of a passport or a card."""
_DOCUMENTS = {
    "us.ssn": r"\d{3}-\d\d-\d{4}",
    "br.cpf": r"\d{3}\.\d{3}\.\d{3}-\d\d",
    "ch.ssn": r"756\.\d{4}\.\d{4}\.\d\d",
    "kr.rrn": r"\d{6}-[1-4]\d{6}",
    "in_.aadhaar": r"[2-9]\d{3} \d{4} \d{4}",
    "fr.nir": r"[12] ?\d\d ?[01]\d ?\d[\dAB] ?\d{3} ?\d{3} ?\d\d",
    "cn.ric": r"[1-9]\d{16}[\dX]",
    "it.codicefiscale": r"[A-Z]{6}\d\d[A-EHLMPRST]\d\d[A-Z]\d{3}[A-Z]",
    "mx.curp": r"[A-Z]{4}\d{6}[HM][A-Z]{5}[A-Z0-9]\d",
    "es.nif": r"(?:\d{8}|[XYZ]\d{7})-?[A-Z]",
}
"""The numbers of people that are known by more than their length, in the way they are written;
module of stdnum: form."""


def masked(text: str) -> tuple[str, int]:
    """Replace the secrets in a text by what they are, and return it with how many there were."""
    count = 0

    def by(mark: str, is_secret: Callable[[re.Match[str]], bool]) -> Callable[[re.Match[str]], str]:
        def replaced(match: re.Match[str]) -> str:
            nonlocal count
            if not is_secret(match):
                return match[0]
            count += 1
            return mark

        return replaced

    if _LONG.search(text):
        text = _PRIVATE.sub(by(_KEY, _always), text)
        text = _IN_ADDRESS.sub(by(_KEY, _always), text)
        for form in _keys():
            text = form.sub(by(_KEY, _always), text)
        text = _WITH_PREFIX.sub(by(_KEY, _is_mixed), text)
    if _DIGITS.search(text):
        text = _CARDS.sub(by(_CARD, _is_card), text)
        text, accounts = _without_accounts(text)
        text = _PASSPORT.sub(by(_DOCUMENT, _always), text)
        text = _documents().sub(by(_DOCUMENT, _is_document), text)
        count += accounts

    def value(match: re.Match[str]) -> str:
        nonlocal count
        secret = match["value"].rstrip(".,;:!?)\"'`»")
        if not _is_password(secret, match):
            return match[0]
        count += 1
        return match[0].replace(secret, _PASSWORD)

    return _LABELLED.sub(value, text), count


def without_secrets(items: Iterable[HistoryItem]) -> tuple[list[HistoryItem], int]:
    """Return items whose texts hold no secrets, and how many were masked.

    An item whose id is a digest gets that of its new text, so that the same item has the same id
    each time it is added, and the id shows nothing of the secret.
    """
    safe: list[HistoryItem] = []
    count = 0
    for item in items:
        text, found = masked(item.text)
        if found:
            count += found
            changed = {"text": text} | ({"id": ""} if item.id == item.digest() else {})
            item = HistoryItem.model_validate(item.model_dump() | changed)
        safe.append(item)
    return safe, count


def _always(match: re.Match[str]) -> bool:
    return True


def _is_mixed(match: re.Match[str]) -> bool:
    """Whether letters and digits stand in no order, as they do in no word and no number."""
    token = match[1]
    changes = sum(_class(char) != _class(following) for char, following in pairwise(token))
    return changes * 3 >= len(token) and {"A", "a", "1"} <= {_class(char) for char in token}


def _class(char: str) -> str:
    return "1" if char.isdigit() else "A" if char.isupper() else "a"


@cache
def _keys() -> tuple[re.Pattern[str], ...]:
    """Return the forms of the keys of services."""
    forms: list[re.Pattern[str]] = []
    for name in _SERVICES:
        module, detector = name.split(".")
        found = getattr(import_module(f"detect_secrets.plugins.{module}"), detector).denylist
        # within another word, as in a link, it is none
        forms += [re.compile(rf"(?<![\w/=])(?:{form.pattern})(?!\w)", form.flags) for form in found]
    return tuple(forms)


def _is_card(match: re.Match[str]) -> bool:
    digits = re.sub(r"\D", "", match[0])
    return bool(_BRANDS.match(digits)) and _valid("luhn", digits) and len(set(digits)) > 1


def _without_accounts(text: str) -> tuple[str, int]:
    """Mask account numbers; words in capital letters may follow one."""
    count = 0

    def replaced(match: re.Match[str]) -> str:
        nonlocal count
        number = match[0]
        while len(number) > 14:
            if _valid("iban", number):
                count += 1
                return _ACCOUNT + match[0][len(number) :]
            number = number.rpartition(" ")[0]
        return match[0]

    return _ACCOUNTS.sub(replaced, text), count


@cache
def _documents() -> re.Pattern[str]:
    each = (f"(?P<n{number}>{form})" for number, form in enumerate(_DOCUMENTS.values()))
    return re.compile(rf"{_START}(?:{'|'.join(each)}){_END}")


def _is_document(match: re.Match[str]) -> bool:
    number = int(str(match.lastgroup)[1:])
    return _valid([*_DOCUMENTS][number], match[0])


def _valid(module: str, number: str) -> bool:
    return bool(import_module(f"stdnum.{module}").is_valid(number))


def _is_password(secret: str, match: re.Match[str]) -> bool:
    """Whether what stands behind the word is one, and no word of a sentence about passwords."""
    if len(secret) < 4 or secret in MARKS:
        return False
    kinds = {"1" if char.isdigit() else "a" if char.isalpha() else "#" for char in secret}
    if "a" in kinds and ("1" in kinds or _has_inner_symbol(secret)):
        return True
    named = ":" in match["gap"] or "=" in match["gap"]
    rest = match.string[match.end() :].partition("\n")[0]
    return named and not rest.strip()


def _has_inner_symbol(secret: str) -> bool:
    return any(not char.isalnum() and char not in "-'’./" for char in secret[1:-1])
