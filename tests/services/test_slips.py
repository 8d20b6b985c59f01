"""Release slips: what a number must bring, when it opens the gate, who may see what."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from services import images, media, retention, slips
from services.actors import Actor
from services.db import Session
from services.media import MediaStore
from services.messages import Channel
from services.models import CarCall, Outgoing, ReleaseSlip
from services.money import standing
from services.refusals import NotAllowed, NotFound
from services.settings import Policy, Retention
from services.slips import BadTime, NeedsHome, SlipDecided, SlipNotValid, SlipUnknown, SlipUsed, Valid, Wish
from tests.support import estate
from tests.support.line import START, Line

POLICY = Policy()
FROM, UNTIL = START + timedelta(hours=5), START + timedelta(hours=8)
GRACE = timedelta(minutes=POLICY.forms.slip_grace_minutes)


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("0412-R3-K7QM", ("0412-R3", "K7QM")),
        ("0412r3 k7qm", ("0412-R3", "K7QM")),
        ("0412-R12", ("0412-R12", "")),
        ("0412-R3K7QM", ("0412-R3", "K7QM")),
        ("0412-07", None),
        ("沙发", None),
    ],
)
def test_a_number_is_read_in_every_spelling(said: str, read: tuple[str, str] | None) -> None:
    assert slips.typed(said) == read


@pytest.mark.parametrize(
    ("state", "at", "valid"),
    [
        ("approved", FROM, Valid.YES),
        ("approved", FROM - GRACE, Valid.YES),
        ("approved", FROM - GRACE - timedelta(seconds=1), Valid.EARLY),
        ("approved", UNTIL + GRACE, Valid.YES),
        ("approved", UNTIL + GRACE + timedelta(seconds=1), Valid.EXPIRED),
        ("used", FROM, Valid.USED),
        ("asked", FROM, Valid.WAITS),
        ("back", FROM, Valid.WAITS),
        ("asked", UNTIL + GRACE * 2, Valid.EXPIRED),
    ],
)
def test_a_slip_opens_the_gate_once_in_its_time(state: str, at: datetime, valid: Valid) -> None:
    slip = ReleaseSlip(state=state, from_at=FROM, until_at=UNTIL)
    assert slips.validity(slip, now=at, policy=POLICY) is valid


async def people(session: Session, line: Line) -> dict[str, Actor]:
    names = ("王芳", "宋刚", "小李", "老赵", "保安小马", "王师傅")
    return {name: await estate.actor_of(session, line, await estate.web_of(session, name)) for name in names}


def wish(owner: Actor) -> Wish:
    return Wish(owner.here[0].unit_id, "沙发", FROM, UNTIL)


async def test_the_gate_needs_the_check_code_and_lets_through_once(quick_line: Line) -> None:
    async with quick_line.db.transaction() as session:
        who = await people(session, quick_line)
        guard, desk = who["保安小马"], who["小李"]
        asked: dict[str, Any] = {"now": START, "policy": POLICY}
        slip = await slips.ask(session, who["王芳"], wish=wish(who["王芳"]), **asked)
        with pytest.raises(SlipNotValid):
            await slips.use(session, guard, slip_id=slip.id, now=FROM, policy=POLICY)
        await slips.approve(session, desk, slip_id=slip.id, now=START)
        with pytest.raises(SlipDecided):
            await slips.approve(session, who["老赵"], slip_id=slip.id, now=START)
        with pytest.raises(SlipUnknown):
            await slips.check(session, guard, number=slip.number, code="????")
        with pytest.raises(SlipUnknown):
            await slips.check(session, guard, number="0412-R9", code=slip.code)
        for stranger in (who["宋刚"], who["王师傅"]):
            with pytest.raises(NotAllowed):
                await slips.check(session, stranger, number=slip.number, code=slip.code)
            with pytest.raises(NotAllowed):
                await slips.use(session, stranger, slip_id=slip.id, now=FROM, policy=POLICY)
        assert (await slips.check(session, guard, number=slip.number, code=slip.code.lower())).slip is slip
        await slips.use(session, guard, slip_id=slip.id, now=FROM, policy=POLICY)
        with pytest.raises(SlipUsed):
            await slips.use(session, guard, slip_id=slip.id, now=FROM, policy=POLICY)


async def test_what_is_not_paid_is_for_the_desk_alone_and_refuses_nothing(quick_line: Line) -> None:
    async with quick_line.db.transaction() as session:
        who = await people(session, quick_line)
        unit, later = who["王芳"].here[0].unit_id, (START + timedelta(days=30)).date()
        assert await standing.arrears(session, who["小李"], unit_id=unit, today=later) > 0
        assert await standing.arrears(session, who["小李"], unit_id=unit, today=START.date()) == 0
        for other in ("王芳", "保安小马", "王师傅"):
            with pytest.raises(NotAllowed):
                await standing.arrears(session, who[other], unit_id=unit, today=later)


async def test_a_slip_is_for_those_who_live_there_in_a_time_to_come(quick_line: Line) -> None:
    async with quick_line.db.transaction() as session:
        who = await people(session, quick_line)
        good = wish(who["王芳"])
        bad = [replace(good, end=START), replace(good, start=START + timedelta(days=90)), replace(good, start=UNTIL)]
        for one in bad:
            with pytest.raises(BadTime):
                await slips.ask(session, who["王芳"], wish=one, now=START, policy=POLICY)
        with pytest.raises(NeedsHome):
            await slips.ask(session, who["宋刚"], wish=good, now=START, policy=POLICY)
        slip = await slips.ask(session, who["王芳"], wish=good, now=START, policy=POLICY)
        with pytest.raises(NotFound):
            await slips.for_desk(session, who["王师傅"], slip_id=slip.id)
        with pytest.raises(NotFound):
            await slips.answer(session, who["宋刚"], slip_id=slip.id, words="我的", now=START, policy=POLICY)
        with pytest.raises(SlipDecided):  # nothing was asked
            await slips.answer(session, who["王芳"], slip_id=slip.id, words="我的", now=START, policy=POLICY)
        with pytest.raises(NotAllowed):
            await slips.approve(session, who["保安小马"], slip_id=slip.id, now=START)


async def test_who_leads_hears_of_a_slip_that_nobody_looked_at_once(quick_line: Line) -> None:
    async with quick_line.db.transaction() as session:
        who = await people(session, quick_line)
        slip = await slips.ask(session, who["王芳"], wish=wish(who["王芳"]), now=START, policy=POLICY)
        slip_id = slip.id
    await quick_line.drain()
    await quick_line.advance(timedelta(hours=3))
    async with quick_line.db.transaction() as session:
        keys = (await session.scalars(select(Outgoing.key).where(Outgoing.key.startswith(f"slip:{slip_id}:due")))).all()
        assert len(keys) == 2  # supervisor and manager
        await slips.overdue(session, slip_id=0, now=START)  # gone


async def test_the_picture_is_drawn_when_it_is_looked_at(quick_line: Line, tmp_path: Path) -> None:
    async with quick_line.db.transaction() as session:
        house = (await people(session, quick_line))["小李"].community_id
        assert house is not None
        first = await media.draw(session, "slip-0412-R3-K7QM", community_id=house, now=START)
        assert await media.draw(session, "slip-0412-R3-K7QM", community_id=house, now=START) == first
        held = (await media.held(session, [first], channel=Channel.WEB, account="web"))[first]
    drawn = MediaStore(tmp_path, page="https://line.example.org/").get(held.sha256)
    assert drawn == images.square_code("https://line.example.org/chat?p=slip-0412-R3-K7QM")
    assert drawn.startswith(b"\x89PNG")
    assert MediaStore(tmp_path).get(held.sha256) == images.square_code("slip-0412-R3-K7QM")
    assert not (tmp_path / "qr").exists()


async def test_what_a_slip_says_goes_with_the_other_words_and_calls_for_cars_with_the_prompts(quick_line: Line) -> None:
    kept = Retention(words_days=30, prompt_days=30)
    async with quick_line.db.transaction() as session:
        who = await people(session, quick_line)
        slip = await slips.ask(session, who["王芳"], wish=wish(who["王芳"]), now=START, policy=POLICY)
        row = {"plate": "浙A12345", "place": "地库", "matter": "挪车", "state": "coming", "asked_at": START}
        session.add(CarCall(community_id=slip.community_id, asker_address_id=slip.address_id, **row))
        await session.flush()
        early = await retention.sweep(session, kept, now=START + timedelta(days=20), limit=10)
        assert (early.slips, early.cars) == (0, 0)
        late = await retention.sweep(session, kept, now=START + timedelta(days=60), limit=10)
        assert (late.slips, late.cars) == (1, 1)
        await session.refresh(slip)
        assert (slip.goods, slip.carrier, slip.number) == ("", "", "0412-R1")
