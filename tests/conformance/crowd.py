"""Crowds for races: many employees, many owners, and replicas of the house that share one database and one street."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import select

from bot.channels.port import ChannelPort, RawEvent
from bot.delivery import Delivery, Line
from bot.delivery import Pace as DeliveryPace
from bot.intake import Intake
from bot.letters import Desk
from bot.metrics import Metrics
from bot.work import Pace as WorkPace
from bot.work import Work
from handlers.turn import World
from services import people
from services.actors import Actor, Proof
from services.db import Database, Session
from services.media import MediaStore
from services.messages import Channel, Inbound
from services.models import Address, Community, Occupancy, Person, Staff, TeamChat, Ticket, Unit
from services.outbox import Account
from services.settings import Policy
from services.tickets import filing
from services.tickets.filing import Request, Requester
from tests.support.line import ACCOUNT, START, FakePort

NOW = START
GROUP = "-100engineering"
QUICK = DeliveryPace(backoff_first=0.001, backoff_most=0.001)


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody of a crowd: where he writes, how he is called."""

    external: str
    name: str


class Replica:
    """One process of several: loops of its own, the same channel."""

    def __init__(self, url: str, world: World, port: FakePort, owner: str, *, now: datetime = NOW) -> None:
        self.db, self.world, self.port, self.owner = Database(url, connections=10), world, port, owner
        metrics = Metrics()
        ports: dict[tuple[str, str], ChannelPort] = {(port.channel, port.account): port}
        self.intake = Intake(self.db, metrics)
        self.work = Work(self.db, ports, world, owner=owner, now=lambda: now, pace=WorkPace(poll=0.01), metrics=metrics)
        self.delivery = Delivery(
            self.db,
            [Line(Account(port.channel, port.account), port)],
            Desk(world, MediaStore(Path("no-such-folder")), now=lambda: now),
            owner=owner,
            now=lambda: now,
            pace=QUICK,
            metrics=metrics,
        )

    async def hear(self, *events: RawEvent) -> None:
        """Store events."""
        await asyncio.gather(*(self.intake.store(event) for event in events))


async def work_together(replicas: Sequence[Replica]) -> None:
    """Let all replicas work until the inbox is empty, toasts included."""
    await asyncio.gather(*(replica.work.drain() for replica in replicas))
    for replica in replicas:
        await replica.work.drain()
        await asyncio.gather(*replica.work._toasts)


async def deliver_together(replicas: Sequence[Replica]) -> None:
    """Let all replicas deliver until nothing may leave any more."""
    await asyncio.gather(*(replica.delivery.drain() for replica in replicas))
    for replica in replicas:
        await replica.delivery.drain()


def event(port: FakePort, who: Member, number: str, *, text: str = "", tap: str = "") -> RawEvent:
    """Somebody's message or tap, as it is stored."""
    return port.event(
        Inbound(
            channel=port.channel,
            account=port.account,
            event_id=number,
            sender=who.external,
            address=who.external,
            text=text,
            tap=tap,
            tap_id=f"{who.external}/{number}" if tap else "",
            name=who.name,
        )
    )


async def add_engineers(session: Session, count: int) -> list[Member]:
    """Add so many engineers, each with a private chat, and their group."""
    community_id = await _community(session)
    members = [Member(f"engineer-{number}", f"陈{number}") for number in range(count)]
    for number, member in enumerate(members):
        person = await _person(session, member, community_id)
        session.add(
            Staff(
                community_id=community_id, person_id=person.id, badge=f"E{number}", role="engineer", team="engineering"
            )
        )
    wall = Address(
        channel=Channel.TELEGRAM,
        account=ACCOUNT,
        external=GROUP,
        is_group=True,
        community_id=community_id,
        created_at=NOW,
    )
    session.add(wall)
    await session.flush()
    session.add(TeamChat(community_id=community_id, team="engineering", address_id=wall.id, topic=""))
    await session.flush()
    return members


async def add_owners(session: Session, count: int) -> list[Member]:
    """Add so many owners, each with a home and a private chat."""
    community_id = await _community(session)
    members = [Member(f"owner-{number}", f"王{number}") for number in range(count)]
    for number, member in enumerate(members):
        person = await _person(session, member, community_id)
        unit = Unit(community_id=community_id, building="99", entrance="1", room=f"{number}")
        session.add(unit)
        await session.flush()
        session.add(
            Occupancy(
                community_id=community_id,
                unit_id=unit.id,
                person_id=person.id,
                role="owner",
                status="active",
                proof="register",
                since=NOW.date(),
            )
        )
    await session.flush()
    return members


async def add_address(session: Session, member: Member, external: str) -> Member:
    """Give a member one address more."""
    person_id = await session.scalar(select(Address.person_id).where(Address.external == member.external))
    session.add(_address(external, await _community(session), person_id))
    await session.flush()
    return Member(external, member.name)


async def _community(session: Session) -> int:
    return (await session.scalars(select(Community.id))).one()


async def _person(session: Session, member: Member, community_id: int) -> Person:
    person = Person(name=member.name, locale="zh_Hans", created_at=NOW)
    session.add(person)
    await session.flush()
    session.add(_address(member.external, community_id, person.id))
    return person


def _address(external: str, community_id: int, person_id: int | None) -> Address:
    return Address(
        channel=Channel.TELEGRAM,
        account=ACCOUNT,
        external=external,
        community_id=community_id,
        person_id=person_id,
        proof=Proof.CODE,
        proven_at=NOW,
        created_at=NOW,
    )


async def actor_of(session: Session, member: Member, event_id: str = "1") -> Actor:
    """Build the actor as the only door does, his person locked."""
    return await people.actor_of(
        session, channel=Channel.TELEGRAM, account=ACCOUNT, sender=member.external, event_id=event_id, now=NOW
    )


async def file(session: Session, world: World, member: Member, matter: str, *, policy: Policy | None = None) -> Ticket:
    """File a repair as an owner does."""
    actor = await actor_of(session, member)
    if actor.house is None:
        raise LookupError(member.external)
    request = Request(
        category=world.catalog.categories["plumbing"],
        matter=matter,
        place="99栋1单元",
        requester=Requester(person_id=actor.person_id, address_id=actor.address_id, name=member.name),
    )
    return await filing.file(
        session, actor, house=actor.house, request=request, now=NOW, policy=policy or world.policies.defaults
    )


def later(hours: int) -> datetime:
    """Return a moment so many hours on."""
    return NOW + timedelta(hours=hours)
