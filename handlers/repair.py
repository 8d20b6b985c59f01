"""File a repair: words, photo or voice; one summary; one tap. What is known is not asked."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, ClassVar

from handlers import joins, places, words
from handlers.answers import Answers, Question, filled, one_of, pick
from handlers.answers import words as free_words
from handlers.form import Form
from handlers.turn import Turn
from services import media, people
from services.calendars import DEVELOPER, Days, calendars
from services.catalog import OTHER, Category, Kind, said
from services.conversations import Option
from services.messages import Inbound, MediaKind, Reply, T, Text, When, joined, lines, reply, window_end
from services.models import Ticket
from services.tickets import filing, leaks, parties, requests, terms
from services.tickets.history import Said
from services.tickets.joining import Neighbour
from services.tickets.requests import Plan, Request, Requester
from services.understanding.intents import Intent
from services.understanding.reading import Reading
from services.understanding.times import Window

COURTESIES = frozenset({Intent.THANKS, Intent.ACKNOWLEDGE, Intent.GREETING})


class LeakFrom(StrEnum):
    """Where water comes from, as whoever reports it sees it."""

    ABOVE = "above"
    OWN = "own"
    UNSURE = "unsure"


def asks_origin(so_far: Answers) -> bool:
    """Whether it must be asked where the water comes from."""
    return bool(so_far.get("upstairs")) and not (so_far.get("where") or {}).get("public")


def _may_wait(so_far: Answers) -> bool:
    return joins.is_public(so_far) and not so_far.get("outage")


def _can_be_unreachable(so_far: Answers) -> bool:
    return bool(so_far.get("stranger")) and not joins.ends(so_far)


@dataclass(frozen=True, kw_only=True)
class FileRepair(Form, name="repair"):
    """A repair on its way. Times are ISO strings; a place is the JSON of `handlers.places`."""

    confirms: ClassVar[bool] = True
    extras: ClassVar[tuple[str, ...]] = ("urgent",)

    what: Annotated[str, free_words(least=2)]
    where: Annotated[Mapping[str, Any], pick(places.own_places, other=places.typed, only=places.only_home)]
    origin: Annotated[LeakFrom, one_of(LeakFrom, "leak_from", when=asks_origin)] = LeakFrom.UNSURE
    outage: Annotated[int | str, joins.Outage(derived=True)] = joins.NOT_THIS
    join: Annotated[int, joins.Joins(derived=True, when=_may_wait)] = joins.NOT_THIS
    reach: Annotated[str, free_words(optional=True, when=_can_be_unreachable)] = ""
    stranger: Annotated[bool, filled()] = False
    files: Annotated[Sequence[int], filled()] = ()
    start: Annotated[str, filled()] = ""
    end: Annotated[str, filled()] = ""
    urgent: Annotated[bool, filled()] = False
    upstairs: Annotated[bool, filled()] = False  # the words speak of water from above

    @classmethod
    async def ask(cls, turn: Turn, name: str, so_far: Answers, options: Sequence[Option]) -> Question:
        """Ask strangers for the place in their own words."""
        place = (so_far.get("where") or {}).get("label")
        if name == "what" and place:
            return Question(T("repair.what.at", place=place), options)
        if name == "where" and not turn.actor.here:
            return Question(T("repair.where.stranger"), options)
        if name == "outage":
            return await joins.known_cause(turn, so_far, options)
        if name == "join":
            return await joins.asked(turn, so_far, options, offered=joins.offer)
        return await super().ask(turn, name, so_far, options)

    @classmethod
    def sums_up(cls, so_far: Answers) -> bool:
        """Who waits along, or for the end of an incident, files nothing."""
        return not joins.ends(so_far)

    @classmethod
    async def also(cls, turn: Turn, name: str, so_far: Answers) -> Mapping[str, Any]:  # noqa: ARG003
        """The first words may hold the place, a time and haste as well: nothing said is asked again."""
        return await known_from(turn, turn.understood()) if name == "what" else {}

    @classmethod
    async def more(cls, turn: Turn, so_far: Answers) -> Mapping[str, Any] | None:
        """Fragments that come while the summary waits belong to it: a photo, a place, a time, "hurry", more words."""
        changes: dict[str, Any] = {}
        if turn.inbound.media:
            kept = await media.keep(turn.session, turn.actor, turn.inbound, now=turn.now)
            changes["files"] = [*(so_far.get("files") or ()), *kept]
        if turn.text:
            reading = turn.understood()
            if reading.intent in COURTESIES and not changes:
                return {}
            changes.update(await _fragment(turn, reading, so_far))
        if "where" in changes:
            changes.update(outage=None, join=None)  # to be found out anew
        return changes or None

    async def summary(self, turn: Turn) -> Text:
        """Say back where, what, when, who pays, and one line of first aid."""
        request = self._asked(turn)
        plan = await requests.plan(turn.session, turn.house, request, turn.now, turn.policy)
        aid = said(request.category.first_aid, turn.actor.locale)
        return lines(
            T("repair.summary"),
            T("repair.summary.where", place=places.shown(self.where)),
            joined([T("repair.summary.what", what=self.what), _photos(self.files)], " "),
            self._time(turn, plan),
            None if self._is_public else T(f"payer.{plan.payer}.why"),
            T("repair.summary.urgent") if self.urgent else None,
            T("repair.summary.aid", aid=aid) if aid else None,
        )

    def _time(self, turn: Turn, plan: Plan) -> T | None:
        if self._is_public or plan.team == DEVELOPER:
            return None
        if self.start and self.end:
            start, end = _moment(self.start), _moment(self.end)
            return T("repair.summary.window", start=When(start), end=window_end(start, end))
        by = terms.promised(turn.now, turn.policy, turn.house.zone, priority=plan.priority)
        return T("repair.summary.soon", by=When(by))

    @property
    def _is_public(self) -> bool:
        return bool(self.where.get("public"))

    async def submit(self, turn: Turn) -> Reply:
        """File it and say what happens next and by when; who waits along, or for the end of an incident, is counted."""
        if self.outage or self.join:
            return await self._waits(turn)
        request = dataclasses.replace(self._asked(turn), requester=await requester(turn, reach=self.reach))
        file = leaks.file if self._from_above else filing.file
        ticket = await file(
            turn.session, turn.actor, house=turn.house, request=request, now=turn.now, policy=turn.policy
        )
        if self.stranger:
            return reply(T("repair.filed.stranger", number=ticket.number, phone=turn.house.phone))
        number_note = T("repair.number_note") if ticket.shows_number and not self._is_public else None
        return reply(lines(await _filed(turn, ticket), number_note, closed(turn)))

    @property
    def _from_above(self) -> bool:
        return self.upstairs and self.origin is LeakFrom.ABOVE and not self._is_public

    def _category(self, turn: Turn) -> Category:
        """Return the category of the words; where a leak comes from, its reporter knows better than they do."""
        if not self.upstairs or self._is_public:
            return category_of(turn, self.what, public=self._is_public)
        own = self.origin is LeakFrom.OWN
        return turn.world.catalog.of_kind("leak" if own else parties.LEAK, Kind.REPAIR)

    async def _waits(self, turn: Turn) -> Reply:
        if self.outage:
            return await joins.waits_for_end(turn, {"what": self.what, "where": self.where}, self.outage)
        building = self.where.get("building", "")
        whom = Neighbour(
            place=self.where["label"],
            person_id=turn.actor.person_id,
            address_id=turn.actor.address_id,
            unit_id=joins.home_of(turn, building),
            said=Said(self.what, tuple(self.files)),
        )
        return await joins.joined(turn, self.join, whom)

    def _asked(self, turn: Turn) -> Request:
        """Return the request without saying for whom it is."""
        return Request(
            category=self._category(turn),
            matter=self.what,
            place=self.where["label"],
            scope="public" if self._is_public else "unit",
            unit_id=self.where.get("unit"),
            building=self.where.get("building", ""),
            media=tuple(self.files),
            urgent=self.urgent,
            start=_moment(self.start) if self.start else None,
            end=_moment(self.end) if self.end else None,
            requester=Requester(known=not self.stranger),
        )


async def _filed(turn: Turn, ticket: Ticket) -> T:
    """Say the number, who answers for it, and by when what happens."""
    name = await people.staff_name(turn.session, ticket.first_taker_id)
    if ticket.promised_at is None:
        return T("repair.filed.developer", number=ticket.number, by=When(ticket.answer_by or turn.now))
    by = When(ticket.promised_at)
    return T("repair.filed" if name else "repair.filed_unstaffed", number=ticket.number, name=name, by=by)


def closed(turn: Turn) -> T | None:
    """Say that the desk is not staffed now, and who answers meanwhile; None in its hours."""
    desk = calendars(turn.policy, turn.house.zone).of(Days.DESK)
    if desk.is_open(turn.now):
        return None
    return T("desk.closed", opens=When(desk.next_open(turn.now)), phone=turn.house.phone)


async def requester(turn: Turn, *, reach: str = "") -> Requester:
    """Return the writer as the one for whom the ticket is."""
    actor = turn.actor
    return Requester(
        person_id=actor.person_id,
        address_id=actor.address_id,
        name=actor.name,
        phone=actor.phone or await people.phone_of(turn.session, actor.person_id) or reach,
        shows_number=actor.shows_number,
        needs_care=actor.needs_care,
        known=actor.person_id is not None,
    )


def category_of(turn: Turn, what: str, *, public: bool, kind: Kind = Kind.REPAIR) -> Category:
    """Return the catalogue's category of the words; people are never asked for it."""
    catalog = turn.world.catalog
    found = catalog.of_kind(turn.understood(what).category, kind)
    return catalog.of_kind(OTHER, kind) if found.public is False and public else found


def _photos(files: Sequence[int]) -> T | None:
    return T("repair.summary.photos", count=len(files)) if files else None


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


async def _fragment(turn: Turn, reading: Reading, so_far: Answers) -> dict[str, Any]:
    """Read a fragment: whatever it names (place, time, haste) is taken, the rest is added to the matter."""
    changes = _times(reading)
    place = await places.from_reading(turn, reading)
    if place is not None and place != so_far.get("where"):
        changes["where"] = place
    if reading.category == parties.LEAK:
        changes["upstairs"] = True
    if reading.intent is Intent.URGE or words.means(turn, "words.hurry"):
        changes["urgent"] = True
    elif reading.rest and not _only_place(reading, changes):
        before = so_far.get("what") or ""
        changes["what"] = (
            reading.rest
            if before in {"", turn.label(T("repair.photo_only"))}
            else f"{before}{turn.label(T('join.words'))}{turn.text}"
        )
    return changes


def _only_place(reading: Reading, changes: Mapping[str, Any]) -> bool:
    return bool(changes) and reading.category is None and reading.intent not in {Intent.REPAIR, Intent.COMPLAINT}


def _times(reading: Reading) -> dict[str, Any]:
    window: Window | None = next(iter(reading.when), None)
    return {"start": window.start.isoformat(), "end": window.end.isoformat()} if window else {}


async def known_from(turn: Turn, reading: Reading) -> dict[str, Any]:
    """Return the answers that one message holds: what, where, when, photos."""
    given: dict[str, Any] = {"stranger": turn.actor.person_id is None and not turn.actor.phone}
    given.update(_times(reading))
    place = await places.from_reading(turn, reading)
    if place is not None:
        given["where"] = place
    if turn.inbound.media:
        given["files"] = await media.keep(turn.session, turn.actor, turn.inbound, now=turn.now)
    if turn.text:
        given["what"] = _matter(turn, reading)
        given["upstairs"] = reading.category == parties.LEAK
        if words.within(turn, "words.hurry"):
            given["urgent"] = True
    elif given.get("files"):
        given["what"] = turn.label(_only_file(turn.inbound))
    return given


def _matter(turn: Turn, reading: Reading) -> str:
    """Return the matter in the person's own words: the reading simplifies traditional signs and cuts English short."""
    as_read = turn.world.simplify(turn.text) == turn.text and not turn.text.isascii()
    return reading.rest or turn.text if as_read else turn.text


def _only_file(inbound: Inbound) -> T:
    voice = any(file.kind is MediaKind.VOICE for file in inbound.media)
    return T("repair.voice_only" if voice else "repair.photo_only")


async def voice_to_desk(turn: Turn) -> Reply:
    """A lone voice message opens a draft that the desk listens to: nobody has to type."""
    kept = await media.keep(turn.session, turn.actor, turn.inbound, now=turn.now)
    home = next(iter(turn.actor.here), None)
    ticket = await filing.file(
        turn.session,
        turn.actor,
        house=turn.house,
        request=Request(
            category=turn.world.catalog.of_kind(OTHER, Kind.INQUIRY),
            matter=turn.label(T("repair.voice_only")),
            place=turn.world.texts.label(places.unit_label(home), turn.house.locale) if home else turn.actor.name,
            unit_id=home.unit_id if home else None,
            media=tuple(kept),
            requester=await requester(turn),
        ),
        now=turn.now,
        policy=turn.policy,
    )
    return reply(T("repair.voice_filed", number=ticket.number, phone=turn.house.phone))
