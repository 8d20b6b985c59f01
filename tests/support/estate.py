"""Fixtures: the demo's estate in a database of each kind, copied for every test, and the house on top of it."""

from __future__ import annotations

import asyncio
import secrets
import shutil
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import structlog
from sqlalchemy import delete, select

from bot import app
from bot.settings import Settings, load
from handlers.turn import World
from scripts import seed
from services import people
from services.actors import Actor, Proof
from services.catalog import Kind
from services.db import Database, Session
from services.messages import Channel
from services.models import Address, Community, Number, Person, Quote, TeamChat, Ticket
from services.tickets import engine, filing, finding
from services.tickets.filing import Request, Requester
from services.tickets.history import Said
from services.tickets.rules import Action, Change
from tests.support.databases import WIPE, renewed
from tests.support.line import ACCOUNTS, START, Line, Writer
from tests.support.postgres import Databases, Standing

# A database is made in a tenth of a second and more; rows are put back in a fraction of that.
KEEP = """
CREATE SCHEMA sown;
DO $$
DECLARE name text;
BEGIN
  FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version' LOOP
    EXECUTE format('CREATE TABLE sown.%1$I AS TABLE public.%1$I', name);
  END LOOP;
END $$;
"""
RESTORE = """
SET session_replication_role = replica;
DO $$
DECLARE name text;
BEGIN
  FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'sown' LOOP
    EXECUTE format('INSERT INTO public.%1$I SELECT * FROM sown.%1$I', name);
  END LOOP;
  FOR name IN SELECT left(sequencename, -7) FROM pg_sequences WHERE schemaname = 'public' LOOP
    EXECUTE format('SELECT setval(''public.%1$I'', (SELECT coalesce(max(id), 0) + 1 FROM public.%2$I), false)',
                   name || '_id_seq', name);
  END LOOP;
END $$;
"""


@pytest.fixture(scope="session")
def settings() -> Settings:
    """The settings as they come."""
    return load(None, {})


@pytest.fixture(scope="session")
def world(settings: Settings) -> Iterator[World]:
    """What does not change from turn to turn, read once; errors are told in few lines meanwhile."""
    structlog.configure(processors=[structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)])
    yield replace(app.world_of(settings), desk_link="https://line.example/desk/enter/{}".format)
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def sqlite_estate(sqlite_template: Path, settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a database file with the demo's estate in it, to copy."""
    place = tmp_path_factory.mktemp("estate") / "ownerline.db"
    shutil.copy(sqlite_template, place)
    _sow(f"sqlite:///{place}", settings)
    return place


@pytest.fixture(scope="session")
def postgres_estate(postgres_server: Databases, postgres_template: str, settings: Settings) -> Iterator[str]:
    """Return the name of this worker's database with the demo's estate, kept beside in a schema of its own."""
    name = f"estate_{secrets.token_hex(4)}"
    _sow(postgres_server.create_database(name, template=postgres_template), settings)
    postgres_server.execute(KEEP, database=name)
    yield name
    postgres_server.drop_database(name)


@pytest.fixture(scope="session")
def _sowing(postgres_server: Databases, postgres_estate: str) -> Iterator[Standing]:
    standing = Standing(postgres_server.url(postgres_estate))
    yield standing
    standing.close()


@pytest.fixture
def sqlite_estate_url(sqlite_estate: Path, places: Path) -> str:
    """Return the URL of an SQLite database with the estate, a file of this test's own."""
    return renewed(places / "estate.db", sqlite_estate)


@pytest.fixture
def postgresql_estate_url(postgres_server: Databases, postgres_estate: str, _sowing: Standing) -> str:
    """Return the URL of a PostgreSQL database with the estate, as it was sown."""
    _sowing.execute(WIPE, RESTORE)
    return postgres_server.url(postgres_estate)


@pytest.fixture(params=["sqlite", "postgresql"])
def estate_url(request: pytest.FixtureRequest) -> str:
    """Return the URL of a database with the estate: every test that asks runs once on each kind."""
    url: str = request.getfixturevalue(f"{request.param}_estate_url")
    return url


@pytest.fixture
async def line(estate_url: str, world: World) -> AsyncIterator[Line]:
    """Return the house on the estate; every test that asks runs once on each kind of database."""
    opened = Line(estate_url, world)
    yield opened
    await opened.close()


@pytest.fixture
async def server_line(postgresql_estate_url: str, world: World) -> AsyncIterator[Line]:
    """Return the house on PostgreSQL alone."""
    opened = Line(postgresql_estate_url, world)
    yield opened
    await opened.close()


@pytest.fixture
async def quick_line(sqlite_estate_url: str, world: World) -> AsyncIterator[Line]:
    """Return the house on SQLite alone, for what does not depend on the database."""
    opened = Line(sqlite_estate_url, world)
    yield opened
    await opened.close()


def _sow(url: str, settings: Settings) -> None:
    async def sow() -> None:
        db = Database(url)
        await seed.seed(db, settings, now=START)
        await db.dispose()

    with ThreadPoolExecutor(1) as aside:
        aside.submit(asyncio.run, sow()).result()


async def linked(line: Line, name: str, channel: Channel = Channel.TELEGRAM, *, proof: Proof = Proof.CONTACT) -> Writer:
    """Give a person of the register an address on the channel, instead of what he has."""

    async def link(session: Session) -> Writer:
        person = (await session.scalars(select(Person).where(Person.name == name))).one()
        number = await session.scalar(select(Number.e164).where(Number.person_id == person.id))
        await session.execute(delete(Address).where(Address.person_id == person.id))
        external = str(number) if channel is Channel.SMS else f"{channel}-{person.id}"
        address = Address(
            channel=channel,
            account=ACCOUNTS[channel],
            external=external,
            community_id=await session.scalar(select(Community.id)),
            person_id=person.id,
            proof=Proof.REGISTER if channel is Channel.SMS else proof,
            proven_at=line.now,
            created_at=line.now,
            locale=person.locale,
            display_name=name,
        )
        session.add(address)
        return Writer(channel, external, name)

    return await line.db.run(link)


async def at_home(line: Line, name: str) -> Writer:
    """Return a person of the register where the seed has put him."""
    async with line.db.reading() as session:
        address = (
            await session.scalars(
                select(Address).join(Person, Person.id == Address.person_id).where(Person.name == name)
            )
        ).one()
        return Writer(Channel(address.channel), address.external, name)


async def web_of(session: Session, name: str) -> Writer:
    """Return a person's page, made now if the seed made none."""
    person = (await session.scalars(select(Person).where(Person.name == name))).one()
    known = select(Address).where(Address.person_id == person.id, Address.channel == Channel.WEB)
    address = (await session.scalars(known)).one_or_none()
    if address is None:
        address = Address(
            channel=Channel.WEB,
            account=ACCOUNTS[Channel.WEB],
            external=f"page-{person.id}",
            community_id=await session.scalar(select(Community.id)),
            person_id=person.id,
            proof=Proof.CODE,
            proven_at=START,
            created_at=START,
        )
        session.add(address)
        await session.flush()
    return Writer(Channel.WEB, address.external, name)


async def second_address(line: Line, name: str, channel: Channel) -> Writer:
    """Give a person of the register one address more."""

    async def add(session: Session) -> Writer:
        person = (await session.scalars(select(Person).where(Person.name == name))).one()
        external = f"{channel}-{person.id}-more"
        session.add(
            Address(
                channel=channel,
                account=ACCOUNTS[channel],
                external=external,
                community_id=await session.scalar(select(Community.id)),
                person_id=person.id,
                proof=Proof.CODE,
                proven_at=line.now,
                created_at=line.now,
            )
        )
        return Writer(channel, external, name)

    return await line.db.run(add)


async def group(line: Line, name: str, team: str, *, topic: str = "") -> Writer:
    """Make a team's group chat."""

    async def add(session: Session) -> Writer:
        external = f"-100{team}"
        community_id = await session.scalar(select(Community.id))
        address = Address(
            channel=Channel.TELEGRAM,
            account=ACCOUNTS[Channel.TELEGRAM],
            external=external,
            is_group=True,
            community_id=community_id,
            created_at=line.now,
            locale="zh_Hans",
            display_name=name,
        )
        session.add(address)
        await session.flush()
        session.add(TeamChat(community_id=community_id, team=team, address_id=address.id, topic=topic))
        return Writer(Channel.TELEGRAM, external, name)

    return await line.db.run(add)


def stranger(
    name: str, channel: Channel = Channel.TELEGRAM, *, external: str = "", language: str = "zh-hans"
) -> Writer:
    """Return somebody whom the register does not know at this address."""
    return Writer(channel, external or f"stranger-{name}", name, language=language)


async def actor_of(session: Session, line: Line, writer: Writer) -> Actor:
    """Build the actor behind a writer, as the door does."""
    return await people.actor_of(
        session,
        channel=writer.channel,
        account=ACCOUNTS[writer.channel],
        sender=writer.external,
        event_id="test",
        now=line.now,
    )


async def filed(
    session: Session, line: Line, owner: Actor, *, matter: str = "厨房水槽漏水", kind: Kind = Kind.REPAIR, **more: Any
) -> Ticket:
    """File a ticket for the owner's first home."""
    home = next(iter(owner.here), None)
    category = line.world.catalog.of_kind("plumbing" if kind is Kind.REPAIR else "other", kind)
    requester = Requester(
        person_id=owner.person_id,
        address_id=owner.address_id,
        name=owner.name,
        phone=await people.phone_of(session, owner.person_id),
        shows_number=owner.shows_number,
        known=owner.person_id is not None,
    )
    request = Request(
        category=category,
        matter=matter,
        place="3栋2单元1502",
        unit_id=home.unit_id if home else None,
        requester=requester,
        **more,
    )
    if owner.house is None:
        raise LookupError("the owner is in no community")
    policy = await line.world.policies.of(session, owner.community_id)
    ticket = await filing.file(session, owner, house=owner.house, request=request, now=line.now, policy=policy)
    await session.flush()
    return ticket


def a_quote(ticket: Ticket, *, now: datetime) -> Quote:
    """Return a price that waits for the owner's word."""
    return Quote(
        community_id=ticket.community_id,
        ticket_id=ticket.id,
        count=1,
        lines=[["angle_valve", "角阀", 1, 3800, 2000, True]],
        total_cents=5800,
        guarantee_days=180,
        state="asked",
        asked_at=now,
    )


async def act(
    session: Session, line: Line, actor: Actor, action: Action, ticket_id: int, *, words: str = "", **codes: Any
) -> Change:
    """Do an action to a ticket, looked up and locked as handlers do."""
    ticket = await finding.find(session, actor, ticket_id=ticket_id, lock=True)
    policy = await line.world.policies.of(session, actor.community_id)
    change = await engine.act(
        session, actor, action, ticket=ticket, now=line.now, policy=policy, said=Said(words), codes=codes
    )
    await session.flush()
    return change
