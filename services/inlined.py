"""Constants written into the SQL itself: only then can a planner tell that a partial index covers the query.

SQLite compares the words of a query with those of the index. A list of bound values never matches; for a single one it
plans the query anew at every run, in the hope that the value fits, which costs ten times what running it costs.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, literal_column


def among(column: Any, values: tuple[str, ...]) -> ColumnElement[bool]:  # noqa: ANN401 - a mapped attribute
    """Say `column IN ('a', 'b')`, letter by letter as a partial index says it."""
    found: ColumnElement[bool] = column.in_([_word(value) for value in values])
    return found


def outside(column: Any, values: tuple[str, ...]) -> ColumnElement[bool]:  # noqa: ANN401
    """Say `column NOT IN ('a', 'b')` the same way."""
    found: ColumnElement[bool] = column.not_in([_word(value) for value in values])
    return found


def equal(column: Any, value: str) -> ColumnElement[bool]:  # noqa: ANN401
    """Say `column = 'a'`."""
    found: ColumnElement[bool] = column == _word(value)
    return found


def _word(value: str) -> ColumnElement[str]:
    if not value.isidentifier():
        msg = f"{value!r} is no code word: bind it instead"
        raise ValueError(msg)
    return literal_column(f"'{value}'")
