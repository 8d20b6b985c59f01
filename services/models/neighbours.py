"""What many households share: neighbours who wait for one repair, incidents and what each home had of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, SmallInteger, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from services.models.base import Base, Code, Id, Ref, Words, partial


class Joiner(Base):
    """A neighbour who waits for a public repair that somebody else reported: no ticket of his own."""

    __tablename__ = "joiner"
    __table_args__ = (
        UniqueConstraint("ticket_id", "address_id"),
        UniqueConstraint("ticket_id", "person_id"),
    )

    id: Mapped[Id]
    community_id: Mapped[Ref]
    ticket_id: Mapped[Ref] = mapped_column(ForeignKey("ticket.id"))
    person_id: Mapped[int | None] = mapped_column(index=True)
    address_id: Mapped[int | None] = mapped_column(index=True)
    unit_id: Mapped[int | None]
    place: Mapped[str]  # as he said it
    state: Mapped[Code]  # waiting | asked | fixed | still | unreached
    asks: Mapped[int] = mapped_column(SmallInteger, default=0)  # once per end of the work
    joined_at: Mapped[datetime]
    told_at: Mapped[datetime | None]  # of the progress, once
    answered_at: Mapped[datetime | None]
    own_ticket_id: Mapped[int | None]  # "not for me": what was opened for him


class Incident(Base):
    """Something that many homes have at once: which buildings, what, from when until when, in whose words."""

    __tablename__ = "incident"
    __table_args__ = (partial("ix_incident_holds", "community_id", where=text("ended_at IS NULL")),)

    id: Mapped[Id]
    community_id: Mapped[Ref] = mapped_column(ForeignKey("community.id"))
    categories: Mapped[Any]  # keys of the catalogue
    buildings: Mapped[Any]  # names; empty: the whole estate
    planned: Mapped[bool]
    from_at: Mapped[datetime]
    until_at: Mapped[datetime | None]  # not known yet
    words: Mapped[Words]
    revision: Mapped[int] = mapped_column(SmallInteger)  # what was published last
    staff_id: Mapped[Ref]
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class IncidentHousehold(Base):
    """A home in an incident: whether it was told, what it lost, what was settled."""

    __tablename__ = "incident_household"
    __table_args__ = (UniqueConstraint("incident_id", "unit_id"),)

    id: Mapped[Id]
    incident_id: Mapped[Ref] = mapped_column(ForeignKey("incident.id"))
    unit_id: Mapped[Ref] = mapped_column(ForeignKey("unit.id"))
    told_at: Mapped[datetime | None]  # of the newest revision that reached somebody there
    told_how: Mapped[Code]  # the channel; empty: nobody could be reached
    asked_at: Mapped[datetime | None]  # somebody there wrote and was answered
    loss_words: Mapped[Words | None]
    loss_media: Mapped[Any]  # ids of media
    loss_at: Mapped[datetime | None]
    settled_cents: Mapped[int | None]
    settled_words: Mapped[Words | None]
    settled_at: Mapped[datetime | None]
    settled_by: Mapped[int | None]  # staff
