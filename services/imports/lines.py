"""The rows of a sheet under its header, each as the fields of its kind and what is wrong with them: pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import Any

from services.imports.cells import BadCell, Reader, written
from services.imports.columns import UNIT_PARTS, Columns, Kind, folded
from services.imports.headers import Header
from services.imports.sheets import Sheet
from services.understanding import places
from services.understanding.places import PlaceWords

DASHED = re.compile(r"[-_.#/\\\s]+")
PART = re.compile(r"[0-9A-Za-z]{1,12}")
LETTERS = 26
LONGEST_SHOWN = 60
PARTS, WITHOUT_ENTRANCE = 3, 2
SAME_AS_HEADER = 2
NO_COLUMN = -1  # a problem of the whole row


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a cell: where, what it says, what is expected (the name of a text)."""

    column: str  # its letter, empty for the whole row
    title: str
    found: str
    expected: str

    def packed(self) -> dict[str, str]:
        """Return it as the row keeps it."""
        return {"column": self.column, "title": self.title, "found": self.found, "expected": self.expected}


@dataclass(slots=True)
class Line:
    """One row of a file."""

    sheet: str
    row: int  # as the spreadsheet numbers it
    fields: dict[str, Any]
    problems: list[Problem] = field(default_factory=list)
    state: str = "new"  # new | changed | same | bad
    form: Form | None = None


@dataclass(frozen=True)
class Form:
    """How the lines of a sheet are read."""

    kind: Kind
    header: Header
    reader: Reader

    @cached_property
    def titles(self) -> frozenset[str]:
        """Give the file's own titles as they are compared."""
        return frozenset(folded(title) for title in self.header.titles.values())

    @property
    def columns(self) -> Columns:
        """Give the words of columns."""
        return self.reader.columns

    def problem(self, name: str, found: object, expected: str) -> Problem:
        """Say what is wrong with a field."""
        at = self.header.columns.get(name, self.header.columns.get("room", NO_COLUMN) if name == "unit" else NO_COLUMN)
        return Problem(letter(at), self.header.titles.get(at, ""), written(found)[:LONGEST_SHOWN], expected)


def letter(column: int) -> str:
    """Return the letters of a column, counted from 0: A, Z, AA; an empty text for none."""
    text, at = "", column + 1
    while at > 0:
        at, rest = divmod(at - 1, LETTERS)
        text = chr(ord("A") + rest) + text
    return text


def read(sheet: Sheet, form: Form) -> Iterator[Line]:
    """Yield a line for every row that says something; totals and repeated headers are no lines."""
    above: dict[str, object] = {}
    first = sheet.first + form.header.row
    for number, cells in sheet.rows():
        if number <= first or _is_nothing(cells, form):
            continue
        yield _line(sheet.name, number, _spread(cells, form, above), form)


def _is_nothing(cells: Sequence[object], form: Form) -> bool:
    """Whether a row is empty, adds others up, or is the header once more."""
    first = list(islice((text for text in map(written, cells) if text), 2))
    folds = [folded(text) for text in first]
    if not folds or not form.columns.totals.isdisjoint(folds):
        return True
    return len(folds) == SAME_AS_HEADER and form.titles.issuperset(folds)


def _spread(cells: Sequence[object], form: Form, above: dict[str, object]) -> Mapping[str, object]:
    """Return the cells by field; a building that stands only in its first row holds for the rows below."""
    found = {name: cells[at] if at < len(cells) else None for name, at in form.header.columns.items()}
    if form.header.is_split:
        for name in ("building", "entrance"):
            if written(found.get(name)):
                above[name] = found[name]
                if name == "building":
                    above.pop("entrance", None) if not written(found.get("entrance")) else None
            elif name in found:
                found[name] = above.get(name)
    return found


def _line(sheet: str, row: int, cells: Mapping[str, object], form: Form) -> Line:
    line = Line(sheet, row, {}, form=form)
    for name, cell in cells.items():
        if name in {"unit", *UNIT_PARTS}:
            continue
        try:
            value = form.reader.read(name, cell)
        except BadCell as bad:
            line.problems.append(form.problem(name, cell, str(bad)))
            continue
        if value is not None:
            line.fields[name] = value
    _place(line, cells, form)
    for name in form.columns.sorts[form.kind].needs:
        if name not in line.fields and not any(one.title == _title(form, name) for one in line.problems):
            line.problems.append(form.problem(name, cells.get(name), "needed"))
    return line


def _title(form: Form, name: str) -> str:
    return form.problem(name, "", "").title or "\0"


def _place(line: Line, cells: Mapping[str, object], form: Form) -> None:
    """Read which unit it is: three parts, from one cell or several."""
    said = written(cells.get("unit"))
    if said:
        parts = parts_of(said, form.columns)
    else:
        parts = [_bare(written(cells.get(name)), form.columns) for name in UNIT_PARTS]
        if not parts[0] or not parts[2]:
            return
    if parts is None:
        line.problems.append(form.problem("unit", said, "unit"))
        return
    line.fields["unit"] = list(parts)


def _bare(text: str, columns: Columns) -> str:
    """Return a part of a unit's name without what it is called: 3 for building 3."""
    for ending in columns.endings:
        if text.endswith(ending) and len(text) > len(ending):
            return text[: -len(ending)].strip()
    return text.strip()


def parts_of(text: str, columns: Columns) -> list[str] | None:
    """Read a unit's name into building, entrance, room; None when it names none.

    3-2-1502, 3#2-1502, and as people write it. Without an entrance the second part is empty.
    """
    dashed = [_bare(part, columns) for part in DASHED.split(text.strip()) if part]
    if all(PART.fullmatch(part) for part in dashed):
        if len(dashed) == PARTS:
            return dashed
        if len(dashed) == WITHOUT_ENTRANCE:
            return [dashed[0], "", dashed[1]]
    return _spoken(places.places_in(text).place)


def _spoken(place: PlaceWords | None) -> list[str] | None:
    if place is None or not place.building or not place.room:
        return None
    return [place.building, place.entrance or "", place.room]
