"""`ownerline kpi`: the figures that managers watch, of the days up to now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path

from sqlalchemy import select

from scripts import running
from scripts.trouble import CommandError
from services import reports
from services.models import Community
from services.reports import Emergencies, Kpis, Share, Sum

NONE = "-"


def show(config: Path | None, *, days: int, community: str) -> None:
    """Print the table of each community, or of the one named."""
    found = running.run(_found(config, days, community))
    for name, figures in found:
        print(f"{name}, the last {days} days")
        print(running.table(*rows(figures)), end="\n\n")


async def _found(config: Path | None, days: int, slug: str) -> list[tuple[str, Kpis]]:
    async with running.opened(running.settings(config)) as db:
        end = await running.desk_now(db)
        async with db.reading() as session:
            houses = (await session.scalars(select(Community).order_by(Community.id))).all()
            wanted = [house for house in houses if slug in {"", house.slug}]
            if not wanted:
                known = ", ".join(house.slug for house in houses)
                raise CommandError(f"unknown community {slug!r}; allowed: {known or 'none yet'}")
            start = end - timedelta(days=days)
            return [
                (house.slug, await reports.kpis(session, community_id=house.id, start=start, end=end))
                for house in wanted
            ]


def rows(found: Kpis) -> Iterator[tuple[str, str, str]]:
    """Yield the table's rows: figure, value, how it comes about."""
    yield "figure", "value", "of"
    yield "received", str(sum(found.received.values())), _named(found.received)
    yield from _share("reply rate", found.replied)
    yield from _share("on-time reply", found.replied_in_time)
    yield from _share("repeat complaints", found.repeats)
    yield from _by("satisfaction", found.satisfied)
    yield from _share("follow-up rate", found.followed_up)
    yield from _by("completion", found.completed)
    yield from _share("human answer rate", found.answered)
    yield from _share("promises kept", found.promises.kept)
    yield "promises put off", str(found.promises.put_off), ""
    yield "nobody at home", str(found.promises.no_access), ""
    yield "nobody came", str(found.promises.no_shows), ""
    yield "breaches", str(sum(found.breaches.values())), _named(found.breaches)
    yield "escalations", str(sum(found.escalations.values())), _named(found.escalations)
    for clock, minutes in found.minutes.items():
        yield f"minutes to {clock}", f"{minutes:.1f}", "on average"
    yield "reworks", str(found.reworks), ""
    yield "returned", str(found.returned), ""
    yield from _quotes(found.quotes)
    yield from _emergencies(found.emergencies)


def _share(name: str, share: Share) -> Iterator[tuple[str, str, str]]:
    yield name, NONE if share.rate is None else f"{share.rate:.1%}", f"{share.count}/{share.of}"


def _by(name: str, shares: Mapping[str, Share]) -> Iterator[tuple[str, str, str]]:
    for team, share in shares.items():
        yield from _share(f"{name}, {team}", share)


def _named(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items())


def _quotes(quotes: Mapping[str, Sum]) -> Iterator[tuple[str, str, str]]:
    for state, total in quotes.items():
        yield f"quotes {state}", str(total.count), f"{total.cents / 100:.2f} yuan"


def _emergencies(found: Emergencies) -> Iterator[tuple[str, str, str]]:
    yield "emergencies", str(found.count), ""
    if found.p50_seconds is not None and found.p95_seconds is not None:
        yield "until somebody goes", f"{found.p50_seconds:.0f} s", f"half of them; 95 %: {found.p95_seconds:.0f} s"
