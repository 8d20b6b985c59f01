"""The commands about money: the price list, bills, whether the books hold."""
# ruff: noqa: PLC0415 - a command imports what it needs, so that the others start quickly

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from scripts.cli_estate import Config, OneCommunity
from scripts.trouble import CommandError

Month: TypeAlias = Annotated[str, typer.Argument(metavar="MONTH", help="Such as 2026-12.")]


def bills_generate(
    month: Month,
    config: Config = None,
    community: OneCommunity = "",
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be written, and write nothing.")] = False,
) -> None:
    """Write the bills of a month.

    By the price list, unit by unit in short steps; the service goes on meanwhile. What was stopped goes on where it
    stopped. Money that was paid ahead pays the new bills at once.
    """
    from scripts import bills

    bills.generate(config, month=month, community=community, dry_run=dry_run)


def bills_check(config: Config = None, community: OneCommunity = "") -> None:
    """Check that the books hold, to the cent.

    Every bill's and payment's sum against its rows. Exit code 1 when anything differs.
    """
    from scripts import bills

    raise typer.Exit(0 if bills.check(config, community=community) else 1)


def dunning_letters(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The PDF to write.")],
    config: Config = None,
    community: OneCommunity = "",
    *,
    again: Annotated[str, typer.Option(metavar="NUMBER", help="Print 2026-012 again, or the last batch: last.")] = "",
) -> None:
    """Print the formal letters that are wanted.

    One page each, numbered by the year; what was paid meanwhile is left out. A letter with a sign that our fonts lack
    waits without a number and is named; exit code 1. What was printed can be printed again, and says the same.
    """
    from scripts import letters

    raise typer.Exit(0 if letters.print_letters(config, file=file, community=community, again=again) else 1)


def dunning_legal(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The .xlsx to write.")],
    config: Config = None,
    community: OneCommunity = "",
) -> None:
    """Write the legal list: who still owes, since when, how much, how often it was tried."""
    from scripts import letters

    letters.list_legal(config, file=file, community=community)


def dunning_record(
    unit: Annotated[str, typer.Argument(metavar="UNIT", help="Such as 3-2-1502.")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The .xlsx to write.")],
    config: Config = None,
    community: OneCommunity = "",
) -> None:
    """Write a household's record: everything that was tried, whether it arrived, what was paid."""
    from scripts import letters

    letters.write_record(config, unit=unit, file=file, community=community)


def prices_import(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A TOML file of [[prices]].")],
    config: Config = None,
    community: OneCommunity = "",
) -> None:
    """Write a price list down.

    A price of the same code, scope and first day is replaced; a new price begins on its `since`, and the one before
    ends the day before.
    """
    from scripts import bills

    bills.load_prices(config, file=file, community=community)


def prices_show(config: Config = None, community: OneCommunity = "") -> None:
    """Print the price list."""
    from scripts import bills

    bills.show_prices(config, community=community)


def prices_share(
    month: Month,
    code: Annotated[str, typer.Argument(metavar="CODE", help="Of the price list, way = shared.")],
    sum_: Annotated[str, typer.Argument(metavar="SUM", help="Such as 12345.67.")],
    config: Config = None,
    community: OneCommunity = "",
    *,
    phase: Annotated[str, typer.Option(metavar="NAME", help="Only among the homes of a phase.")] = "",
    building: Annotated[str, typer.Option(metavar="NAME", help="Only among those of a building.")] = "",
    words: Annotated[str, typer.Option(metavar="TEXT", help="What it was for, as owners read it.")] = "",
) -> None:
    """Have a cost split by area with the next bills."""
    from scripts import bills
    from services.money.tariffs import Cost

    cost = Cost(code, month, _cents(sum_), words, phase, building)
    bills.share(config, cost=cost, community=community)


def _cents(typed: str) -> int:
    try:
        exact = Decimal(typed.replace(",", "")) * 100
    except InvalidOperation:
        raise CommandError(f"{typed!r} is no sum; write it like 12345.67") from None
    if exact <= 0 or exact != exact.to_integral_value():
        raise CommandError(f"{typed!r} is no sum; write it like 12345.67")
    return int(exact)
