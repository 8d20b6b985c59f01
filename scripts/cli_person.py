"""The commands about one person: all data in a file, or gone."""
# ruff: noqa: PLC0415 - a command imports what it needs, so that the others start quickly

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from scripts.cli_estate import Config

Who: TypeAlias = Annotated[str, typer.Argument(metavar="ID|PHONE", help="The person's id, or a phone number.")]


def person_export(
    who: Who,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The JSON file to write; must not exist yet.")],
    config: Config = None,
) -> None:
    """Write everything kept of one person into a file.

    Where several people share a number they are listed; name one by id.
    """
    from scripts import persons

    persons.export(config, who=who, place=file)


def person_erase(
    who: Who,
    config: Config = None,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without, only say who is meant.")] = False,
) -> None:
    """Empty everything that says who a person is and what was said.

    Names, numbers, addresses, words and files go. Tickets, bills and payments keep ids and sums, so that the books and
    `ownerline audit verify` stay whole. It can't be undone; older backups still hold it.
    """
    from scripts import persons

    persons.erase(config, who=who, yes=yes)
