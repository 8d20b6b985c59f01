"""A complaint or a piece of advice: apology first, the words as they are said, a person's answer with a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from handlers import places
from handlers.answers import Answers, filled
from handlers.answers import words as free_words
from handlers.form import Form
from handlers.repair import COURTESIES, closed, requester
from handlers.turn import Turn
from services import media
from services.catalog import Kind
from services.messages import Reply, T, Text, When, joined, lines, reply
from services.tickets import filing
from services.tickets.filing import Request
from services.understanding.intents import Intent

KINDS = {Intent.SUGGESTION: Kind.SUGGESTION, Intent.PRAISE: Kind.PRAISE}


@dataclass(frozen=True, kw_only=True)
class FileComplaint(Form, name="complaint"):
    """A complaint on its way; confidential towards those it is about."""

    confirms: ClassVar[bool] = True

    what: Annotated[str, free_words(least=2)]
    files: Annotated[Sequence[int], filled()] = ()
    kind: Annotated[str, filled()] = Kind.COMPLAINT.value

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

    async def summary(self, turn: Turn) -> Text:  # noqa: ARG002
        """Say the words back as they will be recorded."""
        photos = T("repair.summary.photos", count=len(self.files)) if self.files else None
        head = T("complaint.summary" if self.kind == Kind.COMPLAINT else "advice.summary")
        return lines(head, joined([T("complaint.words", what=self.what), photos], " "))

    async def submit(self, turn: Turn) -> Reply:
        """Record it and promise an answer by a person."""
        reading = turn.understood(self.what)
        home = next(iter(turn.actor.here), None)
        label = places.unit_label(home) if home else T("place.public")
        ticket = await filing.file(
            turn.session,
            turn.actor,
            house=turn.house,
            request=Request(
                category=turn.world.catalog.of_kind(reading.category, Kind(self.kind)),
                matter=self.what,
                place=turn.world.texts.label(label, turn.house.locale),
                unit_id=home.unit_id if home else None,
                media=tuple(self.files),
                requester=await requester(turn),
                confidential=self.kind == Kind.COMPLAINT,
            ),
            now=turn.now,
            policy=turn.policy,
        )
        if ticket.answer_by is None:
            return reply(T("advice.filed", number=ticket.number))
        if self.kind != Kind.COMPLAINT:
            return reply(T("advice.filed_by", number=ticket.number, by=When(ticket.answer_by)))
        filed = T("complaint.filed", number=ticket.number, by=When(ticket.answer_by), phone=turn.house.phone)
        return reply(lines(filed, closed(turn)))


async def known_from(turn: Turn) -> dict[str, Any]:
    """Return the answers that one message holds."""
    reading = turn.understood()
    given: dict[str, Any] = {"what": turn.text, "kind": KINDS.get(reading.intent, Kind.COMPLAINT).value}
    if turn.inbound.media:
        given["files"] = await media.keep(turn.session, turn.actor, turn.inbound, now=turn.now)
    return given
