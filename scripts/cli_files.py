"""The commands about files: imports and exports."""
# ruff: noqa: PLC0415 - a command imports what it needs, so that the others start quickly

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from scripts.cli_estate import Config

File: TypeAlias = Annotated[Path, typer.Argument(metavar="FILE", help="An .xlsx, .xls, .ods or .csv file.")]
Target: TypeAlias = Annotated[Path, typer.Argument(metavar="FILE", help="The .xlsx file to write.")]
Code: TypeAlias = Annotated[
    str, typer.Option("--community", metavar="CODE", show_default=False, help="The community, where there are several.")
]
DryRun: TypeAlias = Annotated[bool, typer.Option("--dry-run", help="Say what would change, and write nothing.")]
SkipBad: TypeAlias = Annotated[bool, typer.Option("--skip-bad", help="Leave bad rows out and write the others.")]
AsOf: TypeAlias = Annotated[
    datetime | None,
    typer.Option(
        "--as-of", formats=["%Y-%m-%d"], metavar="DAY", help="The day that the figures are of; left out: now."
    ),
]
Marked: TypeAlias = Annotated[
    Path | None, typer.Option("--report", metavar="FILE.xlsx", help="Write the file anew with its problems marked.")
]
Since: TypeAlias = Annotated[datetime | None, typer.Option("--since", formats=["%Y-%m-%d"], metavar="DAY")]
Until: TypeAlias = Annotated[datetime | None, typer.Option("--until", formats=["%Y-%m-%d"], metavar="DAY")]

IMPORTED = {
    "owners": "owners, tenants and family with their numbers",
    "units": "units: area, kind, phase, handover, who pays",
    "parking": "parking spaces and the homes they belong to",
    "bills": "charges, and what was paid of them",
    "payments": "payments",
    "meters": "meter readings",
    "balances": "prepaid balances as of a day",
}


def importing(kind: str) -> Callable[..., None]:
    """Make the command that imports one kind of file."""

    def command(
        file: File,
        config: Config = None,
        community: Code = "",
        as_of: AsOf = None,
        report: Marked = None,
        *,
        dry_run: DryRun = False,
        skip_bad: SkipBad = False,
    ) -> None:
        from scripts import files
        from services.imports.columns import Kind

        day = as_of.date() if as_of is not None else None
        order = files.Order(Kind(kind), file, community, dry_run, skip_bad, day, report)
        raise typer.Exit(0 if files.bring_in(config, order) else 1)

    command.__name__ = f"import_{kind}"
    command.__doc__ = (
        f"Import {IMPORTED[kind]}.\n\n"
        "All rows are checked first; with a bad one nothing is written, unless --skip-bad. The same file again changes "
        "nothing, and one that was interrupted goes on. Exit code 1 when rows are bad."
    )
    return command


def exporting(kind: str) -> Callable[..., None]:
    """Make the command that exports one table."""

    def command(
        file: Target, config: Config = None, community: Code = "", since: Since = None, until: Until = None
    ) -> None:
        from scripts import files
        from services.exports.tables import Kind

        days = [day.date() if day is not None else None for day in (since, until)]
        files.take_out(config, kind=Kind(kind), file=file, community=community, since=days[0], until=days[1])

    command.__name__ = f"export_{kind}"
    what = IMPORTED.get(kind, "charges that are not paid")
    command.__doc__ = f"Export {what} to a workbook that an import reads back."
    return command


IMPORTS = tuple(importing(kind) for kind in IMPORTED)
EXPORTS = tuple(exporting(kind) for kind in (*IMPORTED, "arrears"))
