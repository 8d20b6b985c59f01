"""Tables written as an .xlsx workbook, row by row; what people typed is never a formula."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from services.digests.pages import Cell, Rate, Table
from services.messages import Cents, Text

SAFE = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
LONGEST_TITLE = 31  # of a sheet, as spreadsheets bear it
MIME = "application/octet-stream"  # its own type is longer than the column for it; the name says what it is
WIDTH = 12


def write(tables: Sequence[Table], *, say: Callable[[Text], str], zone: ZoneInfo) -> bytes:
    """Return the workbook's bytes."""
    import xlsxwriter  # noqa: PLC0415 - few processes ever write one

    kept = io.BytesIO()
    with xlsxwriter.Workbook(kept, SAFE) as book:
        bold = book.add_format({"bold": True, "bottom": 1, "bg_color": "#EEF2F7"})
        percent = book.add_format({"num_format": "0.0%"})
        moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        money = book.add_format({"num_format": "#,##0.00"})
        formats = {Rate: percent, Cents: money}
        for table in tables:
            sheet = book.add_worksheet(say(table.title)[:LONGEST_TITLE])
            sheet.freeze_panes(1, 1)
            for column in range(len(table.heads)):
                width = table.widths[column] if column < len(table.widths) else WIDTH
                sheet.set_column(column, column, width)
            for column, head in enumerate(table.heads):
                sheet.write_string(0, column, say(head), bold)
            for row, cells in enumerate(table.rows, start=1):
                for column, cell in enumerate(cells):
                    value = _value(cell, say, zone)
                    if isinstance(value, str):
                        sheet.write_string(row, column, value)
                    elif isinstance(value, datetime):
                        sheet.write_datetime(row, column, value, moment)
                    elif isinstance(value, date):
                        sheet.write_datetime(row, column, value, day)
                    elif value is not None:
                        sheet.write_number(row, column, value, formats.get(type(cell)))
    return kept.getvalue()


def _value(cell: Cell, say: Callable[[Text], str], zone: ZoneInfo) -> str | float | date | None:
    """Return what a cell holds: spreadsheets know no zone, so that moments are written as the estate's clocks show."""
    if isinstance(cell, Rate):
        return cell.value
    if isinstance(cell, Cents):
        return cell.amount / 100
    if isinstance(cell, datetime):
        return cell.astimezone(zone).replace(tzinfo=None)
    return cell if cell is None or isinstance(cell, str | int | float | date) else say(cell)
