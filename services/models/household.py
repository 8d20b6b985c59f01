"""Small forms of daily life: who else a ticket concerns, release slips, cars and who keeps them."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, SmallInteger, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from services.models.base import Base, Code, Id, Ref, Words, partial


class Party(Base):
    """A household or firm that a ticket concerns beside its requester; its words lie in content."""

    __tablename__ = "party"
    __table_args__ = (UniqueConstraint("ticket_id", "role"),)

    id: Mapped[Id]
    community_id: Mapped[Ref]
    ticket_id: Mapped[Ref] = mapped_column(ForeignKey("ticket.id"))
    role: Mapped[Code]  # above | below | addressee
    unit_id: Mapped[int | None] = mapped_column(index=True)
    name: Mapped[str] = mapped_column(default="")  # of a firm
    state: Mapped[Code]  # named | told | answered | contact | reached | unreached
    how: Mapped[Code] = mapped_column(default="")  # message | contact: how the household was reached
    told_at: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(SmallInteger, default=0)  # calls to the emergency contact asked for
    allowed: Mapped[Code] = mapped_column(default="unknown")  # yes | no | unknown
    from_at: Mapped[datetime | None]  # when somebody may come
    until_at: Mapped[datetime | None]
    content_id: Mapped[int | None]


class ReleaseSlip(Base):
    """Leave to carry goods out of the gate, once, within a span of time."""

    __tablename__ = "release_slip"
    __table_args__ = (UniqueConstraint("community_id", "year", "number"),)

    id: Mapped[Id]
    community_id: Mapped[Ref] = mapped_column(ForeignKey("community.id"))
    year: Mapped[int] = mapped_column(SmallInteger)
    number: Mapped[Code]  # 0412-R3: day of the estate, count of the day
    code: Mapped[Code]  # the check code, drawn by chance
    unit_id: Mapped[Ref] = mapped_column(ForeignKey("unit.id"), index=True)
    person_id: Mapped[Ref]
    address_id: Mapped[Ref]
    goods: Mapped[Words]
    carrier: Mapped[Words]  # who carries, which car
    from_at: Mapped[datetime]
    until_at: Mapped[datetime]
    state: Mapped[Code]  # asked | back (the desk asked something) | approved | used
    round: Mapped[int] = mapped_column(SmallInteger, default=1)  # of question and answer
    asked_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[int | None]  # staff
    used_at: Mapped[datetime | None]
    used_by: Mapped[int | None]  # staff
    media_id: Mapped[int | None]  # its picture


class Vehicle(Base):
    """A car by its plate, and who keeps it."""

    __tablename__ = "vehicle"
    __table_args__ = (partial("uq_vehicle_kept", "community_id", "plate", where=text("until IS NULL"), unique=True),)

    id: Mapped[Id]
    community_id: Mapped[Ref] = mapped_column(ForeignKey("community.id"))
    plate: Mapped[Code]
    person_id: Mapped[Ref] = mapped_column(ForeignKey("person.id"), index=True)
    until: Mapped[date | None]  # his last day here; None: he keeps it here now


class CarCall(Base):
    """Somebody asks that a car be moved; neither side learns who the other is."""

    __tablename__ = "car_call"
    __table_args__ = (
        partial("uq_car_call_open", "asker_address_id", "plate", where=text("state = 'asked'"), unique=True),
    )

    id: Mapped[Id]
    community_id: Mapped[Ref] = mapped_column(ForeignKey("community.id"))
    plate: Mapped[Code]
    place: Mapped[Words]
    matter: Mapped[Words]  # as a guard reads it, in the estate's language
    asker_id: Mapped[int | None]  # person
    asker_address_id: Mapped[Ref]
    keeper_id: Mapped[int | None]  # person
    state: Mapped[Code]  # asked | coming | soon | elsewhere | guard
    asked_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    ticket_id: Mapped[int | None]  # the guard's
