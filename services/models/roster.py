"""Shifts and how they are handed over, a team's group chats, words that were not fit for an owner."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from services.models.base import Base, Code, Id, Ref, Words, partial


class Handover(Base):
    """A shift handed over: what is open, from whom to whom; it counts when every item is clear."""

    __tablename__ = "handover"
    __table_args__ = (partial("uq_handover_open", "from_staff_id", where=text("state = 'open'"), unique=True),)

    id: Mapped[Id]
    community_id: Mapped[Ref] = mapped_column(ForeignKey("community.id"), index=True)
    team: Mapped[Code]
    from_staff_id: Mapped[Ref] = mapped_column(ForeignKey("staff.id"))
    to_staff_id: Mapped[Ref] = mapped_column(ForeignKey("staff.id"), index=True)
    state: Mapped[Code]  # open | confirmed | withdrawn
    created_at: Mapped[datetime]
    told_at: Mapped[datetime | None]  # when the supervisor heard that it is not confirmed
    confirmed_at: Mapped[datetime | None]
    passes_on: Mapped[bool]  # what the outgoing person holds goes to who comes, when it is confirmed


class HandoverItem(Base):
    """A ticket on a handover, with the note of who goes and the question of who comes."""

    __tablename__ = "handover_item"
    __table_args__ = (UniqueConstraint("handover_id", "ticket_id"),)

    id: Mapped[Id]
    community_id: Mapped[Ref]
    handover_id: Mapped[Ref] = mapped_column(ForeignKey("handover.id"))
    ticket_id: Mapped[Ref] = mapped_column(ForeignKey("ticket.id"))
    note: Mapped[Words]
    state: Mapped[Code]  # new | clear | refused | answered
    question: Mapped[Words]
    answer: Mapped[Words]


class TeamChat(Base):
    """The group, and in a forum the topic, where a team's cards go."""

    __tablename__ = "team_chat"
    __table_args__ = (UniqueConstraint("community_id", "team"),)

    id: Mapped[Id]
    community_id: Mapped[Ref] = mapped_column(ForeignKey("community.id"))
    team: Mapped[Code]
    address_id: Mapped[Ref] = mapped_column(ForeignKey("address.id"))
    topic: Mapped[Code]  # empty: the group itself, a forum's General topic


class WordingHit(Base):
    """A phrase that was not fit for an owner's ears, and whether it was said all the same."""

    __tablename__ = "wording_hit"

    id: Mapped[Id]
    community_id: Mapped[Ref]
    ticket_id: Mapped[int | None]
    staff_id: Mapped[Ref] = mapped_column(index=True)
    phrase: Mapped[str]
    kind: Mapped[Code]
    outcome: Mapped[Code]  # dropped, as long as nobody decides; sent | mended | reworded
    at: Mapped[datetime]
