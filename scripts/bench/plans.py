"""How a database goes about each statement that was run, and which table it goes through from end to end.

All that an estate ever had counts as a whole table too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import event

from services.connections import Driver
from services.db import Session
from services.models import Base

BIG = frozenset(
    {"ticket", "history", "holding", "content", "deadline", "pause", "escalation", "card", "outbox", "timer", "survey"}
)
SQLITE_SCAN = re.compile(r"^SCAN (\w+?)(?:_\d+)?(?: USING (?:COVERING )?INDEX (\w+))?$")
SQLITE_ESTATE = re.compile(r"^SEARCH (\w+?)(?:_\d+)? USING (?:COVERING )?INDEX (\w+) \((?:community_id=\?|ANY\(.*)\)$")
POSTGRES_ESTATE = re.compile(r"Index Cond: \(community_id = [^()]*\)$")
POSTGRES_SCAN = re.compile(r"(Seq|Index(?: Only)?) Scan (?:Backward )?(?:using (\w+) )?on (\w+)")


@dataclass(frozen=True, slots=True)
class Plan:
    """A statement and how it is done; `scans` names big tables that are gone through from end to end."""

    sql: str
    steps: Sequence[str]
    scans: Sequence[str]


class Listening:
    """A driver that notes the statements that go straight to it."""

    def __init__(self, driver: Driver, heard: list[tuple[str, Sequence[Any]]]) -> None:
        """Listen to a driver."""
        self._driver, self._heard = driver, heard

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        """Leave everything else to the driver."""
        return getattr(self._driver, name)

    async def fetch(self, sql: str, values: Sequence[Any]) -> Sequence[Sequence[Any]]:
        """Note the statement and run it."""
        self._heard.append((sql, values))
        return await self._driver.fetch(sql, values)

    async def fetch_many(self, sql: str, several: Sequence[Sequence[Any]]) -> Sequence[Sequence[Any]]:
        """Note the statement and run it for all."""
        self._heard.append((sql, several[0]))
        return await self._driver.fetch_many(sql, several)


@contextmanager
def heard(session: Session) -> Iterator[list[tuple[str, Sequence[Any]]]]:
    """Give a list of the statements that go through the session while the block runs, each with its values."""
    found: list[tuple[str, Sequence[Any]]] = []
    driver, connection = session.driver, session.driver.connection.sync_connection

    def note(_connection: object, _cursor: object, sql: str, values: Any, _context: object, many: bool) -> None:  # noqa: ANN401, FBT001
        found.append((sql, values[0] if many else values))

    session.driver = cast("Driver", Listening(driver, found))
    event.listen(connection, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(connection, "before_cursor_execute", note)
        session.driver = driver


async def explained(session: Session, statements: Sequence[tuple[str, Sequence[Any]]]) -> Sequence[Plan]:
    """Return how each statement is done, once for each wording."""
    by_sql = {sql: tuple(values or ()) for sql, values in statements}
    return [await _explained(session, sql, values) for sql, values in by_sql.items()]


async def _explained(session: Session, sql: str, values: Sequence[Any]) -> Plan:
    how = "EXPLAIN QUERY PLAN" if session.driver.is_sqlite else "EXPLAIN (COSTS OFF)"
    steps = [str(row[-1]) for row in await session.driver.fetch(f"{how} {sql}", values)]
    return Plan(" ".join(sql.split()), steps, scanned(steps, is_sqlite=session.driver.is_sqlite))


def scanned(steps: Sequence[str], *, is_sqlite: bool) -> Sequence[str]:
    """Return which big tables the steps go through from end to end; an index over a few rows is no table."""
    found = (_in_sqlite(step) for step in steps) if is_sqlite else _in_postgres(steps)
    few = _partial_indexes()
    return [table for table, index in found if table in BIG and index not in few]


def _in_sqlite(step: str) -> tuple[str, str]:
    scan = SQLITE_SCAN.match(step) or SQLITE_ESTATE.match(step)
    return (scan[1], scan[2] or "") if scan else ("", "")


def _in_postgres(steps: Sequence[str]) -> Iterator[tuple[str, str]]:
    """A scan by an index is one of the whole table where no condition follows but, perhaps, whose estate it is."""
    for number, step in enumerate(steps):
        scan = POSTGRES_SCAN.search(step)
        following = steps[number + 1] if number + 1 < len(steps) else ""
        if scan and not ("Bitmap" in step or _narrows(following)):
            yield scan[3], scan[2] or ""


def _narrows(condition: str) -> bool:
    """Whether a condition asks for more than an estate."""
    return "Index Cond" in condition and not POSTGRES_ESTATE.search(condition)


def _partial_indexes() -> frozenset[str]:
    return frozenset(
        str(index.name)
        for table in Base.metadata.tables.values()
        for index in table.indexes
        if index.dialect_options["sqlite"]["where"] is not None
    )
