"""What is particular about a complaint on a card: how serious, about whom, the how-manieth time, whose clock runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services import people
from services.db import Session
from services.messages import T, Text, When, lines
from services.models import OutsideCase, Ticket
from services.tickets import apart, complaints, forwarded


@dataclass(frozen=True, slots=True)
class Grievance:
    """What only complaints and forwarded cases show."""

    repeats: Sequence[str] = ()  # numbers of complaints that this one repeats
    about: T | None = None
    case: OutsideCase | None = None


async def find(session: Session, ticket: Ticket) -> Grievance:
    """Return what a complaint's card shows beside the rest."""
    return Grievance(
        repeats=[one.number for one in await complaints.repeated(session, ticket) if _as_open(one, ticket)],
        about=await about(session, ticket),
        case=await forwarded.case_of(session, ticket),
    )


def _as_open(earlier: Ticket, ticket: Ticket) -> bool:
    """Whether whoever may see the ticket may see the earlier one: it is about nobody, or about the same."""
    whom = apart.about(earlier)
    return (whom.staff_id is None and not whom.team) or whom == apart.about(ticket)


async def about(session: Session, ticket: Ticket) -> T | None:
    """Name whom a complaint is about."""
    if ticket.about_staff_id is not None:
        return await people.staff_name(session, ticket.about_staff_id)
    return T(f"team.people.{ticket.about_team}") if ticket.about_team else None


def shown(ticket: Ticket, found: Grievance) -> Text:
    """Put it in lines, the gravest first."""
    repeats = found.repeats
    return lines(
        T("card.serious", kind=T(f"serious.{ticket.serious}")) if ticket.serious else None,
        T("card.about", name=found.about) if found.about is not None else None,
        T("card.quietly") if ticket.anonymous else None,
        T("card.appealed") if ticket.appeals else None,
        T("card.repeat", count=len(repeats) + 1, numbers=" ".join(repeats)) if repeats else None,
        _case(found.case) if found.case is not None else None,
    )


def _case(case: OutsideCase) -> Text:
    return lines(
        T("card.outside", office=T(f"office.{case.office}"), outside=case.number),
        T("card.outside.reached") if case.contacted_at else T("card.outside.contact", by=When(case.contact_due_at)),
        T("card.outside.replied") if case.replied_at else T("card.outside.reply", by=When(case.due_at)),
    )
