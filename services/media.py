"""Files people send: who sent what, under which provider's id, and the bytes behind a small store."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Text, or_, select, type_coerce, update

from services import images
from services.actors import Actor
from services.db import Session, insert_once, machine_now, wake
from services.messages import Channel, Inbound, MediaKind
from services.models import Address, Media, MediaFile, Outgoing

MOST_TRIES = 6
PREFIX = 2
DRAWN = "qr:"  # instead of a digest: a picture that is drawn of these words when it is looked at
LINKED = "qr-link:"  # the same of a whole address, which our own page has no part in
HOUSE = "house"  # the channel of files that we made ourselves
LONGEST_MIME = 64  # signs, as the column has them


class MediaStore:
    """Bytes by digest below one folder."""

    def __init__(self, folder: Path, *, page: str = "") -> None:
        """Name the folder, which is made when the first file comes, and the page that drawn codes lead to."""
        self._folder, self._page = folder, page.rstrip("/")

    def put(self, data: bytes) -> str:
        """Keep the bytes; return their SHA-256."""
        digest = hashlib.sha256(data).hexdigest()
        path = self._path(digest)
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            fresh = path.with_suffix(".new")
            fresh.write_bytes(data)
            fresh.replace(path)
        return digest

    def get(self, digest: str) -> bytes:
        """Return the bytes; raises `FileNotFoundError`."""
        if digest.startswith(LINKED):
            return images.square_code(digest.removeprefix(LINKED))
        if digest.startswith(DRAWN):
            words = digest.removeprefix(DRAWN)
            return images.square_code(f"{self._page}/chat?p={words}" if self._page else words)
        return self._path(digest).read_bytes()

    def remove(self, digest: str) -> None:
        """Forget the bytes."""
        self._path(digest).unlink(missing_ok=True)

    def _path(self, digest: str) -> Path:
        return self._folder / digest[:PREFIX] / digest


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file whose bytes are still to be fetched."""

    id: int
    channel: str
    account: str
    file_id: str


@dataclass(frozen=True, slots=True)
class Held:
    """A file as a channel needs it: its own id for it, or else the digest of the bytes."""

    id: int
    kind: MediaKind
    mime: str
    name: str
    sha256: str
    file_id: str
    wanted: bool = False  # the bytes are still to be fetched


@dataclass(frozen=True, slots=True)
class Made:
    """A file that we made, its bytes in the store."""

    name: str
    kind: MediaKind
    mime: str
    sha256: str
    size: int


async def keep_made(session: Session, made: Made, *, community_id: int, key: str, now: datetime) -> int:
    """Note a file of ours, that channels may send it; return its id."""
    row = {
        "community_id": community_id,
        "person_id": None,
        "kind": made.kind,
        "channel": HOUSE,
        "account": "",
        "unique_id": f"{key}:{made.name}",
        "sha256": made.sha256,
        "mime": made.mime,
        "size": made.size,
        "name": made.name,
        "state": "stored",
        "created_at": now,
    }
    added: int = (await insert_once(session, Media, row, Media.id)).scalar_one()
    return added


async def keep(session: Session, actor: Actor, inbound: Inbound, *, now: datetime) -> list[int]:
    """Note the event's files; return their ids in order."""
    return [await _note(session, actor, inbound, index, now) for index in range(len(inbound.media))]


async def _note(session: Session, actor: Actor, inbound: Inbound, index: int, now: datetime) -> int:
    file = inbound.media[index]
    row = {
        "community_id": actor.community_id,
        "person_id": actor.person_id,
        "kind": file.kind,
        "channel": inbound.channel,
        "account": inbound.account,
        "unique_id": file.unique_id,
        "mime": file.mime if len(file.mime) <= LONGEST_MIME else "",  # some of office files
        "size": file.size,
        "name": file.name,
        "state": "wanted",
        "created_at": now,
    }
    new: int | None = (await insert_once(session, Media, row, Media.id)).scalar_one_or_none()
    if new is None:
        known = await session.scalars(
            select(Media.id).where(
                Media.channel == inbound.channel,
                Media.account == inbound.account,
                Media.unique_id == file.unique_id,
            )
        )
        return known.one()
    await remember_file_id(
        session, media_id=new, channel=inbound.channel, account=inbound.account, file_id=file.file_id
    )
    wake(session, "media")
    return new


async def remember_file_id(session: Session, *, media_id: int, channel: Channel, account: str, file_id: str) -> None:
    """Keep a provider's own id of a file, so that it is uploaded only once."""
    row = {"media_id": media_id, "channel": channel, "account": account, "file_id": file_id}
    await insert_once(session, MediaFile, row)


async def wanted(session: Session, *, limit: int = 4) -> Sequence[Wanted]:
    """Return files to fetch."""
    rows = await session.execute(
        select(Media.id, Media.channel, Media.account, MediaFile.file_id)
        .join(
            MediaFile,
            (MediaFile.media_id == Media.id)
            & (MediaFile.channel == Media.channel)
            & (MediaFile.account == Media.account),
        )
        .where(Media.state == "wanted", or_(Media.due_at.is_(None), Media.due_at <= machine_now()))
        .order_by(Media.id)
        .limit(limit)
    )
    return [Wanted(*row) for row in rows]


async def draw(session: Session, words: str, *, community_id: int, now: datetime) -> int:
    """Add a square code of the words as a picture; it is drawn when it is sent, outside any transaction."""
    return await _drawn(session, words, f"{DRAWN}{words}", f"{words}.png", community_id, now)


async def draw_link(session: Session, link: str, *, community_id: int, now: datetime) -> int:
    """Add a square code of a whole address as a picture, drawn in the same way."""
    return await _drawn(session, link, f"{LINKED}{link}", "pay.png", community_id, now)


async def _drawn(session: Session, words: str, digest: str, name: str, community_id: int, now: datetime) -> int:
    row = {
        "community_id": community_id,
        "kind": MediaKind.PHOTO,
        "channel": "drawn",
        "account": str(community_id),
        "unique_id": words,
        "sha256": digest,
        "mime": "image/png",
        "name": name,
        "state": "stored",
        "created_at": now,
    }
    new: int | None = (await insert_once(session, Media, row, Media.id)).scalar_one_or_none()
    if new is not None:
        return new
    known = Media.channel == "drawn", Media.account == str(community_id), Media.unique_id == words
    return (await session.scalars(select(Media.id).where(*known))).one()


async def fetched(session: Session, media_id: int, *, sha256: str, size: int) -> None:
    """The bytes are in the store."""
    await session.execute(update(Media).where(Media.id == media_id).values(state="stored", sha256=sha256, size=size))


async def not_fetched(session: Session, media_id: int, *, final: bool) -> None:
    """Try again later, or give up."""
    await session.execute(
        update(Media)
        .where(Media.id == media_id)
        .values(
            tries=Media.tries + 1,
            due_at=machine_now(timedelta(seconds=30)),
            state="failed" if final else Media.state,
        )
    )
    await session.execute(update(Media).where(Media.id == media_id, Media.tries >= MOST_TRIES).values(state="failed"))


async def held(session: Session, ids: Sequence[int], *, channel: Channel, account: str) -> Mapping[int, Held]:
    """Return files for sending over a channel account."""
    rows = await session.execute(
        select(Media.id, Media.kind, Media.mime, Media.name, Media.sha256, MediaFile.file_id, Media.state)
        .outerjoin(
            MediaFile,
            (MediaFile.media_id == Media.id) & (MediaFile.channel == channel) & (MediaFile.account == account),
        )
        .where(Media.id.in_(ids), Media.state != "erased")
    )
    return {
        row[0]: Held(row[0], MediaKind(row[1]), row[2], row[3], row[4], row[5] or "", row[6] == "wanted")
        for row in rows
    }


async def visible(session: Session, media_id: int, *, channel: Channel, external: str) -> Held | None:
    """Return a file if it was sent to the page, or by it; None otherwise."""
    address_id, person_id = (
        await session.execute(
            select(Address.id, Address.person_id).where(Address.channel == channel, Address.external == external)
        )
    ).one_or_none() or (None, None)
    if address_id is None:
        return None
    row = await session.get(Media, media_id)
    if row is None or row.state != "stored":
        return None
    own = row.person_id is not None and row.person_id == person_id
    if not own and not await _was_sent(session, media_id, address_id):
        return None
    return Held(row.id, MediaKind(row.kind), row.mime or "application/octet-stream", row.name, row.sha256, "")


async def uploaded(session: Session, file_id: str, *, channel: Channel, external: str) -> Held | None:
    """Return a file that the page itself uploaded under that id; None when it is another's."""
    row = (
        await session.scalars(
            select(Media)
            .join(Address, (Address.channel == channel) & (Address.external == external))
            .where(
                Media.channel == channel,
                Media.unique_id == file_id,
                Media.state == "stored",
                Media.person_id.is_not_distinct_from(Address.person_id),
            )
        )
    ).one_or_none()
    if row is None:
        return None
    return Held(row.id, MediaKind(row.kind), row.mime or "application/octet-stream", row.name, row.sha256, "")


async def _was_sent(session: Session, media_id: int, address_id: int) -> bool:
    payloads = await session.scalars(
        select(Outgoing.payload)
        .where(Outgoing.address_id == address_id, type_coerce(Outgoing.payload, Text).contains('"media"'))
        .order_by(Outgoing.id.desc())
        .limit(200)
    )
    return any(media_id in (payload.get("media") or ()) for payload in payloads)
