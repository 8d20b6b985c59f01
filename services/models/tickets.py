"""Tickets, who held them, their chained history, the survey after them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, SmallInteger, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from services.models.base import Base, Code, Id, Ref, Words, partial

CALLED_ON_REQUEST = text("campaign_id IS NOT NULL")
OPEN_TICKET = text("state NOT IN ('closed', 'cancelled', 'merged')")


class Ticket(Base):
    """One request from filing to archive."""

    __tablename__ = "ticket"
    __table_args__ = (
        UniqueConstraint("community_id", "year", "number"),
        partial("ix_ticket_open_holder", "holder_id", where=OPEN_TICKET),
        partial("ix_ticket_open_community", "community_id", "state", where=OPEN_TICKET),
        partial("ix_ticket_open_unit", "unit_id", "category", where=OPEN_TICKET),
        partial("ix_ticket_open_category", "community_id", "category", where=OPEN_TICKET),
        partial("ix_ticket_open_requester", "requester_id", where=OPEN_TICKET),
        partial("ix_ticket_of_stranger", "requester_address_id", where=text("requester_id IS NULL")),
        Index(None, "requester_id", "closed_at"),
        Index(None, "community_id", "number", "year"),
        partial("ix_ticket_merged", "merged_into_id", where=text("merged_into_id IS NOT NULL")),
        partial("ix_ticket_unsealed", "id", where=text("seq > sealed_seq")),
    )

    id: Mapped[Id]
    community_id: Mapped[Ref] = mapped_column(ForeignKey("community.id"))
    year: Mapped[int] = mapped_column(SmallInteger)
    number: Mapped[Code]  # 0412-07: day of the estate, count of the day
    kind: Mapped[Code]
    category: Mapped[Code]
    state: Mapped[Code]
    step: Mapped[Code] = mapped_column(default="")  # on_the_way | arrived | problem code
    priority: Mapped[Code]  # emergency | urgent | normal | low
    grade: Mapped[Code] = mapped_column(server_default="")  # of a defect: minor | medium | major
    dispatch: Mapped[Code] = mapped_column(server_default="duty")  # duty | grab | desk | rotate
    follow_up: Mapped[Code] = mapped_column(server_default="unless_rated")  # never | unless_rated | always
    scope: Mapped[Code]  # unit | public
    unit_id: Mapped[int | None] = mapped_column(index=True)
    place: Mapped[str]  # as people say it
    matter: Mapped[Words]  # one line, for lists and cards; erasable
    media_count: Mapped[int] = mapped_column(SmallInteger, default=0)
    from_at: Mapped[datetime | None]  # the time that was agreed
    until_at: Mapped[datetime | None]
    payer: Mapped[Code]  # free | quoted | warranty (the developer's) | rework | nothing said
    agreed_cents: Mapped[int | None]  # what the owner has agreed to; nothing above it is charged
    charged_cents: Mapped[int | None]
    source: Mapped[Code]  # chat | sms | web | phone | visit | staff | forwarded
    requester_id: Mapped[int | None]
    requester_address_id: Mapped[int | None]
    requester_name: Mapped[str] = mapped_column(default="")
    requester_phone: Mapped[Code] = mapped_column(default="")
    shows_number: Mapped[bool] = mapped_column(default=True)
    filed_by: Mapped[int | None]  # person
    first_taker_id: Mapped[int | None]  # staff
    holder_id: Mapped[int | None]  # staff
    team: Mapped[Code]
    confidential: Mapped[bool] = mapped_column(default=False)
    anonymous: Mapped[bool] = mapped_column(server_default=text("false"))  # "a resident says"
    about_staff_id: Mapped[int | None]  # of a complaint: whom it is about; neither he nor who reports to him sees it
    about_team: Mapped[Code] = mapped_column(server_default="")  # the same for a whole team
    about_unit_id: Mapped[int | None]  # the neighbours it is about
    serious: Mapped[Code] = mapped_column(server_default="")  # injury | police | press …, of the words in it
    tier: Mapped[Code] = mapped_column(server_default="")  # who answers: supervisor | manager
    appeals: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    answered_by: Mapped[int | None]  # staff: who gave the latest answer; somebody else signs it
    outcome: Mapped[Code] = mapped_column(server_default="")  # content | lets_rest | insists … as it was signed
    responders: Mapped[str] = mapped_column(server_default="")  # staff ids of its rapid-response group: ",12,15,"
    needs_care: Mapped[bool] = mapped_column(default=False)  # 家有老人: somebody old or frail lives there
    answer_by: Mapped[datetime | None]  # promise: a person's answer
    promised_at: Mapped[datetime | None]  # promise to the owner: somebody is there
    due_at: Mapped[datetime | None]  # the nearest deadline that runs
    pause_reason: Mapped[Code] = mapped_column(server_default="")  # parts | absent | weather | department | quote
    paused_until: Mapped[datetime | None]
    accepted_at: Mapped[datetime | None]
    arrived_at: Mapped[datetime | None]
    done_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    closed_how: Mapped[Code] = mapped_column(default="")  # accepted | silence | cancelled | desk | merged
    quality: Mapped[Code] = mapped_column(default="")  # the desk's own verdict
    signed_by: Mapped[int | None]  # the head of the department, a staff id
    merged_into_id: Mapped[int | None]
    merged_count: Mapped[int] = mapped_column(SmallInteger, server_default="0")  # tickets that went into this one
    joined_count: Mapped[int] = mapped_column(SmallInteger, server_default="0")  # households that wait along
    state_before: Mapped[Code] = mapped_column(server_default="")  # of a merged one, for taking it out again
    absences: Mapped[int] = mapped_column(SmallInteger, server_default="0")  # somebody came, nobody was at home
    no_shows: Mapped[int] = mapped_column(SmallInteger, server_default="0")  # somebody waited, nobody came
    cycle: Mapped[int] = mapped_column(SmallInteger, default=1)
    returns: Mapped[int] = mapped_column(SmallInteger, default=0)
    urges: Mapped[int] = mapped_column(SmallInteger, default=0)
    urged_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    seq: Mapped[int] = mapped_column(default=0)  # newest row of its history
    head: Mapped[Code] = mapped_column(default="")  # its hash
    sealed_seq: Mapped[int] = mapped_column(default=0)  # up to where the company chain covers it


class Holding(Base):
    """A stretch in which somebody held the ticket; exactly one is open while it is held."""

    __tablename__ = "holding"
    __table_args__ = (
        partial("uq_holding_open", "ticket_id", where=text("until IS NULL"), unique=True),
        Index(None, "staff_id", "since"),
    )

    id: Mapped[Id]
    community_id: Mapped[Ref]
    ticket_id: Mapped[Ref] = mapped_column(ForeignKey("ticket.id"), index=True)
    staff_id: Mapped[Ref]
    from_staff_id: Mapped[int | None]
    since: Mapped[datetime]
    until: Mapped[datetime | None]
    ended: Mapped[Code] = mapped_column(default="")


class History(Base):
    """A row that can't be changed: ids, codes, times, and the digest of the words; chained by hash."""

    __tablename__ = "history"
    __table_args__ = (UniqueConstraint("ticket_id", "seq"),)

    id: Mapped[Id]
    community_id: Mapped[Ref]
    ticket_id: Mapped[Ref] = mapped_column(ForeignKey("ticket.id"))
    seq: Mapped[int]
    action: Mapped[Code]
    person_id: Mapped[int | None]
    system: Mapped[Code]  # the system actor's name, or empty
    channel: Mapped[Code]
    event_id: Mapped[str]
    at: Mapped[datetime]
    codes: Mapped[Any]
    content_id: Mapped[int | None]
    digest: Mapped[Code]
    prev: Mapped[Code]
    hash: Mapped[Code]


class Seal(Base):
    """The heads of all chains that changed, sealed into one company chain."""

    __tablename__ = "seal"

    id: Mapped[Id]
    at: Mapped[datetime]
    heads: Mapped[Any]  # [[ticket id, seq, hash], …]
    prev: Mapped[Code]
    hash: Mapped[Code]


class OutsideCase(Base):
    """A complaint that came back from a public hotline or office 转办单; its clocks run in real hours."""

    __tablename__ = "outside_case"
    __table_args__ = (
        UniqueConstraint("community_id", "office", "number"),
        partial("ix_outside_case_unanswered", "community_id", "due_at", where=text("replied_at IS NULL")),
    )

    id: Mapped[Id]
    community_id: Mapped[Ref]
    ticket_id: Mapped[Ref] = mapped_column(ForeignKey("ticket.id"), unique=True)
    office: Mapped[Code]  # hotline | street | housing | committee | other
    number: Mapped[str]  # the office's own
    contact_due_at: Mapped[datetime]  # by when the owner must have been reached
    due_at: Mapped[datetime]  # by when the written reply goes back
    contacted_at: Mapped[datetime | None]
    replied_at: Mapped[datetime | None]


class Counter(Base):
    """The count of tickets of a community and day."""

    __tablename__ = "counter"

    community_id: Mapped[int] = mapped_column(primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True)
    day: Mapped[Code] = mapped_column(primary_key=True)
    count: Mapped[int]


class Survey(Base):
    """One question "is it fixed, how was it" per ticket and cycle."""

    __tablename__ = "survey"
    __table_args__ = (
        UniqueConstraint("ticket_id", "cycle"),
        partial("ix_survey_answered", "staff_id", "score", where=text("state = 'answered'")),
    )

    id: Mapped[Id]
    community_id: Mapped[Ref]
    ticket_id: Mapped[Ref] = mapped_column(ForeignKey("ticket.id"))
    cycle: Mapped[int] = mapped_column(SmallInteger)
    staff_id: Mapped[int | None]  # who held it at closing
    person_id: Mapped[int | None]
    address_id: Mapped[int | None]
    state: Mapped[Code]  # waiting | asked | answered | expired | cancelled
    fixed: Mapped[bool | None]
    score: Mapped[int | None] = mapped_column(SmallInteger)
    words: Mapped[Words | None]
    asked_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    why: Mapped[Code] = mapped_column(default="")


class FollowUp(Base):
    """A call that is owed to an owner after the end of a ticket, or to one who asked for it in a survey of all."""

    __tablename__ = "follow_up"
    __table_args__ = (
        partial("uq_follow_up_task", "ticket_id", "cycle", "why", where=text("why <> ''"), unique=True),
        partial("uq_follow_up_campaign", "campaign_id", "person_id", where=CALLED_ON_REQUEST, unique=True),
        partial("ix_follow_up_open", "community_id", "due_at", where=text("done_at IS NULL")),
    )

    id: Mapped[Id]
    community_id: Mapped[Ref]
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id"))  # of a survey of all owners: none
    cycle: Mapped[int] = mapped_column(SmallInteger, server_default="1")
    survey_id: Mapped[int | None] = mapped_column(unique=True)
    campaign_id: Mapped[int | None]
    person_id: Mapped[int | None]  # whom to call, where there is no ticket
    topics: Mapped[Code] = mapped_column(server_default="")  # lines of service he is not content with: "phone cleaning"
    why: Mapped[Code] = mapped_column(server_default="")  # low_score | unanswered | unsent | rule | campaign
    result: Mapped[Code] = mapped_column(server_default="")  # content | not_content | unreachable | wrong_number …
    next_step: Mapped[Code] = mapped_column(server_default="")  # nothing | come_again | supervisor
    tries: Mapped[int] = mapped_column(SmallInteger, server_default="0")  # calls that nobody took
    staff_id: Mapped[int | None]
    due_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    outcome: Mapped[Words] = mapped_column(default="")
    created_at: Mapped[datetime]
