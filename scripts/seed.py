"""Put the demo's register into a database, once; on later runs only the roster is carried on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from bot.settings import Settings
from bot.web.parts import Kind, Persona
from scripts import register, seed_roster
from scripts.register import Employee, Home, Register, Resident, Someone
from services import actors, communities
from services.access import Deed
from services.actors import Proof, Tie, UnitKind
from services.db import Database, Session
from services.messages import Channel, T
from services.models import (
    Address,
    Bill,
    Building,
    Community,
    Company,
    Notice,
    Number,
    Occupancy,
    Person,
    Place,
    Staff,
    Unit,
    Vehicle,
)
from services.money import ledger

WEB_ACCOUNT = "web"
CONSOLE_ACCOUNT = "console"
CM2 = 10_000


@dataclass(frozen=True, slots=True)
class Entry:
    """Somebody who can be played: what phone, which role, who, where."""

    phone: str
    role: str
    name: str
    where: str


@dataclass(frozen=True, slots=True)
class Seeded:
    """What there is afterwards."""

    community_id: int
    added: bool  # False: the register was there already
    entries: tuple[Entry, ...]


async def seed(db: Database, settings: Settings, *, now: datetime) -> Seeded:
    """Seed the first community in one transaction; a community that has units is left as it is."""
    book = register.read()
    async with db.transaction() as session:
        community = await ensure_community(session, settings, now=now)
        added = not await session.scalar(select(func.count()).where(Unit.community_id == community.id))
        if added:
            await _Sowing(session, settings, community, book, now).all()
        await seed_roster.carry_on(session, book, community, now=now)
        return Seeded(community.id, added, tuple(_entries(book)))


async def ensure_community(session: Session, settings: Settings, *, now: datetime) -> Community:
    """Add the community that the settings describe, with its channel accounts, where it is new."""
    accounts = {
        Channel.TELEGRAM: settings.telegram.account,
        Channel.SMS: settings.sms.account,
        Channel.WEB: WEB_ACCOUNT,
        Channel.CONSOLE: CONSOLE_ACCOUNT,
    }
    first = communities.First(**settings.community.model_dump())
    return await communities.ensure(session, first, accounts=accounts, now=now)


def personas(settings: Settings) -> list[Persona]:
    """Return whom a visitor of the lab may play, in order."""
    book = register.read()
    everybody: list[Someone] = [*book.staff, *book.residents]
    playable = {person.slug: person for person in everybody if person.slug}
    return [_persona(settings, playable[slug]) for slug in book.shown]


def _persona(settings: Settings, person: Someone) -> Persona:
    texts = on_phone(person)
    return Persona(
        slug=person.slug,
        title=T(f"lab.name.{person.slug}"),
        subtitle=T(f"lab.persona.{person.slug}"),
        kind=Kind.PHONE if texts else Kind.CHAT,
        channel=Channel.SMS if texts else Channel.WEB,
        account=settings.sms.account if texts else WEB_ACCOUNT,
        external=person.phone if texts else page_of(person),
    )


def on_phone(person: Someone) -> bool:
    """Whether the person has a plain phone only."""
    return person.slug == "phone"


def page_of(person: Someone) -> str:
    """Return the external id of the person's page in the lab."""
    return f"lab-{person.slug}"


class _Sowing:
    """One run over an empty community."""

    def __init__(
        self, session: Session, settings: Settings, community: Community, book: Register, now: datetime
    ) -> None:
        self._session = session
        self._settings = settings
        self._id = community.id
        self._book = book
        self._now = now
        self._today = now.astimezone(ZoneInfo(community.zone)).date()
        self._units: dict[str, Unit] = {}

    async def all(self) -> None:
        """Add everything, in the order that keys allow."""
        self._units = {str(home): self._unit(home, area) for home, area in self._book.homes()}
        people = {person: self._person(person) for person in self._book.residents}
        workers = {person: self._person(person) for person in self._book.staff}
        self._session.add_all([*self._units.values(), *people.values(), *workers.values()])
        await self._session.flush()
        everybody: dict[Someone, Person] = dict([*people.items(), *workers.items()])
        self._session.add_all(self._spaces())
        await self._company()
        self._session.add_all([*self._numbers(everybody), *self._addresses(everybody)])
        self._session.add_all(self._occupancies(people))
        await self._staff(workers)
        self._session.add_all(self._vehicles(everybody))
        bills = list(self._bills(people))
        self._session.add_all([*self._places(), *bills, *self._notices()])
        await self._session.flush()
        await self._payments(bills)

    def _unit(self, home: Home, area: Decimal) -> Unit:
        ago = self._book.handover_days_ago[home.building]
        return Unit(
            community_id=self._id,
            building=home.building,
            entrance=home.entrance,
            room=home.room,
            area_cm2=int(area * CM2),
            emergency_contact=self._book.emergency_contacts.get(str(home), ""),
            handover_on=self._today - timedelta(days=ago),
            payer=self._book.payers.get(str(home), Tie.OWNER),
        )

    def _spaces(self) -> Iterator[Unit]:
        """Yield the parking spaces, each with the home that it belongs to."""
        for space, home in self._book.parking.items():
            place = Home.named(space)
            yield Unit(
                community_id=self._id,
                building=place.building,
                entrance=place.entrance,
                room=place.room,
                kind=UnitKind.PARKING,
                attached_to=self._units[home].id if home else None,
                payer=self._book.payers.get(home, Tie.OWNER),
            )

    async def _company(self) -> None:
        slug, name = self._book.company
        company = Company(slug=slug, name=name)
        self._session.add(company)
        await self._session.flush()
        community = await self._session.get_one(Community, self._id)
        community.company_id = company.id

    def _until(self, home: str, role: str) -> date | None:
        days = self._book.leases.get(home) if role == Tie.TENANT else None
        return self._today + timedelta(days=days) if days is not None else None

    def _person(self, person: Someone) -> Person:
        return Person(
            name=person.name,
            sex=person.sex,
            locale=person.locale,
            needs_care=person.needs_care,
            created_at=self._now,
        )

    def _numbers(self, people: Mapping[Someone, Person]) -> Iterator[Number]:
        return (Number(person_id=row.id, e164=person.phone) for person, row in people.items())

    def _addresses(self, people: Mapping[Someone, Person]) -> Iterator[Address]:
        for person, row in people.items():
            if not person.slug:
                continue
            texts = on_phone(person)
            yield Address(
                channel=Channel.SMS if texts else Channel.WEB,
                account=self._settings.sms.account if texts else WEB_ACCOUNT,
                external=person.phone if texts else page_of(person),
                community_id=self._id,
                person_id=row.id,
                locale=row.locale,
                display_name=person.name,
                proof=Proof.REGISTER if texts else Proof.CODE,
                proven_at=self._now,
                created_at=self._now,
            )

    def _occupancies(self, people: Mapping[Resident, Person]) -> Iterator[Occupancy]:
        for person, row in people.items():
            for home, role in person.homes.items():
                yield Occupancy(
                    community_id=self._id,
                    unit_id=self._units[home].id,
                    person_id=row.id,
                    role=role,
                    status="active",
                    proof=Proof.REGISTER,
                    since=self._units[home].handover_on or self._today,
                    until=self._until(home, role),
                )

    async def _staff(self, workers: Mapping[Employee, Person]) -> None:
        by_badge: dict[str, Staff] = {}
        for person, row in workers.items():
            lead = by_badge.get(person.reports_to)
            by_badge[person.badge] = Staff(
                community_id=self._id,
                person_id=row.id,
                badge=person.badge,
                role=person.role,
                team=person.team,
                skills=person.skills,
                areas=(),
                reports_to=lead.id if lead else None,
            )
            self._session.add(by_badge[person.badge])
            await self._session.flush()
        stewards = {name: by_badge[who.badge].id for who in workers for name in who.steward_of}
        for name in self._book.buildings:
            self._session.add(self._building(name, stewards.get(name)))

    def _building(self, name: str, steward_id: int | None) -> Building:
        phase = self._book.phases.get(name, "")
        return Building(community_id=self._id, name=name, steward_id=steward_id, phase=phase)

    def _vehicles(self, people: Mapping[Someone, Person]) -> Iterator[Vehicle]:
        keepers = {person.phone: row.id for person, row in people.items()}
        for plate, phone in self._book.vehicles.items():
            yield Vehicle(community_id=self._id, plate=plate, person_id=keepers[phone])

    def _places(self) -> Iterator[Place]:
        spots = self._book.spots
        return (Place(community_id=self._id, code=spot.code, name=spot.name, area=spot.area) for spot in spots)

    def _bills(self, people: Mapping[Resident, Person]) -> Iterator[Bill]:
        for home in sorted({home for person in people for home in person.homes}):
            area = Decimal(self._units[home].area_cm2) / CM2
            for charge in self._book.charges:
                cents, (first, last) = charge.cents(area), charge.span(self._today)
                yield Bill(
                    community_id=self._id,
                    unit_id=self._units[home].id,
                    item=charge.item,
                    period=charge.period.format(year=first.year, first=first.month, last=last.month),
                    cents=cents,
                    reckoned=charge.reckoned.format(area=f"{area:.2f}", month=last.month),
                    due_on=self._today + timedelta(days=self._book.due_in_days),
                    as_of=self._now,
                )

    async def _payments(self, bills: Sequence[Bill]) -> None:
        """Let those who have paid ahead have paid."""
        till = actors.system("seed", Deed.TAKE_PAYMENT)
        ahead = {charge.item for charge in self._book.charges if charge.ahead}
        homes = {self._units[str(home)].id: self._units[str(home)] for home in self._book.paid}
        for bill in bills:
            if bill.unit_id in homes and bill.item in ahead:
                money = ledger.Money(
                    cents=bill.cents, way="transfer", source="import", key=f"seed:{bill.id}", paid_on=self._today
                )
                home, line = homes[bill.unit_id], [bill.id]
                await ledger.record(self._session, till, unit=home, money=money, bills=line, tell=False, now=self._now)

    def _notices(self) -> Iterator[Notice]:
        for news in self._book.news:
            day = self._today + timedelta(days=news.in_days)
            yield Notice(
                community_id=self._id,
                kind=news.kind,
                title=news.title,
                body=news.body.strip().format(month=day.month, day=day.day),
                published_at=self._now,
                valid_until=self._now + timedelta(hours=news.valid_hours),
            )


def _entries(book: Register) -> Iterator[Entry]:
    for person in book.staff:
        yield Entry(person.phone, person.role, person.name, person.badge)
    for resident in book.residents:
        roles = "/".join(sorted(set(resident.homes.values())))
        yield Entry(resident.phone, roles, resident.name, " ".join(resident.homes))
