"""What is derived before a report is filed: the fault that neighbours reported already, the incident it belongs to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from handlers.answers import Answers, Kind, Question, Unclear, chosen
from handlers.turn import Turn
from services import incidents, publishing
from services.catalog import Kind as Matter
from services.conversations import Option
from services.messages import Channel, Reply, T, Text, When, lines, plain, reply
from services.models import Incident, Ticket
from services.tickets import joining
from services.tickets.joining import Neighbour

NOT_THIS = 0
WAITS = 1


def _place(so_far: Answers) -> Mapping[str, Any]:
    return so_far.get("where") or {}


def _category(turn: Turn, so_far: Answers) -> str:
    key = turn.understood(so_far.get("what") or "").category
    return turn.world.catalog.of_kind(key, Matter.REPAIR).key


def ends(so_far: Answers) -> bool:
    """Whether nothing is filed: he waits for the end of an incident, or along with his neighbours."""
    return bool(so_far.get("outage") or so_far.get("join"))


def is_public(so_far: Answers) -> bool:
    """Whether the place is one where everybody goes, and the matter a repair."""
    return bool(_place(so_far).get("public")) and so_far.get("kind") in {None, Matter.REPAIR}


@dataclass(frozen=True, kw_only=True)
class Joins(Kind):
    """Whether to wait along for what neighbours reported; not asked when nothing alike is open."""

    async def known(self, turn: Turn, so_far: Answers) -> Any:  # noqa: ANN401
        """Look for the same fault."""
        return None if await _alike(turn, so_far) else NOT_THIS

    async def options(self, turn: Turn, so_far: Answers) -> Sequence[Option]:
        """Offer to be counted in, or a report of his own."""
        ticket = await _alike(turn, so_far)
        if ticket is None:
            return ()
        return [Option(ticket.id, T("join.yes")), Option(NOT_THIS, T("join.no"))]

    async def read(self, turn: Turn, options: Sequence[Option]) -> Any:  # noqa: ANN401
        """Take a tap; words like "me too" say yes as well."""
        found = chosen(turn, options)
        if found is not None:
            return found.value
        if options and is_me_too(turn):
            return options[0].value
        raise Unclear(T("unclear.choose"))


def is_me_too(turn: Turn) -> bool:
    """Whether the words say no more than that it is the same with him."""
    return turn.understood().intent == "join"


async def _alike(turn: Turn, so_far: Answers) -> Ticket | None:
    place = _place(so_far)
    return await joining.alike(
        turn.session,
        turn.actor,
        category=_category(turn, so_far),
        place=place.get("label", ""),
        matter=so_far.get("what") or "",
        now=turn.now,
        policy=turn.policy,
    )


async def asked(
    turn: Turn, so_far: Answers, options: Sequence[Option], *, offered: Callable[[Turn, Ticket], T]
) -> Question:
    """Put the offer: where, how many households, how far it is; nobody's words."""
    ticket = await _alike(turn, so_far)
    return Question(offered(turn, ticket) if ticket else T("unclear.choose"), options)


def offer(turn: Turn, ticket: Ticket) -> T:
    """Say where it is, how many have it, how far it is."""
    return T("join.offer", **_known(turn, ticket))


def offer_for_caller(turn: Turn, ticket: Ticket) -> T:
    """Say the same to an employee who has a caller on the phone."""
    return T("join.offer.caller", **_known(turn, ticket))


def _known(turn: Turn, ticket: Ticket) -> dict[str, Any]:
    progress = joining.progress(ticket, now=turn.now)
    return {"place": plain(ticket.place), "count": joining.households(ticket), "progress": progress}


async def join(turn: Turn, ticket_id: int, whom: Neighbour) -> tuple[Ticket, bool]:
    """Count somebody in."""
    return await joining.join(turn.session, turn.actor, ticket_id=ticket_id, whom=whom, now=turn.now)


async def joined(turn: Turn, ticket_id: int, whom: Neighbour) -> Reply:
    """Count the writer in and say what follows."""
    ticket, new = await join(turn, ticket_id, whom)
    progress = joining.progress(ticket, now=turn.now)
    return reply(T("join.done" if new else "join.before", place=plain(ticket.place), progress=progress))


def home_of(turn: Turn, building: str = "") -> int | None:
    """Return the writer's home, the one in the building if he has several."""
    homes = [home for home in turn.actor.here if building in {"", home.building}]
    return homes[0].unit_id if len(homes) == 1 else None


@dataclass(frozen=True, kw_only=True)
class Outage(Kind):
    """Whether an incident that holds is the cause; not asked when there is none. Other words are heard anew."""

    async def known(self, turn: Turn, so_far: Answers) -> Any:  # noqa: ANN401
        """Look for an incident of the category in the building."""
        return NOT_THIS if await holding(turn, so_far) is None else None

    async def options(self, turn: Turn, so_far: Answers) -> Sequence[Option]:  # noqa: ARG002
        """Offer to report it all the same, or to wait."""
        return [Option(NOT_THIS, T("incident.not_this")), Option(WAITS, T("incident.waits"))]

    async def read(self, turn: Turn, options: Sequence[Option]) -> Any:  # noqa: ANN401
        """What answers nothing is no answer to this: it is read as if it had just been written."""
        found = chosen(turn, options)
        if found is not None:
            return found.value
        if not turn.text:
            raise Unclear(T("unclear.choose"))
        return turn.text


async def holding(turn: Turn, so_far: Answers) -> Incident | None:
    """Return the incident that answers a report, if one holds there now."""
    place = _place(so_far)
    building = place.get("building") or ""
    return await incidents.holding(
        turn.session,
        community_id=turn.house.id,
        categories=(_category(turn, so_far),),
        buildings=(building,) if building else tuple(home.building for home in turn.actor.here),
        now=turn.now,
    )


async def known_cause(turn: Turn, so_far: Answers, options: Sequence[Option]) -> Question:
    """Put the incident that is the likely cause."""
    incident = await holding(turn, so_far)
    return Question(explained(turn, incident) if incident else T("unclear.choose"), options)


def explained(turn: Turn, incident: Incident) -> Text:
    """Say what it is, where, and until when; by text message without more words."""
    late = incident.until_at is not None and incident.until_at <= turn.now
    known = ".late" if late else "" if incident.until_at else ".open"
    until = When(incident.until_at) if incident.until_at else None
    what, where = publishing.what(incident), publishing.where(incident)
    text = T(f"incident.answer{known}", what=what, where=where, until=until)
    return lines(text, None if turn.inbound.channel is Channel.SMS else plain(incident.words))


async def waits_for_end(turn: Turn, so_far: Answers, answer: int | str) -> Reply:
    """He waits for the end of an incident; words that were no answer are read as if just written."""
    incident = await holding(turn, so_far)
    if incident is not None:
        unit_id = _place(so_far).get("unit") or home_of(turn)
        await incidents.noted(turn.session, incident, unit_id=unit_id, now=turn.now)
    if isinstance(answer, str):
        return Reply(words=answer)
    return reply(T("incident.noted", phone=turn.house.phone))
