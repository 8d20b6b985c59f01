"""`ownerline seed`: the demo register into the configured database, and who is in it."""

from __future__ import annotations

from pathlib import Path

from scripts import running
from scripts.seed import Seeded, seed


def run(config: Path | None) -> None:
    """Seed, then print phone numbers and roles."""
    seeded = running.run(_seed(config))
    rows = ((entry.phone, entry.role, entry.name, entry.where) for entry in seeded.entries)
    print(running.table(("phone", "role", "name", "unit or badge"), *rows))
    if not seeded.added:
        print("\nThe community has units already: nothing was added but duty.")


async def _seed(config: Path | None) -> Seeded:
    settings = running.settings(config)
    async with running.opened(settings) as db:
        return await seed(db, settings, now=await running.desk_now(db))
