"""What a home lost by an incident, in its people's words and photos; what was agreed on with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any

from handlers import places
from handlers.answers import Answers, Kind, Unclear, chosen, files, filled, pick
from handlers.answers import words as free_words
from handlers.form import Form
from handlers.turn import Turn
from services import incidents, losses
from services.conversations import Option
from services.messages import Reply, Start, T, money, plain, reply
from services.refusals import NotFound
from services.understanding import figures
from services.understanding.figures import Sort

LATELY = timedelta(days=30)
MOST_CENTS = 100_000_000


async def begin(turn: Turn, rest: str) -> Reply:
    """Begin to take down a loss: by the incident's button, or by words alone."""
    if rest.isdecimal():
        return Reply(then=Start("loss", {"incident": int(rest)}))
    incident = await incidents.latest_at(turn.session, turn.actor, now=turn.now, within=LATELY)
    if incident is None:
        return reply(T("loss.none", phone=turn.house.phone))
    return Reply(then=Start("loss", {"incident": incident.id}))


async def _own_homes(turn: Turn, so_far: Answers) -> Sequence[Option]:  # noqa: ARG001
    return [Option(home.unit_id, places.unit_label(home)) for home in turn.actor.here]


async def _only_home(turn: Turn, so_far: Answers) -> int | None:  # noqa: ARG001
    homes = turn.actor.here
    return homes[0].unit_id if len(homes) == 1 else None


@dataclass(frozen=True, kw_only=True)
class Loss(Form, name="loss"):
    """An owner says what he lost."""

    incident: Annotated[int, filled()]
    unit: Annotated[int, pick(_own_homes, only=_only_home)]
    words: Annotated[str, free_words(least=2)]
    photos: Annotated[Sequence[int], files()] = ()

    async def submit(self, turn: Turn) -> Reply:
        """Write it down; who opened the incident hears it."""
        await losses.report(
            turn.session,
            turn.actor,
            incident_id=self.incident,
            unit_id=self.unit,
            words=self.words,
            media=self.photos,
            now=turn.now,
        )
        return reply(T("loss.noted", phone=turn.house.phone))


@dataclass(frozen=True, kw_only=True)
class Flat(Kind):
    """A flat of the estate, as the desk types it."""

    async def read(self, turn: Turn, options: Sequence[Option]) -> Any:  # noqa: ANN401, ARG002
        """Look it up."""
        found = await places.any_unit(turn)
        if found is None or "unit" not in found:
            raise Unclear(T("unclear.flat"))
        return found


@dataclass(frozen=True, kw_only=True)
class TakeLoss(Form, name="incident_loss"):
    """The desk takes down what a home lost."""

    incident: Annotated[int, filled()]
    unit: Annotated[Mapping[str, Any], Flat()]
    words: Annotated[str, free_words(least=2)]
    photos: Annotated[Sequence[int], files()] = ()

    async def submit(self, turn: Turn) -> Reply:
        """Write it down."""
        try:
            await losses.report(
                turn.session,
                turn.actor,
                incident_id=self.incident,
                unit_id=self.unit["unit"],
                words=self.words,
                media=self.photos,
                now=turn.now,
            )
        except NotFound:
            return reply(T("incident.loss.elsewhere", place=plain(self.unit["label"])))
        return reply(T("incident.loss.noted", place=plain(self.unit["label"])))


async def _homes_with_loss(turn: Turn, so_far: Answers) -> Sequence[Option]:
    incident = await incidents.find(turn.session, turn.actor, incident_id=int(so_far["incident"]))
    homes = await losses.homes(turn.session, incident)
    return [Option(home.unit.id, places.unit_label(home.unit)) for home in homes if home.row.loss_at is not None]


@dataclass(frozen=True, kw_only=True)
class Sum(Kind):
    """An amount of money, typed, or none."""

    async def options(self, turn: Turn, so_far: Answers) -> Sequence[Option]:  # noqa: ARG002
        """Offer that nothing is paid."""
        return [Option(0, T("incident_settle.nothing"))]

    async def read(self, turn: Turn, options: Sequence[Option]) -> Any:  # noqa: ANN401
        """Read the only sum in the words, in cents."""
        nothing = chosen(turn, options)
        if nothing is not None:
            return nothing.value
        found = [one for one in figures.tokens(turn.text) if one.sort in {Sort.MONEY, Sort.NUMBER}]
        if len(found) == 1 and 0 <= found[0].figure <= MOST_CENTS:
            return found[0].figure
        raise Unclear(T("unclear.sum"))


@dataclass(frozen=True, kw_only=True)
class Settle(Form, name="incident_settle"):
    """What was agreed on with a home."""

    incident: Annotated[int, filled()]
    unit: Annotated[int, pick(_homes_with_loss)]
    cents: Annotated[int, Sum()]
    words: Annotated[str, free_words(least=2)]

    async def submit(self, turn: Turn) -> Reply:
        """Write it down."""
        await losses.settle(
            turn.session,
            turn.actor,
            incident_id=self.incident,
            unit_id=self.unit,
            cents=self.cents,
            words=self.words,
            now=turn.now,
        )
        return reply(T("incident.settle.noted", sum=money(self.cents)))
