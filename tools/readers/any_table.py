"""Rows of any table as items, of CSV as of JSON: by the columns that are named, or are sure."""

import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from guided_profile.graph.errors import ColumnsError, HistoryItemError
from guided_profile.tools.readers.base import (
    FIELDS,
    UNSAID,
    UNSAID_ROLES,
    USERS,
    Entries,
    Reading,
    Refused,
    Skipped,
    record,
    same_name,
)
from guided_profile.tools.readers.columns import (
    ROLES,
    are_said,
    by_names,
    proposed,
    signature,
    speaker_of,
)
from guided_profile.tools.readers.times import DateOrder, date_order

AnyRow = tuple[Refused, Mapping[str, Any]]
SAMPLE = 200
"""How many rows are looked at to find what the columns hold."""
ALONE = "user"
"""Named in place of a column for the role: the user alone wrote it all."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table that can be read several times."""

    columns: tuple[str, ...]
    rows: Callable[[], Iterator[AnyRow | Refused]]
    is_part: bool = False
    """Whether it is one of several things in its file: then its user is asked, sure as it is."""


def table_items(table: Table, reading: Reading) -> Entries:
    """Yield an item for each row.

    Raises:
        ColumnsError: It is not sure which columns are for what.
        HistoryItemError: A column that was named is not there, or one says who wrote, and not which
            of them the user is; or its dates may be read in two ways.
    """
    read = (row for row in islice(table.rows(), 2 * SAMPLE) if not isinstance(row, Refused))
    sample = [cells for _, cells in islice(read, SAMPLE)]
    fields = _fields(table, sample, reading)
    speaker = fields.get("role") or speaker_of(table.columns, sample, fields)
    if reading.columns.get("role") == ALONE and "role" not in fields:
        speaker = None
    roles = _roles(speaker, sample, reading)
    fields = {field: column for field, column in fields.items() if field != "role"}
    things = {} if speaker or are_said(fields["text"], sample) else {"kind": "did"}
    chosen = replace(reading, columns={}, me=None, dates=_order(table, fields, reading))
    for row in table.rows():
        if isinstance(row, Refused):
            yield row
            continue
        where, cells = row
        role = roles(cells)
        if isinstance(role, Skipped):
            yield role
            continue
        given = {field: cells.get(column) for field, column in fields.items()}
        kept = {field: cell for field, cell in given.items() if cell or field == "text"}
        if isinstance(role, Refused):
            yield replace(where, reason=role.reason)
        else:
            yield record(things | kept | role, where, chosen)


def _fields(table: Table, sample: list[Mapping[str, Any]], reading: Reading) -> dict[str, str]:
    columns = table.columns
    known = ", ".join(repr(name[:40]) for name in columns[:50])
    if reading.columns:
        there = {**reading.columns}
        if there.get("role") == ALONE and ALONE not in columns:
            there.pop("role")
        missing = [name for name in there.values() if name not in columns]
        if missing:
            raise HistoryItemError(f"there is no column {missing[0]!r}; the columns are {known}.")
        return there
    if "user_id" in [name.lower() for name in columns]:
        raise HistoryItemError(
            "the file has a column 'user_id', and all of it would become one user's history; "
            "split it by user, or if it is one user's, name the columns with --column."
        )
    sure = by_names(columns)
    if "text" in sure and {*columns} <= {*FIELDS} and not table.is_part:
        return sure
    fields = proposed(columns, sample)
    if "text" not in fields:
        raise HistoryItemError(
            f"none of the columns {known or '(there are none)'} is for the text; name it with "
            f"--column text=COLUMN, and others likewise: {', '.join(FIELDS)}."
        )
    twice = [column for column in fields.values() if f"{column} (2)" in columns]
    if twice:
        raise HistoryItemError(f"there are two columns {twice[0][:40]!r}; rename one of them.")
    if table.is_part or {**fields, "role": "", "id": ""} != {**sure, "role": "", "id": ""}:
        switches = " ".join(
            f"--column {shlex.quote(f'{field}={column}')}" for field, column in fields.items()
        )
        switches = switches.encode("utf-8", "replace").decode()  # JSON may hold half a letter
        raise ColumnsError(
            f"its columns are {known}, and it is not sure which hold what; if this is right, add "
            f"{switches}, and else name others, for any of {', '.join(FIELDS)}.",
            fields,
            signature(columns),
            {field: _first(sample, column) for field, column in fields.items()},
        )
    return fields


def _first(sample: list[Mapping[str, Any]], column: str) -> str:
    return next((str(row[column]).strip() for row in sample if row.get(column)), "")[:60]


Roles = Callable[[Mapping[str, Any]], "dict[str, Any] | Skipped | Refused"]


def _roles(speaker: str | None, sample: list[Mapping[str, Any]], reading: Reading) -> Roles:
    """Return the function that gives the role of a row.

    Raises:
        HistoryItemError: A column says who wrote, and not which of them is the user.
    """
    if not speaker:
        if reading.me and reading.columns.get("role") != ALONE:
            raise HistoryItemError(
                "no column says who wrote; leave out --me for a file that the user alone wrote, or "
                "name the column with --column role=COLUMN."
            )
        return lambda cells: {}
    written = {str(row.get(speaker) or "").strip().casefold() for row in sample} - {""}
    if written <= ROLES:
        return lambda cells: _by_role(str(cells.get(speaker) or "").strip())
    if reading.me:
        me = reading.me
        return lambda cells: _by_name(str(cells.get(speaker) or ""), me)
    raise HistoryItemError(
        f"the column {speaker[:40]!r} says who wrote; say with --me which of the people is the "
        f"user, or add --column role={ALONE} if the user alone wrote it all."
    )


def _by_name(name: str, me: str) -> "dict[str, Any] | Refused":
    if not name.strip():
        return Refused(0, "role: is missing, and with --me it says who wrote the entry")
    is_user = same_name(name, me) or name.strip().casefold() in USERS
    return {"role": "user" if is_user else "other"}


def _by_role(role: str) -> "dict[str, Any] | Skipped":
    if role.casefold() in UNSAID_ROLES:
        return UNSAID
    return {"role": "user" if not role or role.casefold() in USERS else "other"}


def _order(table: Table, fields: Mapping[str, str], reading: Reading) -> DateOrder | None:
    if reading.dates is not None or "time" not in fields:
        return reading.dates
    column = fields["time"]
    cells = (row[1].get(column) for row in table.rows() if not isinstance(row, Refused))
    return date_order(cell for cell in cells if isinstance(cell, str))
