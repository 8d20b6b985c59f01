"""A ticket of the benchmark's archive, closed or open, with its history, holders, clocks, cards and words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from scripts.bench import archive as archives
from services.calendars import Days
from services.catalog import Kind
from services.outbox import Priority
from services.tickets.ladder import Step
from services.tickets.rules import Action, State
from services.tickets.terms import Clock

if TYPE_CHECKING:
    from scripts.bench.archive import Archive

ENGINEERS = 6
DESK = 7  # the first of the desk, who reports what the patrols find
BUSIEST = 0.62  # of the open work lies with the busiest of six; the next have less and less
KINDS = (*[Kind.REPAIR] * 17, Kind.COMPLAINT, Kind.COMPLAINT, Kind.INQUIRY)
OPEN_STATES = (
    *[State.OPEN] * 3,
    *[State.ASSIGNED] * 3,
    *[State.WORKING] * 8,
    *[State.PAUSED] * 3,
    *[State.DONE] * 3,
)
WORK = (Action.FILE, Action.ASSIGN, Action.ACCEPT, Action.CALLED, Action.ON_THE_WAY, Action.NOTE, Action.ARRIVED)
SPOKEN = frozenset({Action.FILE, Action.NOTE})
MERGED_AFTER = 20  # tickets


@dataclass(frozen=True, slots=True)
class Filed:
    """What a ticket is, whatever becomes of it."""

    number: int
    at: datetime
    state: State
    kind: Kind
    matter: str
    holder: int | None


def ticket(archive: Archive, number: int, at: datetime, *, is_open: bool) -> None:
    """Add one ticket and all that hangs on it."""
    chance = archive.chance
    state = chance.choice(OPEN_STATES) if is_open else _ended(archive, number)
    holder = None if state is State.OPEN else 1 + min(int(chance.expovariate(BUSIEST)), ENGINEERS - 1)
    matter = f"{chance.choice(archive.words.repairs)} {number % 97}"
    filed = Filed(number, at, state, chance.choice(KINDS), matter, holder)
    closed_at = None if is_open else min(at + timedelta(hours=1 + chance.expovariate(0.03)), archive.now)
    events = _history(archive, filed, closed_at)
    archive.add("ticket", **_what(archive, filed), **_who(archive, filed), **_when(archive, filed, closed_at), **events)
    _holding(archive, filed, closed_at)
    _clocks(archive, filed, closed_at)
    _cards(archive, filed)
    if state is State.CLOSED and chance.random() < 0.4:  # noqa: PLR2004 - so many answer
        _survey(archive, filed, closed_at or at)


def _ended(archive: Archive, number: int) -> State:
    kinds = (State.CLOSED, State.CANCELLED, State.MERGED if number > MERGED_AFTER else State.CLOSED)
    return archive.chance.choices(kinds, (92, 6, 2))[0]


def _what(archive: Archive, filed: Filed) -> dict[str, Any]:
    at = archives.local(filed.at)
    on_the_day = archive.counts[f"{at:%Y%m%d}"] = archive.counts[f"{at:%Y%m%d}"] + 1
    public = archive.chance.random() < 0.3  # noqa: PLR2004 - so much is in public places
    return {
        "community_id": 1,
        "year": at.year,
        "number": f"{at:%m%d}-{on_the_day:02d}",
        "kind": filed.kind,
        "category": archive.chance.choice(archive.categories),
        "state": filed.state,
        "step": archive.chance.choice(("", "called", "on_the_way")) if filed.state is State.WORKING else "",
        "priority": "urgent" if filed.number % 50 == 0 else "normal",
        "scope": "public" if public else "unit",
        "place": archive.words.lobby if public else archive.words.flat,
        "matter": filed.matter,
        "payer": "free",
        "source": "chat",
        "team": "engineering" if filed.kind is Kind.REPAIR else "desk",
        "confidential": filed.kind is Kind.COMPLAINT and filed.number % 4 == 0,
        "merged_into_id": filed.number - MERGED_AFTER if filed.state is State.MERGED else None,
        "state_before": State.WORKING if filed.state is State.MERGED else "",
        "first_taker_id": DESK,
        "holder_id": filed.holder,
    }


def _who(archive: Archive, filed: Filed) -> dict[str, Any]:
    """Owners report most, the desk one in ten (what patrols find), strangers one in thirty."""
    person, chance = archives.owner(archive), archive.chance.random()
    if chance < 0.03:  # noqa: PLR2004
        stranger = archives.STAFF + archive.size.homes + 1 + filed.number % archives.STRANGERS
        return {"requester_id": None, "requester_address_id": stranger, "unit_id": None}
    if chance < 0.13:  # noqa: PLR2004
        return {"requester_id": DESK, "requester_address_id": DESK, "unit_id": None, "filed_by": DESK}
    return {
        "requester_id": person,
        "requester_address_id": person,
        "unit_id": person - archives.STAFF,
        "filed_by": person,
    }


def _when(archive: Archive, filed: Filed, closed_at: datetime | None) -> dict[str, Any]:
    over = closed_at is not None
    return {
        "created_at": filed.at,
        "promised_at": filed.at + timedelta(hours=5) if over else archive.now + timedelta(hours=filed.number % 40 + 1),
        "due_at": None if over or filed.state is State.DONE else archive.now + timedelta(hours=filed.number % 40 + 1),
        "accepted_at": filed.at + timedelta(minutes=20) if filed.state not in {State.OPEN, State.ASSIGNED} else None,
        "done_at": closed_at or (archive.now if filed.state is State.DONE else None),
        "closed_at": closed_at,
        "closed_how": "accepted" if over else "",
        "pause_reason": "parts" if filed.state is State.PAUSED else "",
        "paused_until": archive.now + timedelta(days=1) if filed.state is State.PAUSED else None,
    }


def _history(archive: Archive, filed: Filed, closed_at: datetime | None) -> dict[str, Any]:
    """Add five to seven rows for an open ticket, and for one closed ticket in ten; the first one for the others."""
    whole = closed_at is None or filed.number % 10 == 0
    did: Sequence[Action] = WORK[: 5 + filed.number % 3] if whole else WORK[:1]
    prev = ""
    for seq, action in enumerate(did, 1):
        content = _content(archive, filed, action) if action in SPOKEN else None
        row_hash = archives.digest(filed.number, seq)
        archive.add(
            "history",
            community_id=1,
            ticket_id=filed.number,
            seq=seq,
            action=action,
            person_id=filed.holder,
            system="",
            channel="telegram",
            event_id=f"{filed.number}.{seq}",
            at=filed.at + timedelta(minutes=7 * seq),
            codes={"to_state": filed.state},
            content_id=content,
            digest=archives.digest(content) if content else "",
            prev=prev,
            hash=row_hash,
        )
        prev = row_hash
    return {"seq": len(did), "head": prev, "sealed_seq": len(did) if closed_at else len(did) - 1}


def _content(archive: Archive, filed: Filed, action: Action) -> int:
    return archive.add(
        "content",
        community_id=1,
        ticket_id=filed.number,
        kind=action,
        words=filed.matter,
        salt=archives.digest(action)[:32],
        media=(),
        person_id=filed.holder,
        created_at=filed.at,
    )


def _holding(archive: Archive, filed: Filed, closed_at: datetime | None) -> None:
    if filed.holder is not None:
        archive.add(
            "holding",
            community_id=1,
            ticket_id=filed.number,
            staff_id=filed.holder,
            from_staff_id=DESK,
            since=filed.at + timedelta(minutes=14),
            until=closed_at,
            ended="closed" if closed_at else "",
        )


def _clocks(archive: Archive, filed: Filed, closed_at: datetime | None) -> None:
    """Add the clocks: met ones of the closed tickets; of the open ones those that run, and the timer for the next."""
    rests, runs = filed.state is State.PAUSED, closed_at is None and filed.state is not State.DONE
    due_at = filed.at + timedelta(hours=48) if closed_at else archive.now + timedelta(hours=filed.number % 40 + 1)
    for clock in (Clock.ANSWER, Clock.RESOLVE) if closed_at is None else (Clock.RESOLVE,):
        deadline = archive.add(
            "deadline",
            community_id=1,
            ticket_id=filed.number,
            clock=clock,
            count=1,
            calendar=Days.ENGINEERS,
            term={},
            started_at=filed.at,
            first_due_at=due_at,
            due_at=due_at,
            moves=0,
            next_at=due_at - timedelta(minutes=30) if runs and not rests else None,
            ended_at=None if runs else closed_at or archive.now,
            how="" if runs else "met",
            staff_id=None if runs else filed.holder,
        )
        if filed.number % 15 == 0:
            _escalated(archive, filed, deadline, due_at)
    if rests:
        until = archive.now + timedelta(days=1)
        archive.add("pause", community_id=1, ticket_id=filed.number, reason="parts", since=filed.at, until=until)
    if runs:
        archive.add(
            "timer",
            key="ticket:#:clock",
            community_id=1,
            kind="ticket.clock",
            subject="ticket",
            subject_id=filed.number,
            given={},
            due_at=due_at,
        )


def _escalated(archive: Archive, filed: Filed, deadline: int, due_at: datetime) -> None:
    archive.add(
        "escalation",
        community_id=1,
        ticket_id=filed.number,
        deadline_id=deadline,
        step=Step.WARN,
        due_at=due_at,
        at=due_at - timedelta(minutes=30),
        told=(),
    )


def _cards(archive: Archive, filed: Filed) -> None:
    """Add the group's card, the holder's while the ticket is open, and one message in twenty of those sent."""
    group = archive.size.group
    _card(archive, filed, group, "group")
    if filed.holder is not None and filed.state in OPEN_STATES:
        _card(archive, filed, filed.holder, "holder")
    if filed.number % 20 == 0:
        archive.add(
            "outbox",
            key="bench:#",
            community_id=1,
            address_id=group,
            kind="say",
            priority=Priority.WORK,
            payload={},
            locale="zh_Hans",
            created_at=filed.at,
            state="accepted",
            settled_at=filed.at,
        )


def _card(archive: Archive, filed: Filed, address: int, view: str) -> None:
    archive.add(
        "card",
        community_id=1,
        subject="ticket",
        subject_id=filed.number,
        address_id=address,
        view=view,
        message_id=str(archives.FIRST_MESSAGE + filed.number),
        wanted=1,
        shown=1,
    )


def _survey(archive: Archive, filed: Filed, closed_at: datetime) -> None:
    archive.add(
        "survey",
        community_id=1,
        ticket_id=filed.number,
        cycle=1,
        staff_id=filed.holder,
        state="answered" if filed.number % 5 else "expired",
        fixed=True,
        score=3 + filed.number % 3,
        asked_at=closed_at,
        answered_at=closed_at,
    )


def in_hand(rows: Sequence[Any]) -> Counter[int]:
    """Return how much open work each employee of the rows has."""
    return Counter(row["holder_id"] for row in rows if row["holder_id"] and row["state"] in OPEN_STATES)
