"""Kept statements straight to the driver.

The engine's way from a statement to its rows costs ten times what the database needs for it. A statement that is made
once and kept has all that the way finds out: its SQL, the order of its parameters, how values are converted. Here it
is asked once; the session's connection, its transaction and its errors stay the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Executable
from sqlalchemy.engine import Dialect, IteratorResult, Result
from sqlalchemy.engine.result import SimpleResultMetaData
from sqlalchemy.sql.compiler import SQLCompiler

from services.connections import Session

Convert = Callable[[Any], Any]
Given = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is known of a statement: its SQL, each parameter's name, value (if constant) and conversion, its columns."""

    sql: str
    parameters: Sequence[tuple[str, Any, Convert | None]]
    columns: SimpleResultMetaData
    converted: Sequence[tuple[int, Convert]]

    def values(self, given: Given) -> list[Any]:
        """Put the parameters into the driver's order."""
        return [
            convert(given.get(name, constant)) if convert else given.get(name, constant)
            for name, constant, convert in self.parameters
        ]

    def result(self, rows: Sequence[Sequence[Any]]) -> Result[*tuple[Any, ...]]:
        """Convert what came back."""
        if self.converted:
            rows = [self._converted(row) for row in rows]
        return IteratorResult(self.columns, iter(rows))

    def _converted(self, row: Sequence[Any]) -> Sequence[Any]:
        fields = list(row)
        for index, convert in self.converted:
            fields[index] = convert(fields[index])
        return tuple(fields)


async def execute(session: Session, statement: Executable, given: Given) -> Result[*tuple[Any, ...]]:
    """Execute a kept Core statement; what needs the engine (lists in it) goes its way."""
    plan = _plan(statement, session.driver.dialect, tuple(given))
    if plan is None:
        return await session.execute(statement, given)
    return plan.result(await session.driver.fetch(plan.sql, plan.values(given)))


async def scalar(session: Session, statement: Executable, given: Given) -> Any:  # noqa: ANN401
    """Return the first column of the first row, or None."""
    return (await execute(session, statement, given)).scalar()


@lru_cache(maxsize=1000)
def _plan(statement: Executable, dialect: Dialect, names: tuple[str, ...]) -> Plan | None:
    compiled: Any = statement.compile(dialect=dialect, column_keys=list(names))  # type: ignore[attr-defined]
    if not isinstance(compiled, SQLCompiler) or compiled.post_compile_params or compiled.positiontup is None:
        return None
    converts: Mapping[str, Any] = compiled._bind_processors  # noqa: SLF001
    prefetched: Mapping[str, Any] = {column.key: column.default for column in compiled.insert_prefetch}
    if any(not default.is_scalar for default in prefetched.values()) or compiled.update_prefetch:
        return None
    constants = {name: compiled.binds[name].value for name in compiled.positiontup}
    constants |= {name: default.arg for name, default in prefetched.items()}
    columns = compiled._result_columns  # noqa: SLF001
    found = [(index, _reader(column.type, dialect)) for index, column in enumerate(columns)]
    return Plan(
        sql=str(compiled),
        parameters=[(compiled.binds[name].key, constants[name], converts.get(name)) for name in compiled.positiontup],
        columns=SimpleResultMetaData([column.keyname for column in columns]),
        converted=[(index, convert) for index, convert in found if convert is not None],
    )


def _reader(kind: Any, dialect: Dialect) -> Convert | None:  # noqa: ANN401
    found: Convert | None = kind._cached_result_processor(dialect, None)  # noqa: SLF001
    return found
