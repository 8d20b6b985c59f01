"""The table says who hears of an action: each is done once, and the outbox says the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from services import actors
from services.actors import Actor
from services.catalog import Kind
from services.db import Session, insert_once
from services.models import Address, Card, Outgoing, Staff, Ticket
from services.tickets import engine, merging
from services.tickets.effects import HEARD, Heard
from services.tickets.history import Said
from services.tickets.rules import TABLE, Action, State
from tests.support import estate
from tests.support.line import START, Line

LATER = START + timedelta(hours=5)
OWNER, HOLDER, DESK, LEAD, SYSTEM = "王芳", "王师傅", "小李", "老赵", "autoclose"
PRICE = {"quote": 1, "count": 1, "total": 100}
FIRST: Mapping[State, tuple[tuple[str, Action], ...]] = {
    State.ASSIGNED: (),
    State.WORKING: ((HOLDER, Action.ACCEPT),),
    State.PAUSED: ((HOLDER, Action.ACCEPT), (HOLDER, Action.PAUSE)),
    State.DONE: ((HOLDER, Action.ACCEPT), (HOLDER, Action.DONE)),
}
QUOTED = ((HOLDER, Action.ACCEPT), (HOLDER, Action.QUOTE))
BROUGHT: Mapping[Action, Mapping[str, Any]] = {
    Action.NOT_OURS: {"label": "供电局", "phone": "95598"},
    Action.GIVE_BACK: {"reason": "skill"},
    Action.PROBLEM: {"problem": "parts"},
    Action.PAUSE: {"reason": "parts", "until": LATER},
    Action.NO_ACCESS: {"until": LATER},
    Action.EXTEND: {"reason": "parts", "until": LATER},
    Action.RESCHEDULE: {"start": LATER, "end": LATER + timedelta(hours=1)},
    Action.QUOTE: PRICE,
    Action.AGREE: PRICE,
    Action.DECLINE: PRICE,
    Action.QUALITY: {"verdict": "good"},
    Action.FOUND_WRONG: {"until": LATER},
}
DONE_BY: Mapping[Action, tuple[tuple[str, tuple[tuple[str, Action], ...]], ...]] = {
    Action.ASSIGN: ((DESK, ()),),
    Action.ACCEPT: ((HOLDER, ()),),
    Action.GRAB: ((LEAD, ()),),
    Action.RESUME: ((SYSTEM, FIRST[State.PAUSED]),),
    Action.EXTEND: ((LEAD, FIRST[State.WORKING]),),
    Action.RESCHEDULE: ((OWNER, ()), (HOLDER, ())),
    Action.ASK: ((HOLDER, ()),),
    Action.ANSWER: ((OWNER, ()),),
    Action.NOTE: ((OWNER, ()),),
    Action.NO_SHOW: ((OWNER, FIRST[State.WORKING]),),
    Action.URGE: ((OWNER, ()),),
    Action.AGREE: ((OWNER, QUOTED),),
    Action.DECLINE: ((OWNER, QUOTED),),
    Action.OWNER_ACCEPTS: ((OWNER, FIRST[State.DONE]),),
    Action.OWNER_RETURNS: ((OWNER, FIRST[State.DONE]),),
    Action.CLOSE: ((SYSTEM, FIRST[State.DONE]),),
    Action.REOPEN: ((DESK, FIRST[State.DONE]),),
    Action.CANCEL: ((OWNER, ()), (LEAD, ())),
    Action.MERGE: ((LEAD, ()),),
    Action.UNMERGE: ((LEAD, ((LEAD, Action.MERGE),)),),
    Action.QUALITY: ((DESK, FIRST[State.DONE]),),
    Action.SIGN_OFF: ((LEAD, FIRST[State.DONE]),),
    Action.APPEAL: ((OWNER, FIRST[State.DONE]),),
    Action.CONCERN: ((LEAD, ()),),
    Action.RALLY: ((LEAD, ()),),
    Action.INHERIT: ((SYSTEM, ()),),
}


@dataclass(slots=True)
class Scene:
    """A ticket, its people, and what they have heard."""

    session: Session
    line: Line
    ticket: Ticket
    root: Ticket
    people: dict[str, Actor] = field(default_factory=dict)

    async def act(self, name: str, action: Action) -> None:
        """Do something, with all that it must bring."""
        who, policy, now = self.people[name], self.line.world.policies.defaults, self.line.now
        asked: dict[str, Any] = {"now": now, "policy": policy}
        if action is Action.MERGE:
            await merging.merge(self.session, who, ticket_id=self.ticket.id, into_id=self.root.id, **asked)
            return
        if action is Action.UNMERGE:
            await merging.unmerge(self.session, who, ticket_id=self.ticket.id, **asked)
            return
        staff = self.people[HOLDER].staff
        assert staff is not None
        codes = {"to": staff.staff_id, "members": [staff.staff_id], **BROUGHT.get(action, {})}
        if action is Action.APPEAL:  # of complaints alone; with nobody above it goes to the desk
            self.ticket.kind = "complaint"
            codes["to"] = self.ticket.holder_id
        if action is Action.INHERIT:
            codes |= {"requester": self.ticket.requester_id, "address": self.ticket.requester_address_id}
        if action in {Action.FOUND_RIGHT, Action.FOUND_WRONG}:
            self.ticket.kind = Kind.RECTIFICATION  # nothing else is checked
        said = Said("一句话", (1,) if action is Action.NO_ACCESS else ())
        await engine.act(self.session, who, action, ticket=self.ticket, said=said, codes=codes, **asked)
        await self.session.flush()

    async def told(self) -> set[int]:
        """Return the addresses that anything was said to since, or that got a card."""
        said = await self.session.scalars(select(Outgoing.address_id).where(Outgoing.kind != "card"))
        cards = await self.session.scalars(select(Card.address_id))
        return {*said.all(), *cards.all()}

    async def forget(self) -> None:
        """Let what was said so far not count: as if nobody had heard or seen anything yet."""
        await self.session.execute(update(Outgoing).values(kind="card"))
        spare = await self.session.scalar(select(func.min(Address.id)).where(Address.person_id.is_(None)))
        await self.session.execute(update(Card).values(address_id=spare))


async def scene(session: Session, line: Line) -> Scene:
    names = (OWNER, HOLDER, DESK, LEAD)
    row = {"channel": "web", "account": "web", "external": "spare", "created_at": START}
    await insert_once(session, Address, row)
    people = {name: await estate.actor_of(session, line, await estate.web_of(session, name)) for name in names}
    people[SYSTEM] = actors.system(SYSTEM, house=people[OWNER].house)
    root = await estate.filed(session, line, people[OWNER], matter="另一件")
    ticket = await estate.filed(session, line, people[OWNER])
    staff = people[HOLDER].staff
    assert staff is not None
    if ticket.holder_id != staff.staff_id:
        await estate.act(session, line, people[DESK], Action.ASSIGN, ticket.id, to=staff.staff_id)
    return Scene(session, line, ticket, root, people)


async def listeners(play: Scene, doer: str) -> set[Heard]:
    """Return who heard, by what they are to the ticket; who did it himself does not count."""
    told = await play.told()
    who = {play.people[name].address_id: name for name in (OWNER, HOLDER, DESK, LEAD)}
    names = {who[one] for one in told if one in who}
    roles = {OWNER: Heard.OWNER, HOLDER: Heard.HOLDER, DESK: Heard.FRONT, LEAD: Heard.LEADS}
    lead = play.people[LEAD].staff
    if lead is not None and play.ticket.holder_id == lead.staff_id:
        roles[LEAD] = Heard.HOLDER
    return {roles[name] for name in names if name != doer or roles[name] is Heard.HOLDER}


def ways(action: Action) -> tuple[tuple[str, tuple[tuple[str, Action], ...]], ...]:
    return DONE_BY.get(action, ((HOLDER, FIRST[State.WORKING]),))


def test_every_action_says_who_hears() -> None:
    assert set(HEARD) == set(TABLE)


@pytest.mark.parametrize("action", TABLE)
async def test_who_hears_of_an_action_is_whom_the_table_names(quick_line: Line, action: Action) -> None:
    heard: set[Heard] = set()
    for doer, before in ways(action):
        async with quick_line.db.transaction() as session:
            play = await scene(session, quick_line)
            for name, earlier in before:
                await play.act(name, earlier)
            if action is Action.NO_SHOW:
                quick_line.pass_time(timedelta(days=2))
            await play.forget()
            await play.act(doer, action)
            heard |= await listeners(play, doer)
    assert heard == HEARD[action] - {Heard.ELSE}


@pytest.mark.parametrize("action", [action for action, heard in HEARD.items() if Heard.ELSE in heard])
async def test_the_desk_hears_where_nobody_else_can(quick_line: Line, action: Action) -> None:
    doer, before = ways(action)[0]
    async with quick_line.db.transaction() as session:
        play = await scene(session, quick_line)
        for name, earlier in before:
            await play.act(name, earlier)
        if doer == OWNER or action is Action.REOPEN:
            await play.session.execute(update(Staff).where(Staff.team == "engineering").values(active=False))
            taken_up = doer == OWNER and action is not Action.APPEAL
            play.ticket.holder_id, play.ticket.state = None, State.OPEN if taken_up else play.ticket.state
        else:
            play.ticket.requester_address_id = play.ticket.requester_id = None
        await session.flush()
        await play.forget()
        await play.act(doer, action)
        desk = play.people[DESK].address_id
        assert desk in await play.told()
