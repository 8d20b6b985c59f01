"""A roster as a CSV file: badge, date, start, end; every line is a stretch of duty or says what is wrong with it."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from io import StringIO
from itertools import pairwise
from zoneinfo import ZoneInfo

from services.messages import T
from services.stretches import Stretch
from services.texts import LOCALES, Texts
from services.understanding import shifttimes
from services.understanding.normalise import normalise

COLUMNS = ("badge", "date", "start", "end")
DIGITS = re.compile(r"\d+")
COMPACT = {8: (4, 6), 4: (2,)}  # digits run together: 20260412, 0830
DELIMITERS = "\t;"
DATE_PARTS = 3


class NotARosterError(ValueError):
    """The file can't be read at all; the message says why."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the file: whose duty and when, or what is wrong with it."""

    number: int
    badge: str = ""
    stretch: Stretch | None = None
    wrong: str = ""


def read(raw: bytes, *, texts: Texts, zone: ZoneInfo) -> list[Line]:
    """Read every line that is not empty; raises `NotARosterError`."""
    text = _decoded(raw)
    first = text.split("\n", 1)[0]
    rows = csv.reader(StringIO(text, newline=""), delimiter=next((d for d in DELIMITERS if d in first), ","))
    try:
        columns = _columns(next(rows, []), texts)
        return [_line(rows.line_num, row, columns, zone) for row in rows if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise NotARosterError(f"line {rows.line_num}: {error}") from error


def _decoded(raw: bytes) -> str:
    """Decode as spreadsheets save: UTF-8 with or without its mark, else the Chinese code page."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise NotARosterError("neither UTF-8 nor GB18030")


def _columns(header: Sequence[str], texts: Texts) -> Mapping[str, int]:
    said = [normalise(cell).strip().lower() for cell in header]
    found: dict[str, int] = {}
    for column in COLUMNS:
        words = _said(texts, column)
        place = next((index for index, cell in enumerate(said) if cell in words), None)
        if place is None:
            raise NotARosterError(f"line 1: no column {column!r}; the header names {', '.join(COLUMNS)}")
        found[column] = place
    return found


def _said(texts: Texts, column: str) -> set[str]:
    """Return what a column may be called, in every language."""
    called = [texts.label(T(f"words.roster.{column}"), locale) for locale in LOCALES]
    return {normalise(word).lower() for words in called for word in words.split("|")}


def _line(number: int, row: Sequence[str], columns: Mapping[str, int], zone: ZoneInfo) -> Line:
    cells = {name: row[place].strip() if place < len(row) else "" for name, place in columns.items()}
    day, first, last = _day(cells["date"]), _clock(cells["start"]), _clock(cells["end"])
    if not cells["badge"]:
        return Line(number, wrong="no badge")
    if day is None:
        return Line(number, wrong=f"date {cells['date']!r} is none; such as 2026-04-12")
    for name, clock in (("start", first), ("end", last)):
        if clock is None:
            return Line(number, wrong=f"{name} {cells[name]!r} is no time; such as 08:00")
    stretch = shifttimes.stretch(day, first, last, zone) if first is not None and last is not None else None
    if stretch is None:
        return Line(number, wrong="no time between start and end")
    return Line(number, cells["badge"], stretch)


def _numbers(cell: str) -> list[int]:
    parts = DIGITS.findall(normalise(cell))
    if len(parts) == 1 and len(parts[0]) in COMPACT:
        ends = (0, *COMPACT[len(parts[0])], len(parts[0]))
        parts = [parts[0][start:end] for start, end in pairwise(ends)]
    return [int(part) for part in parts]


def _day(cell: str) -> date | None:
    parts = _numbers(cell)
    if len(parts) < DATE_PARTS:
        return None
    try:
        return date(*parts[:DATE_PARTS])
    except (ValueError, OverflowError):
        return None


def _clock(cell: str) -> timedelta | None:
    parts = _numbers(cell)
    return shifttimes.clock(parts[0], parts[1] if len(parts) > 1 else 0) if parts else None
