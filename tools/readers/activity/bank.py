"""A bank's table of payments: what was paid to whom, summed up by payee.

The columns are found by the words that banks call them by; whether money came in or went out, by
the sign of the amount, by two columns of amounts, or by a column of marks like S and H.
"""

import re
from collections.abc import Mapping, Sequence
from itertools import islice

from guided_profile.graph.errors import HistoryItemError
from guided_profile.tools.readers.archive import ExportFile
from guided_profile.tools.readers.base import (
    Entries,
    Reader,
    Reading,
    Refused,
    Skipped,
    each_file,
)
from guided_profile.tools.readers.heads import Head
from guided_profile.tools.readers.sums import Sums
from guided_profile.tools.readers.tables import layout_of, order_of, rows
from guided_profile.tools.readers.times import read_time

_CALLED = {
    "time": "booking date|transaction date|buchungstag|buchungsdatum|buchung|completed date|"
    "started date|date|datum|valuta|wertstellung|fecha|data|date operation|data contabile",
    "payee": "payee|payee name|merchant|merchant name|partner name|counterparty|counterparty name|"
    "name|beneficiary|beguenstigter/zahlungspflichtiger|begünstigter/zahlungspflichtiger|"
    "auftraggeber/empfänger|auftraggeber/empfaenger|auftraggeber/begünstigter|"
    "auftraggeber / begünstigter|zahlungsempfänger*in|zahlungsempfänger|zahlungsempfaenger|"
    "name zahlungsbeteiligter|empfänger|empfaenger|naam / omschrijving|bénéficiaire|beneficiario",
    "purpose": "purpose|description|payment reference|reference|memo|details|narrative|"
    "verwendungszweck|buchungstext|text|libellé|concepto|descrizione|omschrijving|mededelingen",
    "amount": "amount|amount (eur)|amount (usd)|amount (gbp)|betrag|betrag (eur)|betrag (€)|umsatz|"
    "umsatz in eur|montant|importe|importo|brutto|gross|bedrag (eur)|transaction amount",
    "out": "debit|debit amount|money out|paid out|withdrawal|soll|débit|ausgang|belastung",
    "mark": "debit/credit|credit/debit|soll/haben|af bij|credit debit indicator|transaction type",
}
_BANKS = re.compile(
    r"iban|bic|swift|valut|wertstell|balance|\bbal\b|d[eé]bit|cr[eé]dit|saldo|solde|payee|empf|zahlung|bank|account|konto|"
    r"rekening|transaction|post date"
)
"""In the names of its columns; a table of a date, a text and an amount may be anything."""
_CURRENCY = re.compile(r"[\s(\[]+(?:in )?(?:eur|euros?|usd|gbp|chf|cad|aud|[€$£])[)\]]?$")
"""Behind the name of a column of amounts."""
_IN = ("h", "c", "crdt", "credit", "bij", "haben", "eingang", "+")
_OUT = ("s", "d", "dbit", "debit", "af", "soll", "ausgang", "-")
_NUMBER = re.compile(r"[^\d,.'\s+−(-]*\s*([+−(-]?)[^\d+−-]*\d[\d.,'\s\u00a0\u202f]*([−-]?)\)?\D*")


def _read(files: Sequence[ExportFile], reading: Reading) -> Entries:
    sums = Sums("payments", "paid")
    for file in files:
        table = layout_of(file)
        columns = _columns(table.columns)
        kinds = columns.keys()
        if "time" not in kinds or not (kinds & {"payee", "purpose"} and kinds & {"amount", "out"}):
            raise HistoryItemError(
                f"{file.path!r} has not the columns of a bank's table; read it as "
                "any table, with --format csv."
            )
        if "mark" in columns and not _are_marks(file, columns["mark"]):
            del columns["mark"]
        order = order_of([file], columns["time"], reading, table)
        signs = _signs(file, columns)
        for row in each_file([file], rows):
            if isinstance(row, Refused):
                yield row
                continue
            where, cells = row
            payee = cells.get(columns.get("payee", ""), "").strip()
            payee = payee or cells.get(columns.get("purpose", ""), "").strip()
            if not _is_out(cells, columns, signs):
                yield Skipped("incoming payments")
            elif not payee:
                yield Skipped("payments to nobody who is named")
            else:
                try:
                    when = read_time(cells[columns["time"]], reading.zone, order)
                except ValueError as error:
                    yield Refused(where.line, f"time: {error}", file=where.file)
                    continue
                sums.add(payee, when, where)
    yield from sums.entries(reading)


def _columns(names: Sequence[str]) -> dict[str, str]:
    lower = {" ".join(name.lower().split()): name for name in reversed(names)}
    lower = {_CURRENCY.sub("", name): lower[name] for name in lower} | lower
    found = {}
    for kind, called in _CALLED.items():
        known = next((lower[name] for name in called.split("|") if name in lower), None)
        if known is not None:
            found[kind] = known
    return found


def _are_marks(file: ExportFile, column: str) -> bool:
    """Whether a column says which way the money went, and not the kind of payment."""
    found = (row[1][column] for row in rows(file) if not isinstance(row, Refused))
    return {mark.strip().lower() for mark in islice(found, 200)} <= {*_IN, *_OUT}


def sign(amount: str) -> str:
    """Return `-` for an amount below nothing, `+` for another, and nothing for no number."""
    found = _NUMBER.fullmatch(amount.strip()[:50])
    if found is None:
        return ""
    return "-" if found[1] in ("-", "−", "(") or found[2] else "+"


def _signs(file: ExportFile, columns: Mapping[str, str]) -> bool:
    """Return whether signs show which way the money went.

    Raises:
        HistoryItemError: Nothing does.
    """
    if "out" in columns or "mark" in columns:
        return False
    amounts = (row[1][columns["amount"]] for row in rows(file) if not isinstance(row, Refused))
    if any(sign(amount) == "-" for amount in amounts):
        return True
    raise HistoryItemError(
        f"{file.path!r} does not tell the payments that came in from those that were "
        "made: no amount has a minus, and no column says it; read it as any table, with --format "
        "csv, if all of them were made."
    )


def _is_out(cells: Mapping[str, str], columns: Mapping[str, str], signs: bool) -> bool:
    if "out" in columns:
        return re.search(r"[1-9]", cells[columns["out"]]) is not None
    if signs:
        return sign(cells[columns["amount"]]) == "-"
    return cells[columns["mark"]].strip().lower() in _OUT


def _recognises(head: Head) -> bool:
    columns = _columns(head.columns)
    if not {"time"} <= columns.keys() or not columns.keys() & {"amount", "out"}:
        return False
    named = columns.keys() & {"payee", "purpose"}
    return bool(named) and _BANKS.search(" ".join(head.columns).lower()) is not None


READER = Reader(
    format="bank",
    title="bank's table of payments",
    obtain="In the bank's online banking: the account's transactions, export as CSV.",
    read=_read,
    recognises=_recognises,
)
