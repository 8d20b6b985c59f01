"""Constants written into the SQL itself: only then can a planner tell that a partial index covers the query.

SQLite compares the words of a query with those of the index. A list of bound values never matches; for a single one it
plans the query anew at every run, in the hope that the value fits, which costs ten times what running it costs.
"""

from __future__ import annotations

import sys
from typing import Any

from sqlalchemy import Boolean, ColumnElement, String, bindparam, literal_column
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


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


class _Begins(FunctionElement[bool]):
    """Whether a text begins with another."""

    name = "begins"
    type = Boolean()
    inherit_cache = True


@compiles(_Begins, "sqlite")
def _on_sqlite(element: _Begins, compiler: SQLCompiler, **kwargs: Any) -> str:  # noqa: ANN401
    text, prefix, last = (compiler.process(clause, **kwargs) for clause in list(element.clauses)[:3])
    return f"({text} >= {prefix} AND {text} < {last})"


@compiles(_Begins, "postgresql")
def _on_postgresql(element: _Begins, compiler: SQLCompiler, **kwargs: Any) -> str:  # noqa: ANN401
    column, _, _, pattern = element.clauses  # a parameter that is made but not used has no type
    text, like = compiler.process(column, **kwargs), compiler.process(pattern, **kwargs)
    return f"{text} LIKE {like} ESCAPE '/'"


def begins(column: Any) -> ColumnElement[bool]:  # noqa: ANN401
    """Say that a text begins with what `prefixed` is given: as a span on SQLite, where a LIKE goes through all rows."""
    return _Begins(column, *(bindparam(name, type_=String()) for name in ("prefix", "last", "pattern")))


def prefixed(prefix: str) -> dict[str, str]:
    """Return what a statement with `begins` is given."""
    escaped = prefix.replace("/", "//").replace("%", "/%").replace("_", "/_")
    return {"prefix": prefix, "last": prefix + chr(sys.maxunicode), "pattern": f"{escaped}%"}


def _word(value: str) -> ColumnElement[str]:
    if not value.isidentifier():
        msg = f"{value!r} is no code word: bind it instead"
        raise ValueError(msg)
    return literal_column(f"'{value}'")
