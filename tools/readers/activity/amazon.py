"""Amazon's "request my data": what was ordered, what was sent back, what was watched."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

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
from guided_profile.tools.readers.tables import Row, layout_of, rows
from guided_profile.tools.readers.times import read_time

_ORDERS = {"Order ID", "Order Date", "Product Name"}
_DIGITAL = {"OrderId", "OrderDate", "ASIN"}
_DIGITAL_TITLES = ("Title", "ProductName")
_WATCHED = {"Title", "Playback Start Datetime (UTC)", "Seconds Viewed"}
_RETURNS = {"OrderID", "DateOfReturn"}
_NOTHING = ("", "Not Available", "Not Applicable")
SHORTEST = 60
"""The seconds from which on a view counts."""


def _read(files: Sequence[ExportFile], reading: Reading) -> Entries:
    bought = Sums("purchases", "bought")
    returned = Sums("returns", "bought and sent back")
    given = Sums("gifts", "bought as a gift")
    watched = Sums("watched", "watched")
    kinds = {file.name: set(layout_of(file).columns) for file in files}
    back = _sent_back([file for file in files if kinds[file.name] >= _RETURNS], files, kinds)
    for file in files:
        columns = kinds[file.name]
        for row in each_file([file], rows):
            if isinstance(row, Refused):
                yield row
            elif columns >= _ORDERS:
                sums = given if _is_gift(row[1]) else bought
                yield from _order(row, returned if row[1]["Order ID"] in back else sums)
            elif _is_digital(columns):
                yield from _digital(row, bought)
            elif columns >= _WATCHED:
                yield from _view(row, watched)
    for sums in (bought, given, returned, watched):
        yield from sums.entries(reading)


def _order(row: Row, sums: Sums) -> Entries:
    cells = row[1]
    if "cancel" in cells.get("Order Status", "").lower():
        yield Skipped("cancelled orders")
        return
    quantity = cells.get("Quantity") or cells.get("Original Quantity") or "1"
    if quantity == "0" or cells.get("Is Fulfilled", "").lower() == "no":
        yield Skipped("cancelled orders")
        return
    pieces = int(quantity) if quantity.isdigit() else 1
    yield from _add(row, cells["Product Name"], cells["Order Date"], sums, pieces)


def _is_digital(columns: set[str]) -> bool:
    return columns >= _DIGITAL and not columns.isdisjoint(_DIGITAL_TITLES)


def _digital(row: Row, sums: Sums) -> Entries:
    cells = row[1]
    if cells.get("IsFulfilled", "").lower() == "no":
        yield Skipped("cancelled orders")
        return
    title = next(cells[name] for name in _DIGITAL_TITLES if name in cells)
    yield from _add(row, title, cells["OrderDate"], sums)


def _is_gift(cells: dict[str, str]) -> bool:
    """Whether it was bought for somebody else."""
    names = ("Gift Message", "Gift Recipient Contact Details")
    return any(cells.get(name, "").strip() not in _NOTHING for name in names)


def _view(row: Row, sums: Sums) -> Entries:
    cells = row[1]
    seconds = cells["Seconds Viewed"].partition(".")[0]
    if cells.get("Material Type Description", "Full") in ("Promo", "Trailer"):
        yield Skipped("trailers and clips")
    elif seconds.isdigit() and int(seconds) < SHORTEST:
        yield Skipped("views of under a minute")
    else:
        yield from _add(row, cells["Title"], cells["Playback Start Datetime (UTC)"], sums)


def _add(row: Row, title: str, time: str, sums: Sums, pieces: int = 1) -> Entries:
    if title.strip() in _NOTHING:
        yield Skipped("entries without a product")
        return
    when: datetime | None = None
    if time.strip() not in _NOTHING:
        try:
            when = read_time(time, UTC, "mdy")  # older exports have 12/31/2020 20:39:52 UTC
        except ValueError as error:
            yield Refused(row[0].line, f"time: {error}", file=row[0].file)
            return
    sums.add(title, when, row[0], pieces=pieces)


def _sent_back(
    returns: Sequence[ExportFile], files: Sequence[ExportFile], kinds: dict[str, set[str]]
) -> set[str]:
    """Return the orders of one product that were sent back; of others the export does not say."""
    sent = {row[1]["OrderID"] for row in each_file(returns, rows) if not isinstance(row, Refused)}
    if not sent:
        return set()
    orders = [file for file in files if kinds[file.name] >= _ORDERS]
    counts = Counter(
        row[1]["Order ID"]
        for row in each_file(orders, rows)
        if not isinstance(row, Refused) and row[1]["Order ID"] in sent
    )
    return {order for order, count in counts.items() if count == 1}


def _recognises(head: Head) -> bool:
    columns = set(head.columns)
    kinds = (_ORDERS | {"ASIN"}, _WATCHED, _RETURNS)
    return any(columns >= kind for kind in kinds) or _is_digital(columns)


READER = Reader(
    format="amazon",
    title="Amazon orders",
    obtain="On amazon.com: Account, Request your data, Your orders (and Prime Video); a zip comes "
    "by mail.",
    read=_read,
    recognises=_recognises,
)
