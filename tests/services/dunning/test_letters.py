"""Formal letters: numbered once, kept as they were, addressed to who pays; how each was handed over."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select

from services.actors import Role, Tie
from services.db import Session
from services.dunning import handing, letters
from services.dunning.handing import BadDay, Handed, Outcome, Way
from services.dunning.letters import NoSuchLetter
from services.dunning.steps import Does
from services.models import Bill, DunningAttempt, Handing, Letter, Occupancy, Person, Promise, Unit
from services.refusals import NotAllowed
from services.register import erasing
from tests.support import accounts, dunned, estate
from tests.support.line import START, Line

TODAY = date(2026, 4, 12)


async def payer_of(session: Session, attempt: DunningAttempt) -> Person:
    tied = Occupancy.unit_id == attempt.unit_id, Occupancy.role == Tie.OWNER, Occupancy.status == "active"
    statement = select(Person).join(Occupancy, Occupancy.person_id == Person.id).where(*tied).order_by(Occupancy.id)
    return (await session.scalars(statement.limit(1))).one()


async def test_letters_are_numbered_once_and_what_was_paid_is_left_out(line: Line) -> None:
    async with line.db.transaction() as session:
        wanted = await dunned.owing(session, Does.LETTER, 9)
        await dunned.pays(session, wanted[1])
        found, waiting = await dunned.printed(session)
        assert [one.letter.number for one in found] == [f"{count:03d}" for count in range(1, 9)]
        assert waiting == []
        assert [attempt.result for attempt in wanted[:3]] == ["printed", "paid", "printed"]
        assert await dunned.printed(session, batch="next") == ([], [])


async def test_what_stays_with_who_sold_is_not_noted_as_paid(line: Line) -> None:
    async with line.db.transaction() as session:
        (attempt,) = await dunned.owing(session, Does.LETTER, 1)
        bill = await session.get_one(Bill, attempt.bills[0])
        bill.payer_id = (await payer_of(session, attempt)).id
        await session.flush()
        assert await dunned.printed(session) == ([], [])
        assert (attempt.state, attempt.result) == ("done", "moved")


async def test_one_rare_sign_stops_no_other_letter(line: Line) -> None:
    async with line.db.transaction() as session:
        wanted = await dunned.owing(session, Does.LETTER, 3)
        rare = await payer_of(session, wanted[1])
        rare.name = "\U00030edd某"
        await session.flush()
        found, waiting = await dunned.printed(session, no="\U00030edd")
        assert [(one.letter.number, one.letter.attempt_id) for one in found] == [
            ("001", wanted[0].id),
            ("002", wanted[2].id),
        ]
        assert [(one.unit.id, one.signs) for one in waiting] == [(wanted[1].unit_id, "\U00030edd")]
        assert wanted[1].state == "wanted"
        rare.name = "某"
        await session.flush()
        ((late,), none) = await dunned.printed(session, batch="next", no="\U00030edd")
        assert (late.letter.number, late.letter.name, list(none)) == ("003", "某", [])


async def test_who_promised_gets_no_letter_for_now(line: Line) -> None:
    async with line.db.transaction() as session:
        (attempt,) = await dunned.owing(session, Does.LETTER, 1)
        promise = Promise(community_id=attempt.community_id, unit_id=attempt.unit_id, made_at=START)
        session.add(promise)
        await session.flush()
        assert await dunned.printed(session) == ([], [])
        assert attempt.state == "wanted"
        promise.state = "broken"
        await session.flush()
        assert len((await dunned.printed(session))[0]) == 1


async def test_a_letter_says_the_same_when_it_is_printed_again(line: Line) -> None:
    async with line.db.transaction() as session:
        (attempt,) = await dunned.owing(session, Does.LETTER, 1)
        ((first,), _) = await dunned.printed(session)
        told = first.letter.said, first.letter.cents, first.letter.made_on
        await dunned.pays(session, attempt)
        community_id = attempt.community_id
        again = await letters.numbered(session, dunned.CLERK, community_id=community_id, name="2026-001")
        assert (again.letter.said, again.letter.cents, again.letter.made_on) == told
        assert [list(row) for row in told[0]["lines"]] == [["物业费", "2025-01", "2025-01-31", dunned.CENTS]]
        assert told[0]["how"] == "扫门口的码"
        last = await letters.last_batch(session, dunned.CLERK, community_id=community_id)
        assert [one.name for one in last] == ["2026-001"]
        for name in ("2026-002", "2025-001", "x", ""):
            with pytest.raises(NoSuchLetter):
                await letters.numbered(session, dunned.CLERK, community_id=community_id, name=name)


async def test_a_letter_is_for_the_tenant_where_tenants_pay_and_for_the_owner_elsewhere(line: Line) -> None:
    async with line.db.transaction() as session:
        owned, let, empty = await dunned.owing(session, Does.LETTER, 3)
        tenant = Person(name="赵租", created_at=START)
        session.add(tenant)
        await session.flush()
        session.add(
            Occupancy(
                community_id=let.community_id,
                unit_id=let.unit_id,
                person_id=tenant.id,
                role=Tie.TENANT,
                status="active",
                proof="register",
                since=TODAY - timedelta(days=500),
            )
        )
        (await session.get_one(Unit, let.unit_id)).payer = "tenant"
        for tie in (await session.scalars(select(Occupancy).where(Occupancy.unit_id == empty.unit_id))).all():
            tie.status = "ended"
        await session.flush()
        found, _ = await dunned.printed(session)
        owner = await payer_of(session, owned)
        assert [(one.letter.name, one.letter.tie) for one in found] == [
            (owner.name, "owner"),
            ("赵租", "tenant"),
            ("", "owner"),
        ]


async def test_a_letter_to_who_has_not_taken_over_says_since_when_the_home_is_ready(line: Line) -> None:
    async with line.db.transaction() as session:
        (attempt,) = await dunned.owing(session, Does.LETTER, 1, which="handover")
        (await session.get_one(Unit, attempt.unit_id)).handover_on = date(2024, 12, 1)
        await session.flush()
        ((one,), _) = await dunned.printed(session)
        assert (one.letter.list, one.letter.since) == ("handover", date(2024, 12, 1))


async def test_a_letter_follows_who_moved_away(line: Line) -> None:
    async with line.db.transaction() as session:
        (attempt,) = await dunned.owing(session, Does.LETTER, 1, which="left")
        gone = await payer_of(session, attempt)
        attempt.person_id = gone.id
        (await session.get_one(Bill, attempt.bills[0])).payer_id = gone.id
        await session.flush()
        ((one,), _) = await dunned.printed(session)
        assert (one.letter.name, one.letter.list) == (gone.name, "left")


async def test_how_a_letter_went_out_is_noted_once_and_what_came_of_it_later(line: Line) -> None:
    finance = await accounts.hired(line, "贾会计", Role.FINANCE)
    async with line.db.transaction() as session:
        clerk = await estate.actor_of(session, line, finance)
        (attempt,) = await dunned.owing(session, Does.LETTER, 1)
        ((one,), _) = await dunned.printed(session)
        sent = Handed(Way.EMS, TODAY, number="1098")
        for _ in range(2):
            await handing.note(session, clerk, printed=one, handed=sent, key="e1", now=START)
        (row,) = (await handing.of(session, [one.letter.id]))[one.letter.id]
        assert (row.way, row.number, row.result, attempt.result) == ("ems", "1098", "", "letter_ems")
        assert handing.is_open([row])
        back = TODAY + timedelta(days=4)
        later = START + timedelta(days=5)
        await handing.came_of(session, clerk, printed=one, outcome=Outcome.RETURNED, on=back, now=later)
        assert (row.result, row.result_on, attempt.result) == ("returned", back, "letter_returned")
        assert not handing.is_open([row])


@pytest.mark.parametrize("days", [-1, 1])
async def test_no_letter_is_handed_over_before_it_is_printed_or_tomorrow(line: Line, days: int) -> None:
    finance = await accounts.hired(line, "贾会计", Role.FINANCE)
    async with line.db.transaction() as session:
        clerk = await estate.actor_of(session, line, finance)
        await dunned.owing(session, Does.LETTER, 1)
        ((one,), _) = await dunned.printed(session)
        with pytest.raises(BadDay):
            await handing.note(
                session,
                clerk,
                printed=one,
                handed=Handed(Way.HAND, TODAY + timedelta(days=days), outcome=Outcome.ACCEPTED),
                key="e",
                now=START,
            )
        assert (await session.scalars(select(Handing))).all() == []


async def test_a_letter_that_was_paid_needs_no_handing_over(line: Line) -> None:
    async with line.db.transaction() as session:
        first, _ = await dunned.owing(session, Does.LETTER, 2)
        found, _ = await dunned.printed(session)
        community_id = first.community_id
        waiting = await handing.not_noted(session, dunned.CLERK, community_id=community_id, most=5)
        assert [one.name for one, _ in waiting] == [one.name for one in found]
        await dunned.pays(session, first)
        waiting = await handing.not_noted(session, dunned.CLERK, community_id=community_id, most=5)
        assert [one.name for one, _ in waiting] == ["2026-002"]


async def test_an_engineer_neither_counts_nor_reads_letters(line: Line) -> None:
    async with line.db.transaction() as session:
        await dunned.owing(session, Does.LETTER, 1)
        house = await dunned.house_of(session)
        wang = await estate.actor_of(session, line, await estate.web_of(session, "王师傅"))
        with pytest.raises(NotAllowed):
            await letters.wanted(session, wang, community_id=house.id)
        with pytest.raises(NotAllowed):
            await letters.last_batch(session, wang, community_id=house.id)
        with pytest.raises(NotAllowed):
            await handing.not_noted(session, wang, community_id=house.id, most=1)


async def test_erasure_takes_the_name_from_a_letter_and_leaves_the_sums(line: Line) -> None:
    async with line.db.transaction() as session:
        (attempt,) = await dunned.owing(session, Does.LETTER, 1)
        ((one,), _) = await dunned.printed(session)
        person_id = int(one.letter.person_id or 0)
        assert one.letter.name
        (told,) = (await erasing.export(session, person_id=person_id))["letter"]
        assert told["name"] == one.letter.name
        await erasing.erase(session, person_id=person_id, now=START)
        kept = await session.execute(select(Letter.name, Letter.cents).where(Letter.attempt_id == attempt.id))
        assert tuple(kept.one()) == ("", dunned.CENTS)


async def test_a_batch_that_was_broken_off_goes_on_under_its_name(line: Line) -> None:
    async with line.db.transaction() as session:
        await dunned.owing(session, Does.LETTER, letters.CHUNK + 3)
        house = await dunned.house_of(session)
        begun: dict[str, Any] = {"house": house, "batch": "b", "after": 0, "how": "", "now": START}
        step = await letters.number(session, dunned.CLERK, lacking=lambda _: "", **begun)
        assert (step.numbered, step.after is None) == (letters.CHUNK, False)
        found, _ = await dunned.printed(session, batch="b")
        assert [one.letter.number for one in found] == [f"{nth:03d}" for nth in range(1, letters.CHUNK + 4)]


async def test_two_who_print_at_once_number_each_letter_once(line: Line) -> None:
    async with line.db.transaction() as session:
        await dunned.owing(session, Does.LETTER, 12)
    batches = ("a", "b")

    async def all_of(batch: str) -> None:
        async def step(session: Session, after: int) -> int | None:
            house = await dunned.house_of(session)
            given: dict[str, Any] = {"house": house, "batch": batch, "after": after, "how": "", "now": START}
            return (await letters.number(session, dunned.CLERK, lacking=lambda _: "", **given)).after

        after: int | None = 0
        while after is not None:
            after = await line.db.run(partial(step, after=after))

    await asyncio.gather(*map(all_of, batches))
    async with line.db.reading() as session:
        found = (await session.scalars(select(Letter).order_by(Letter.number))).all()
        assert [one.number for one in found] == [f"{nth:03d}" for nth in range(1, 13)]
        assert len({one.attempt_id for one in found}) == 12
