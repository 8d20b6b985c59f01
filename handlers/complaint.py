"""A complaint or a piece of advice: apology first, the words as they are said, a person's answer with a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from handlers import places, whom
from handlers import words as spoken
from handlers.answers import Answers, Question, filled
from handlers.answers import words as free_words
from handlers.form import Form
from handlers.repair import COURTESIES, closed, requester
from handlers.turn import Turn
from services import media
from services.catalog import Category, Kind
from services.conversations import Option
from services.messages import Reply, T, Text, When, joined, lines, plain, reply
from services.models import Ticket
from services.tickets import complaints, filing
from services.tickets.filing import Request
from services.understanding.intents import Intent

KINDS = {Intent.SUGGESTION: Kind.SUGGESTION, Intent.PRAISE: Kind.PRAISE}


@dataclass(frozen=True, kw_only=True)
class FileComplaint(Form, name="complaint"):
    """A complaint on its way; confidential towards those it is about."""

    confirms: ClassVar[bool] = True
    extras: ClassVar[tuple[str, ...]] = ("anonymous",)

    what: Annotated[str, free_words(least=2)]
    about: Annotated[Mapping[str, Any], whom.Whom()]
    files: Annotated[Sequence[int], filled()] = ()
    kind: Annotated[str, filled()] = Kind.COMPLAINT.value
    anonymous: Annotated[bool, filled()] = False

    @classmethod
    def offers(cls, so_far: Answers) -> Sequence[str]:
        """Praise and advice hide nobody's name."""
        return super().offers(so_far) if so_far.get("kind", Kind.COMPLAINT) == Kind.COMPLAINT else ()

    @classmethod
    async def ask(cls, turn: Turn, name: str, so_far: Answers, options: Sequence[Option]) -> Question:
        """Who is meant may stay open."""
        if name == "about":
            return Question(T("complaint.about"), options)
        return await super().ask(turn, name, so_far, options)

    @classmethod
    async def also(cls, turn: Turn, name: str, so_far: Answers) -> Mapping[str, Any]:
        """Of neighbours nobody is told who spoke; photos may come with the words."""
        if name != "what":
            return {}
        given: dict[str, Any] = {"anonymous": _of_neighbours(turn, turn.text, so_far.get("kind")) or None}
        if turn.inbound.media:
            given["files"] = await media.keep(turn.session, turn.actor, turn.inbound, now=turn.now)
        return given

    @classmethod
    async def more(cls, turn: Turn, so_far: Answers) -> Mapping[str, Any] | None:
        """What follows while the summary waits belongs to it."""
        changes: dict[str, Any] = {}
        if turn.text and not turn.inbound.media and turn.understood().intent in COURTESIES:
            return changes
        if turn.inbound.media:
            kept = await media.keep(turn.session, turn.actor, turn.inbound, now=turn.now)
            changes["files"] = [*(so_far.get("files") or ()), *kept]
        if turn.text:
            changes["what"] = f"{so_far.get('what') or ''}\n{turn.text}".strip()
        return changes or None

    async def summary(self, turn: Turn) -> Text:
        """Say the words back as they will be recorded, and who will not learn of them."""
        photos = T("repair.summary.photos", count=len(self.files)) if self.files else None
        what = "\n".join(words for words in (self.what, self.about.get("words")) if words)
        said = joined([T("complaint.words", what=what), photos], " ")
        if self.kind != Kind.COMPLAINT:
            return lines(T("advice.summary"), said)
        return lines(
            T("complaint.summary"),
            said,
            await whom.shown(turn, self.about),
            T("complaint.quietly") if self.anonymous else None,
            None if self.files else T("complaint.evidence"),
        )

    async def submit(self, turn: Turn) -> Reply:
        """Record it and promise an answer by a person."""
        ticket = await filing.file(
            turn.session,
            turn.actor,
            house=turn.house,
            request=await self._request(turn),
            now=turn.now,
            policy=turn.policy,
        )
        if self.kind == Kind.COMPLAINT:
            return reply(lines(*await self._promise(turn, ticket)))
        if ticket.answer_by is None:
            return reply(T("advice.filed", number=ticket.number))
        return reply(T("advice.filed_by", number=ticket.number, by=When(ticket.answer_by)))

    async def _request(self, turn: Turn) -> Request:
        home = next(iter(turn.actor.here), None)
        own = places.unit_label(home) if home else T("place.public")
        if home and self.anonymous:  # where it is, without the door of who says so
            own = T("place.entrance", building=home.building, entrance=home.entrance, spot="")
        complaint = self.kind == Kind.COMPLAINT
        about = whom.read(self.about) if complaint else whom.NOBODY_NAMED
        spot = await places.from_reading(turn, turn.understood(self.what)) or {}
        return Request(
            category=_category(turn, self.what, self.kind),
            matter="\n".join(words for words in (self.what, self.about.get("words")) if words),
            place=self.about.get("label")
            or (spot.get("public") and spot["label"])
            or turn.world.texts.label(own, turn.house.locale),
            unit_id=home.unit_id if home else None,
            media=tuple(self.files),
            requester=await requester(turn),
            confidential=complaint,
            anonymous=complaint and self.anonymous,
            about=about,
        )

    async def _promise(self, turn: Turn, ticket: Ticket) -> Sequence[Text | None]:
        """Say the number, who reads it and by when somebody answers; nobody here could judge it: who else can."""
        if not await complaints.heard_by(turn.session, ticket, now=turn.now):
            hotline, phone = turn.policy.complaints.hotline, turn.house.phone
            return [T("complaint.filed.outside", number=ticket.number, hotline=hotline, phone=phone)]
        before = await complaints.repeated(turn.session, ticket)
        by = When(ticket.answer_by or turn.now)
        filed = T("complaint.filed", number=ticket.number, by=by, phone=turn.house.phone)
        quiet = T("complaint.filed.quiet", number=ticket.number, by=by, phone=turn.house.phone)
        numbers = joined([plain(one.number) for one in before], " ")
        return [
            quiet if self.anonymous else filed,
            T("complaint.filed.repeat", numbers=numbers) if before else None,
            closed(turn),
        ]


def _category(turn: Turn, what: str, kind: str) -> Category:
    return turn.world.catalog.of_kind(turn.understood(what).category, Kind(kind))


def _of_neighbours(turn: Turn, what: str, kind: str | None) -> bool:
    return (kind or Kind.COMPLAINT) == Kind.COMPLAINT and _category(turn, what, Kind.COMPLAINT).neighbours


async def known_from(turn: Turn) -> dict[str, Any]:
    """Return the answers that one message holds."""
    if spoken.means(turn, "words.complaint"):  # that he has something to complain about is not yet what it is
        return {}
    reading = turn.understood()
    kind = KINDS.get(reading.intent, Kind.COMPLAINT).value
    given: dict[str, Any] = {"what": turn.text, "kind": kind}
    if _of_neighbours(turn, turn.text, kind):
        given["anonymous"] = True
    if turn.inbound.media:
        given["files"] = await media.keep(turn.session, turn.actor, turn.inbound, now=turn.now)
    return given
