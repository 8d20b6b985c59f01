"""What a day brings: requests by phone, at the counter, by chat and text; questions about what is open."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

from scripts.simulate import hands, leads, owners
from scripts.simulate.estate import bring_roster
from scripts.simulate.stage import Stage
from services.actors import Actor, Role
from services.catalog import Kind
from services.db import Session
from services.messages import Channel
from services.models import Ticket
from services.tickets import filing, merging
from services.tickets.apart import About
from services.tickets.filing import Request, Requester, Source
from services.tickets.requests import Outside
from services.tickets.rules import OVER, Action, State

A_DAY = {  # of docs: 10,300 repairs a year, 7,000 of them in homes; 70 calls and 30 visits a day
    "homes": 19.2,
    "public": 9.0,
    "complaints": 3.0,
    "inquiries": 22.0,
    "suggestions": 1.5,
    "praises": 1.0,
    "emergencies": 0.25,
}
QUESTIONS_A_DAY = 40.0  # the rest of the calls and visits
KINDS = {
    "homes": Kind.REPAIR,
    "public": Kind.REPAIR,
    "complaints": Kind.COMPLAINT,
    "inquiries": Kind.INQUIRY,
    "suggestions": Kind.SUGGESTION,
    "praises": Kind.PRAISE,
    "emergencies": Kind.REPAIR,
}
HOURS = (1, 1, 1, 1, 1, 2, 5, 20, 60, 80, 75, 60, 40, 40, 55, 60, 60, 60, 65, 60, 45, 20, 8, 3)
DOORS = {Source.PHONE: 0.55, Source.VISIT: 0.2}  # the others write themselves, if they can
NEIGHBOURS = 0.08  # of public faults are told by somebody else, too
ON_THE_SPOT = 0.5  # of questions leave no trace
TIED = 0.02
A_DAY_LONG = timedelta(days=1)
ROSTER = timedelta(days=30)
CONFIDENTIAL = "staff_conduct"
FORWARDED, NAMES = 0.04, 0.5  # of complaints came back from an office; of those about people name one
CONTACT, REPLY = timedelta(hours=4), timedelta(hours=48)


@dataclass(frozen=True, slots=True)
class Matter:
    """A request that somebody is about to make."""

    sort: str
    category: str
    said: str
    place: str = ""

    @property
    def is_public(self) -> bool:
        """Whether it is about no home."""
        return self.sort not in {"homes", "inquiries", "emergencies"}


async def begin_day(stage: Stage, session: Session, *, share: float = 1.0) -> None:
    """Plan what comes in until midnight, and the next day; bring the shifts of the days to come."""
    stage.plan(stage.at_hour(0, days=1), partial(begin_day, stage, share=share))
    since = stage.now + (ROSTER if stage.counts["days"] else -A_DAY_LONG)
    await bring_roster(session, stage.estate, since=since, until=stage.now + ROSTER + A_DAY_LONG)
    stage.counts["days"] += 1
    for sort, mean in A_DAY.items():
        for _ in range(_count(stage, mean * share)):
            category, said = stage.words.matters[sort].pick(stage.dice)
            place = stage.dice.choice(stage.words.texts["spots"])
            stage.plan(stage.at_hour(_hour(stage)), partial(file, stage, matter=Matter(sort, category, said, place)))
    for _ in range(_count(stage, QUESTIONS_A_DAY * share)):
        stage.plan(stage.at_hour(_hour(stage)), partial(_question, stage))


def _count(stage: Stage, mean: float) -> int:
    """Return a number of that mean (Poisson)."""
    limit, product, count = math.exp(-mean), stage.dice.random(), 0
    while product > limit:
        product, count = product * stage.dice.random(), count + 1
    return count


def _hour(stage: Stage) -> float:
    return stage.dice.choices(range(len(HOURS)), HOURS)[0] + stage.dice.random()


async def file(stage: Stage, session: Session, *, matter: Matter, echo: bool = False) -> None:
    """File a request: most go through an employee who takes the call."""
    owner = stage.dice.choice(stage.estate.owners)
    taker, source = _door(stage, owner, matter)
    request = _request(stage, owner, matter, source)
    actor = replace(taker or owner, event_id=f"sim:file:{stage.now.isoformat()}")
    ticket = await filing.file(
        session, actor, house=stage.estate.house, request=request, now=stage.now, policy=stage.policy
    )
    stage.counts["filed"] += 1
    stage.counts[f"by {source}"] += 1
    if request.emergency:
        for staff_id in await _paged(stage):
            stage.later(
                stage.about(1.5, 0.7), partial(leads.answer_page, stage, staff_id=staff_id, ticket_id=ticket.id)
            )
    elif taker is not None:
        await filing.tell_requester(session, ticket, now=stage.now)
    stage.plan_work(ticket.id, stage.now + stage.about(2 if ticket.priority in hands.HASTE else 8))
    owners.plan_side(stage, ticket, owner)
    _plan_doubles(stage, ticket, matter, echo=echo)


async def _paged(stage: Stage) -> Sequence[int]:
    return [one.staff_id for one in stage.estate.on_duty(stage.now, role=Role.ENGINEER)]


def _door(stage: Stage, owner: Actor, matter: Matter) -> tuple[Actor | None, Source]:
    """Return who files and through which door it comes; at night the gate answers the phone."""
    thrown = stage.dice.random()
    by_phone = thrown < DOORS[Source.PHONE] or owner.address_id is None
    desk = stage.estate.on_duty(stage.now, team="desk", role=Role.DESK)
    if matter.sort == "emergencies" and not by_phone:
        return None, _own(owner)
    if by_phone or thrown < sum(DOORS.values()):
        takers = desk or stage.estate.on_duty(stage.now, team="security")
        source = Source.PHONE if by_phone or not desk else Source.VISIT
        return stage.dice.choice(takers).actor, source
    return None, _own(owner)


def _own(owner: Actor) -> Source:
    return Source.SMS if owner.channel is Channel.SMS else Source.CHAT


def _request(stage: Stage, owner: Actor, matter: Matter, source: Source) -> Request:
    home, complaint = owner.homes[0], matter.sort == "complaints"
    outside = _outside(stage) if complaint and source is Source.PHONE and stage.chance(FORWARDED) else None
    at_home = stage.words["home"].format(building=home.building, entrance=home.entrance, room=home.room)
    return Request(
        category=stage.catalog.of_kind(matter.category, KINDS[matter.sort]),
        matter=matter.said,
        place=matter.place if matter.is_public else at_home,
        scope="public" if matter.is_public else "unit",
        unit_id=None if matter.is_public else home.unit_id,
        building=home.building,
        emergency=matter.sort == "emergencies",
        urgent=matter.sort == "emergencies",
        confidential=complaint,
        about=_about(stage, matter),
        outside=outside,
        source=Source.FORWARDED if outside else source,
        requester=Requester(person_id=owner.person_id, address_id=owner.address_id, name=owner.name, phone=owner.phone),
    )


def _outside(stage: Stage) -> Outside:
    """Return an office's case with a number of its own."""
    number = f"HZ{stage.now:%Y%m%d}-{stage.counts['filed']}"
    return Outside(office="hotline", number=number, contact_by=stage.now + CONTACT, reply_by=stage.now + REPLY)


def _about(stage: Stage, matter: Matter) -> About:
    """Name an engineer on duty in some of the complaints about people."""
    found = stage.estate.on_duty(stage.now, role=Role.ENGINEER)
    if matter.category != CONFIDENTIAL or not found or not stage.chance(NAMES):
        return About()
    return About(staff_id=stage.dice.choice(found).staff_id)


def _plan_doubles(stage: Stage, ticket: Ticket, matter: Matter, *, echo: bool) -> None:
    """A neighbour tells of the same fault; the desk sees it and puts both together."""
    if echo:
        stage.later(stage.about(10), partial(_merge, stage, ticket_id=ticket.id))
    elif matter.sort == "public" and stage.chance(NEIGHBOURS):
        stage.later(stage.about(25), partial(file, stage, matter=matter, echo=True))
    elif stage.chance(TIED):
        stage.later(stage.about(60), partial(_tie, stage, ticket_id=ticket.id))


async def _merge(stage: Stage, session: Session, *, ticket_id: int) -> None:
    desk = stage.estate.on_duty(stage.now, team="desk", role=Role.DESK)
    ticket = await stage.ticket(session, ticket_id)
    if not desk or State(ticket.state) in OVER:
        return
    alike = [one for one in await merging.alike(session, ticket) if one.id < ticket.id]
    if alike:
        actor = stage.dice.choice(desk).actor
        await merging.merge(
            session, actor, ticket_id=ticket.id, into_id=alike[0].id, now=stage.now, policy=stage.policy
        )
        stage.counts[Action.MERGE] += 1
        stage.open.pop(ticket_id, None)
        if stage.chance(NEIGHBOURS):
            stage.later(stage.about(30), partial(_unmerge, stage, ticket_id=ticket_id))


async def _unmerge(stage: Stage, session: Session, *, ticket_id: int) -> None:
    """It was another fault after all."""
    desk = stage.estate.on_duty(stage.now, team="desk", role=Role.DESK)
    if not desk:
        return
    actor = stage.dice.choice(desk).actor
    await merging.unmerge(session, actor, ticket_id=ticket_id, now=stage.now, policy=stage.policy)
    stage.counts[Action.UNMERGE] += 1
    stage.plan_work(ticket_id, stage.now + stage.about(10))


async def _tie(stage: Stage, session: Session, *, ticket_id: int) -> None:
    desk = stage.estate.on_duty(stage.now, team="desk", role=Role.DESK)
    ticket = await stage.ticket(session, ticket_id)
    alike = await merging.alike(session, ticket) if desk and State(ticket.state) not in OVER else []
    if alike:
        actor, other = stage.dice.choice(desk).actor, alike[0]
        await merging.link(session, actor, ticket=ticket, other=other, now=stage.now, policy=stage.policy)
        stage.counts[Action.LINK] += 1


async def _question(stage: Stage, session: Session) -> None:
    """Somebody calls about what is open; the desk notes it down and asks who has it. Half need no note."""
    stage.counts["questions"] += 1
    desk = stage.estate.on_duty(stage.now, team="desk", role=Role.DESK)
    if stage.chance(ON_THE_SPOT) or not stage.open or not desk:
        return
    ticket = await stage.ticket(session, stage.dice.choice(list(stage.open)))
    if State(ticket.state) in OVER or ticket.confidential:
        return
    actor = stage.dice.choice(desk).actor
    if stage.chance(ON_THE_SPOT):
        await stage.act(session, actor, Action.TELL, ticket, words=stage.words["said_answer"])
    else:
        await stage.act(session, actor, Action.NOTE, ticket, words=stage.words["said_call"])
