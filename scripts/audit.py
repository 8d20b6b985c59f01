"""`ownerline audit`: is the history of the tickets whole."""

from __future__ import annotations

from pathlib import Path

from scripts import running
from services.tickets import history
from services.tickets.history import Verdict


def verify(config: Path | None) -> bool:
    """Walk every chain and print what was found; tell whether nothing is broken."""
    verdict = running.run(_verify(config))
    print(
        f"{verdict.tickets} tickets, {verdict.rows} rows, {verdict.seals} seals; words of {verdict.erased} rows erased"
    )
    if verdict.newest:
        print(f"newest seal {verdict.newest}")
    for finding in verdict.broken:
        print(f"BROKEN {finding}")
    return not verdict.broken


def seal(config: Path | None) -> None:
    """Seal the heads of all chains that grew since the last seal."""
    count = running.run(_seal(config))
    print(f"{count} new seals" if count else "nothing new to seal")


async def _verify(config: Path | None) -> Verdict:
    async with running.opened(running.settings(config)) as db, db.reading() as session:
        return await history.verify(session)


async def _seal(config: Path | None) -> int:
    count = 0
    async with running.opened(running.settings(config)) as db:
        now = await running.desk_now(db)
        while True:
            async with db.transaction() as session:
                if not await history.seal(session, now=now):
                    return count
            count += 1
