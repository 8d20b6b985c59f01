"""Communities, buildings, units; people, their numbers and addresses; staff and who is on duty."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from services.models.base import Base, Code, Id, Ref, Words


class Company(Base):
    """Who manages communities 物业公司; its name stands on letters."""

    __tablename__ = "company"

    id: Mapped[Id]
    slug: Mapped[Code] = mapped_column(unique=True)
    name: Mapped[str]


class Community(Base):
    """One managed estate 小区, with its own zone, phone and staff."""

    __tablename__ = "community"

    id: Mapped[Id]
    slug: Mapped[Code] = mapped_column(unique=True)
    name: Mapped[str]
    zone: Mapped[Code]
    locale: Mapped[Code]
    phone: Mapped[Code]  # the 24-hour number, as people read it
    company_id: Mapped[int | None]
    created_at: Mapped[datetime]


class ChannelAccount(Base):
    """A bot, an SMS sender, a web page: which communities it serves."""

    __tablename__ = "channel_account"
    __table_args__ = (UniqueConstraint("channel", "account", "community_id"),)

    id: Mapped[Id]
    channel: Mapped[Code]
    account: Mapped[Code]
    community_id: Mapped[Ref] = mapped_column(ForeignKey("community.id"))


class Setting(Base):
    """A setting changed at run time: for one community, or for all (0)."""

    __tablename__ = "setting"
    __table_args__ = (UniqueConstraint("community_id", "key"),)

    id: Mapped[Id]
    community_id: Mapped[int] = mapped_column(default=0)
    key: Mapped[Code]
    value: Mapped[Any]
    set_by: Mapped[int | None]
    set_at: Mapped[datetime]


class Building(Base):
    """A building 楼栋 as its people call it."""

    __tablename__ = "building"
    __table_args__ = (UniqueConstraint("community_id", "name"),)

    id: Mapped[Id]
    community_id: Mapped[Ref] = mapped_column(ForeignKey("community.id"))
    name: Mapped[Code]
    phase: Mapped[Code] = mapped_column(default="")
    steward_id: Mapped[int | None]  # the building's 管家, a staff id
    collector_id: Mapped[int | None]  # who collects its fees, a staff id; None: the steward


class Place(Base):
    """A named public spot: lift 3-2, the south gate; a printed code may carry it."""

    __tablename__ = "place"
    __table_args__ = (UniqueConstraint("community_id", "code"),)

    id: Mapped[Id]
    community_id: Mapped[Ref] = mapped_column(ForeignKey("community.id"))
    code: Mapped[Code]
    name: Mapped[str]
    area: Mapped[Code] = mapped_column(default="")


class Unit(Base):
    """One dwelling or shop 户, or a parking space, which may belong to one."""

    __tablename__ = "unit"
    __table_args__ = (UniqueConstraint("community_id", "building", "entrance", "room"),)

    id: Mapped[Id]
    community_id: Mapped[Ref] = mapped_column(ForeignKey("community.id"))
    building: Mapped[Code]
    entrance: Mapped[Code]
    room: Mapped[Code]
    kind: Mapped[Code] = mapped_column(default="flat", server_default="flat")  # flat | shop | parking | storage
    attached_to: Mapped[int | None] = mapped_column(index=True)  # the unit that a parking space belongs to
    payer: Mapped[Code] = mapped_column(default="owner", server_default="owner")  # owner | tenant: who pays its fees
    collector_id: Mapped[int | None]  # who collects here, a staff id; None: the building's
    area_cm2: Mapped[int] = mapped_column(default=0)  # ten thousand of them are a square metre
    handover_on: Mapped[date | None]  # its fees count from that day
    takeover: Mapped[Code] = mapped_column(default="done", server_default="done")  # waits: nobody fetched the keys yet
    vacant_since: Mapped[date | None]
    emergency_contact: Mapped[str] = mapped_column(default="")


class Person(Base):
    """A human being: resident, employee, or somebody who once wrote."""

    __tablename__ = "person"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(default="")
    sex: Mapped[Code] = mapped_column(default="")
    locale: Mapped[Code] = mapped_column(default="")  # chosen by the person; empty = detect
    needs_care: Mapped[bool] = mapped_column(default=False)  # 家有老人
    shows_number: Mapped[bool] = mapped_column(default=True)  # lets the engineer call
    created_at: Mapped[datetime]
    erased_at: Mapped[datetime | None]  # name, numbers and words are gone; the id stays in the books


class Number(Base):
    """A phone number of a person in the register, E.164; two people may share one."""

    __tablename__ = "number"
    __table_args__ = (UniqueConstraint("person_id", "e164"),)

    id: Mapped[Id]
    person_id: Mapped[Ref] = mapped_column(ForeignKey("person.id"), index=True)
    e164: Mapped[Code] = mapped_column(index=True)


class Occupancy(Base):
    """A person's tie to a unit, moderated: what role, how proven, since, until, who approved."""

    __tablename__ = "occupancy"
    __table_args__ = (UniqueConstraint("unit_id", "person_id", "role", "since"),)

    id: Mapped[Id]
    community_id: Mapped[Ref] = mapped_column(ForeignKey("community.id"))
    unit_id: Mapped[Ref] = mapped_column(ForeignKey("unit.id"), index=True)
    person_id: Mapped[Ref] = mapped_column(ForeignKey("person.id"), index=True)
    role: Mapped[Code]  # owner | tenant | family | proxy
    status: Mapped[Code]  # active | pending | ended
    proof: Mapped[Code]  # register | code | review | invited
    since: Mapped[date]
    until: Mapped[date | None]  # the last day
    approved_by: Mapped[int | None]
    for_person_id: Mapped[int | None]  # a proxy acts for this person, who agreed; whoever invited family
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[int | None]  # person; None: the lease was over
    ended_why: Mapped[Code] = mapped_column(
        default="", server_default=""
    )  # sold | lease_over | left | mistake | revoked


class Staff(Base):
    """A membership of a person in a community's staff."""

    __tablename__ = "staff"
    __table_args__ = (UniqueConstraint("community_id", "person_id"),)

    id: Mapped[Id]
    community_id: Mapped[Ref] = mapped_column(ForeignKey("community.id"))
    person_id: Mapped[Ref] = mapped_column(ForeignKey("person.id"), index=True)
    badge: Mapped[Code]  # 工号
    role: Mapped[Code]
    team: Mapped[Code]
    skills: Mapped[Any] = mapped_column(default=())
    areas: Mapped[Any] = mapped_column(default=())  # buildings; empty = all
    reports_to: Mapped[int | None]  # a staff id
    active: Mapped[bool] = mapped_column(default=True)


class Duty(Base):
    """A stretch of a staff member's roster."""

    __tablename__ = "duty"
    __table_args__ = (
        UniqueConstraint("staff_id", "starts_at"),
        Index(None, "staff_id", "ends_at", "starts_at"),  # what is past is most of it
    )

    id: Mapped[Id]
    community_id: Mapped[Ref] = mapped_column(ForeignKey("community.id"), index=True)
    staff_id: Mapped[Ref] = mapped_column(ForeignKey("staff.id"))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]


class Address(Base):
    """Where a message goes: a private chat, a group, a phone, a page; whom it belongs to and how that is proven."""

    __tablename__ = "address"
    __table_args__ = (UniqueConstraint("channel", "account", "external"),)

    id: Mapped[Id]
    channel: Mapped[Code]
    account: Mapped[Code]
    external: Mapped[Code]
    is_group: Mapped[bool] = mapped_column(default=False)
    team: Mapped[Code] = mapped_column(default="")  # of release 0.1.0, as topic is; `TeamChat` says it now
    topic: Mapped[Code] = mapped_column(default="")
    community_id: Mapped[int | None]
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    locale: Mapped[Code] = mapped_column(default="")  # detected
    display_name: Mapped[str] = mapped_column(default="")
    proof: Mapped[Code] = mapped_column(default="")  # register | contact | code | review
    proven_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    last_in_at: Mapped[datetime | None]
    gone_at: Mapped[datetime | None]  # blocked, number dead
    next_at: Mapped[datetime | None]  # machine time; pace of sending (theoretical arrival, GCRA)
    flood_since: Mapped[datetime | None]  # desk time: the minute being counted
    flood_count: Mapped[int] = mapped_column(default=0)


class LinkCode(Base):
    """A one-time code or deep link from the desk that ties an address to a person."""

    __tablename__ = "link_code"

    id: Mapped[Id]
    community_id: Mapped[Ref] = mapped_column(ForeignKey("community.id"))
    digest: Mapped[Code] = mapped_column(unique=True)
    person_id: Mapped[int | None]
    unit_id: Mapped[int | None]
    role: Mapped[Code]
    issued_by: Mapped[int | None]
    invited: Mapped[bool] = mapped_column(default=False, server_default=text("false"))  # by the household, not the desk
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]  # the last time
    uses: Mapped[int] = mapped_column(default=0, server_default="0")
    most_uses: Mapped[int] = mapped_column(default=1, server_default="1")
    revoked_at: Mapped[datetime | None]
    revoked_by: Mapped[int | None]


class LinkRequest(Base):
    """A stranger's wish to be linked, for the desk to look at."""

    __tablename__ = "link_request"

    id: Mapped[Id]
    community_id: Mapped[Ref] = mapped_column(ForeignKey("community.id"))
    address_id: Mapped[Ref] = mapped_column(ForeignKey("address.id"))
    unit_id: Mapped[int | None]
    name: Mapped[str]
    words: Mapped[Words]
    status: Mapped[Code]  # open | approved | refused
    media: Mapped[Any] = mapped_column(default=(), server_default="[]")  # photos of documents
    reason: Mapped[Words] = mapped_column(default="", server_default="")  # why it was refused
    decided_by: Mapped[int | None]
    decided_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class LinkTry(Base):
    """Wrong codes from one address: how many since when, and until when it is not listened to."""

    __tablename__ = "link_try"
    __table_args__ = (UniqueConstraint("address_id"),)

    id: Mapped[Id]
    address_id: Mapped[Ref] = mapped_column(ForeignKey("address.id"))
    wrong: Mapped[int] = mapped_column(default=0)
    since: Mapped[datetime]
    locked_until: Mapped[datetime | None]


class LinkLog(Base):
    """Each time an address was tied to somebody, or taken from him; rows are only added."""

    __tablename__ = "link_log"

    id: Mapped[Id]
    community_id: Mapped[int | None]
    address_id: Mapped[Ref] = mapped_column(index=True)
    person_id: Mapped[Ref] = mapped_column(index=True)
    what: Mapped[Code]  # tied | untied
    how: Mapped[Code]  # register | contact | code | review | own | desk | moved | erased
    by_id: Mapped[int | None]  # person
    at: Mapped[datetime]


class NumberView(Base):
    """Each showing of an owner's phone number to an employee."""

    __tablename__ = "number_view"

    id: Mapped[Id]
    community_id: Mapped[Ref]
    ticket_id: Mapped[Ref] = mapped_column(index=True)
    owner_id: Mapped[Ref]
    viewer_id: Mapped[Ref]
    at: Mapped[datetime]


class DataView(Base):
    """Each look of an employee at somebody's personal data: a file, a household, a list that was taken out."""

    __tablename__ = "data_view"

    id: Mapped[Id]
    community_id: Mapped[Ref] = mapped_column(ForeignKey("community.id"))
    viewer_id: Mapped[int | None]  # person; None: whoever runs commands on the server
    person_id: Mapped[int | None] = mapped_column(index=True)  # whose data, when it is one person's
    unit_id: Mapped[int | None] = mapped_column(index=True)
    what: Mapped[Code]  # file | household | fees | export | address
    table: Mapped[Code] = mapped_column(default="")  # what was taken out …
    rows: Mapped[int | None]  # … and how many rows
    channel: Mapped[Code]
    at: Mapped[datetime]
