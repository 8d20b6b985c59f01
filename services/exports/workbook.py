"""A table as a workbook, row by row: widths, filters, a header that stays; texts are texts whatever they begin with."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from services.exports.tables import Cell

OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_numbers": False,
    "strings_to_urls": False,
}
NARROW, WIDE = 10, 40
DAY_WIDTH, SUM_WIDTH = 12, 13


class Workbook:
    """One table being written to a file."""

    def __init__(self, place: Path, title: str, header: Sequence[str]) -> None:
        """Begin with the header."""
        import xlsxwriter  # noqa: PLC0415 - few turns need it

        self._book: Any = xlsxwriter.Workbook(str(place), OPTIONS)
        self._page = self._book.add_worksheet(title[:31])
        self._bold = self._book.add_format({"bold": True, "bottom": 1})
        self._sum = self._book.add_format({"num_format": "#,##0.00"})
        self._day = self._book.add_format({"num_format": "yyyy-mm-dd"})
        self._columns = len(header)
        self._row = 0
        for at, name in enumerate(header):
            width = max(NARROW, min(WIDE, 2 * len(name) + 4))
            self._page.set_column(at, at, width)
        for at, name in enumerate(header):
            self._page.write_string(0, at, name, self._bold)
        self._page.freeze_panes(1, 0)

    def __enter__(self) -> Self:
        """Write inside the block."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Set the filter and close the file."""
        self._page.autofilter(0, 0, max(self._row, 1), self._columns - 1)
        self._book.close()

    def add(self, cells: Sequence[Cell]) -> None:
        """Write one row."""
        self._row += 1
        for at, cell in enumerate(cells):
            if cell is None or cell == "":
                continue
            if isinstance(cell, str):
                self._page.write_string(self._row, at, cell)
            elif isinstance(cell, date):
                self._page.write_datetime(self._row, at, cell, self._day)
            elif isinstance(cell, Decimal):
                self._page.write_number(self._row, at, cell, self._sum)
            else:
                self._page.write_number(self._row, at, cell)
