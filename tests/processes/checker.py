"""What the Bot API took and what people did, held against the database: nothing lost, nothing twice without reason."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import orjson
from sqlalchemy import func, select

from services.db import Database, Session
from services.models import Address, Card, Event, History, Holding, Outgoing, Survey, Ticket
from services.outbox import Priority, State
from services.tickets import history
from services.tickets.rules import Action
from tests.botapi.driver import BotApi
from tests.botapi.shapes import Json
from tests.processes.wording import button

SLOTS = 32  # how many calls of one account are on their way at once, at most
DOUBT = 5.0  # seconds before a kill in which what was accepted may not have been written down
ONCE = (Action.FILE, Action.ACCEPT, Action.ARRIVED, Action.DONE, Action.OWNER_ACCEPTS)
SETTLED = frozenset({State.ACCEPTED, State.SKIPPED, State.CANCELLED})


@dataclass(frozen=True, slots=True)
class Evidence:
    """Both sides of the story."""

    accepted: Sequence[Json]  # the Bot API's history
    deaths: Sequence[float]
    said: Mapping[int, frozenset[int]]  # chat → ids of what people wrote there
    taps: frozenset[str]
    shown: Mapping[int, Mapping[int, str]]  # chat → message → what it shows now
    rows: Sequence[tuple[Outgoing, int]]  # with the chat
    cards: Sequence[tuple[Card, int]]


@dataclass(slots=True)
class Findings:
    """What does not fit, and what was seen on the way."""

    wrong: list[str] = field(default_factory=list)
    repeated: int = 0
    unknown: int = 0


async def gather(api: BotApi, session: Session, *, chats: Sequence[int], deaths: Sequence[float]) -> Evidence:
    """Collect the evidence once everything has settled."""
    pages = {chat: (await api.wire.ask("transcript", chat_id=chat))["entries"] for chat in chats}
    people = {chat: [entry for entry in page if not entry["by_bot"]] for chat, page in pages.items()}
    bots = {chat: [entry for entry in page if entry["by_bot"]] for chat, page in pages.items()}
    rows = await session.execute(select(Outgoing, Address.external).join(Address, Address.id == Outgoing.address_id))
    cards = await session.execute(select(Card, Address.external).join(Address, Address.id == Card.address_id))
    return Evidence(
        accepted=await api.history(),
        deaths=deaths,
        said={chat: frozenset(entry["message_id"] for entry in page) for chat, page in people.items()},
        taps=frozenset(query["id"] for query in await api.queries()),
        shown={chat: {entry["message_id"]: entry["text"] for entry in page} for chat, page in bots.items()},
        rows=[(row, int(chat)) for row, chat in rows if chat.lstrip("-").isdigit()],
        cards=[(card, int(chat)) for card, chat in cards if chat.lstrip("-").isdigit()],
    )


def check_sending(evidence: Evidence) -> Findings:
    """Every row came to an end, what it says it sent was sent, and nobody sent anything else."""
    findings = Findings()
    findings.wrong += _unsettled(evidence, findings)
    claimed = _claims(evidence, findings)
    findings.wrong += _unexplained(evidence, claimed, findings)
    findings.wrong += _cards(evidence)
    return findings


def _unsettled(evidence: Evidence, findings: Findings) -> Iterator[str]:
    for row, _ in evidence.rows:
        if row.state == State.UNKNOWN and row.priority >= Priority.NOTICE:
            findings.unknown += 1
        elif row.state not in SETTLED:
            yield f"lost: row {row.key} ended {row.state} {row.code}"


def _claims(evidence: Evidence, findings: Findings) -> set[tuple[int, int]]:
    """Let every accepted row claim the messages that it made; each may be claimed once."""
    made: dict[int, list[int]] = defaultdict(list)
    edited: set[tuple[int, int]] = set()
    for call in evidence.accepted:
        if call["method"].startswith("send"):
            made[call["chat_id"]].append(call["message_id"])
        elif call["method"].startswith("edit"):
            edited.add((call["chat_id"], call["message_id"]))
    claimed: set[tuple[int, int]] = set()
    for row, chat in evidence.rows:
        if row.state != State.ACCEPTED:
            continue
        message = int(row.provider_id or 0)
        if message not in made[chat]:
            findings.wrong.append(f"lost: row {row.key} says it is message {message} of {chat}, which nobody made")
            continue
        at = made[chat].index(message)
        parts = {(chat, one) for one in made[chat][at + 1 - max(1, row.parts_sent) : at + 1]}
        if row.kind != "card" and parts & claimed:
            findings.wrong.append(f"row {row.key} claims a message of another row")
        claimed |= parts
    return claimed


def _unexplained(evidence: Evidence, claimed: set[tuple[int, int]], findings: Findings) -> Iterator[str]:
    """What no row claims must have been on its way when the program was killed, and marked as such."""
    allowed: Counter[int] = Counter()
    for row, chat in evidence.rows:
        if row.possibly_twice:
            allowed[chat] += max(1, row.attempts - 1) * max(1, row.parts_sent)
        if row.state == State.UNKNOWN:
            allowed[chat] += 1
    per_kill: Counter[float] = Counter()
    for call in evidence.accepted:
        place = (call["chat_id"], call["message_id"])
        if not call["method"].startswith("send") or place in claimed or call["message_id"] is None:
            continue
        findings.repeated += 1
        allowed[call["chat_id"]] -= 1
        kill = next((death for death in evidence.deaths if 0 <= death - call["time"] <= DOUBT), None)
        if kill is None:
            yield f"twice: message {place} was not in flight at a kill: {call['text']!r}"
        else:
            per_kill[kill] += 1
    yield from (f"twice: {-left} more in {chat} than rows in doubt" for chat, left in allowed.items() if left < 0)
    yield from (f"twice: {count} messages at one kill" for count in per_kill.values() if count > SLOTS)


def _cards(evidence: Evidence) -> Iterator[str]:
    """Every card shows its ticket as it is in the end."""
    for card, chat in evidence.cards:
        shown = evidence.shown.get(chat, {}).get(int(card.message_id or 0), "")
        if card.shown != card.wanted:
            yield f"card {card.id} shows revision {card.shown} of {card.wanted}"
        if button("state.closed") not in shown:
            yield f"card {card.id} in {chat} shows {shown!r}"


async def check_hearing(session: Session, evidence: Evidence) -> list[str]:
    """Everything that people wrote or tapped came in once, and was worked."""
    wrong: list[str] = []
    heard: Counter[tuple[int, int]] = Counter()
    tapped: Counter[str] = Counter()
    for event in (await session.scalars(select(Event))).all():
        if event.state != "done":
            wrong.append(f"event {event.event_id} is {event.state}: {event.error}")
        update = orjson.loads(event.payload)
        if (message := update.get("message")) is not None:
            heard[message["chat"]["id"], message["message_id"]] += 1
        if (query := update.get("callback_query")) is not None:
            tapped[query["id"]] += 1
    written = {(chat, one) for chat, ids in evidence.said.items() for one in ids}
    wrong += [f"never heard: message {place}" for place in written - heard.keys()]
    wrong += [f"never heard: tap {tap}" for tap in evidence.taps - tapped.keys()]
    wrong += [f"heard {count} times: {what}" for what, count in (heard | tapped).items() if count > 1]
    return wrong


async def check_tickets(session: Session, *, numbers: Sequence[str]) -> list[str]:
    """Every job became one ticket, every deed happened once, and the chains hold."""
    tickets = (await session.scalars(select(Ticket))).all()
    wrong = list((await history.verify(session)).broken)
    if sorted(ticket.number for ticket in tickets) != sorted(numbers):
        wrong.append(f"people were told {sorted(numbers)}, there are {sorted(ticket.number for ticket in tickets)}")
    for ticket in tickets:
        wrong += [f"ticket {ticket.number}: {why}" async for why in _deeds(session, ticket)]
    return wrong


async def _deeds(session: Session, ticket: Ticket) -> AsyncIterator[str]:
    deeds = Counter(await session.scalars(select(History.action).where(History.ticket_id == ticket.id)))
    for action in ONCE:
        if deeds[action] != 1:
            yield f"{action} happened {deeds[action]} times"
    if (ticket.state, ticket.closed_how) != ("closed", "accepted"):
        yield f"is {ticket.state} {ticket.closed_how}"
    holdings = (await session.scalars(select(Holding).where(Holding.ticket_id == ticket.id))).all()
    if {holding.staff_id for holding in holdings} != {ticket.holder_id}:
        yield "was held by somebody else, too"
    if any(holding.until is None for holding in holdings):
        yield "is still held"
    count = await session.scalar(select(func.count()).where(Survey.ticket_id == ticket.id))
    if count != 1:
        yield f"has {count} surveys"


async def check_surveys(session: Session, *, unknown: int) -> list[str]:
    """Every survey was answered, but those whose question may have died on its way."""
    states = Counter(await session.scalars(select(Survey.state)))
    scores = set(await session.scalars(select(Survey.score).where(Survey.state == "answered")))
    wrong = [] if scores <= {5} else [f"scores are {scores}"]
    if states["asked"] > unknown or set(states) - {"answered", "asked"}:
        wrong.append(f"surveys are {dict(states)}, {unknown} questions in doubt")
    return wrong


async def count_sent(database: Database) -> int:
    """Return how many messages were sent and noted."""
    async with database.reading() as session:
        return await session.scalar(select(func.count()).where(Outgoing.state == State.ACCEPTED)) or 0


async def settled(database: Database) -> bool | None:
    """Whether nothing is on its way any more."""
    async with database.reading() as session:
        waiting = await session.scalar(select(func.count()).where(Outgoing.state.in_(("pending", "sending"))))
        coming = await session.scalar(select(func.count()).where(Event.state.in_(("new", "claimed"))))
    return None if waiting or coming else True
