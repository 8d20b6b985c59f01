"""Files between channels: uploads of the web page, fetching from providers, handing out what somebody may see."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import structlog

from bot.channels.port import FetchFailed
from bot.wakeup import Wakeup
from bot.work import Ports
from services import images, media
from services.db import Database, Session, is_trouble
from services.media import MediaStore, Wanted
from services.messages import Channel

log = structlog.get_logger(__name__)

REST = 2.0
UPLOAD = "up"


class Files:
    """Uploads wait in a folder until an event names them; then they are fetched like any provider's file."""

    def __init__(
        self, db: Database, ports: Ports, store: MediaStore, folder: Path, *, now: Callable[[], datetime]
    ) -> None:
        """Name the folder for uploads; it is made when the first comes."""
        self._db, self._ports, self._store, self._folder, self._now = db, ports, store, folder, now
        self._wakeup = Wakeup()
        db.listen("media", self._wakeup.wake)

    async def keep(self, external: str, filename: str, mime: str, data: bytes) -> str:
        """Keep an upload of a page; return the id by which the page names it."""
        del filename
        clean = await asyncio.to_thread(images.without_place, data, mime)
        file_id = f"{UPLOAD}-{secrets.token_urlsafe(18)}"
        path = self._path(file_id)
        await asyncio.to_thread(_write, path, external, mime, clean)
        return file_id

    async def open(self, external: str, file_id: str) -> tuple[str, bytes] | None:
        """Return a file to a page: its own upload, or one that was sent to it."""
        if file_id.startswith(f"{UPLOAD}-"):
            return await self._own_upload(external, file_id)
        if not file_id.isdecimal():
            return None
        async with self._db.reading() as session:
            held = await media.visible(session, int(file_id), channel=Channel.WEB, external=external)
        if held is None or not held.sha256:
            return None
        return held.mime, await asyncio.to_thread(self._store.get, held.sha256)

    async def _own_upload(self, external: str, file_id: str) -> tuple[str, bytes] | None:
        """Return a page's upload: from its folder until it is fetched into the store, from the store after."""
        waiting = await asyncio.to_thread(_read, self._path(file_id), external)
        if waiting is not None:
            return waiting
        async with self._db.reading() as session:
            held = await media.uploaded(session, file_id, channel=Channel.WEB, external=external)
        if held is None or not held.sha256:
            return None
        return held.mime, await asyncio.to_thread(self._store.get, held.sha256)

    async def bytes_of(self, file_id: str) -> bytes | None:
        """Return an upload's bytes, whoever sent it."""
        found = await asyncio.to_thread(_read, self._path(file_id), None)
        return found[1] if found else None

    async def stored(self, digest: str) -> bytes:
        """Return a kept file's bytes, whoever sent it: who may see it was asked before."""
        return await asyncio.to_thread(self._store.get, digest)

    def _path(self, file_id: str) -> Path:
        return self._folder / file_id

    async def run(self, stop: asyncio.Event) -> None:
        """Fetch what is wanted until told to stop."""
        while not stop.is_set():
            try:
                fetched = await self.fetch_some()
            except Exception as error:
                if not is_trouble(error):
                    raise
                log.warning("files wait: the database is in trouble", why=type(error).__name__)
                fetched = 0
            if not fetched:
                await self._wakeup.wait(REST)

    async def fetch_some(self) -> int:
        """Fetch a few files into the store; return how many were looked at."""
        async with self._db.reading() as session:
            wanted = await media.wanted(session)
        for one in wanted:
            await self._fetch(one)
        return len(wanted)

    async def _fetch(self, one: Wanted) -> None:
        port = self._ports.get((one.channel, one.account))
        if port is None:  # its channel is switched off for now
            await self._db.run(lambda session: media.not_fetched(session, one.id, final=False))
            return
        try:
            data = await port.fetch(one.file_id)
        except FetchFailed as failed:
            final = failed.final
            await self._db.run(lambda session: media.not_fetched(session, one.id, final=final))
            return
        clean = await asyncio.to_thread(images.without_place, data, "")
        digest = await asyncio.to_thread(self._store.put, clean)

        async def note(session: Session) -> None:
            await media.fetched(session, one.id, sha256=digest, size=len(clean))

        await self._db.run(note)
        if one.file_id.startswith(f"{UPLOAD}-"):  # the store has it now, and retention looks after the store
            await asyncio.to_thread(self._path(one.file_id).unlink, missing_ok=True)


def _write(path: Path, external: str, mime: str, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(f"{external}\n{mime}\n".encode() + data)


def _read(path: Path, external: str | None) -> tuple[str, bytes] | None:
    """Read an upload back; another page's is not there."""
    if not path.exists():
        return None
    owner, mime, data = path.read_bytes().split(b"\n", 2)
    if external is not None and owner.decode() != external:
        return None
    return mime.decode(), data
