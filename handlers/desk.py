"""The desk: file for somebody else in one message, name the group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, ClassVar

from handlers import forwarding, joins, places, repair, whom, words
from handlers.answers import Answers, Question, filled, one_of, pick
from handlers.answers import words as free_words
from handlers.form import Form
from handlers.forwarding import Office
from handlers.turn import Turn
from services import groups, media, people
from services.catalog import Kind, said
from services.conversations import Option
from services.messages import Reply, Start, T, Text, joined, lines, plain, reply
from services.models import Person
from services.phones import find_number
from services.refusals import NotAllowed
from services.tickets import filing, joining
from services.tickets import joined as waiting
from services.tickets.filing import Request, Requester, Source
from services.tickets.history import Said
from services.tickets.joining import Neighbour
from services.tickets.requests import Outside
from services.understanding.intents import Intent

UNKNOWN = 0


class Door(StrEnum):
    """Through which door a request came to the employee."""

    PHONE = "phone"
    VISIT = "visit"
    STAFF = "staff"
    GROUP = "group"
    FORWARDED = "forwarded"


async def new(turn: Turn, rest: str) -> Reply:
    """Read place, matter, phone and person out of one message and show one summary."""
    if turn.actor.staff is None:
        raise NotAllowed
    if not rest and not turn.inbound.media:
        return Reply(then=Start("new", {}))
    return Reply(then=Start("new", await known(turn, rest)))


async def known(turn: Turn, text: str) -> dict[str, Any]:
    """Read out of one message what the form asks for: matter, place, person, number, door."""
    door, text = _door(turn, text)
    case, text = forwarding.read(turn, text) if door == Door.FORWARDED else ({}, text)
    number, text = find_number(text, turn.world.region)
    reading = turn.understood(text)
    given: dict[str, Any] = {"what": reading.rest or text, "phone": number, "door": door, **case}
    place = await places.from_reading(turn, reading)
    if place is not None:
        given["where"] = place
    if reading.intent is Intent.COMPLAINT or door == Door.FORWARDED:
        given["kind"] = Kind.COMPLAINT.value
    if turn.inbound.media:
        given["files"] = await media.keep(turn.session, turn.actor, turn.inbound, now=turn.now)
    who = await meant(turn, place, number, text)
    if who is not None:
        given["who"] = who.id
        given["what"] = given["what"].replace(who.name, "").strip(" ,\uff0c") or given["what"]
    elif place is None or place.get("public"):
        given["who"] = UNKNOWN
    return given


def _door(turn: Turn, text: str) -> tuple[str, str]:
    """Return through which door it came, and the words without saying so; by phone when nothing is said."""
    for door in Door:
        for word in sorted(words.variants(turn, f"words.door.{door}"), key=lambda word: (-len(word), word)):
            if word and word in text:
                return door.value, text if door is Door.FORWARDED else text.replace(word, " ").strip()
    return Door.PHONE.value, text


async def meant(turn: Turn, place: Mapping[str, Any] | None, number: str, text: str) -> Person | None:
    """Return the person meant: by number, by name among the unit's residents, or its only resident."""
    if number:
        found = await people.of_number(turn.session, e164=number, community_id=turn.house.id)
        if len(found) == 1:
            return found[0]
    if place is None or "unit" not in place:
        return None
    residents = await people.residents_of(turn.session, unit_id=place["unit"])
    named = [person for person in residents if person.name and person.name in text]
    if len(named) == 1:
        return named[0]
    return residents[0] if len(residents) == 1 else None


async def _residents(turn: Turn, so_far: Answers) -> Sequence[Option]:
    unit_id = (so_far.get("where") or {}).get("unit")
    residents = await people.residents_of(turn.session, unit_id=unit_id) if unit_id else []
    return [*(Option(person.id, plain(person.name)) for person in residents), Option(UNKNOWN, T("new.nobody"))]


async def _all_places(turn: Turn, so_far: Answers) -> Sequence[Option]:  # noqa: ARG001
    return [Option(places.of_public(turn, ""), T("place.public"))]


@dataclass(frozen=True, kw_only=True)
class NewTicket(Form, name="new"):
    """A request that an employee takes down for somebody else; he is its first taker."""

    confirms: ClassVar[bool] = True
    extras: ClassVar[tuple[str, ...]] = ("urgent",)

    what: Annotated[str, free_words(least=2)]
    where: Annotated[Mapping[str, Any], pick(_all_places, other=places.typed)]
    who: Annotated[int, pick(_residents)]
    join: Annotated[int, joins.Joins(derived=True, when=joins.is_public)] = joins.NOT_THIS
    door: Annotated[Door, one_of(Door, "source")]
    office: Annotated[Office, one_of(Office, "office", when=forwarding.given)] = Office.OTHER
    outside: Annotated[str, free_words(least=2, when=forwarding.given)] = ""
    hours: Annotated[int, filled()] = 0
    phone: Annotated[str, filled()] = ""
    kind: Annotated[str, filled()] = Kind.REPAIR.value
    files: Annotated[Sequence[int], filled()] = ()
    urgent: Annotated[bool, filled()] = False

    @classmethod
    async def ask(cls, turn: Turn, name: str, so_far: Answers, options: Sequence[Option]) -> Question:
        """Say what is known of a fault that was reported before."""
        if name == "join":
            return await joins.asked(turn, so_far, options, offered=joins.offer_for_caller)
        return await super().ask(turn, name, so_far, options)

    @classmethod
    def sums_up(cls, so_far: Answers) -> bool:
        """Whoever waits along needs no ticket of his own."""
        return not joins.ends(so_far)

    @classmethod
    async def more(cls, turn: Turn, so_far: Answers) -> Mapping[str, Any] | None:
        """More words and photos belong to it."""
        changes: dict[str, Any] = {}
        if turn.inbound.media:
            kept = await media.keep(turn.session, turn.actor, turn.inbound, now=turn.now)
            changes["files"] = [*(so_far.get("files") or ()), *kept]
        if turn.text:
            changes["what"] = f"{so_far.get('what') or ''}{turn.label(T('join.words'))}{turn.text}"
        return changes or None

    async def summary(self, turn: Turn) -> Text:
        """Say back what will be filed for whom."""
        person = await turn.session.get(Person, self.who) if self.who else None
        name = joined([plain(words) for words in (person.name if person else "", self.phone) if words], " ")
        photos = T("repair.summary.photos", count=len(self.files)) if self.files else None
        return lines(
            T("new.summary"),
            T("repair.summary.where", place=plain(self.where["label"])),
            joined([T("repair.summary.what", what=self.what), photos], " "),
            T("new.summary.who", name=name if name.parts else T("new.nobody"), door=T(f"source.{self.door}")),
            await self._outage(turn),
            T("repair.summary.urgent") if self.urgent else None,
            await forwarding.shown(turn, self._case(turn), person, self.where.get("unit")) if self._came_back else None,
            self._on_the_phone(turn),
        )

    @property
    def _came_back(self) -> bool:
        return self.door is Door.FORWARDED

    def _case(self, turn: Turn) -> Outside:
        return forwarding.outside(turn, office=self.office.value, number=self.outside, hours=self.hours)

    def _on_the_phone(self, turn: Turn) -> Text | None:
        """What to ask the caller, and what he can do meanwhile."""
        if self.kind != Kind.REPAIR:
            return None
        category = repair.category_of(turn, self.what, public=bool(self.where.get("public")))
        asks, aid = said(category.where, turn.actor.locale), said(category.first_aid, turn.actor.locale)
        return lines(
            T("new.ask", question=asks) if asks else None,
            T("new.aid", aid=aid) if aid else None,
        )

    async def _outage(self, turn: Turn) -> Text | None:
        """What to tell a caller whose home has an incident."""
        if self.kind != Kind.REPAIR or not self.where.get("building"):
            return None
        incident = await joins.holding(turn, {"what": self.what, "where": self.where})
        return joins.explained(turn, incident) if incident else None

    async def submit(self, turn: Turn) -> Reply:
        """File it, or count the caller in; the person hears of it on his own channel."""
        if self.join:
            return await self._join(turn)
        ticket = await filing.file(
            turn.session,
            turn.actor,
            house=turn.house,
            request=await self._request(turn),
            now=turn.now,
            policy=turn.policy,
        )
        told = await filing.tell_requester(turn.session, ticket, now=turn.now)
        nobody = not self.who and not self.phone
        holder = await people.staff_name(turn.session, ticket.holder_id)
        return reply(
            lines(
                T("new.filed", number=ticket.number),
                T("new.holder", name=holder) if holder else T("new.no_holder"),
                None if nobody else T("new.told" if told else "new.not_told"),
            )
        )

    async def _join(self, turn: Turn) -> Reply:
        for_whom = await self._requester(turn)
        whom = Neighbour(
            place=self.where["label"],
            person_id=for_whom.person_id,
            address_id=for_whom.address_id,
            said=Said(self.what, tuple(self.files)),
        )
        ticket, new = await joins.join(turn, self.join, whom)
        told = new and await waiting.welcome(turn.session, ticket, whom, now=turn.now)
        count = joining.households(ticket)
        return reply(
            lines(
                T("new.joined" if new else "new.joined_before", number=ticket.number, count=count),
                T("new.told") if told else T("new.not_told") if new and for_whom.person_id else None,
            )
        )

    async def _request(self, turn: Turn) -> Request:
        public = bool(self.where.get("public"))
        category = repair.category_of(turn, self.what, public=public, kind=Kind(self.kind))
        complaint = self.kind == Kind.COMPLAINT
        about = whom.read(await whom.of_words(turn, self.what)) if complaint else whom.NOBODY_NAMED
        return Request(
            category=category,
            matter=self.what,
            place=self.where["label"],
            scope="public" if public else "unit",
            unit_id=self.where.get("unit"),
            building=self.where.get("building", ""),
            media=tuple(self.files),
            urgent=self.urgent,
            source=Source(self.door),
            confidential=complaint,
            anonymous=complaint and category.neighbours,
            about=about,
            outside=self._case(turn) if self._came_back else None,
            requester=await self._requester(turn),
        )

    async def _requester(self, turn: Turn) -> Requester:
        person = await turn.session.get(Person, self.who) if self.who else None
        if person is None:
            return Requester(phone=self.phone)
        to = (await people.addresses_of(turn.session, [person.id])).get(person.id)
        return Requester(
            person_id=person.id,
            address_id=to.address_id if to else None,
            name=person.name,
            phone=self.phone or await people.phone_of(turn.session, person.id),
            shows_number=person.shows_number,
            needs_care=person.needs_care,
        )


async def group(turn: Turn, rest: str) -> Reply:
    """Make the group or topic in which this is said the team's: `/team engineering`."""
    if not turn.actor.is_lead or not turn.inbound.group:
        raise NotAllowed
    team = rest.strip() or "engineering"
    if team not in groups.TEAMS:
        return reply(T("group.which", teams=", ".join(groups.TEAMS)))
    await groups.set_team(turn.session, turn.actor, inbound=turn.inbound, team=team, now=turn.now)
    return reply(T("group.named_topic" if turn.inbound.topic else "group.named", team=T(f"team.{team}")))
