"""Turning a claimed outbox row into a letter: what a say, a card or a question looks like at the moment of sending."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime

from bot.channels.port import ChannelPort, File, Letter
from handlers import inbound
from handlers.turn import World
from services import campaigns, conversations, houses, media, surveys, wire
from services.actors import House
from services.db import Session
from services.dunning import saying
from services.media import Held, MediaStore
from services.messages import Channel, Say, T
from services.outbox import Claimed, To
from services.refusals import NotFound
from services.texts import Reader
from services.tickets import cards, faces


@dataclass(frozen=True, slots=True)
class Prepared:
    """A row with its letter; without one it is skipped for the reason."""

    row: Claimed
    letter: Letter | None
    why: str = ""
    revision: int = 0
    stage: str = ""  # what a card that can't be edited has shown, instead of a message id
    waits: bool = False  # for the bytes of a file that is still being fetched


class Desk:
    """Prepares letters inside the claim's transaction."""

    def __init__(self, world: World, store: MediaStore, *, now: Callable[[], datetime]) -> None:
        """Take the world and the store of files."""
        self._world, self._store, self._now = world, store, now
        self._houses: dict[int, House] = {}

    async def prepare(self, session: Session, row: Claimed, port: ChannelPort) -> Prepared:
        """Build the row's letter as things are now."""
        if row.still_wanted and not await self._wanted(session, row.still_wanted):
            return Prepared(row, None, "not wanted any more")
        if row.kind == "card" and not port.edits:
            return await self._card_anew(session, row, port)
        say, edit, revision = await self._say(session, row)
        if say is None:
            return Prepared(row, None, "nothing to say any more")
        return await self._letter(session, row, port, say, edit=edit, revision=revision)

    async def _wanted(self, session: Session, what: str) -> bool:
        """Ask the service that said it whether it still holds."""
        kind, _, number = what.partition(":")
        if kind == "dunning":
            return await saying.still_wanted(session, int(number), now=self._now(), policies=self._world.policies)
        if kind not in WANTED:
            raise NotFound
        return await WANTED[kind](session, int(number))

    async def _card_anew(self, session: Session, row: Claimed, port: ChannelPort) -> Prepared:
        """Where nothing can be edited, a card is sent again when its ticket reached another state, with its choices."""
        face = await faces.find(session, card_id=row.card_id)
        if face is None:
            return Prepared(row, None, "nothing to say any more")
        card, stage = face.card, cards.stage(face.card, face.ticket)
        if stage == card.message_id:
            return Prepared(row, None, "nothing new to say")
        say = faces.render(face, catalog=self._world.catalog, locale=row.locale)
        to = To(row.address_id, row.locale, row.community_id)
        key = f"choose:card:{card.id}:{card.wanted}"
        offered = await conversations.offer(session, to=to, key=key, say=say, now=self._now())
        row = replace(row, prompt_id=offered)
        prepared = await self._letter(session, row, port, say, edit="", revision=card.wanted)
        return replace(prepared, stage=stage)

    async def _letter(
        self, session: Session, row: Claimed, port: ChannelPort, say: Say, *, edit: str, revision: int
    ) -> Prepared:
        house = await self._house(session, row.community_id)
        files = await self._files(session, say, port)
        if files is None:
            return Prepared(row, None, "its files are being fetched", waits=True)
        letter = Letter(
            key=row.key,
            to=row.external,
            say=say,
            reader=Reader(row.locale, house.zone if house else self._world.zone, self._now(), port.channel),
            texts=self._world.texts,
            topic=row.topic,
            edit=edit,
            parts_sent=row.parts_sent,
            files=files,
            is_group=row.is_group,
            signature=self._signature(house, row.locale),
            phone=house.phone if house else "",
        )
        return Prepared(row, letter, revision=revision)

    async def _say(self, session: Session, row: Claimed) -> tuple[Say | None, str, int]:
        if row.kind == "card" and row.card_id is not None:
            face = await faces.find(session, card_id=row.card_id)
            if face is None or face.card.wanted == face.card.shown:
                return None, "", 0
            say = faces.render(face, catalog=self._world.catalog, locale=row.locale)
            return say, face.card.message_id, face.card.wanted
        if row.kind == "prompt" and row.prompt_id is not None:
            prompt = await conversations.opened(session, prompt_id=row.prompt_id)
            if prompt is None:
                return None, "", 0
            return await inbound.question(session, prompt, now=self._now(), world=self._world), "", 0
        return wire.read_say(row.payload), "", 0

    def _signature(self, house: House | None, locale: str) -> str:
        return self._world.texts.label(T("sms.signature", estate=house.name), locale) if house else ""

    async def _house(self, session: Session, community_id: int | None) -> House | None:
        if community_id is None:
            return None
        if community_id not in self._houses:
            self._houses[community_id] = await houses.by_id(session, community_id=community_id)
        return self._houses[community_id]

    async def _files(self, session: Session, say: Say, port: ChannelPort) -> tuple[File, ...] | None:
        """Return the files that go along; None while one of them is still on its way to us."""
        if not say.media:
            return ()
        held = await media.held(session, say.media, channel=port.channel, account=port.account)
        there = [held[media_id] for media_id in say.media if media_id in held]
        if any(one.wanted and not (one.file_id and port.channel is Channel.TELEGRAM) for one in there):
            return None
        return tuple(self._file(one) for one in there if one.sha256 or one.file_id)

    def _file(self, held: Held) -> File:
        return File(held.id, held.kind, held.mime, held.name, held.file_id, self._reading(held.sha256))

    def _reading(self, digest: str) -> Callable[[], Awaitable[bytes]]:
        async def read() -> bytes:
            return self._store.get(digest)

        return read


WANTED = {"survey": surveys.still_wanted, "campaign": campaigns.still_wanted}
