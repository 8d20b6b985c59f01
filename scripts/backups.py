"""`ownerline backup`, `ownerline restore`."""

from __future__ import annotations

from pathlib import Path

from bot.settings import Settings
from scripts import running
from scripts.trouble import CommandError
from services import backup, migrate
from services.backup import BadBackupError, Manifest


def save(config: Path | None, *, place: Path, media: bool) -> None:
    """Write a backup; the service may go on meanwhile."""
    if place.exists():
        raise CommandError(f"{place} is there already; name a new file")
    if not place.absolute().parent.is_dir():
        raise CommandError(f"{place.absolute().parent} is no folder; make it first")
    settings = running.settings(config)
    manifest = running.run(_save(settings, place, Path(settings.media.folder) if media else None))
    rows = sum(part.count for part in manifest.tables.values())
    print(f"{place}: {rows} rows, {len(manifest.media)} files, revision {manifest.revision}")


def restore(config: Path | None, *, place: Path) -> None:
    """Fill an empty database from a backup."""
    settings = running.settings(config)
    try:
        manifest = backup.inspect(place)
        _prepare(settings, manifest)
        held = running.run(_restore(settings, place, manifest))
    except BadBackupError as error:
        raise CommandError(str(error)) from error
    print(f"restored as of {manifest.taken_at:%Y-%m-%d %H:%M:%S}Z")
    if held:
        print(
            f"{held} messages of the last hour before the backup are on hold: they may have been sent after it.\n"
            "Look, then let them go with `ownerline outbox release`."
        )


def _prepare(settings: Settings, manifest: Manifest) -> None:
    """Bring a new database to the backup's revision: rows go where they came from, then upwards."""
    if manifest.revision not in migrate.known():
        raise CommandError(f"the backup has revision {manifest.revision!r}, this program knows up to {migrate.head()}")
    url = settings.database_url()
    found = migrate.current(url)
    if found is None:
        migrate.upgrade(url, to=manifest.revision)
    elif found != manifest.revision:
        raise CommandError(f"the database has revision {found}, the backup {manifest.revision}: restore into a new one")


async def _save(settings: Settings, place: Path, media: Path | None) -> Manifest:
    async with running.opened(settings) as db:
        return await backup.save(db, place, media=media, now=running.machine())


async def _restore(settings: Settings, place: Path, manifest: Manifest) -> int:
    async with running.opened(settings, up_to_date=False) as db:
        held = await backup.restore(db, place, manifest, media=Path(settings.media.folder))
    async with running.opened(settings):  # the revisions that came after the backup
        return held
