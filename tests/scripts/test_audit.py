"""The audit: a whole history, an erased one, a forged one."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

from services import actors
from services.db import Database
from services.models import Community, Ticket
from services.tickets import history
from services.tickets.history import Said
from tests.scripts.conftest import Call

NOW = datetime(2026, 4, 12, 2, tzinfo=UTC)


async def _file(url: str) -> None:
    db = Database(url)
    async with db.transaction() as session:
        session.add(Community(id=1, slug="a", name="A", zone="UTC", locale="en", phone="1", created_at=NOW))
        await session.flush()
        ticket = Ticket(
            id=1, community_id=1, year=2026, number="0412-01", kind="repair", category="plumbing", state="open",
            priority="normal", scope="unit", place="3-2-1502", matter="a leak", payer="free", source="chat",
            team="engineering", created_at=NOW, seq=0, head="",
        )  # fmt: skip
        session.add(ticket)
        await session.flush()
        for action in ("file", "note"):
            said = Said("a leak")
            await history.append(session, actors.system("test"), ticket=ticket, action=action, now=NOW, said=said)
    await db.dispose()


@pytest.fixture
def place(migrated: Path) -> Path:
    """Return a database with one ticket and two rows of history."""
    asyncio.run(_file(f"sqlite:///{migrated}"))
    return migrated


def _run(place: Path, *statements: str) -> None:
    with sqlite3.connect(place) as rows:
        for statement in statements:
            rows.executescript(statement)
    rows.close()


@pytest.mark.usefixtures("place")
def test_a_whole_history_is_told(call: Call) -> None:
    assert call("audit", "seal").output == "1 new seals\n"
    assert call("audit", "seal").output == "nothing new to seal\n"
    told = call("audit", "verify")
    assert told.exit_code == 0
    whole, newest = told.output.splitlines()
    assert whole == "1 tickets, 2 rows, 1 seals; words of 0 rows erased"
    assert re.fullmatch(r"newest seal [0-9a-f]{64}", newest)


def test_erased_words_are_no_forgery(call: Call, place: Path) -> None:
    _run(place, "UPDATE content SET words = NULL, salt = NULL, erased_at = '2026-04-13 00:00:00.000000' WHERE id = 1")
    told = call("audit", "verify")
    assert (told.exit_code, told.output) == (0, "1 tickets, 2 rows, 0 seals; words of 1 rows erased\n")


@pytest.mark.parametrize(
    ("forgery", "finding"),
    [
        ("UPDATE content SET words = 'no leak'", "the words of row 1 were changed"),
        ("UPDATE history SET action = 'praise' WHERE seq = 1", "row 1 does not follow"),
        ("DELETE FROM history WHERE seq = 2", "the tail is missing"),
        ("DELETE FROM content; DELETE FROM history; DELETE FROM ticket", "ticket 1 or its tail vanished"),
    ],
)
def test_a_forged_history_is_told(call: Call, place: Path, forgery: str, finding: str) -> None:
    """Whoever owns the file can drop the triggers, but not mend the chain."""
    assert call("audit", "seal").exit_code == 0
    _run(place, "DROP TRIGGER history_no_update", "DROP TRIGGER history_no_delete", forgery)
    told = call("audit", "verify")
    assert told.exit_code == 1
    assert finding in told.output
