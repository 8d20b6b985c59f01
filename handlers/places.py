"""Places in dialogues: the person's own flats, a flat somebody names, a public spot; kept as small JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from handlers.answers import Answers
from handlers.turn import Turn
from services import people
from services import places as public_places
from services.actors import Home
from services.conversations import Option
from services.messages import T, plain
from services.models import Unit
from services.understanding.places import PlaceWords, Scope
from services.understanding.reading import Reading

PUBLIC = "public"


def unit_label(unit: Unit | Home) -> T:
    """Say a unit as its people do: 3栋2单元1502."""
    return public_places.unit_label(unit)


def of_unit(unit: Unit | Home, unit_id: int, turn: Turn) -> dict[str, Any]:
    """Return the JSON value of a unit."""
    own = unit_id in {home.unit_id for home in turn.actor.homes}
    return {"unit": unit_id, "building": unit.building, "label": _written(turn, unit_label(unit)), "own": own}


def of_public(turn: Turn, label: str, building: str = "") -> dict[str, Any]:
    """Return the JSON value of a public spot."""
    return {"public": True, "building": building, "label": label or _written(turn, T("place.public"))}


def _written(turn: Turn, text: T) -> str:
    return turn.world.texts.label(text, turn.house.locale)


def shown(value: Mapping[str, Any]) -> T:
    """Say the place again, for a summary."""
    return T("place.own", place=plain(value["label"])) if value.get("own") else plain(value["label"])


async def own_places(turn: Turn, so_far: Answers) -> list[Option]:  # noqa: ARG001
    """Offer the person's flats and the public area."""
    homes = turn.actor.here
    options = [Option(of_unit(home, home.unit_id, turn), unit_label(home)) for home in homes]
    if len(homes) > 1:  # which entrance's hall or lift must be said
        return [*options, *(_near(turn, home) for home in {(h.building, h.entrance): h for h in homes}.values())]
    return [*options, Option(of_public(turn, ""), T("place.public"))] if options else []


def _near(turn: Turn, home: Home) -> Option:
    label = T("place.entrance", building=home.building, entrance=home.entrance, spot=T("place.public"))
    return Option(of_public(turn, _written(turn, label), home.building), label)


async def only_home(turn: Turn, so_far: Answers) -> dict[str, Any] | None:  # noqa: ARG001
    """Return the only flat of the person: there is nothing to choose."""
    homes = turn.actor.here
    return of_unit(homes[0], homes[0].unit_id, turn) if len(homes) == 1 else None


async def typed(turn: Turn) -> dict[str, Any] | None:
    """Read a place out of typed words; a stranger's stays his own words."""
    reading = turn.understood()
    found = await from_reading(turn, reading)
    if found is None and not turn.actor.here and turn.text:
        return {"words": True, "label": turn.text[:100]}
    return found


async def any_unit(turn: Turn) -> dict[str, Any] | None:
    """Read a flat of the estate, whoever lives there: for a review by the desk, to whom alone it is shown."""
    place = turn.understood().place
    if place is not None and place.building and place.room:
        found = await people.unit_named(
            turn.session,
            community_id=turn.house.id,
            building=place.building,
            entrance=place.entrance,
            room=place.room,
        )
        if len(found) == 1:
            return of_unit(found[0], found[0].id, turn)
    return {"words": True, "label": turn.text[:100]} if turn.text else None


async def from_reading(turn: Turn, reading: Reading) -> dict[str, Any] | None:
    """Return the place that the words name, if they name one: a flat, the own flat, a public spot."""
    place = reading.place
    if place is not None and place.room:
        unit = await _unit(turn, place)
        if unit is not None:
            return of_unit(unit, unit.id, turn)
        return {"words": True, "label": _spoken(turn, place)} if not turn.actor.here else None
    if reading.scope is Scope.PUBLIC:
        return await _public(turn, place)
    if reading.own and len(turn.actor.here) == 1:
        return await only_home(turn, {})
    return None


async def _unit(turn: Turn, place: PlaceWords) -> Unit | None:
    """Return the unit meant, among all for employees, among the own ones for residents."""
    if not place.building or not place.room:
        return None
    found = await people.unit_named(
        turn.session,
        community_id=turn.house.id,
        building=place.building,
        entrance=place.entrance,
        room=place.room,
    )
    if turn.actor.staff is None:
        mine = {home.unit_id for home in turn.actor.here}
        found = [unit for unit in found if unit.id in mine]
    return found[0] if len(found) == 1 else None


async def _public(turn: Turn, place: PlaceWords | None) -> dict[str, Any] | None:
    """Name a public spot; without a building it is a named place, or else near the person's only home, or unknown."""
    building, entrance = (place.building, place.entrance) if place else (None, None)
    spot = (place.spot if place else None) or ""
    if spot and not building:
        named = await public_places.named(turn.session, community_id=turn.house.id, spot=spot)
        if named is not None:
            return of_public(turn, named.name)
    homes = turn.actor.here
    if building is None and len(homes) == 1:
        building, entrance = homes[0].building, homes[0].entrance
    if building is None and turn.actor.staff is None:
        return None  # "the lift" of a stranger, or of somebody with two flats, could be any: he is asked where
    return of_public(turn, _label(turn, building, entrance, spot), building or "")


def _label(turn: Turn, building: str | None, entrance: str | None, spot: str) -> str:
    if building and entrance:
        return _written(turn, T("place.entrance", building=building, entrance=entrance, spot=spot))
    if building:
        return _written(turn, T("place.building", building=building, spot=spot))
    return spot


def _spoken(turn: Turn, place: PlaceWords) -> str:
    return _written(
        turn,
        T("place.unit", building=place.building or "?", entrance=place.entrance or "?", room=place.room or "?"),
    )


async def unit_in(turn: Turn, text: str) -> Unit | None:
    """Find the one unit that words name."""
    place = turn.understood(text.strip()).place if text.strip() else None
    if place is None or not place.building or not place.room:
        return None
    found = await people.unit_named(
        turn.session,
        community_id=turn.house.id,
        building=place.building,
        entrance=place.entrance or None,
        room=place.room,
    )
    return found[0] if len(found) == 1 else None
