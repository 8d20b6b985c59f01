"""Who acts: the person behind an address, how sure we are, and what he is in which community."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from services.messages import Channel, T
from services.outbox import To


class Role(StrEnum):
    """What an employee is."""

    DESK = "desk"
    ENGINEER = "engineer"
    SECURITY = "security"
    CLEANING = "cleaning"
    GREENING = "greening"
    COLLECTOR = "collector"
    FINANCE = "finance"
    SUPERVISOR = "supervisor"
    MANAGER = "manager"


FRONT = frozenset({Role.DESK, Role.SUPERVISOR, Role.MANAGER})
LEADS = frozenset({Role.SUPERVISOR, Role.MANAGER})


class Proof(StrEnum):
    """How an address was tied to its person, weakest first."""

    NONE = ""
    REGISTER = "register"  # the sender's number is in the register; senders can be forged
    REVIEW = "review"  # staff looked at it
    CODE = "code"  # a one-time code came back
    CONTACT = "contact"  # the channel vouches for the number


STRONG = frozenset({Proof.CODE, Proof.CONTACT})  # a review shows tickets and notices, not amounts


class Tie(StrEnum):
    """What a resident is to a unit."""

    OWNER = "owner"
    TENANT = "tenant"
    FAMILY = "family"
    PROXY = "proxy"  # acts for somebody of the unit, who agreed


class UnitKind(StrEnum):
    """What a unit is."""

    FLAT = "flat"
    SHOP = "shop"
    PARKING = "parking"
    STORAGE = "storage"


LIVED_IN = frozenset({UnitKind.FLAT, UnitKind.SHOP})


@dataclass(frozen=True, slots=True)
class Membership:
    """An employee's place in a community."""

    staff_id: int
    community_id: int
    badge: str
    role: Role
    team: str
    reports_to: int | None
    above: frozenset[int] = frozenset()  # staff ids of whom he reports to, and of whom they report to


@dataclass(frozen=True, slots=True)
class Home:
    """A unit that a person lives in, owns or acts for."""

    unit_id: int
    community_id: int
    building: str
    entrance: str
    room: str
    tie: Tie
    kind: UnitKind = UnitKind.FLAT
    payer: Tie = Tie.OWNER  # who pays its fees
    since: date | None = None


@dataclass(frozen=True, slots=True)
class House:
    """The community that a conversation is about."""

    id: int
    name: str
    zone: ZoneInfo
    locale: str
    phone: str


@dataclass(frozen=True, slots=True)
class Actor:
    """Built once per turn by the only door, or a named part of the system with listed capabilities."""

    address_id: int | None
    person_id: int | None
    house: House | None
    locale: str
    locale_known: bool = True  # detected or chosen before
    locale_chosen: bool = False
    name: str = ""
    sex: str = ""
    channel: Channel | None = None
    account: str = ""
    topic: str = ""  # of the group where he speaks, if it is a forum
    event_id: str = ""
    proof: Proof = Proof.NONE
    proven_at: datetime | None = None
    proof_is_recent: bool = False
    talks: bool = False  # a relay is open at this address, or was until a while ago
    has_own_settings: bool = True  # some were changed at run time, for his community or for all
    memberships: tuple[Membership, ...] = ()
    homes: tuple[Home, ...] = ()
    shows_number: bool = True
    needs_care: bool = False
    phone: str = ""
    system: str = ""
    capabilities: frozenset[str] = field(default_factory=frozenset)

    @property
    def community_id(self) -> int | None:
        """The community that the conversation is about."""
        return self.house.id if self.house else None

    @property
    def staff(self) -> Membership | None:
        """The membership in the present community."""
        return next((m for m in self.memberships if m.community_id == self.community_id), None)

    @property
    def called(self) -> T | None:
        """The employee's name with badge, as people read it; None when he works elsewhere, or nowhere."""
        return T("staff.name", name=self.name, badge=self.staff.badge) if self.staff is not None else None

    @property
    def is_front(self) -> bool:
        """Whether the person is desk, supervisor or manager here."""
        return self.staff is not None and self.staff.role in FRONT

    @property
    def keeps_watch(self) -> bool:
        """Whether the person sits in the control room, which stands in for the desk by night."""
        return self.staff is not None and self.staff.role == Role.SECURITY

    @property
    def is_lead(self) -> bool:
        """Whether the person is supervisor or manager here."""
        return self.staff is not None and self.staff.role in LEADS

    @property
    def here(self) -> tuple[Home, ...]:
        """The person's homes and shops in the present community."""
        return tuple(home for home in self.units if home.kind in LIVED_IN)

    @property
    def units(self) -> tuple[Home, ...]:
        """The person's units here, parking spaces too."""
        return tuple(home for home in self.homes if home.community_id == self.community_id)

    @property
    def sees_amounts(self) -> bool:
        """Whether money may be named: bound, and proven lately by more than a sender's number."""
        return self.person_id is not None and self.proof in STRONG and self.proof_is_recent

    @property
    def to(self) -> To:
        """Where an answer goes."""
        if self.address_id is None:
            msg = f"the system actor {self.system!r} has no address"
            raise ValueError(msg)
        return To(self.address_id, self.locale, self.community_id, topic=self.topic)


def system(name: str, *capabilities: str, house: House | None = None) -> Actor:
    """Return a named part of the system as an actor."""
    return Actor(
        address_id=None,
        person_id=None,
        house=house,
        locale="zh_Hans",
        system=name,
        capabilities=frozenset(capabilities),
    )
