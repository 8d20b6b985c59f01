"""An outbox to try: addresses, rows, claims, results, and time that passes when told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import insert, select, update

from services import outbox
from services.db import Database, Session
from services.messages import Say, plain
from services.models import Address, Bucket, Outgoing
from services.outbox import Account, Claimed, Draft, Priority, Result, State, To

NOON = datetime(2026, 4, 12, 4, tzinfo=UTC)
LEASE = timedelta(minutes=1)
GONE = timedelta(seconds=-1)  # a lease that is over at once: its sender died
ACCOUNT = Account("telegram", "main")


@dataclass(slots=True)
class Post:
    """The outbox of one database, by the names of rows; addresses are made when first written to."""

    db: Database
    account: Account = ACCOUNT
    now: datetime = NOON
    addresses: dict[str, int] = field(default_factory=dict)

    async def address(self, name: str) -> int:
        """Return an address's id; names that begin with `group` are groups."""
        if name not in self.addresses:
            row = {
                "channel": self.account.channel,
                "account": self.account.account,
                "external": name,
                "is_group": name.startswith("group"),
                "created_at": NOON,
            }
            made = await self.db.run(lambda session: session.scalar(insert(Address).values(row).returning(Address.id)))
            assert made is not None
            self.addresses[name] = made
        return self.addresses[name]

    async def write(self, key: str, to: str, priority: Priority = Priority.REPLY, **given: Any) -> int | None:
        """Enqueue a row; return its id, or None when its key was used before."""
        draft = Draft(
            key=key,
            to=To(await self.address(to), "zh_Hans", None),
            priority=priority,
            say=Say(plain(key)),
            **given,
        )
        added = await self.db.run(lambda session: outbox.enqueue(session, draft, now=self.now))
        return added[0] if added else None

    async def claim(self, owner: str = "first", *, slots: int = 50, lease: timedelta = LEASE) -> list[Claimed]:
        """Claim as a sender does."""

        async def work(session: Session) -> list[Claimed]:
            return list(
                await outbox.claim(session, self.account, owner=owner, lease=lease, slots=slots, desk_now=self.now)
            )

        return await self.db.run(work)

    async def keys(self, owner: str = "first", *, slots: int = 50, lease: timedelta = LEASE) -> list[str]:
        """Claim and say what was claimed."""
        return [row.key for row in await self.claim(owner, slots=slots, lease=lease)]

    async def settle(self, *results: Result, owner: str = "first") -> frozenset[int]:
        """Write results down."""
        return await self.db.run(lambda session: outbox.settle(session, results, owner=owner))

    async def accept(self, *rows: Claimed, owner: str = "first") -> None:
        """The provider took these."""
        await self.settle(*(Result(id=row.id, state=State.ACCEPTED, provider_id="m1") for row in rows), owner=owner)

    async def send_all(self) -> list[str]:
        """Claim and accept until nothing may leave; return the keys in that order."""
        sent: list[str] = []
        while rows := await self.claim():
            sent += [row.key for row in rows]
            await self.accept(*rows)
        return sent

    async def again(self, row: Claimed, *, wait: timedelta = timedelta(hours=1), counts: bool = True) -> None:
        """The provider refused for now."""
        await self.settle(Result(id=row.id, state=State.PENDING, wait=wait, counts=counts, code="later"))

    async def reap(self, *, all_leases: bool = False) -> int:
        """Decide what the dead held."""
        return await self.db.run(lambda session: outbox.reap(session, desk_now=self.now, all_leases=all_leases))

    async def row(self, key: str) -> Outgoing:
        """Return a row."""
        async with self.db.reading() as session:
            return (await session.scalars(select(Outgoing).where(Outgoing.key == key))).one()

    async def states(self) -> dict[str, str]:
        """Return every row's state."""
        async with self.db.reading() as session:
            rows = await session.execute(select(Outgoing.key, Outgoing.state).order_by(Outgoing.id))
            return {row.key: row.state for row in rows}

    async def pass_time(self, span: timedelta) -> None:
        """Let machine time pass: everything that was written down is so much longer ago."""

        async def shift(session: Session) -> None:
            for rows, columns in (
                (
                    select(Outgoing).where(Outgoing.due_at.is_not(None) | (Outgoing.state == "sending")),
                    ("due_at", "lease_until"),
                ),
                (select(Address).where(Address.next_at.is_not(None)), ("next_at",)),
                (select(Bucket), ("refilled_at", "paused_until", "slow_until")),
            ):
                for row in (await session.scalars(rows)).all():
                    for column in columns:
                        before = getattr(row, column)
                        setattr(row, column, before - span if before else None)

        await self.db.run(shift)

    async def back_off_ends(self) -> None:
        """Let the time pass that rows wait after a failure."""
        await self.db.run(lambda session: session.execute(update(Outgoing).values(due_at=None)))


def keys_of(rows: Sequence[Claimed]) -> list[str]:
    """Say which rows these are."""
    return [row.key for row in rows]
