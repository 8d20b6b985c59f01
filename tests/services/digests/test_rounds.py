"""The rounds set themselves anew, follow settings that change, come to new estates, and are said once."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from sqlalchemy import func, select

from services import timers
from services.db import Session
from services.digests import jobs, rounds
from services.digests.jobs import Ready
from services.messages import plain
from services.models import Community, Digest, Outgoing, Timer
from services.settings import change
from tests.support.estate import linked
from tests.support.line import Line


async def _due(line: Line, kind: str) -> list[datetime]:
    async with line.db.reading() as session:
        rows = await session.scalars(
            select(Timer.due_at).where(Timer.kind == kind, Timer.state == "waiting").order_by(Timer.due_at)
        )
        return [at.astimezone(line.world.zone) for at in rows]


async def test_every_estate_has_its_rounds_and_a_new_one_gets_them(quick_line: Line) -> None:
    line = quick_line
    await line.schedule.digests.begin()
    await line.schedule.digests.begin()
    assert [at.strftime("%m-%d %H:%M") for at in await _due(line, rounds.TODAY)] == ["04-13 08:20"]
    assert [at.strftime("%m-%d %H:%M") for at in await _due(line, rounds.MONTH)] == ["05-01 09:00"]
    async with line.db.transaction() as session:
        session.add(Community(slug="new", name="新", zone="Asia/Tokyo", locale="en", phone="1", created_at=line.now))
    await line.schedule.digests.begin()
    assert len(await _due(line, rounds.TODAY)) == 2


async def test_a_round_sets_the_next_and_follows_a_changed_hour(quick_line: Line) -> None:
    line = quick_line
    await linked(line, "孙经理")
    await line.schedule.digests.begin()
    await line.advance(timedelta(hours=24))
    assert [at.strftime("%m-%d %H:%M") for at in await _due(line, rounds.TODAY)] == ["04-14 08:20"]
    async with line.db.transaction() as session:
        value = time(7, 45).isoformat()
        policies = line.world.policies
        await change(session, policies, community_id=0, key="digests.today_at", value=value, by=None, now=line.now)
    await line.schedule.digests.begin()
    assert [at.strftime("%m-%d %H:%M") for at in await _due(line, rounds.TODAY)] == ["04-14 07:45"]


async def test_what_is_asked_twice_or_made_twice_is_said_once(quick_line: Line) -> None:
    line = quick_line
    boss = await linked(line, "孙经理")
    await line.write(boss, "/uncleared")

    async def again(session: Session) -> int:
        digest = (await session.scalars(select(Digest))).one()
        await jobs.say(session, digest_id=digest.id, pages=[Ready(plain("again"), ())], now=line.now)
        return await session.scalar(select(func.count()).where(Outgoing.key.startswith(digest.key))) or 0

    assert await line.db.run(again) == 1
    assert len(line.screen(boss).messages) == 1


async def test_one_that_fails_again_and_again_is_given_up(quick_line: Line) -> None:
    line = quick_line
    boss = await linked(line, "孙经理")
    await line.write(boss, "/uncleared")

    async def break_it(session: Session) -> int:
        digest = (await session.scalars(select(Digest))).one()
        digest.state, digest.tries = "wanted", jobs.MOST_TRIES
        await session.flush()
        await jobs.failed(session, digest_id=digest.id)
        return digest.id

    await line.db.run(break_it)
    async with line.db.reading() as session:
        assert (await session.scalars(select(Digest.state))).one() == "failed"
    assert await line.db.run(jobs.take) is None


async def test_a_round_long_past_is_left_out(quick_line: Line) -> None:
    line = quick_line
    boss = await linked(line, "孙经理")
    await line.schedule.digests.begin()
    line.pass_time(timedelta(hours=40))  # the service was down for the whole morning
    await line.schedule.timers()
    await line.drain()
    assert "日报" not in "".join(shown.text for shown in line.screen(boss).messages)
    async with line.db.reading() as session:
        assert await timers.next_at(session) is not None
