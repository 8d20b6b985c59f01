"""A file's bytes as sheets of rows: spreadsheets by a library, text files in the encodings that offices save."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO, StringIO
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from python_calamine import CalamineSheet

DELIMITERS = ",\t;|"
LOOKED_AT = 15  # lines, to tell the delimiter
ZIP = b"PK\x03\x04"
OLD = b"\xd0\xcf\x11\xe0"  # the container of .xls, and of spreadsheets with a password
LARGEST = 64 * 1024 * 1024

Row = Sequence[object]
Place = tuple[int, int]  # row and column, counted from 0


class NoTableError(ValueError):
    """The file can't be read as a table; the message is the name of why."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet; `rows` yields each row with its number as spreadsheets count, merged cells filled down.

    The rows are read anew each time, one by one: a sheet is never held as a whole in our objects.
    """

    name: str
    first: int  # the number of its first row
    height: int
    width: int
    read: Callable[[], Iterator[Row]]
    corners: Mapping[Place, Place]  # cell of a merged area → the one that says what stands in it, by `read`'s count

    def rows(self) -> Iterator[tuple[int, list[object]]]:
        """Yield the rows with their numbers."""
        said: dict[Place, object] = {}
        for at, row in enumerate(self.read()):
            found = list(row)
            for column in range(len(found)) if self.corners else ():
                corner = self.corners.get((at, column))
                if corner == (at, column):
                    said[corner] = found[column]
                elif corner is not None and found[column] in {"", None}:
                    found[column] = said.get(corner, "")
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
    full = [sheet for sheet in found if sheet.height]
    if not full:
        raise NoTableError("empty")
    return full


def _sheet(sheet: CalamineSheet) -> Sheet:
    top, left = sheet.start or (0, 0)
    height, width = (sheet.height, sheet.width) if sheet.start else (0, 0)

    def rows() -> Iterator[Row]:
        return islice(sheet.iter_rows(), top, None)  # the library begins at the top, but not at the left

    return Sheet(
        sheet.name, top + 1, height, width, rows, _corners(sheet.merged_cell_ranges or (), (top, left), (height, width))
    )


def _corners(areas: Iterable[tuple[Place, Place]], start: Place, size: Place) -> dict[Place, Place]:
    """Say for every cell of a merged area which corner speaks for it."""
    found: dict[Place, Place] = {}
    for (top, left), (bottom, right) in areas:
        corner = top - start[0], left - start[1]
        if min(corner) < 0 or corner[0] >= size[0] or corner[1] >= size[1]:
            continue
        for row in range(corner[0], min(bottom - start[0], size[0] - 1) + 1):
            for column in range(corner[1], min(right - start[1], size[1] - 1) + 1):
                found[row, column] = corner
    return found


def _text(raw: bytes) -> Sheet:
    text = _decoded(raw)
    head = text.split("\n", LOOKED_AT)[:LOOKED_AT]
    delimiter = max(DELIMITERS, key=lambda sign: sum(line.count(sign) for line in head))

    def rows() -> Iterator[Row]:
        return csv.reader(StringIO(text, newline=""), delimiter=delimiter)

    height = width = 0
    try:
        for row in rows():
            height, width = height + 1, max(width, len(row))
    except csv.Error:
        raise NoTableError("broken") from None
    return Sheet("", 1, height, width, rows, {})


def _decoded(raw: bytes) -> str:
    for encoding in ("utf-8-sig", "utf-16" if raw.startswith((b"\xff\xfe", b"\xfe\xff")) else "gb18030"):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    raise NoTableError("encoding")
