"""The header of a sheet: which row it is, what each column means, which kind of file it makes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rapidfuzz import process
from rapidfuzz.distance import JaroWinkler

from services.imports.columns import UNIT_PARTS, Columns, Kind, folded

LOOKED_THROUGH = 15  # rows from the top
CLOSE = 0.93
REMARK = re.compile(r"[(\uff08\[\u3010][^)\uff09\]\u3011]*[)\uff09\]\u3011]")  # must be filled in, in yuan …
LEAST = 2  # columns that make a header


@dataclass(frozen=True, slots=True)
class Header:
    """Where the header stands and what its columns are."""

    row: int  # the last row of it, counted from 0
    columns: Mapping[str, int]  # field → column, counted from 0
    titles: Mapping[int, str]  # column → as the file calls it

    @property
    def is_split(self) -> bool:
        """Whether the unit's parts stand in columns of their own."""
        return {"building", "room"} <= set(self.columns)

    def lacks(self, needs: Iterable[str]) -> list[str]:
        """Return what a kind of file needs and this header does not have."""
        has = set(self.columns) | ({"unit"} if self.is_split else set())
        return [field for field in needs if field not in has]


def kind_of(rows: Sequence[Sequence[str]], known: Columns) -> Kind | None:
    """Tell the kind of file by its header; None when nothing or two kinds fit equally."""
    scores = []
    for kind, sort in known.sorts.items():
        header = find(rows, kind, known)
        if header is not None and not header.lacks(sort.needs):
            scores.append((len(set(header.columns) & sort.telling) * 10 + len(header.columns), kind))
    scores.sort(reverse=True)
    if not scores or (len(scores) > 1 and scores[0][0] == scores[1][0]):
        return None
    return scores[0][1]


def find(rows: Sequence[Sequence[str]], kind: Kind, known: Columns) -> Header | None:
    """Find the header of a kind among the first rows: the row, or two merged ones, that name most of its columns."""
    best: Header | None = None
    for at, row in enumerate(rows[:LOOKED_THROUGH]):
        candidates = [_named(at, row, kind, known)]
        if at + 1 < len(rows):
            candidates.append(_named(at + 1, _joined(row, rows[at + 1]), kind, known))
        for header in candidates:
            if len(header.columns) >= LEAST and (best is None or len(header.columns) > len(best.columns)):
                best = header
    return best


def _joined(upper: Sequence[str], below: Sequence[str]) -> list[str]:
    """Lay two rows of a merged header over each other: below what there is, above what is left."""
    width = max(len(upper), len(below))
    above = [*upper, *[""] * (width - len(upper))]
    under = [*below, *[""] * (width - len(below))]
    return [low.strip() or high.strip() for high, low in zip(above, under, strict=True)]


def _named(at: int, row: Sequence[str], kind: Kind, known: Columns) -> Header:
    columns: dict[str, int] = {}
    titles: dict[int, str] = {}
    for column, title in enumerate(row):
        field = _field(title, kind, known)
        if field is not None and field not in columns:
            columns[field], titles[column] = column, title.strip()
    return Header(at, _alone(columns), titles)


def _alone(columns: dict[str, int]) -> dict[str, int]:
    """Read a lone column of rooms as whole units, where no building stands beside it."""
    if "room" in columns and "building" not in columns and "unit" not in columns:
        return {"unit" if field == "room" else field: at for field, at in columns.items()}
    if "unit" in columns and "building" in columns and "room" not in columns:
        return {"room" if field == "unit" else field: at for field, at in columns.items()}
    return {field: at for field, at in columns.items() if not ("unit" in columns and field in UNIT_PARTS)}


def _field(title: str, kind: Kind, known: Columns) -> str | None:
    words = known.titles[kind]
    said = folded(title)
    if said not in words:
        said = folded(REMARK.sub("", title))
    if not said or said.isdigit():
        return None
    if said in words:
        return words[said]
    near = process.extractOne(said, words.keys(), scorer=JaroWinkler.normalized_similarity, score_cutoff=CLOSE)
    return words[near[0]] if near is not None and len(said) > LEAST else None
