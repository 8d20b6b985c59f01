"""The command `ownerline`."""
# ruff: noqa: PLC0415 - a command imports what it needs, so that the others start quickly

from __future__ import annotations

import gc
import sys
from importlib import metadata
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from scripts.cli_estate import (
    Config,
    kpi,
    roster_import,
    roster_show,
    settings_get,
    settings_list,
    settings_set,
    survey_results,
    survey_start,
)
from scripts.cli_files import EXPORTS, IMPORTS
from scripts.cli_money import (
    bills_check,
    bills_generate,
    dunning_legal,
    dunning_letters,
    dunning_record,
    prices_import,
    prices_share,
    prices_show,
)
from scripts.cli_person import person_erase, person_export
from scripts.trouble import CommandError

RowId: TypeAlias = Annotated[int, typer.Argument(metavar="ID", help="The number that `list` shows.")]
Limit: TypeAlias = Annotated[int, typer.Option(min=1, metavar="N", help="At most so many.")]

ABOUT = """The line between the people who live in an estate and the desk that serves it.

To look around without any set-up: `ownerline demo`, then open http://127.0.0.1:8080/lab

To run it: write a config.toml, then `ownerline doctor`, then `ownerline serve`.

Settings come from the file and, over it, from OWNERLINE_<SECTION>__<KEY>; secrets only from the environment
or from files named there.

Exit codes: 0 done, 1 it can't be done, 2 settings or arguments do not fit.
"""


def main() -> None:
    """Run the command; what is wrong is told in one line."""
    gc.disable()  # while the program is loaded nothing is garbage; `running.run` looks for some again
    from bot.settings_file import SettingsError
    from services.catalog_file import CatalogError

    try:
        commands()()
    except (SettingsError, CatalogError) as error:
        sys.exit(_told(error, 2))
    except CommandError as error:
        sys.exit(_told(error, 1))


def _told(error: Exception, code: int) -> int:
    print(f"ownerline: {error}", file=sys.stderr)
    return code


def serve(config: Config = None) -> None:
    """Run the service.

    Serves every channel that is enabled, the web pages, the schedule. Brings the database up to date
    first. Ends in good order on SIGTERM or Ctrl+C; what was not sent is sent after the next start. On
    SQLite run one process; on PostgreSQL as many as you like.
    """
    from scripts import serving

    serving.serve(config)


def demo(
    config: Config = None,
    port: Annotated[int, typer.Option(min=0, max=65535, metavar="N", help="The port to listen on.")] = 8080,
    data: Annotated[
        Path, typer.Option(metavar="DIR", help="The folder that keeps the demo; made if there is none.")
    ] = Path("demo-data"),
) -> None:
    """Run the demo estate and its lab.

    Play everybody of a repair in one browser window, and move the clock. Needs no token and no network.
    Everything is kept in the folder; remove it to begin anew.
    """
    from scripts import serving

    serving.demo(config, port=port, data=data)


def chat(
    config: Config = None,
    who: Annotated[str, typer.Option(metavar="NAME", help="Whom to be; any name is a new person.")] = "me",
) -> None:
    """Talk to the desk in this terminal.

    End with Ctrl+D. Whoever writes here is a stranger until a code of the desk links him up. Use a database of its
    own, or stop the service first.
    """
    from scripts import chat as chatting

    chatting.chat(config, who=who)


def migrate(config: Config = None) -> None:
    """Bring the database up to date.

    Runs the revisions that this program knows and the database lacks; harmless when there are none, and when
    several replicas do it at once.
    """
    from scripts import running
    from services import migrate as migrating

    running.migrated(running.settings(config))
    print(f"at revision {migrating.head()}")


def doctor(config: Config = None) -> None:
    """Check everything the service needs.

    Settings, database, migrations, clock, media folder; on Telegram token, webhook and what staff groups need.
    A line for each, with how to mend what is wrong; exit code 1 when anything is.
    """
    from scripts import doctor as doctoring

    raise typer.Exit(0 if doctoring.examine(config) else 1)


def seed(config: Config = None) -> None:
    """Fill the database with the demo's people.

    Prints their phone numbers and roles. A community that has units already is left as it is; only its
    roster is carried on.
    """
    from scripts import seeding

    seeding.run(config)


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The zip to write; must not exist yet.")],
    config: Config = None,
    *,
    media: Annotated[bool, typer.Option(help="With the media folder or without.")] = True,
) -> None:
    """Write everything into one file.

    The service may go on meanwhile. The file fits both databases: what SQLite saved PostgreSQL restores,
    and the other way round.
    """
    from scripts import backups

    backups.save(config, place=file, media=media)


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A zip that `backup` wrote.")], config: Config = None
) -> None:
    """Fill an empty database from a backup.

    Stop the service first. Messages that waited in the hour before the backup may have been sent after
    it: they are put on hold until you let them go with `ownerline outbox release`.
    """
    from scripts import backups

    backups.restore(config, place=file)


def version() -> None:
    """Print the version."""
    try:
        print(metadata.version("ownerline"))
    except metadata.PackageNotFoundError:
        raise CommandError("not installed, so without a version; `make install` installs it") from None


def inbox_list(
    config: Config = None,
    limit: Limit = 50,
    *,
    show: Annotated[bool, typer.Option("--show", help="Print what was written, too.")] = False,
) -> None:
    """List the events that were set aside, newest first."""
    from scripts import queues

    queues.list_inbox(config, limit=limit, show=show)


def inbox_retry(event: RowId, config: Config = None) -> None:
    """Work an event again."""
    from scripts import queues

    queues.retry_inbox(config, event_id=event)


def inbox_drop(event: RowId, config: Config = None) -> None:
    """Give an event up for good."""
    from scripts import queues

    queues.drop_inbox(config, event_id=event)


def outbox_list(config: Config = None, limit: Limit = 50) -> None:
    """List the messages that could not be sent, newest first."""
    from scripts import queues

    queues.list_outbox(config, limit=limit)


def outbox_retry(row: RowId, config: Config = None) -> None:
    """Send a message again."""
    from scripts import queues

    queues.retry_outbox(config, row_id=row)


def outbox_drop(row: RowId, config: Config = None) -> None:
    """Give a message up for good."""
    from scripts import queues

    queues.drop_outbox(config, row_id=row)


def outbox_release(config: Config = None) -> None:
    """Let the messages go that a restore put on hold."""
    from scripts import queues

    queues.release_outbox(config)


def audit_verify(config: Config = None) -> None:
    """Check every ticket's history.

    Walks all chains and seals, and says what was changed or cut off, and how many words were lawfully erased. Exit
    code 1 when anything is broken.
    """
    from scripts import audit

    raise typer.Exit(0 if audit.verify(config) else 1)


def audit_seal(config: Config = None) -> None:
    """Seal what is new at once.

    The service does so by itself; before a copy of the seals goes to a notary, do it once more.
    """
    from scripts import audit

    audit.seal(config)


def commands() -> typer.Typer:
    """Put all commands together."""
    app = _group(ABOUT)
    for command in (serve, demo, chat, migrate, doctor, seed, backup, restore, kpi, version):
        app.command()(command)
    for name, about, actions in (
        ("audit", "The history that can't be changed.", (audit_verify, audit_seal)),
        ("bills", "What units are charged.", (bills_generate, bills_check)),
        ("dunning", "Letters, the legal list, a household's record.", (dunning_letters, dunning_legal, dunning_record)),
        ("export", "What is written down, as workbooks.", EXPORTS),
        ("import", "Files of owners, units and money.", IMPORTS),
        ("inbox", "What came in and could not be worked.", (inbox_list, inbox_retry, inbox_drop)),
        (
            "outbox",
            "What was to be sent and could not be.",
            (outbox_list, outbox_retry, outbox_drop, outbox_release),
        ),
        ("prices", "What things cost.", (prices_import, prices_show, prices_share)),
        ("person", "One person's data.", (person_export, person_erase)),
        ("roster", "Who is on duty when.", (roster_import, roster_show)),
        (
            "settings",
            "The figures a community works by.",
            (settings_list, settings_get, settings_set),
        ),
        ("survey", "What all owners are asked.", (survey_start, survey_results)),
    ):
        group = _group(about)
        for action in actions:
            group.command(action.__name__.rpartition("_")[2])(action)
        app.add_typer(group, name=name)
    return app


def _group(about: str) -> typer.Typer:
    return typer.Typer(
        help=about,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )


if __name__ == "__main__":
    main()
