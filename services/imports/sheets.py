"""A file's bytes as sheets of rows: spreadsheets by a library, text files in the encodings that offices save."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO, StringIO
from itertools import islice

DELIMITERS = ",\t;|"
LOOKED_AT = 15  # lines, to tell the delimiter
ZIP = b"PK\x03\x04"
OLD = b"\xd0\xcf\x11\xe0"  # the container of .xls, and of spreadsheets with a password
LARGEST = 64 * 1024 * 1024

Row = Sequence[object]


class NoTableError(ValueError):
    """The file can't be read as a table; the message is the name of why."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet; `rows` yields each row with its number as spreadsheets count, merged cells filled down."""

    name: str
    first: int  # the number of its first row
    cells: Sequence[Row]
    merged: Mapping[tuple[int, int], object]  # (row, column) of `cells` → what its merged area says

    def rows(self) -> Iterator[tuple[int, list[object]]]:
        """Yield the rows with their numbers."""
        for at, row in enumerate(self.cells):
            found = list(row)
            for column in range(len(found)):
                if found[column] in {"", None} and (at, column) in self.merged:
                    found[column] = self.merged[at, column]
            yield self.first + at, found

    def top(self, count: int) -> list[list[object]]:
        """Return the first rows."""
        return [row for _, row in islice(self.rows(), count)]


def read(raw: bytes) -> list[Sheet]:
    """Return the sheets that have anything in them; raises `NoTableError`."""
    if not raw.strip():
        raise NoTableError("empty")
    if len(raw) > LARGEST:
        raise NoTableError("large")
    if raw.startswith((ZIP, OLD)):
        return _spreadsheet(raw)
    return [_text(raw)]


def _spreadsheet(raw: bytes) -> list[Sheet]:
    from python_calamine import (  # noqa: PLC0415 - few turns need it
        CalamineError,
        PasswordError,
        SheetTypeEnum,
        load_workbook,
    )

    try:
        book = load_workbook(BytesIO(raw))
        kinds = {one.name: one.typ for one in book.sheets_metadata}
        names = [name for name in book.sheet_names if kinds[name] == SheetTypeEnum.WorkSheet]
        found = [_sheet(book.get_sheet_by_name(name)) for name in names]
    except PasswordError:
        raise NoTableError("password") from None
    except (CalamineError, OSError, ValueError):
        raise NoTableError("broken") from None
    full = [sheet for sheet in found if sheet.cells]
    if not full:
        raise NoTableError("empty")
    return full


def _sheet(sheet: object) -> Sheet:
    start: tuple[int, int] = sheet.start or (0, 0)  # type: ignore[attr-defined]
    rows: Sequence[Row] = sheet.to_python(skip_empty_area=True)  # type: ignore[attr-defined]
    left: tuple[int, int] = (start[0], start[1])
    ranges: Sequence[tuple[tuple[int, int], tuple[int, int]]] = sheet.merged_cell_ranges or ()  # type: ignore[attr-defined]
    return Sheet(sheet.name, start[0] + 1, rows, _filled(rows, ranges, left))  # type: ignore[attr-defined]


def _filled(
    rows: Sequence[Row], ranges: Sequence[tuple[tuple[int, int], tuple[int, int]]], start: tuple[int, int]
) -> dict[tuple[int, int], object]:
    """Say for every cell of a merged area what its corner says."""
    found: dict[tuple[int, int], object] = {}
    for (top, left), (bottom, right) in ranges:
        row, column = top - start[0], left - start[1]
        if 0 <= row < len(rows) and 0 <= column < len(rows[row]):
            said = rows[row][column]
            for each in range(row, min(bottom - start[0], len(rows) - 1) + 1):
                for one in range(column, right - start[1] + 1):
                    found[each, one] = said
    return found


def _text(raw: bytes) -> Sheet:
    text = _decoded(raw)
    head = text.split("\n", LOOKED_AT)[:LOOKED_AT]
    delimiter = max(DELIMITERS, key=lambda sign: sum(line.count(sign) for line in head))
    try:
        rows = list(csv.reader(StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error:
        raise NoTableError("broken") from None
    return Sheet("", 1, rows, {})


def _decoded(raw: bytes) -> str:
    for encoding in ("utf-8-sig", "utf-16" if raw.startswith((b"\xff\xfe", b"\xfe\xff")) else "gb18030"):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    raise NoTableError("encoding")
