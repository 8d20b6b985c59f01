"""Whom a complaint is about, as an answer: known from its words, else asked where people who work here are meant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from handlers import places
from handlers.answers import Answers, Kind, chosen
from handlers.turn import Turn
from services import catalog, people
from services.conversations import Option
from services.messages import T, Text, plain
from services.tickets import accused
from services.tickets.apart import NOBODY_NAMED, About

__all__ = ["NOBODY_NAMED", "Whom", "of_words", "read", "shown"]

TEAMS = ("desk", "security", "cleaning", "engineering")


@dataclass(frozen=True, kw_only=True)
class Whom(Kind):
    """An employee, a team, neighbours, or nobody in particular; asked only where it matters and the words don't say."""

    async def known(self, turn: Turn, so_far: Answers) -> Any:  # noqa: ANN401
        """Read the words; None where somebody who works here is meant, but not named."""
        if so_far.get("kind") not in {None, catalog.Kind.COMPLAINT}:
            return {}
        found = await of_words(turn, str(so_far.get("what") or ""))
        meant = turn.understood(str(so_far.get("what") or "")).category == accused.CONDUCT
        return None if meant and not found else found

    async def options(self, turn: Turn, so_far: Answers) -> Sequence[Option]:  # noqa: ARG002
        """Offer who worked for him lately, then the teams."""
        found = await accused.lately_with(turn.session, turn.actor, now=turn.now)
        names = [(one, await people.staff_name(turn.session, one)) for one in found]
        return [
            *(Option({"staff": one}, name) for one, name in names if name is not None),
            *(Option({"team": team}, T(f"team.people.{team}")) for team in TEAMS),
            Option({}, T("complaint.about.nobody")),
        ]

    async def read(self, turn: Turn, options: Sequence[Option]) -> Any:  # noqa: ANN401
        """Take an option, or look for somebody in the words; words that name nobody leave it open."""
        found = chosen(turn, options)
        if found is not None:
            return found.value
        return {**await of_words(turn, turn.text, conduct=True), "words": turn.text}


async def of_words(turn: Turn, text: str, *, conduct: bool = False) -> dict[str, Any]:
    """Return whom the words name, as the JSON of an answer; `conduct`: people who work here are meant for certain."""
    reading = turn.understood(text)
    category = turn.world.catalog.of_kind(reading.category, catalog.Kind.COMPLAINT)
    if category.neighbours and not conduct:
        return await flat(turn, text)
    meant = conduct or category.key == accused.CONDUCT
    about = await accused.named(turn.session, community_id=turn.house.id, text=text, conduct=meant)
    if about.staff_id is not None:
        return {"staff": about.staff_id}
    return {"team": about.team} if about.team else {}


async def flat(turn: Turn, text: str) -> dict[str, Any]:
    """Return the flat that the words name, as long as it is not the person's own."""
    place, home = turn.understood(text).place, next(iter(turn.actor.here), None)
    building = (place.building if place else None) or (home.building if home else None)
    if place is None or building is None or not place.room:
        return {}
    next_door = home is not None and not place.building
    found = await people.unit_named(
        turn.session,
        community_id=turn.house.id,
        building=building,
        entrance=home.entrance if home is not None and next_door else place.entrance,
        room=place.room,
    )
    if len(found) != 1 or found[0].id in {home.unit_id for home in turn.actor.homes}:
        return {}
    label = turn.world.texts.label(places.unit_label(found[0]), turn.house.locale)
    return {"unit": found[0].id, "label": label}


def read(value: Mapping[str, Any]) -> About:
    """Turn the JSON of an answer into what services work with."""
    return About(staff_id=value.get("staff"), team=value.get("team", ""), unit_id=value.get("unit"))


async def shown(turn: Turn, value: Mapping[str, Any]) -> Text | None:
    """Say who is meant, and that he does not learn of it; a neighbour is never told who spoke."""
    if value.get("staff"):
        return T("complaint.about.staff", name=await people.staff_name(turn.session, value["staff"]))
    if value.get("team"):
        return T("complaint.about.team", team=T(f"team.people.{value['team']}"))
    return T("complaint.about.unit", place=plain(value["label"])) if value.get("label") else None
