"""kill -9 of the real program at random points of the main job: nothing is lost, nothing happens twice.

`OWNERLINE_TEST_KILLS` says how often; `OWNERLINE_TEST_SEED` repeats a run's choices.
"""

from __future__ import annotations

import asyncio
import os
import random
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from services.db import Database
from tests.botapi.driver import BotApi
from tests.botapi.faults import FaultKind
from tests.botapi.wire import until
from tests.processes import checker, street
from tests.processes.phone import sooner_or_later
from tests.processes.service import Service
from tests.processes.street import Engineer, Owner

KILLS = int(os.environ.get("OWNERLINE_TEST_KILLS", "5"))
MANY = 20
# On PostgreSQL a poller waits for the lease of the one before; a webhook has none.
WAYS = ["polling on sqlite"] if KILLS < MANY else ["polling on sqlite", "webhook on postgresql"]
AFTER_CLOSING = timedelta(hours=4, minutes=1)
FIGURES = {
    "tickets__per_day": "500",
    "tickets__alike_per_day": "500",
    "dialogues__messages_per_minute": "1000",
    "delivery__lease_seconds": "10",
    "work__lease_seconds": "10",
    "surveys__quiet_days": "0",  # the same people have several repairs a day here
}


@dataclass(frozen=True, slots=True)
class Reaper:
    """Kills the program again and again: while it answers, while it starts, in the middle of sending."""

    api: BotApi
    service: Service
    database: Database
    chance: random.Random

    async def reaps(self, kills: int) -> None:
        """Kill so many times, and leave the program running."""
        for _ in range(kills):
            await self._wait_for_a_moment()
            await self.service.kill()
            if self.chance.random() < 0.1:
                await self._kill_while_it_starts()
            await self.service.start()

    async def _wait_for_a_moment(self) -> None:
        """Wait until a few more messages were sent and noted, so that life goes on; then for the worst moment, or any."""
        enough = await checker.count_sent(self.database) + self.chance.randint(1, 6)

        async def look() -> bool | None:
            return (await checker.count_sent(self.database) >= enough) or None

        await sooner_or_later(look, within=self.chance.uniform(3, 6))
        if self.chance.random() < 0.6:
            await self._wait_for_a_call()
        else:
            await asyncio.sleep(self.chance.uniform(0, 0.3))

    async def _wait_for_a_call(self) -> None:
        """Wait until the Bot API has taken a message, whose answer is still on its way."""
        before = len(await self.api.history())

        async def look() -> bool | None:
            return any(call["method"].startswith("send") for call in await self.api.history(after=before)) or None

        await until(look, within=2)

    async def _kill_while_it_starts(self) -> None:
        starting = asyncio.create_task(self.service.start())
        await asyncio.sleep(self.chance.uniform(0.5, 2.5))
        starting.cancel()
        with suppress(asyncio.CancelledError):
            await starting
        await self.service.kill()


@pytest.mark.parametrize("way", WAYS)
async def test_a_killed_program_loses_nothing_and_does_nothing_twice(way: str, url: str, tmp_path: Path) -> None:
    seed = os.environ.get("OWNERLINE_TEST_SEED") or secrets.token_hex(4)
    print(f"\n{way}: {KILLS} kills, OWNERLINE_TEST_SEED={seed}")
    chance = random.Random(seed)
    database = Database(url)
    async with BotApi.start(limits=False, query_age=600) as api:
        # answers take their time, so that a kill finds calls in flight
        await api.fault(FaultKind.HANG, times=10**9, seconds=0.25)
        mode = way.partition(" ")[0]
        # who is killed writes no coverage down, and measuring would only slow the many starts
        async with Service.started(
            api, url=url, folder=tmp_path, mode=mode, measured=False, figures=FIGURES
        ) as service:
            owners, engineers = await street.people(api, owners=4 if KILLS < MANY else 8)
            reaper = Reaper(api, service, database, chance)
            late = KILLS // 4
            await _live(owners, engineers, reaper, kills=KILLS - late)
            await service.later(AFTER_CLOSING)
            await asyncio.gather(reaper.reaps(late), *(owner.rates() for owner in owners))
            assert await sooner_or_later(lambda: checker.settled(database), within=60)
        await _judge(api, database, service, owners, engineers)
    await database.dispose()


@pytest.fixture
def url(request: pytest.FixtureRequest, way: str) -> str:
    found: str = request.getfixturevalue(f"{way.rpartition(' ')[2]}_url")
    return found


async def _live(owners: Sequence[Owner], engineers: Sequence[Engineer], reaper: Reaper, *, kills: int) -> None:
    """Let everybody do his work until the last kill, and then finish it."""
    over = asyncio.Event()

    async def reap() -> None:
        await reaper.reaps(kills)
        over.set()

    async with asyncio.TaskGroup() as tasks:
        working = [tasks.create_task(engineer.works()) for engineer in engineers]
        living = [tasks.create_task(owner.lives(over)) for owner in owners]
        tasks.create_task(reap())
        await asyncio.wait(living, return_when=asyncio.FIRST_EXCEPTION)
        await asyncio.gather(*living)
        for task in working:
            task.cancel()


async def _judge(
    api: BotApi, database: Database, service: Service, owners: Sequence[Owner], engineers: Sequence[Engineer]
) -> None:
    phones = [*(owner.phone for owner in owners), *(engineer.phone for engineer in engineers)]
    chats = [phone.person.id for phone in phones]
    numbers = [number for owner in owners for number in owner.numbers]
    async with database.reading() as session:
        evidence = await checker.gather(api, session, chats=chats, deaths=service.deaths)
        sending = checker.check_sending(evidence)
        wrong = [
            *sending.wrong,
            *await checker.check_hearing(session, evidence),
            *await checker.check_tickets(session, numbers=numbers),
            *await checker.check_surveys(session, unknown=sending.unknown),
        ]
    print(
        f"{len(service.deaths)} kills, {len(numbers)} jobs, {len(evidence.accepted)} calls accepted,"
        f" {sending.repeated} repeated, {sending.unknown} unknown"
    )
    assert not wrong, "\n".join(wrong)
    assert await api.violations() == []
    assert len(service.deaths) >= KILLS
