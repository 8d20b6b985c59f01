"""The commands about a community: its figures, its roster, its key figures."""
# ruff: noqa: PLC0415 - a command imports what it needs, so that the others start quickly

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

Config: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--config", metavar="FILE", show_default=False, help="The settings file; `config.toml` here when left out."
    ),
]
Community: TypeAlias = Annotated[
    str, typer.Option(metavar="SLUG", show_default=False, help="The community; all of them when left out.")
]
OneCommunity: TypeAlias = Annotated[
    str, typer.Option("--community", metavar="SLUG", show_default=False, help="The community, where there are several.")
]


def settings_list(config: Config = None, community: Community = "") -> None:
    """Print every figure that holds now, and what the file says where it was changed."""
    from scripts import figures

    figures.show(config, key="", community=community)


def settings_get(
    key: Annotated[str, typer.Argument(metavar="KEY", help="Such as tickets.autoclose_days.")],
    config: Config = None,
    community: Community = "",
) -> None:
    """Print one figure as it holds now."""
    from scripts import figures

    figures.show(config, key=key, community=community)


def settings_set(
    key: Annotated[str, typer.Argument(metavar="KEY", help="Such as tickets.autoclose_days.")],
    value: Annotated[str, typer.Argument(metavar="VALUE", help="Such as 5, 08:30 or 96333.")],
    config: Config = None,
    community: Community = "",
) -> None:
    """Change a figure while the service runs; the file's stays for the others."""
    from scripts import figures

    figures.put(config, key=key, value=value, community=community)


def roster_import(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A CSV file: badge, date, start, end.")],
    config: Config = None,
    community: OneCommunity = "",
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")] = False,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Leave bad lines out and write the others.")] = False,
) -> None:
    """Put people on duty from a file.

    The header is in Chinese or English; UTF-8 or GB18030, as spreadsheets save it. An end that is not after the start
    is the next day's. Bad lines are named with their number, and nothing is written while there are any. Reading a file
    again changes nothing.
    """
    from scripts import roster

    roster.load(config, file=file, community=community, dry_run=dry_run, skip_bad=skip_bad)


def roster_show(
    config: Config = None,
    community: OneCommunity = "",
    days: Annotated[int, typer.Option("--days", min=1, max=366, metavar="N", help="So many days from today.")] = 2,
) -> None:
    """Print who is on duty, today and the days after."""
    from scripts import roster

    roster.show(config, days=days, community=community)


def survey_start(
    config: Config = None,
    community: OneCommunity = "",
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say how many it would reach, and send nothing.")] = False,
) -> None:
    """Ask all owners how they like the service.

    The running service sends the invitations in small parts, nothing in the quiet hours, and reminds once. One survey
    at a time; it ends by itself after surveys.campaign_days.
    """
    from scripts import campaigns

    campaigns.start(config, community=community, dry_run=dry_run)


def survey_results(config: Config = None, community: OneCommunity = "") -> None:
    """Print what the latest survey of all owners brought, by line of service and block.

    Content is 4 and 5 of 5. What fewer than surveys.small_group people answered is left out, so that nobody is
    recognised.
    """
    from scripts import campaigns

    campaigns.results(config, community=community)


def kpi(
    config: Config = None,
    days: Annotated[int, typer.Option(min=1, metavar="N", help="Of so many days up to now.")] = 30,
    community: Community = "",
) -> None:
    """Print the figures that managers watch.

    Replies, promises, satisfaction, follow-ups, deadlines, quotes and emergencies of the last days, counted from what
    happened.
    """
    from scripts import kpi as figures

    figures.show(config, days=days, community=community)
