"""One open socket of a page: what the person does goes into the inbox, what is in the mailbox is shown."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from html import escape
from itertools import chain
from typing import Any

import orjson
import structlog
from aiohttp import WSMessage, WSMsgType, web

from bot.channels.port import RawEvent
from bot.channels.web import OpenPage, Shout
from bot.web import frames
from bot.web.frames import BadFrame, Frame, Named
from bot.web.parts import Paces, Site
from bot.web.sessions import Visitor
from services import mailbox
from services.mailbox import Message
from services.messages import Channel

PAGE_OF_HISTORY = 40
WATCHED = 60  # the newest messages that are looked at for changes
RETRY_SECONDS = 3.0

log = structlog.get_logger(__name__)


class Line:
    """A socket and the mailbox behind it."""

    def __init__(
        self,
        site: Site,
        paces: Paces,
        socket: web.WebSocketResponse,
        who: Visitor,
        page: OpenPage,
        *,
        language: str,
    ) -> None:
        """Take the socket; nothing is sent before `run`."""
        self._site = site
        self._paces = paces
        self._socket = socket
        self._where = who.where
        self._page = page
        self._language = language
        self._seen: dict[int, int] = {}

    async def run(self) -> None:
        """Show the history, then listen and tell the news until the socket closes."""
        await self._send_history("messages", None)
        telling = asyncio.create_task(self._tell_news())
        try:
            async for message in self._socket:
                await self._hear(message)
        finally:
            telling.cancel()
            await asyncio.wait((telling,))

    async def _tell_news(self) -> None:
        while not self._socket.closed:
            ids, shouts = await self._page.news(within=self._site.poll_seconds)
            try:
                for shout in shouts:
                    await self._send(_toast(shout))
                await self._send_new(ids)
            except ConnectionError:
                return
            except Exception as error:
                log.warning("web.news_failed", error=type(error).__name__)

    async def _send_new(self, ids: Collection[int]) -> None:
        where = self._where._asdict()
        async with self._site.db.reading() as session:
            newest = await mailbox.revisions(session, **where, limit=WATCHED)
            changed = {number for number, revision in newest.items() if self._seen.get(number) != revision}
            wanted = changed | set(ids)
            found = await mailbox.named(session, **where, ids=wanted) if wanted else []
        fresh = [message for message in found if self._seen.get(message.id) != message.revision]
        if fresh:
            await self._send({"messages": self._shown(fresh)})

    async def _send_history(self, name: str, before: int | None) -> None:
        async with self._site.db.reading() as session:
            found = await mailbox.latest(session, **self._where._asdict(), limit=PAGE_OF_HISTORY, before_id=before)
        await self._send({name: self._shown(found), "more": len(found) == PAGE_OF_HISTORY})

    def _shown(self, messages: Iterable[Message]) -> list[Mapping[str, Any]]:
        shown: list[Mapping[str, Any]] = []
        for message in messages:
            self._seen[message.id] = message.revision
            fixed = {"id": message.id, "revision": message.revision, "mine": message.mine, "at": message.at.isoformat()}
            shown.append({**message.body, **fixed})
        return shown

    async def _hear(self, message: WSMessage) -> None:
        if message.type is not WSMsgType.TEXT:
            return
        try:
            frame = frames.read(message.data)
        except BadFrame as bad:
            await self._send({"refused": bad.frame_id, "why": str(bad)})
            return
        if frame.id:
            await self._take(frame)
        else:
            await self._send_history("earlier", frame.before)

    async def _take(self, frame: Frame) -> None:
        wait = self._paces.frames.wait(":".join(self._where))
        if wait > 0:
            await self._send({"retry": round(wait + 0.5, 1), "id": frame.id, "busy": True})
            return
        answer: dict[str, Any]
        try:
            answer = {"ack": frame.id} if await self._store(frame) else {"refused": frame.id, "why": "file"}
        except Exception as error:
            # Not stored, so not acknowledged: the page keeps the frame and sends it again.
            log.warning("web.store_failed", error=type(error).__name__)
            answer = {"retry": RETRY_SECONDS, "id": frame.id}
        await self._send(answer)

    async def _store(self, frame: Frame) -> bool:
        """Put what the person did into his own history and into the inbox; False when a file isn't his."""
        if not await self._may_send(frame.media):
            return False
        await self._note(frame)
        await self._site.store(self._event(frame))
        return True

    def _event(self, frame: Frame) -> RawEvent:
        if self._where.channel is Channel.SMS:
            return frames.text_message(self._where, frame, at=self._site.now())
        return frames.event(self._where, frame, language=self._language)

    async def _may_send(self, media: Sequence[Named]) -> bool:
        for one in media:
            if await self._site.open(self._where.external, one.file_id) is None:
                return False
        return True

    async def _note(self, frame: Frame) -> None:
        # Before the inbox, so that an answer never stands above what it answers; sent twice it is one row.
        where, at = self._where._asdict(), self._site.now()
        body = await self._body(frame)
        if body is None:
            return
        key = f"mine:{':'.join(self._where)}:{frame.id}"
        async with self._site.db.transaction() as session:
            number = await mailbox.put(session, **where, mine=True, body=body, key=key, at=at)
        self._site.pages.wake(self._where, number)

    async def _body(self, frame: Frame) -> dict[str, Any] | None:
        """Return how the frame looks in its writer's history; a start or a button of old leaves no trace."""
        if frame.tap:
            return await self._chosen(frame)
        if frame.start is not None:
            return None
        body: dict[str, Any] = {"text": escape(frame.text, quote=False), "frame": frame.id}
        if frame.media:
            body["media"] = [_file(one) for one in frame.media]
        return body

    async def _chosen(self, frame: Frame) -> dict[str, Any] | None:
        async with self._site.db.reading() as session:
            found = await mailbox.named(session, **self._where._asdict(), ids=(frame.message,))
        for message in found:
            for button in chain.from_iterable(message.body.get("rows", ())):
                if button.get("tap") == frame.tap:
                    tapped = {"of": message.id, "revision": message.revision, "label": button["label"]}
                    text = escape(button["label"], quote=False)
                    return {"text": text, "tapped": tapped, "frame": frame.id}
        return None

    async def _send(self, answer: Mapping[str, Any]) -> None:
        if not self._socket.closed:
            await self._socket.send_str(orjson.dumps(answer).decode())


def _file(one: Named) -> dict[str, str]:
    return {"url": f"/chat/media/{one.file_id}", "kind": one.kind.value, "name": one.name}


def _toast(shout: Shout) -> dict[str, Any]:
    return {"toast": shout.text, "alert": shout.alert, "for": shout.frame}
