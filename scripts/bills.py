"""`ownerline bills` and `ownerline prices`: the price list, the bills of a month, whether the books hold."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

from bot.settings import Settings
from scripts import running
from scripts.trouble import CommandError
from services import actors
from services.access import Deed
from services.actors import Actor, House
from services.catalog_file import CatalogError
from services.models import Tariff
from services.money import billing, reconcile, tariffs
from services.money.billing import Preview
from services.money.cents import RATE
from services.money.reconcile import Totals
from services.money.tariffs import Cost
from services.refusals import Refused
from services.texts import Texts

OPERATOR = "operator"
MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
LONG_AGO, FAR_AHEAD = date(1970, 1, 1), date(2999, 12, 31)


def generate(config: Path | None, *, month: str, community: str, dry_run: bool) -> None:
    """Write the bills of a month, or only say what they would be."""
    first = _month(month)
    settings = running.settings(config)
    if dry_run:
        _print(running.run(_preview(settings, first, community)))
        return
    bills, cents = running.run(_generate(settings, first, community))
    print(f"{bills} bills written, {yuan(cents)} in all")


def check(config: Path | None, *, community: str) -> bool:
    """Say whether the books hold; True when they do."""
    totals, bills, payments = running.run(_check(running.settings(config), community))
    for name, cents in (
        ("charged", totals.charged),
        ("corrected", totals.adjusted),
        ("paid in", totals.paid_in),
        ("for bills", totals.allocated),
        ("paid ahead", totals.free),
        ("open", totals.open),
    ):
        print(f"{name:<11}{yuan(cents):>16}")
    for what, wrong in (("bill", bills), ("payment", payments)):
        for one in wrong:
            print(f"{what} {one}: its sum is not that of its rows")
    return totals.balanced and not bills and not payments


def load_prices(config: Path | None, *, file: Path, community: str) -> None:
    """Write the price list of a file down."""
    print(f"{running.run(_load(running.settings(config), file, community))} prices hold now")


def show_prices(config: Path | None, *, community: str) -> None:
    """Print the price list."""
    rows = running.run(_show(running.settings(config), community))
    print(running.table(*rows) if len(rows) > 1 else "no prices yet; `ownerline prices import FILE`")


def share(config: Path | None, *, cost: Cost, community: str) -> None:
    """Write a cost down that the next run of bills splits by area."""
    _month(cost.period)
    running.run(_share(running.settings(config), cost, community))
    print(f"{yuan(cost.cents)} of {cost.period}: split by the next `ownerline bills generate`")


def yuan(cents: int) -> str:
    """Write a sum with two digits after the point."""
    sign, whole, rest = "-" if cents < 0 else "", *divmod(abs(cents), 100)
    return f"{sign}{whole:,}.{rest:02d}"


def _month(typed: str) -> date:
    if MONTH.fullmatch(typed) is None:
        raise CommandError(f"{typed!r} is no month; write it like 2026-12")
    return date.fromisoformat(f"{typed}-01")


def _operator(house: House) -> Actor:
    return actors.system(OPERATOR, Deed.RUN_BILLS, house=house)


async def _generate(settings: Settings, month: date, community: str) -> tuple[int, int]:
    async with running.opened(settings) as db:
        now = await running.desk_now(db)
        try:
            async with db.transaction() as session:
                house = await running.house(session, community)
                run = await billing.begin(session, _operator(house), community_id=house.id, month=month, now=now)
                run_id = run.id
        except Refused as refused:
            raise CommandError(Texts.load().label(refused.text, "en")) from refused
        while await db.run(lambda session: billing.go_on(session, run_id=run_id, now=now)):
            pass
        async with db.reading() as session:
            done = await billing.found(session, run_id=run_id)
            return done.bills, done.cents


async def _preview(settings: Settings, month: date, community: str) -> Preview:
    async with running.opened(settings) as db, db.reading(at_one_moment=True) as session:
        house = await running.house(session, community)
        return await billing.preview(session, _operator(house), community_id=house.id, month=month)


def _print(found: Preview) -> None:
    rows = [(item, yuan(cents)) for item, cents in sorted(found.by_item.items())]
    print(running.table(*rows, ("in all", yuan(found.cents))))
    print(f"{found.bills} bills for {found.units} units would be written; {found.known} are there already")


async def _check(settings: Settings, community: str) -> tuple[Totals, list[int], list[int]]:
    async with running.opened(settings) as db, db.reading(at_one_moment=True) as session:
        house = await running.house(session, community)
        return (
            await reconcile.totals(session, community_id=house.id),
            list(await reconcile.wrong_bills(session, community_id=house.id)),
            list(await reconcile.wrong_payments(session, community_id=house.id)),
        )


async def _load(settings: Settings, file: Path, community: str) -> int:
    rows = tariffs.read(file)
    async with running.opened(settings) as db, db.transaction() as session:
        house = await running.house(session, community)
        return await tariffs.keep(session, _operator(house), community_id=house.id, rows=rows)


async def _show(settings: Settings, community: str) -> list[tuple[object, ...]]:
    async with running.opened(settings) as db, db.reading() as session:
        house = await running.house(session, community)
        found = await tariffs.valid(session, community_id=house.id, first=LONG_AGO, last=FAR_AHEAD)
    return [("code", "name", "way", "price", "months", "for", "since", "until"), *_rows(found)]


def _rows(found: Sequence[Tariff]) -> Iterator[tuple[object, ...]]:
    for one in found:
        scope = " ".join(part for part in (one.phase, one.building, one.unit_kind) if part) or "all"
        price = f"{one.rate / RATE / 100:.4f}".rstrip("0").rstrip(".") if one.rate else "-"
        yield one.code, one.name, one.way, price, one.months, scope, one.since, one.until or ""


async def _share(settings: Settings, cost: Cost, community: str) -> None:
    async with running.opened(settings) as db, db.transaction() as session:
        house = await running.house(session, community)
        try:
            await tariffs.share(session, _operator(house), community_id=house.id, cost=cost)
        except CatalogError as error:
            raise CommandError(str(error)) from error
