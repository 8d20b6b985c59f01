"""Rectification notices: who may answer, what only a check can do, and whom nobody can write to."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from services.actors import Actor
from services.catalog import OTHER, Kind
from services.db import Session
from services.models import Deadline, Outgoing
from services.refusals import NotAllowed, NotFound
from services.settings import Policy
from services.tickets import parties, rectify
from services.tickets.history import Said
from services.tickets.needs import CheckFirst, NeedsReason, NoNotice, PastTime
from services.tickets.parties import Side
from services.tickets.rectify import NothingToRectify, Notice
from services.tickets.rules import Action, State
from tests.support import estate
from tests.support.line import START, Line

DUE = START + timedelta(days=2)
ASKED: dict[str, Any] = {"now": START, "policy": Policy()}


async def crowd(session: Session, line: Line) -> list[Actor]:
    return [
        await estate.actor_of(session, line, await estate.web_of(session, name)) for name in ("宋刚", "王芳", "小李")
    ]


def notice(line: Line, *, unit_id: int | None = None, firm: str = "") -> Notice:
    category = line.world.catalog.of_kind(OTHER, Kind.RECTIFICATION)
    return Notice(category, "清走杂物", "3栋2单元301", DUE, unit_id=unit_id, firm=firm)


async def test_a_notice_is_held_by_who_wrote_it_and_due_when_he_said(quick_line: Line) -> None:
    async with quick_line.db.transaction() as session:
        owner, other, desk = await crowd(session, quick_line)
        assert desk.house is not None
        one = notice(quick_line, unit_id=owner.here[0].unit_id)
        with pytest.raises(NotAllowed):
            await rectify.file(session, owner, house=desk.house, notice=one, **ASKED)
        ticket, told = await rectify.file(session, desk, house=desk.house, notice=one, **ASKED)
        assert desk.staff is not None
        assert (told, ticket.state, ticket.holder_id) == (True, State.WORKING, desk.staff.staff_id)
        clocks = (await session.execute(select(Deadline.clock, Deadline.due_at))).all()
        assert [tuple(row) for row in clocks] == [("resolve", DUE)]
        assert [found.id for found in await rectify.waiting(session, owner)] == [ticket.id]
        assert await rectify.waiting(session, other) == []
        with pytest.raises(NotFound):
            await rectify.rectified(session, other, ticket_id=ticket.id, said=Said("好了"), now=START)


async def test_only_a_check_ends_a_notice_and_a_failed_one_has_a_reason_and_a_date(quick_line: Line) -> None:
    async with quick_line.db.transaction() as session:
        owner, _, desk = await crowd(session, quick_line)
        assert desk.house is not None
        one = notice(quick_line, unit_id=owner.here[0].unit_id)
        ticket, _ = await rectify.file(session, desk, house=desk.house, notice=one, **ASKED)
        do = (session, quick_line, desk)
        with pytest.raises(CheckFirst):
            await estate.act(*do, Action.DONE, ticket.id, words="好了")
        with pytest.raises(NeedsReason):
            await estate.act(*do, Action.FOUND_WRONG, ticket.id, until=DUE)
        with pytest.raises(PastTime):
            await estate.act(*do, Action.FOUND_WRONG, ticket.id, words="还有", until=START - timedelta(days=1))
        await rectify.rectified(session, owner, ticket_id=ticket.id, said=Said("好了"), now=START)
        assert ticket.step == "rectified"
        await estate.act(*do, Action.FOUND_WRONG, ticket.id, words="还有", until=DUE + timedelta(days=1))
        assert (ticket.step, ticket.due_at) == ("", DUE + timedelta(days=1))
        await estate.act(*do, Action.FOUND_RIGHT, ticket.id)
        how = (await session.scalars(select(Deadline.how))).all()
        assert (ticket.state, ticket.closed_how, how) == (State.CLOSED, "desk", ["met"])
        with pytest.raises(NothingToRectify):
            await rectify.rectified(session, owner, ticket_id=ticket.id, said=Said("好了"), now=START)


async def test_a_repair_is_not_checked_like_a_notice(quick_line: Line) -> None:
    async with quick_line.db.transaction() as session:
        owner, _, desk = await crowd(session, quick_line)
        ticket = await estate.filed(session, quick_line, owner)
        ticket.state = State.WORKING
        await session.flush()
        with pytest.raises(NoNotice):
            await estate.act(session, quick_line, desk, Action.FOUND_RIGHT, ticket.id)


async def test_a_firm_is_told_by_hand_and_a_withdrawn_notice_is_taken_back(quick_line: Line) -> None:
    async with quick_line.db.transaction() as session:
        owner, _, desk = await crowd(session, quick_line)
        assert desk.house is not None
        firm, told = await rectify.file(
            session, desk, house=desk.house, notice=notice(quick_line, firm="诚信装修队"), **ASKED
        )
        party = await parties.of(session, firm, role=Side.ADDRESSEE)
        assert party is not None
        assert (told, party.name, party.state) == (False, "诚信装修队", "named")
        await estate.act(session, quick_line, desk, Action.FOUND_RIGHT, firm.id)
        one = notice(quick_line, unit_id=owner.here[0].unit_id)
        ticket, _ = await rectify.file(session, desk, house=desk.house, notice=one, **ASKED)
        await estate.act(session, quick_line, desk, Action.CANCEL, ticket.id, words="弄错了")
        sent = await session.scalars(select(Outgoing.payload).where(Outgoing.address_id == owner.address_id))
        assert any("rectify.withdrawn" in str(payload) for payload in sent)
