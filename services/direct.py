"""Kept statements straight to the driver.

The engine's way from a statement to its rows costs ten times what the database needs for it. A statement that is made
once and kept has all that the way finds out: its SQL, the order of its parameters, how values are converted. Here it
is asked once; the session's connection, its transaction and its errors stay the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import Executable
from sqlalchemy.engine import Dialect, IteratorResult, Result
from sqlalchemy.engine.result import SimpleResultMetaData
from sqlalchemy.sql.compiler import SQLCompiler

if TYPE_CHECKING:
    from services.connections import Session

Convert = Callable[[Any], Any]
Given = Mapping[str, Any]

LONGEST_LIST = 30  # of values in a statement that is kept for this length


@dataclass(frozen=True, slots=True)
class Plan:
    """What is known of a statement: its SQL, each parameter's name, value (if constant) and conversion, its columns."""

    sql: str
    parameters: Sequence[tuple[str, Any, Convert | None]]
    lists: Mapping[str, Sequence[str]]  # a list's name, and the names of its parameters
    columns: SimpleResultMetaData
    converted: Sequence[tuple[int, Convert]]

    def values(self, given: Given) -> list[Any]:
        """Put the parameters into the driver's order."""
        if self.lists:
            given = dict(given)
            for name, items in self.lists.items():
                given.update(zip(items, given[name], strict=True))
        return [
            convert(given.get(name, constant)) if convert else given.get(name, constant)
            for name, constant, convert in self.parameters
        ]

    def rows(self, rows: Sequence[Sequence[Any]]) -> Sequence[Sequence[Any]]:
        """Convert what came back."""
        return [self._converted(row) for row in rows] if self.converted else rows

    def _converted(self, row: Sequence[Any]) -> Sequence[Any]:
        fields = list(row)
        for index, convert in self.converted:
            fields[index] = convert(fields[index])
        return tuple(fields)


async def execute(session: Session, statement: Executable, given: Given) -> Result[*tuple[Any, ...]]:
    """Execute a kept Core statement; one that can't be planned goes the engine's way."""
    plan = planned(session, statement, given)
    if plan is None:
        return await session.execute(statement, given)
    rows = await session.driver.fetch(plan.sql, plan.values(given))
    return IteratorResult(plan.columns, iter(plan.rows(rows)))


async def scalar(session: Session, statement: Executable, given: Given) -> Any:  # noqa: ANN401
    """Return the first column of the first row, or None."""
    return (await execute(session, statement, given)).scalar()


async def execute_many(session: Session, statement: Executable, several: Sequence[Given]) -> Result[*tuple[Any, ...]]:
    """Execute a kept statement for several sets of parameters, sent together; return the rows of all, in order."""
    if len(several) == 1:
        return await execute(session, statement, several[0])
    plan = planned(session, statement, several[0])
    if plan is None or plan.lists:
        msg = f"to be executed for many: {statement}"
        raise TypeError(msg)
    rows = await session.driver.fetch_many(plan.sql, [plan.values(given) for given in several])
    return IteratorResult(plan.columns, iter(plan.rows(rows)))


def planned(session: Session, statement: Executable, given: Given) -> Plan | None:
    """Return the statement's plan, made once for each length of its lists."""
    dialect, names = session.driver.dialect, tuple(given)
    lists = _lists(statement, dialect, names)
    if not lists:
        return _plan(statement, dialect, names, ())
    lengths = tuple(len(given[name]) for name in lists)
    return _plan(statement, dialect, names, lengths) if max(lengths) <= LONGEST_LIST else None


@lru_cache(maxsize=1000)
def _compiled(statement: Executable, dialect: Dialect, names: tuple[str, ...]) -> Any:  # noqa: ANN401
    return statement.compile(dialect=dialect, column_keys=list(names))  # type: ignore[attr-defined]


@lru_cache(maxsize=1000)
def _lists(statement: Executable, dialect: Dialect, names: tuple[str, ...]) -> Sequence[str]:
    compiled = _compiled(statement, dialect, names)
    return sorted(parameter.key for parameter in getattr(compiled, "post_compile_params", ()))


@lru_cache(maxsize=2000)
def _plan(statement: Executable, dialect: Dialect, names: tuple[str, ...], lengths: tuple[int, ...]) -> Plan | None:
    compiled = _compiled(statement, dialect, names)
    if not isinstance(compiled, SQLCompiler) or compiled.positiontup is None:
        return None
    prefetched: Mapping[str, Any] = {column.key: column.default for column in compiled.insert_prefetch}
    if any(not default.is_scalar for default in prefetched.values()) or compiled.update_prefetch:
        return None
    lists = _lists(statement, dialect, names)
    blank: dict[str, Any] = dict.fromkeys(names)
    blank |= {name: [None] * length for name, length in zip(lists, lengths, strict=True)}
    spelt: Any = compiled.construct_expanded_state(blank) if lists else compiled
    positions: Sequence[str] = spelt.positiontup
    expanded: Mapping[str, Sequence[str]] = spelt.parameter_expansion if lists else {}
    constants = {name: bound.value for name, bound in compiled.binds.items() if name in positions}
    constants |= {name: default.arg for name, default in prefetched.items()}
    converts: Mapping[str, Any] = {**compiled._bind_processors, **(spelt.processors if lists else {})}  # noqa: SLF001
    keys = {name: compiled.binds[name].key for name in positions if name in compiled.binds}
    columns = compiled._result_columns  # noqa: SLF001
    found = [(index, _reader(column.type, dialect)) for index, column in enumerate(columns)]
    return Plan(
        sql=spelt.statement if lists else str(compiled),
        parameters=[(keys.get(name, name), constants.get(name), converts.get(name)) for name in positions],
        lists=expanded,
        columns=SimpleResultMetaData([column.keyname for column in columns]),
        converted=[(index, convert) for index, convert in found if convert is not None],
    )


def _reader(kind: Any, dialect: Dialect) -> Convert | None:  # noqa: ANN401
    found: Convert | None = kind._cached_result_processor(dialect, None)  # noqa: SLF001
    return found
