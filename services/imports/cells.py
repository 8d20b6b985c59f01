"""The cells of a row, read as what their column means: numbers as text, dates as serials, several phones in one."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from services import phones
from services.imports.columns import Columns, folded

EPOCH = date(1899, 12, 30)  # day 0 of spreadsheets' serials
FIRST_SERIAL, LAST_SERIAL = 20_000, 80_000  # 1954 to 2119
CM2 = 10_000
MOST_AREA = Decimal(1_000_000)
LONGEST = 200
UNSEEN = "'\u200b\ufeff \t\r\n"
NO_NUMBER = 2  # digits: a second phone is counted so
DAY = re.compile(r"(\d{4})\D{1,2}(\d{1,2})\D{1,2}(\d{1,2})(?!\d)")
COMPACT_DAY = re.compile(r"(\d{4})(\d{2})(\d{2})")
MONTH = re.compile(r"(\d{4})\D{0,2}(0?[1-9]|1[0-2])\D?")
CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?")
SUM = re.compile(r"[-+(]?\d[\d,]*(?:\.\d+)?\)?|[-+]?\.\d+")
PHONE_BREAKS = re.compile(r"[/,;|\n]+|\s{2,}|[^\x00-\x7f]+")  # words between numbers, too
ZEROS = re.compile(r"\.0+$")


class BadCell(ValueError):  # noqa: N818 - it is what it says
    """A cell that can't be read; the message names what was expected."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads cells for a community."""

    columns: Columns
    zone: ZoneInfo
    region: str

    def read(self, field: str, cell: object) -> Any:  # noqa: ANN401 - JSON of the field's own kind
        """Return a cell's value, None for nothing; raises `BadCell` with the name of what was expected."""
        text = written(cell)
        if not text or text.casefold() in self.columns.nothing:
            return None
        reads = self.columns.reads[field]
        if reads in self.columns.codes:
            return self._code(reads, text)
        return READ[reads](self, cell, text)

    def _code(self, reads: str, text: str) -> str:
        known = self.columns.codes[reads]
        said = folded(text)
        if said in known.values():
            return said
        if said not in known:
            raise BadCell(reads)
        return known[said]


def written(cell: object) -> str:
    """Return a cell as text: whole numbers without a point, one width for all signs."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime | date | time):
        return cell.isoformat()
    text = str(cell)
    return (text if text.isascii() else unicodedata.normalize("NFKC", text)).strip(UNSEEN)


def _text(reader: Reader, cell: object, text: str) -> str:  # noqa: ARG001
    if len(text) > LONGEST:
        raise BadCell("text")
    said = cell.strip(UNSEEN) if isinstance(cell, str) else text  # as it is written, brackets of either width
    return " ".join(said.split())


def _phones(reader: Reader, cell: object, text: str) -> list[str]:  # noqa: ARG001
    """Read every number of a cell; words beside them are left out, a number that is none is told."""
    found: list[str] = []
    for part in PHONE_BREAKS.split(ZEROS.sub("", text)):
        number = phones.e164(part, reader.region) or phones.find_number(part, reader.region)[0]
        if number and number not in found:
            found.append(number)
        elif not number and sum(sign.isdigit() for sign in part) > NO_NUMBER:
            raise BadCell("phones")
    if not found:
        raise BadCell("phones")
    return found


def _cents(reader: Reader, cell: object, text: str) -> int:  # noqa: ARG001
    exact = _decimal(text, "cents", reader.columns.marks) * 100
    rounded = exact.to_integral_value()
    if abs(exact - rounded) > Decimal("0.0001"):  # beyond what a spreadsheet's binary figures explain
        raise BadCell("cents")
    return int(rounded)


def _decimal(text: str, expected: str, marks: Sequence[str]) -> Decimal:
    bare = text.replace(" ", "").lower()
    for mark in marks:
        bare = bare.replace(mark, "")
    if SUM.fullmatch(bare) is None:
        raise BadCell(expected)
    minus = bare.startswith(("-", "("))
    try:
        exact = Decimal(bare.strip("()-+").replace(",", ""))
    except InvalidOperation:
        raise BadCell(expected) from None
    exact = round(exact, 6)
    return -exact if minus else exact


def _area(reader: Reader, cell: object, text: str) -> int:  # noqa: ARG001
    exact = _decimal(text, "area", reader.columns.marks)
    if not 0 <= exact < MOST_AREA:
        raise BadCell("area")
    return int((exact * CM2).to_integral_value())


def _number(reader: Reader, cell: object, text: str) -> int:  # noqa: ARG001
    exact = _decimal(text, "number", reader.columns.marks) * 1000
    if exact < 0:
        raise BadCell("number")
    return int(exact.to_integral_value())


def _day(reader: Reader, cell: object, text: str) -> str:
    return _date(reader, cell, text).isoformat()


def _date(reader: Reader, cell: object, text: str) -> date:  # noqa: ARG001
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    serial = _serial(text)
    if serial is not None:
        return EPOCH + timedelta(days=int(serial))
    match = DAY.search(text) or COMPACT_DAY.match(text)
    try:
        return date(*map(int, match.groups())) if match is not None else _unreadable("day")
    except ValueError:
        raise BadCell("day") from None


def _unreadable(expected: str) -> date:
    raise BadCell(expected)


def _serial(text: str) -> Decimal | None:
    """Return the day that a spreadsheet counts, where a text is such a figure."""
    try:
        exact = Decimal(text)
    except InvalidOperation:
        return None
    return exact if FIRST_SERIAL <= exact <= LAST_SERIAL else None


def _moment(reader: Reader, cell: object, text: str) -> str:
    """Read a moment in the estate's zone; a bare day is its end, so that a later hour of it is not older."""
    if isinstance(cell, datetime) and (cell.hour or cell.minute or cell.second):
        return cell.replace(tzinfo=reader.zone).isoformat()
    day, clock = _date(reader, cell, text), CLOCK.search(text.partition("T")[2] or text)
    hour, minute, second = (int(part or 0) for part in clock.groups()) if clock else (0, 0, 0)
    try:
        at = time(hour, minute, second) if hour or minute or second else time(23, 59, 59)
    except ValueError:
        raise BadCell("moment") from None
    return datetime.combine(day, at, reader.zone).isoformat()


def _period(reader: Reader, cell: object, text: str) -> str:
    """Read a period: one month as 2026-03, whatever else as it is written."""
    if isinstance(cell, datetime | date):
        return f"{cell:%Y-%m}"
    if (serial := _serial(text)) is not None and not re.fullmatch(r"20\d{4}", text):
        return f"{EPOCH + timedelta(days=int(serial)):%Y-%m}"
    return month_of(_text(reader, cell, text))


def month_of(period: str) -> str:
    """Return a period that is one month as 2026-03, any other as it is written."""
    match = MONTH.fullmatch(period)
    return f"{int(match[1]):04d}-{int(match[2]):02d}" if match is not None else period


READ: Mapping[str, Callable[[Reader, object, str], Any]] = {
    "text": _text,
    "phones": _phones,
    "cents": _cents,
    "area": _area,
    "number": _number,
    "day": _day,
    "moment": _moment,
    "period": _period,
}
