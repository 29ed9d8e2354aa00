"""Whose a mailbox is: which of its mails the user sent."""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from email.utils import getaddresses

from guided_profile.graph.errors import HistoryItemError
from guided_profile.tools.readers.base import same_name

IsOwn = Callable[[Message], bool]

_SENT = re.compile(
    r"sent|gesend|envia|envoy|inviat|verzonden|skickat|sendt|lähetet|wysłan|odeslan|odoslan"
    r"|elküld|trimis|gönderil|отправлен|надіслан|изпратен|σταλμ|送信|已发|已傳|寄件|보낸|مرسل|نשלח"
    r"|भेजे|đã gửi|terkirim|ส่งแล้ว",
    re.IGNORECASE,
)
"""What programs call the folder of sent mail, and Gmail the label. It only shows whose the box is:
nothing is taken for the user's that another address sent."""
_LABELS = "X-Gmail-Labels"
_SHOWN = 8
_NEARLY_ALL = 0.9


def is_users(mails: Iterable[tuple[Message, str]], me: str | None) -> IsOwn:
    """Return the test for the mails that the user sent.

    Args:
        mails: The headers of all mails, each with the name of its file.
        me: The user's name, or addresses with commas between; None: it is found out. A box of sent
            mail is the one's who sent most of it; another is the only one's to whom nearly all of
            it was delivered, or else who is in nearly all of it as a sender or receiver, if that
            one sent some.

    Raises:
        HistoryItemError: It cannot be found out, or nobody of that name sent any.
    """
    senders: Counter[str] = Counter()
    names: dict[str, str] = {}
    labelled: Counter[str] = Counter()
    in_sent: Counter[str] = Counter()
    delivered: Counter[str] = Counter()
    taking_part: Counter[str] = Counter()
    with_delivery = addressed = 0
    for mail, file in mails:
        name, address = sender(mail)
        if address:
            senders[address] += 1
            names.setdefault(address, name)
        for counted, mark in ((labelled, header(mail, _LABELS)), (in_sent, file)):
            counted.update([address] if address and _SENT.search(mark) else [])
        to = _addresses(mail, "Delivered-To", "X-Original-To", "Envelope-To")
        delivered.update(to)
        with_delivery += bool(to)
        if receivers := _addresses(mail, "To", "Cc", "Bcc"):
            addressed += 1
            taking_part.update({address, *receivers} - {""})
    if me:
        own = _named(me, senders, names)
    else:
        own = (
            _of_sent(labelled or in_sent, names)
            or _only(delivered, with_delivery, senders)
            or _only(taking_part, addressed, senders)
        )
    if not own:
        raise HistoryItemError(_unknown(me, senders, names))

    def is_own(mail: Message) -> bool:
        labels = header(mail, _LABELS)  # what is forged in the user's name lies in the spam
        forged = bool(labelled and labels and not _SENT.search(labels))
        return sender(mail)[1] in own and not forged

    return is_own


def _of_sent(sent: Counter[str], names: dict[str, str]) -> set[str]:
    """Return who sent most of a box of sent mail, with all addresses."""
    if not sent:
        return set()
    first = sent.most_common(1)[0][0]
    name = names[first]
    same = {first, *(address for address in sent if name and same_name(names[address], name))}
    return same if 2 * sum(sent[address] for address in same) > sent.total() else set()


def _only(addresses: Counter[str], count: int, senders: Counter[str]) -> set[str]:
    """Return the address that nearly all mails have, if only one has them and sent some."""
    found = {address for address, times in addresses.items() if times >= _NEARLY_ALL * count}
    if 2 * count < senders.total():  # too few tell it
        return set()
    return found if len(found) == 1 and found <= senders.keys() else set()


def _named(me: str, senders: Counter[str], names: dict[str, str]) -> set[str]:
    if "@" in me:
        return {address.lower() for _, address in getaddresses([me])} & senders.keys()
    own = {address for address in senders if same_name(names[address], me)}
    if len(own) > 1:
        raise HistoryItemError(
            f"{len(own)} senders go by {me!r}; say with --me which of the addresses are the "
            f"user's, with commas between: {', '.join(sorted(own)[:_SHOWN])}."
        )
    return own


def _unknown(me: str | None, senders: Counter[str], names: dict[str, str]) -> str:
    shown = [
        f"{names[address][:60]} <{address[:80]}>".strip() + f" (mails: {times})"
        for address, times in senders.most_common(_SHOWN)
    ]
    if not shown:
        return "no mail in it has a sender; see that it is a mailbox, and as it was exported."
    listed = ", ".join(shown) + (", …" if len(senders) > _SHOWN else "")
    if me:
        return f"{me!r} sent none of the mails; --me may be a name or an address of {listed}."
    return (
        f"the mails do not tell whose they are; say with --me which sender is the user: {listed}."
    )


def sender(mail: Message) -> tuple[str, str]:
    """Return the name and the address, in small letters, of who sent a mail."""
    found = getaddresses([header(mail, "From")])
    name, address = found[0] if found else ("", "")
    return name, address.strip().lower()


def header(mail: Message, name: str) -> str:
    """Return a header as it is shown; empty if there is none."""
    value = str(mail.get(name, ""))
    with suppress(HeaderParseError, UnicodeError, LookupError, ValueError):  # as it is written
        value = str(make_header(decode_header(value)))
    return " ".join(value.split())


def _addresses(mail: Message, *fields: str) -> set[str]:
    values = [str(value) for field in fields for value in mail.get_all(field, [])]
    return {address.strip().lower() for _, address in getaddresses(values)} - {""}
