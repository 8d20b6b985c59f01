"""Many people, many replicas, the same moment: one wins, nobody is lost, nothing is counted twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from itertools import cycle

import pytest
from sqlalchemy import func, select

from handlers.turn import World
from services import actors, links, surveys
from services.actors import Tie
from services.db import Database, Session
from services.messages import Channel, Inbound
from services.models import Event, FollowUp, History, LinkCode, Outgoing, Person, Survey, Ticket
from services.refusals import Refused
from services.settings import Policy
from services.tickets import finding, passing
from services.tickets.filing import TooMany
from services.tickets.rules import AlreadyTaken
from tests.conformance import crowd
from tests.conformance.crowd import NOW, Member, Replica
from tests.support.line import ACCOUNT, FakePort, Screens

CROWD = 20


@pytest.fixture
async def replicas(estate_url: str, world: World) -> AsyncIterator[list[Replica]]:
    """Return two replicas of the house on one estate."""
    port = Port(Channel.TELEGRAM, ACCOUNT, Screens())
    opened = [Replica(estate_url, world, port, owner) for owner in ("left", "right")]
    yield opened
    for replica in opened:
        await replica.db.dispose()


class Port(FakePort):
    """A channel that remembers in which order its events were read."""

    def __init__(self, channel: Channel, account: str, screens: Screens) -> None:
        super().__init__(channel, account, screens)
        self.screens = screens
        self.heard: list[str] = []

    def read(self, payload: str) -> Inbound:
        """Read an event and note it."""
        inbound = super().read(payload)
        self.heard.append(inbound.event_id)
        return inbound


def port_of(replicas: Sequence[Replica]) -> Port:
    """Return the channel that the replicas share."""
    port = replicas[0].port
    assert isinstance(port, Port)
    return port


async def at_once(
    replicas: Sequence[Replica], members: Sequence[Member], deed: Callable[[Session, Member], Awaitable[str]]
) -> list[str]:
    """Let everybody do it at the same time, each in a transaction of his own; return what came of it."""

    async def one(db: Database, member: Member) -> str:
        try:
            return await db.run(lambda session: deed(session, member))
        except Refused as refused:
            return type(refused).__name__

    turns = zip(cycle(replica.db for replica in replicas), members, strict=False)
    return list(await asyncio.gather(*(one(db, member) for db, member in turns)))


async def filed(replicas: Sequence[Replica]) -> tuple[int, list[Member]]:
    """Let an owner file in front of a crowd of engineers; return the ticket's id and the engineers."""
    db, world = replicas[0].db, replicas[0].world
    engineers = await db.run(lambda session: crowd.add_engineers(session, CROWD))
    (owner,) = await db.run(lambda session: crowd.add_owners(session, 1))
    ticket = await db.run(lambda session: crowd.file(session, world, owner, "水管漏水"))
    return ticket.id, engineers


async def ticket_of(replicas: Sequence[Replica], ticket_id: int) -> Ticket:
    """Return the ticket as it stands."""
    async with replicas[0].db.reading() as session:
        return await session.get_one(Ticket, ticket_id)


async def accepted_by(replicas: Sequence[Replica], ticket_id: int) -> list[int | None]:
    """Return who has accepted the ticket, by its history."""
    async with replicas[0].db.reading() as session:
        found = await session.scalars(
            select(History.person_id).where(History.ticket_id == ticket_id, History.action.in_(("accept", "grab")))
        )
        return list(found.all())


async def test_of_twenty_who_accept_at_once_one_wins(replicas: list[Replica]) -> None:
    ticket_id, engineers = await filed(replicas)
    policy = replicas[0].world.policies.defaults

    async def accept(session: Session, member: Member) -> str:
        actor = await crowd.actor_of(session, member)
        ticket = await finding.find(session, actor, ticket_id=ticket_id, lock=True)
        try:
            await passing.accept(session, actor, ticket=ticket, now=NOW, policy=policy)
        except AlreadyTaken as taken:
            return str(taken.text.params["name"])
        return "accepted"

    outcomes = await at_once(replicas, engineers, accept)
    winner = engineers[outcomes.index("accepted")]
    assert outcomes.count("accepted") == 1
    assert sum(winner.name in outcome for outcome in outcomes) == CROWD - 1
    assert len(await accepted_by(replicas, ticket_id)) == 1


async def test_of_twenty_who_tap_accept_at_once_one_wins_and_nineteen_are_told_who(replicas: list[Replica]) -> None:
    ticket_id, engineers = await filed(replicas)
    port = port_of(replicas)
    taps = [
        crowd.event(port, member, f"tap-{number}", tap=f"t:accept:{ticket_id}")
        for number, member in enumerate(engineers)
    ]
    await asyncio.gather(replicas[0].hear(*taps[::2]), replicas[1].hear(*taps[1::2]))
    await crowd.work_together(replicas)
    (winner_id,) = await accepted_by(replicas, ticket_id)
    async with replicas[0].db.reading() as session:
        winner = (await session.get_one(Person, winner_id)).name
    toasts = {member.name: toast_on(port, member) for member in engineers}
    told = toasts.pop(winner)
    assert winner not in told
    assert len(toasts) == CROWD - 1
    assert all(winner in words for words in toasts.values())
    assert (await ticket_of(replicas, ticket_id)).state == "working"


def toast_on(port: Port, member: Member) -> str:
    """Return the short answer that somebody's tap got."""
    (toast,) = [shown.text for shown in port.screens.of(Channel.TELEGRAM, member.external).log if shown.toast]
    return toast


async def test_twenty_owners_who_file_at_once_get_twenty_numbers_without_a_gap(replicas: list[Replica]) -> None:
    owners = await replicas[0].db.run(lambda session: crowd.add_owners(session, CROWD + 5))
    world = replicas[0].world

    async def file(session: Session, member: Member) -> str:
        ticket = await crowd.file(session, world, member, "水管漏水")
        if int(member.external.removeprefix("owner-")) >= CROWD:
            raise TooMany  # one whose transaction is rolled back leaves no gap
        return ticket.number

    outcomes = await at_once(replicas, owners, file)
    assert sorted(outcomes[:CROWD]) == [f"0412-{number:02d}" for number in range(1, CROWD + 1)]
    assert outcomes[CROWD:] == ["TooMany"] * 5


async def test_what_one_person_may_do_in_a_day_holds_over_addresses_and_replicas(replicas: list[Replica]) -> None:
    db, world = replicas[0].db, replicas[0].world
    (owner,) = await db.run(lambda session: crowd.add_owners(session, 1))
    second = await db.run(lambda session: crowd.add_address(session, owner, "owner-0-page"))
    count = world.policies.defaults.tickets.per_day
    attempts = [owner, second] * count
    matters = iter(range(len(attempts)))

    async def file(session: Session, member: Member) -> str:
        await crowd.file(session, world, member, f"第{next(matters)}件")
        return "filed"

    outcomes = await at_once(replicas, attempts, file)
    assert (outcomes.count("filed"), outcomes.count("TooMany")) == (count, len(attempts) - count)


async def test_a_tap_and_a_text_of_one_person_never_interleave(replicas: list[Replica]) -> None:
    db = replicas[0].db
    (owner,) = await db.run(lambda session: crowd.add_owners(session, 1))
    second = await db.run(lambda session: crowd.add_address(session, owner, "owner-0-page"))
    seen: list[str] = []

    async def turn(session: Session, member: Member) -> str:
        await crowd.actor_of(session, member)
        seen.append("in")
        await asyncio.sleep(0.01)
        seen.append("out")
        return ""

    await at_once(replicas, [owner, second] * 4, turn)
    assert seen == ["in", "out"] * 8


async def asked(replicas: Sequence[Replica], owner: Member) -> int:
    """Let a survey be asked about a ticket of the owner's; return its id."""
    db, world = replicas[0].db, replicas[0].world

    async def ask(session: Session) -> int:
        ticket = await crowd.file(session, world, owner, "水管漏水")
        ticket.state, ticket.closed_how, ticket.closed_at = "closed", "accepted", NOW
        row = Survey(
            community_id=ticket.community_id,
            ticket_id=ticket.id,
            cycle=1,
            person_id=ticket.requester_id,
            address_id=ticket.requester_address_id,
            state="asked",
        )
        session.add(row)
        await session.flush()
        return row.id

    return await db.run(ask)


async def test_a_survey_answered_twice_at_once_is_kept_once(replicas: list[Replica]) -> None:
    db, policy = replicas[0].db, replicas[0].world.policies.defaults
    (owner,) = await db.run(lambda session: crowd.add_owners(session, 1))
    second = await db.run(lambda session: crowd.add_address(session, owner, "owner-0-page"))
    survey_id = await asked(replicas, owner)
    scores = {owner.external: 1, second.external: 2}

    async def answer(session: Session, member: Member) -> str:
        actor = await crowd.actor_of(session, member)
        score = scores[member.external]
        await surveys.answer(session, actor, survey_id=survey_id, score=score, words="", now=NOW, policy=policy)
        return member.external

    outcomes = await at_once(replicas, [owner, second], answer)
    (kept,) = [outcome for outcome in outcomes if outcome in scores]
    assert sorted({*outcomes} - {kept}) == ["SurveyOver"]
    async with db.reading() as session:
        survey = await session.get_one(Survey, survey_id)
        assert (survey.state, survey.score) == ("answered", scores[kept])
        assert await session.scalar(select(func.count()).select_from(FollowUp)) == 1


async def test_a_code_redeemed_twice_at_once_ties_one_address(replicas: list[Replica]) -> None:
    db = replicas[0].db
    (owner,) = await db.run(lambda session: crowd.add_owners(session, 1))
    strangers = [Member("stranger-1", ""), Member("stranger-2", "")]

    async def issue(session: Session) -> str:
        actor = await crowd.actor_of(session, owner)
        assert actor.community_id is not None
        return await links.issue(
            session,
            actors.system("tests"),
            person_id=actor.person_id,
            unit_id=None,
            role=Tie.FAMILY,
            community_id=actor.community_id,
            days=1,
            now=NOW,
        )

    code = await db.run(issue)

    async def redeem(session: Session, member: Member) -> str:
        actor = await crowd.actor_of(session, member)
        await links.redeem(session, actor, code=code, now=NOW, policy=Policy())
        return "tied"

    assert sorted(await at_once(replicas, strangers, redeem)) == ["BadCode", "tied"]
    async with db.reading() as session:
        assert (await session.scalars(select(LinkCode.used_at))).all() == [NOW]


async def test_replicas_share_the_inbox_each_event_once_and_lanes_in_order(replicas: list[Replica]) -> None:
    owners = await replicas[0].db.run(lambda session: crowd.add_owners(session, 6))
    port = port_of(replicas)
    told = [
        crowd.event(port, member, f"{member.external}:{number}", text="你好")
        for number in range(5)
        for member in owners
    ]
    for replica in replicas:
        await replica.hear(*told)
    port.heard.clear()
    await crowd.work_together(replicas)
    async with replicas[0].db.reading() as session:
        states = await session.execute(select(Event.state, func.count()).group_by(Event.state))
        assert states.all() == [("done", len(told))]
        replies = (await session.scalars(select(Outgoing.key).where(Outgoing.key.startswith("reply:")))).all()
    assert len(replies) == len(told)
    assert sorted(port.heard) == sorted(raw.event_id for raw in told)
    for member in owners:
        mine = [event_id for event_id in port.heard if event_id.startswith(f"{member.external}:")]
        assert mine == [f"{member.external}:{number}" for number in range(5)]


async def test_replicas_share_the_outbox_each_letter_once_and_in_order(replicas: list[Replica]) -> None:
    owners = await replicas[0].db.run(lambda session: crowd.add_owners(session, 4))
    port = port_of(replicas)
    for number in range(4):
        await replicas[number % 2].hear(*(crowd.event(port, m, f"{m.external}:{number}", text="你好") for m in owners))
    await crowd.work_together(replicas)
    await crowd.deliver_together(replicas)
    async with replicas[0].db.reading() as session:
        queued = select(Outgoing.address_id, Outgoing.provider_id, Outgoing.state).order_by(Outgoing.id)
        rows = await session.execute(queued)
        sent = rows.all()
    assert {row.state for row in sent} == {"accepted"}
    assert all(len(port.screens.of(Channel.TELEGRAM, member.external).log) == 4 for member in owners)
    for address_id in {row.address_id for row in sent}:
        ids = [int(row.provider_id) for row in sent if row.address_id == address_id]
        assert ids == sorted(ids)
