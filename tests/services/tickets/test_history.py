"""The chain of history: what was changed, cut off or made to vanish shows; what was erased is called erased."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import select, text

from services.db import Database, Session
from services.models import Content
from services.tickets import history
from services.tickets.history import Verdict
from services.tickets.rules import Action
from tests.support import estate
from tests.support.line import Line


async def with_history(line: Line) -> None:
    """File two tickets and work one of them; seal."""
    async with line.db.transaction() as session:
        owner = await estate.actor_of(session, line, await estate.web_of(session, "王芳"))
        engineer = await estate.actor_of(session, line, await estate.web_of(session, "王师傅"))
        ticket = await estate.filed(session, line, owner)
        await estate.filed(session, line, owner, matter="另一件")
        await estate.act(session, line, engineer, Action.ACCEPT, ticket.id)
        await estate.act(session, line, engineer, Action.DONE, ticket.id, words="换了角阀")
    async with line.db.transaction() as session:
        assert await history.seal(session, now=line.now)
    async with line.db.transaction() as session:
        assert not await history.seal(session, now=line.now + timedelta(minutes=1))


async def forge(database: Database, *statements: str) -> None:
    """Change what can't be changed, as somebody with the keys to the server could."""
    async with database.transaction() as session:
        for statement in [*await _unguarded(session), *statements]:
            await session.execute(text(statement))


async def _unguarded(session: Session) -> Sequence[str]:
    if session.get_bind().dialect.name == "postgresql":
        return ["SET LOCAL session_replication_role = replica"]
    names = await session.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger'"))
    return [f"DROP TRIGGER {name}" for name in names.all()]


async def verdict(line: Line) -> Verdict:
    async with line.db.reading() as session:
        return await history.verify(session)


async def test_what_nobody_touched_is_whole(line: Line) -> None:
    await with_history(line)
    found = await verdict(line)
    assert (found.broken, found.tickets, found.rows, found.seals, found.erased) == ([], 2, 4, 1, 0)


@pytest.mark.parametrize(
    ("forgery", "complaint"),
    [
        ("UPDATE history SET action = 'note' WHERE seq = 2", "row 2 does not follow"),
        ("UPDATE history SET person_id = 77 WHERE seq = 1", "row 1 does not follow"),
        ("UPDATE content SET words = '没修' WHERE kind = 'done'", "words of row 3 were changed"),
        ("DELETE FROM history WHERE seq = 3", "the tail is missing"),
        ("UPDATE seal SET heads = '[]'", "seal 1 does not follow"),
        ("DELETE FROM content WHERE kind = 'done'", "the words of row 3 were removed"),
        ("DELETE FROM seal", "the newest seals vanished"),
    ],
)
async def test_what_was_changed_shows(line: Line, forgery: str, complaint: str) -> None:
    await with_history(line)
    await forge(line.db, forgery)
    assert any(complaint in broken for broken in (await verdict(line)).broken)


async def test_a_tail_that_was_cut_off_with_all_its_traces_shows_in_the_seal(line: Line) -> None:
    await with_history(line)
    await forge(
        line.db,
        "DELETE FROM history WHERE seq = 3",
        "UPDATE ticket SET seq = 2, head = (SELECT hash FROM history WHERE seq = 2) WHERE id = 1",
    )
    found = await verdict(line)
    assert any("its tail vanished" in broken for broken in found.broken)


async def test_a_ticket_that_vanished_shows_in_the_seal(line: Line) -> None:
    await with_history(line)
    await forge(
        line.db,
        "DELETE FROM history WHERE ticket_id = 2",
        "DELETE FROM content WHERE ticket_id = 2",
        "DELETE FROM holding WHERE ticket_id = 2",
        "DELETE FROM escalation WHERE ticket_id = 2",
        "DELETE FROM deadline WHERE ticket_id = 2",
        "DELETE FROM ticket WHERE id = 2",
    )
    assert any("ticket 2 or its tail vanished" in broken for broken in (await verdict(line)).broken)


async def test_words_that_were_lawfully_erased_are_called_erased(line: Line) -> None:
    await with_history(line)
    async with line.db.transaction() as session:
        content = (await session.scalars(select(Content).where(Content.kind == "done"))).one()
        content.words, content.salt, content.erased_at = None, None, line.now
    found = await verdict(line)
    assert (found.broken, found.erased) == ([], 1)


@pytest.mark.parametrize("statement", ["UPDATE history SET action = 'note'", "DELETE FROM history", "DELETE FROM seal"])
async def test_the_database_itself_refuses_to_change_history(line: Line, statement: str) -> None:
    await with_history(line)
    with pytest.raises(Exception, match=r"(?i)history|seal"):
        async with line.db.transaction() as session:
            await session.execute(text(statement))
    assert (await verdict(line)).broken == []


async def test_rows_are_counted(line: Line) -> None:
    await with_history(line)
    async with line.db.reading() as session:
        assert await history.count(session) == 4
