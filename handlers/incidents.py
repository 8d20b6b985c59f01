"""Incidents for the desk and those who lead: which there are, which homes know of one, what they lost."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

from handlers import outages
from handlers.places import unit_label
from handlers.turn import Turn
from services import incidents, losses, publishing
from services.losses import Home
from services.messages import Choice, Reply, Say, Start, T, Text, lines, money, pairs, plain, reply
from services.models import Incident
from services.publishing import Stage
from services.refusals import NotAllowed

MOST_SHOWN = 10  # files, homes with losses

Verb = Callable[[Turn, Incident], Awaitable[Reply]]


async def command(turn: Turn, rest: str) -> Reply:
    """`/incident` lists them, `/incident 12` shows one, `/incident new` begins one; words begin one as well."""
    if not turn.actor.is_front:
        raise NotAllowed
    number, _, verb = rest.strip().partition(" ")
    if number.isdecimal():
        incident = await incidents.find(turn.session, turn.actor, incident_id=int(number))
        return await VERBS.get(verb, _show)(turn, incident)
    if not number:
        return await _list(turn)
    return Reply(then=Start("incident", {} if number == "new" else await outages.known(turn, rest)))


async def _list(turn: Turn) -> Reply:
    found = await incidents.listed(turn.session, turn.actor)
    begin = Choice(T("do.incident_new"), "go:incident:new")
    if not found:
        return reply(T("incident.none"), [begin])
    choices = [Choice(plain(str(one.id)), f"go:incident:{one.id}") for one in found]
    text = lines(T("incident.list"), *(T("incident.line", number=one.id, line=_line(one)) for one in found))
    return reply(text, *pairs(choices, across=4), [begin])


def _line(incident: Incident) -> Text:
    if incident.ended_at is not None:
        return T("incident.line.ended", what=publishing.what(incident), where=publishing.where(incident))
    return publishing.worded(incident, Stage.START, "", short=True)


async def _show(turn: Turn, incident: Incident) -> Reply:
    homes = await losses.homes(turn.session, incident)
    told = sum(home.row.told_at is not None for home in homes)
    asked = sum(home.row.asked_at is not None for home in homes)
    lost = [home for home in homes if home.row.loss_at is not None]
    text = lines(
        T("incident.line", number=incident.id, line=_line(incident)),
        plain(incident.words),
        T("incident.counts", told=told, missed=len(homes) - told, asked=asked),
        *(_loss(home) for home in lost[:MOST_SHOWN]),
    )
    verbs = ["change", "end"] if incident.ended_at is None else []
    verbs += [*(["missed"] if told < len(homes) else []), "loss", *(["settle"] if lost else [])]
    choices = [Choice(T(f"do.incident_{verb}"), f"go:incident:{incident.id} {verb}") for verb in verbs]
    files = [media_id for home in lost for media_id in home.row.loss_media]
    return Reply(Say(text, pairs(choices), media=tuple(files[-MOST_SHOWN:])))


def _loss(home: Home) -> Text:
    row = home.row
    lost = T("incident.loss", place=unit_label(home.unit), words=row.loss_words, count=len(row.loss_media))
    if row.settled_at is None:
        return lost
    return lines(lost, T("incident.settled", sum=money(row.settled_cents or 0), words=row.settled_words))


async def _missed(turn: Turn, incident: Incident) -> Reply:
    """Name the homes that nobody could be reached in, for whoever goes from door to door."""
    homes = await losses.homes(turn.session, incident)
    missed = [home.unit for home in homes if home.row.told_at is None]
    rooms: dict[tuple[str, str], list[str]] = {}
    for unit in sorted(missed, key=lambda unit: (len(unit.room), unit.room)):
        rooms.setdefault((unit.building, unit.entrance), []).append(unit.room)
    doors = [_door(*where, rooms[where]) for where in sorted(rooms)]
    return reply(lines(T("incident.missed", count=len(missed)), *doors))


def _door(building: str, entrance: str, rooms: Sequence[str]) -> T:
    spot = plain(" ".join(rooms))
    return T(
        "incident.missed.line", where=T("place.entrance", building=building, entrance=entrance, spot=""), rooms=spot
    )


def _asks(form: str, *, running: bool = False) -> Verb:
    async def verb(turn: Turn, incident: Incident) -> Reply:  # noqa: ARG001
        if running and incident.ended_at is not None:
            raise incidents.IncidentOver(number=incident.id)
        return Reply(then=Start(form, {"incident": incident.id}))

    return verb


VERBS: Mapping[str, Verb] = {
    "change": _asks("incident_change", running=True),
    "end": _asks("incident_end", running=True),
    "missed": _missed,
    "loss": _asks("incident_loss"),
    "settle": _asks("incident_settle"),
}
