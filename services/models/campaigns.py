"""Surveys of all owners: what was asked, whom, how far each came, what they said."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, SmallInteger, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from services.models.base import Base, Code, Id, Ref, Words, partial


class Campaign(Base):
    """A survey of all owners, with its questions as they stood when it began; one at a time runs."""

    __tablename__ = "campaign"
    __table_args__ = (partial("uq_campaign_running", "community_id", where=text("state = 'running'"), unique=True),)

    id: Mapped[Id]
    community_id: Mapped[Ref] = mapped_column(ForeignKey("community.id"), index=True)
    state: Mapped[Code]  # running | over
    questions: Mapped[Any]  # [{key, line, kind, text: {locale: …}}, …]
    started_by: Mapped[int | None]  # person
    started_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    sent_to: Mapped[Ref] = mapped_column(server_default="0")  # up to this person everybody has been invited
    reminded_to: Mapped[Ref] = mapped_column(server_default="0")


class CampaignPerson(Base):
    """How far an owner came; his building is kept as it was, for the results."""

    __tablename__ = "campaign_person"
    __table_args__ = (UniqueConstraint("campaign_id", "person_id"),)

    id: Mapped[Id]
    community_id: Mapped[Ref]
    campaign_id: Mapped[Ref] = mapped_column(ForeignKey("campaign.id"))
    person_id: Mapped[Ref]
    building: Mapped[Code]
    state: Mapped[Code]  # unreachable | invited | answering | later | stopped | finished
    invited_at: Mapped[datetime | None]
    reminded_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class CampaignAnswer(Base):
    """What an owner answered to one question; results never name him."""

    __tablename__ = "campaign_answer"
    __table_args__ = (
        UniqueConstraint("campaign_id", "person_id", "question"),
        Index(None, "campaign_id", "question", "score"),
    )

    id: Mapped[Id]
    community_id: Mapped[Ref]
    campaign_id: Mapped[Ref] = mapped_column(ForeignKey("campaign.id"))
    person_id: Mapped[Ref]
    question: Mapped[Code]
    score: Mapped[int | None] = mapped_column(SmallInteger)  # 1 to 5; of yes and no: 1 and 0
    words: Mapped[Words | None]
    at: Mapped[datetime]
