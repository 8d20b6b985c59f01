"""A backup is one zip for both databases: a file of JSON lines per table, media, and a manifest with digests.

Rows are written as the tables hold them, moments in UTC, so that what SQLite gave PostgreSQL can take and the other
way round. A restore fills an empty database that stands on the backup's revision; the newer ones run afterwards.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import IO, Any

import orjson
from sqlalchemy import Connection, Date, DateTime, MetaData, Row, Table, func, insert, select, tuple_, update
from sqlalchemy.types import TypeEngine

from services import migrate
from services.db import Database, Session
from services.models import ClockOffset, Outgoing
from services.outbox import OPEN, State

FORMAT = 1
MANIFEST = "manifest.json"
REVISIONS = "alembic_version"
CHUNK = 500
DOUBTFUL = timedelta(hours=1)  # what was to be sent so shortly before the backup may have been sent after it


class BadBackupError(Exception):
    """The file can't be restored; the message says why, in one line."""


@dataclass(frozen=True, slots=True)
class Part:
    """A table's or a file's share of the backup."""

    count: int
    sha256: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a backup holds."""

    format: int
    revision: str
    taken_at: datetime  # machine time
    desk_time: datetime
    tables: Mapping[str, Part]
    media: Mapping[str, Part]


async def save(db: Database, place: Path, *, media: Path | None, now: datetime) -> Manifest:
    """Write all rows, as they are at one moment, and the media files; the file appears when it is whole."""
    unfinished = place.with_name(place.name + ".part")
    try:
        with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED) as archive:
            manifest = await _save(db, archive, now)
            files = {name: _save_file(archive, name, path) for name, path in _files(media)}
            manifest = replace(manifest, media=files)
            archive.writestr(MANIFEST, orjson.dumps(asdict(manifest), option=orjson.OPT_INDENT_2))
        unfinished.replace(place)
    finally:
        unfinished.unlink(missing_ok=True)
    return manifest


def inspect(place: Path) -> Manifest:
    """Read the manifest and check every file against it; raises `BadBackupError`."""
    try:
        with zipfile.ZipFile(place) as archive:
            manifest = _manifest(archive)
            entries = {f"{name}.jsonl": part for name, part in manifest.tables.items()} | dict(manifest.media)
            broken = [name for name, part in entries.items() if not _is_whole(archive, name, part)]
    except (OSError, KeyError, TypeError, ValueError, zipfile.BadZipFile) as error:
        raise BadBackupError(f"{place}: not a backup that this program can read ({error})") from error
    if broken:
        raise BadBackupError(f"{place}: {broken[0]} is not what was saved")
    return manifest


async def restore(db: Database, place: Path, manifest: Manifest, *, media: Path) -> int:
    """Fill the empty database of the manifest's revision, then the media folder; return how many rows are held."""
    with zipfile.ZipFile(place) as archive:
        async with db.transaction() as session:
            connection = await session.connection()
            await connection.run_sync(_restore_rows, archive, manifest)
            held = await _hold(session, manifest.desk_time - DOUBTFUL)
        for name in manifest.media:
            target = _below(media, name)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(archive.read(name))
    return held


async def _save(db: Database, archive: zipfile.ZipFile, now: datetime) -> Manifest:
    async with db.reading(at_one_moment=True) as session:
        connection = await session.connection()
        return await connection.run_sync(_save_rows, archive, now)


def _save_rows(connection: Connection, archive: zipfile.ZipFile, now: datetime) -> Manifest:
    offset = connection.scalar(select(func.max(ClockOffset.seconds))) or 0
    return Manifest(
        format=FORMAT,
        revision=migrate.revision_of(connection) or "",
        taken_at=now,
        desk_time=now + timedelta(seconds=offset),
        tables={str(table.name): _save_table(connection, archive, table) for table in _tables(connection)},
        media={},
    )


def _tables(connection: Connection) -> list[Table]:
    """Return the tables as the database has them, in an order that foreign keys allow."""
    found = MetaData()
    found.reflect(connection)
    return [table for table in found.sorted_tables if table.name != REVISIONS]


def _save_table(connection: Connection, archive: zipfile.ZipFile, table: Table) -> Part:
    count, digest = 0, hashlib.sha256()
    with archive.open(f"{table.name}.jsonl", "w", force_zip64=True) as file:
        for row in _rows(connection, table):
            line = orjson.dumps([_plain(value) for value in row]) + b"\n"
            file.write(line)
            digest.update(line)
            count += 1
    return Part(count, digest.hexdigest(), tuple(str(column.name) for column in table.columns))


def _rows(connection: Connection, table: Table) -> Iterator[Row[Any]]:
    """Walk a table by its key, a chunk at a time."""
    keys = list(table.primary_key.columns)
    page = select(table).order_by(*keys).limit(CHUNK)
    rows = connection.execute(page).all()
    while rows:
        yield from rows
        last = tuple(rows[-1]._mapping[key] for key in keys)  # noqa: SLF001 - SQLAlchemy's public name for it
        rows = connection.execute(page.where(tuple_(*keys) > last)).all()


def _plain(value: Any) -> Any:  # noqa: ANN401 - a column's value
    if isinstance(value, datetime):
        return (value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)).isoformat()
    return value


def _save_file(archive: zipfile.ZipFile, name: str, path: Path) -> Part:
    archive.write(path, name, zipfile.ZIP_STORED)
    with path.open("rb") as file:
        return Part(1, hashlib.file_digest(file, "sha256").hexdigest(), ())


def _files(media: Path | None) -> list[tuple[str, Path]]:
    if media is None or not media.is_dir():
        return []
    return [
        (f"media/{path.relative_to(media).as_posix()}", path) for path in sorted(media.rglob("*")) if path.is_file()
    ]


def _manifest(archive: zipfile.ZipFile) -> Manifest:
    found = orjson.loads(archive.read(MANIFEST))
    if found["format"] != FORMAT:
        raise ValueError(f"format {found['format']}")
    return Manifest(
        format=FORMAT,
        revision=found["revision"],
        taken_at=datetime.fromisoformat(found["taken_at"]),
        desk_time=datetime.fromisoformat(found["desk_time"]),
        tables=_parts(found["tables"]),
        media=_parts(found["media"]),
    )


def _parts(found: Mapping[str, Any]) -> dict[str, Part]:
    return {name: Part(part["count"], part["sha256"], tuple(part["columns"])) for name, part in found.items()}


def _is_whole(archive: zipfile.ZipFile, entry: str, part: Part) -> bool:
    with archive.open(entry) as file:
        digest = hashlib.sha256()
        while data := file.read(1 << 20):
            digest.update(data)
    return digest.hexdigest() == part.sha256


def _restore_rows(connection: Connection, archive: zipfile.ZipFile, manifest: Manifest) -> None:
    tables = _tables(connection)
    if {table.name for table in tables} != manifest.tables.keys():
        raise BadBackupError("the database does not have the backup's tables")
    for table in tables:
        if connection.execute(select(table).limit(1)).first() is not None:
            raise BadBackupError(f"the database is not empty: {table.name} has rows")
    for table in tables:
        with archive.open(f"{table.name}.jsonl") as file:
            _restore_table(connection, table, manifest.tables[table.name].columns, file)


def _restore_table(connection: Connection, table: Table, columns: Sequence[str], file: IO[bytes]) -> None:
    readers = [_reader(connection, table.columns[name].type) for name in columns]
    while lines := list(islice(file, CHUNK)):
        rows = (zip(columns, readers, orjson.loads(line), strict=True) for line in lines)
        connection.execute(insert(table), [{name: read(value) for name, read, value in row} for row in rows])
    key = table.primary_key.columns.values()
    if connection.dialect.name == "postgresql" and [column.name for column in key] == ["id"]:
        # The sequence goes on after the rows that came with their numbers.
        sequence = func.pg_get_serial_sequence(table.name, "id")
        newest = select(func.max(table.c.id)).scalar_subquery()
        connection.execute(select(func.setval(sequence, newest)).where(newest.is_not(None)))


def _reader(connection: Connection, kind: TypeEngine[Any]) -> Callable[[Any], Any]:
    """Return what turns a value of JSON into one that the column takes."""
    is_sqlite = connection.dialect.name == "sqlite"
    if isinstance(kind, DateTime):
        return lambda value: value and datetime.fromisoformat(value).replace(tzinfo=None if is_sqlite else UTC)
    if isinstance(kind, Date):
        return lambda value: value and date.fromisoformat(value)
    return lambda value: value


async def _hold(session: Session, since: datetime) -> int:
    result = await session.execute(
        update(Outgoing)
        .where(Outgoing.state.in_(OPEN), Outgoing.created_at >= since)
        .values(state=State.HELD)
        .returning(Outgoing.id)
        .execution_options(synchronize_session=False)
    )
    return len(result.all())


def _below(media: Path, name: str) -> Path:
    """Return where a media file belongs; a name that leads out of the folder is refused."""
    target = media.joinpath(*PurePosixPath(name).parts[1:])
    if not target.resolve().is_relative_to(media.resolve()):
        raise BadBackupError(f"{name} leads out of the media folder")
    return target
