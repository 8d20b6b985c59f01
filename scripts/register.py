"""The demo's register: the data file, read into shapes."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

SHIPPED = Path(__file__).with_name("demo_register.toml")


@dataclass(frozen=True, slots=True)
class Home:
    """A unit as the register names it: building-entrance-room."""

    building: str
    entrance: str
    room: str

    @classmethod
    def named(cls, name: str) -> Home:
        """Read "3-2-1502"."""
        return cls(*name.split("-"))

    def __str__(self) -> str:
        """Write it the same way."""
        return f"{self.building}-{self.entrance}-{self.room}"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Someone:
    """A person of the register."""

    name: str
    sex: str
    phone: str
    slug: str = ""  # in the lab
    locale: str = ""
    needs_care: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Resident(Someone):
    """Somebody who lives in the estate or owns a part of it."""

    homes: Mapping[str, str]  # home → owner, tenant, family


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Employee(Someone):
    """Somebody who works there."""

    badge: str
    role: str
    team: str
    reports_to: str = ""  # a badge
    skills: tuple[str, ...] = ()
    steward_of: tuple[str, ...] = ()
    nights: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """A public place with a sticker."""

    code: str
    name: str
    area: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """A fee by area, for the months of this quarter ahead or for last month."""

    item: str
    period: str
    cents_per_m2: Decimal
    months: int
    ahead: bool
    reckoned: str

    def cents(self, area: Decimal) -> int:
        """Work the fee out for an area in m²."""
        return int((area * self.cents_per_m2 * self.months).quantize(Decimal(1)))

    def span(self, today: date) -> tuple[date, date]:
        """Return a day in the first and one in the last month that the fee is for."""
        if not self.ahead:
            last = today.replace(day=1) - timedelta(days=1)
            return last, last
        first = today.replace(month=today.month - (today.month - 1) % self.months, day=1)
        return first, first.replace(month=first.month + self.months - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """A notice, dated from the day of seeding."""

    kind: str
    title: str
    body: str
    in_days: int
    valid_hours: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """Everything in the file."""

    buildings: tuple[str, ...]
    entrances: tuple[str, ...]
    floors: tuple[str, ...]
    rooms: Mapping[str, Decimal]
    handover_days_ago: Mapping[str, int]
    roster_days: int
    staff: tuple[Employee, ...]
    residents: tuple[Resident, ...]
    spots: tuple[Spot, ...]
    charges: tuple[Charge, ...]
    due_in_days: int
    emergency_contacts: Mapping[str, str]  # by home
    company: tuple[str, str]  # slug, name
    phases: Mapping[str, str]  # by building
    parking: Mapping[str, str]  # space → home
    payers: Mapping[str, str]  # home → tenant, where not the owner pays
    leases: Mapping[str, int]  # home → days until its tenant's last one
    vehicles: Mapping[str, str]  # plate → phone of who keeps it
    paid: frozenset[str]
    news: tuple[News, ...]
    shown: tuple[str, ...] = field(default=())

    def homes(self) -> Iterator[tuple[Home, Decimal]]:
        """Yield every unit with its area in m²."""
        for building in self.buildings:
            for entrance in self.entrances:
                for floor in self.floors:
                    for room, area in self.rooms.items():
                        yield Home(building, entrance, floor + room), area


def read(path: Path = SHIPPED) -> Register:
    """Read the register."""
    with path.open("rb") as file:
        found = tomllib.load(file, parse_float=Decimal)
    estate, fees = found["estate"], found["fees"]
    return Register(
        buildings=tuple(estate["buildings"]),
        entrances=tuple(estate["entrances"]),
        floors=tuple(estate["floors"]),
        rooms=estate["rooms"],
        handover_days_ago=estate["handover_days_ago"],
        roster_days=estate["roster_days"],
        staff=tuple(_employee(row) for row in found["staff"]),
        residents=tuple(Resident(**row) for row in found["residents"]),
        spots=tuple(Spot(code=code, **row) for code, row in found["places"].items()),
        charges=tuple(Charge(**{**row, "cents_per_m2": Decimal(row["cents_per_m2"])}) for row in fees["charges"]),
        due_in_days=fees["due_in_days"],
        emergency_contacts=estate["emergency_contacts"],
        company=(found["company"]["slug"], found["company"]["name"]),
        phases=estate["phases"],
        parking=estate["parking"],
        payers=estate["payers"],
        leases=estate["leases"],
        vehicles=found["vehicles"],
        paid=frozenset(fees["paid"]),
        news=tuple(News(**row) for row in found["notices"]),
        shown=tuple(found["lab"]["shown"]),
    )


def _employee(row: Mapping[str, Any]) -> Employee:
    lists = {key: tuple(row.get(key, ())) for key in ("skills", "steward_of")}
    return Employee(**{**row, **lists})
