"""The command `ownerline`: what operators rely on."""

from __future__ import annotations

import re
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot.settings import Settings
from bot.settings_file import SettingsError
from scripts import cli, serving
from scripts.trouble import CommandError
from tests.scripts.conftest import Call
from tests.support.surroundings import surroundings

COMMANDS = ("serve", "demo", "chat", "migrate", "doctor", "seed", "backup", "restore", "kpi", "version")
GROUPS = {
    "audit": ("verify", "seal"),
    "inbox": ("list", "retry", "drop"),
    "outbox": ("list", "retry", "drop", "release"),
    "roster": ("import", "show"),
    "settings": ("list", "get", "set"),
    "survey": ("start", "results"),
}


def _process(folder: Path, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run the command as its own process, as operators do."""
    return subprocess.run(
        [sys.executable, "-m", "scripts.cli", *words],
        cwd=folder,
        env=surroundings(settings),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def _lines(result: Result) -> list[str]:
    assert result.exit_code == 0, result.output + repr(result.exception)
    return result.stdout.splitlines()


def _put_event(place: Path) -> None:
    with sqlite3.connect(place) as rows:
        rows.execute(
            "INSERT INTO inbox (id, channel, account, event_id, lane, payload, state, received_at, owner, starts,"
            " tries, error, danger_checked) VALUES (7, 'sms', 'main', 'e1', 'sms:main:+861', 'help me', 'dead',"
            " '2026-04-12 02:00:00.000000', '', 1, 3, 'Traceback\nValueError: odd', 0)"
        )
    rows.close()


def _put_letter(place: Path, row_id: int, state: str) -> None:
    with sqlite3.connect(place) as rows:
        rows.execute(
            "INSERT INTO outbox (id, key, address_id, kind, priority, payload, locale, still_wanted, created_at,"
            " expires_at, state, attempts, owner, provider_id, parts_sent, possibly_twice, code)"
            " VALUES (?, ?, 1, 'say', 1, '{}', 'en', '', '2026-04-12 02:00:00.000000',"
            " '2026-04-12 03:00:00.000000', ?, 8, '', '', 1, 0, 'gone')",
            (row_id, f"k{row_id}", state),
        )
    rows.close()


def test_every_command_explains_itself() -> None:
    names = [(name,) for name in COMMANDS] + [(group, name) for group, names in GROUPS.items() for name in names]
    for name in names:
        result = CliRunner().invoke(cli.commands(), [*name, "--help"])
        assert result.exit_code == 0
        assert len(result.output) > 95, f"{name} says too little"
        assert "--config" in result.output or name == ("version",)


def test_settings_that_do_not_fit_are_told_in_one_line_and_nothing_is_started(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("[web]\nport = 'eighty'\n")
    done = _process(tmp_path, "serve")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "ownerline: config.toml: web.port: found 'eighty'; allowed: a whole number from 0 to 65535\n"
    assert [place.name for place in tmp_path.iterdir()] == ["config.toml"]


@pytest.mark.parametrize("command", ["seed", "doctor", "migrate"])
def test_no_command_works_with_settings_that_do_not_fit(tmp_path: Path, command: str) -> None:
    place = tmp_path / "config.toml"
    place.write_text("[web]\nport = 'eighty'\n")
    refused = CliRunner().invoke(cli.commands(), [command, "--config", str(place)])
    assert isinstance(refused.exception, SettingsError)
    assert str(refused.exception).endswith(": web.port: found 'eighty'; allowed: a whole number from 0 to 65535")
    assert list(tmp_path.iterdir()) == [place]


def test_a_catalogue_that_does_not_fit_stops_the_start_with_one_line(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text("[categories]\n", encoding="utf-8")
    done = _process(tmp_path, "serve", catalog__file="own.toml")
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("ownerline: own.toml: categories: found 'nothing', allowed: ")


def test_a_missing_file_and_a_missing_secret_are_told_the_same_way(call: Call) -> None:
    missing = CliRunner().invoke(cli.commands(), ["migrate", "--config", "none.toml"])
    assert isinstance(missing.exception, SettingsError)
    assert str(missing.exception) == "none.toml: found no such file; allowed: a settings file in TOML"
    refused = call("serve", OWNERLINE_TELEGRAM__ENABLED="true").exception
    assert isinstance(refused, SettingsError)
    assert str(refused).partition(": ")[2].startswith("telegram.token: found no secret while telegram.enabled is true;")


def test_a_database_that_is_away_is_told_in_one_line(tmp_path: Path, unused_tcp_port: int) -> None:
    url = f"postgresql://me:hush@127.0.0.1:{unused_tcp_port}/line"
    done = _process(tmp_path, "migrate", database__url=url)
    assert done.returncode == 1
    assert done.stderr.startswith(
        f"ownerline: database postgresql://me:***@127.0.0.1:{unused_tcp_port}/line can't be used"
    )
    assert len(done.stderr.splitlines()) == 1


def test_migrate_may_be_repeated(call: Call) -> None:
    assert _lines(call("migrate")) == _lines(call("migrate"))


def test_seed_prints_numbers_and_roles_and_may_be_repeated(call: Call) -> None:
    first = _lines(call("seed"))
    assert first[0].split() == ["phone", "role", "name", "unit", "or", "badge"]
    assert any(line.startswith("+8613800138000  owner") and line.endswith("3-2-1502") for line in first)
    assert {line.split()[1] for line in first[1:]} == {
        *("owner", "tenant", "family"),
        *("engineer", "desk", "supervisor", "manager", "security"),
    }
    again = _lines(call("seed"))
    assert again[: len(first)] == first
    assert again[-1] == "The community has units already: nothing was added but duty."


@pytest.mark.usefixtures("migrated")
def test_events_that_were_set_aside_are_listed_retried_and_dropped(call: Call, tmp_path: Path) -> None:
    assert _lines(call("inbox", "list")) == ["nothing is set aside"]
    _put_event(tmp_path / "data" / "line.db")
    head, row = _lines(call("inbox", "list"))
    assert row.split()[0] == "7"
    assert row.endswith("ValueError: odd")
    assert "help me" not in row
    assert "help me" in call("inbox", "list", "--show").output
    assert _lines(call("inbox", "retry", "7")) == ["done"]
    refused = call("inbox", "drop", "7")
    assert isinstance(refused.exception, CommandError)
    assert str(refused.exception) == "no event 7 is set aside; see `list`"
    assert head.split() == ["id", "received", "lane", "tries", "error"]


@pytest.mark.usefixtures("migrated")
def test_messages_that_could_not_be_sent_are_listed_retried_and_dropped(call: Call, tmp_path: Path) -> None:
    assert _lines(call("outbox", "list")) == ["nothing is set aside"]
    _lines(call("seed"))
    place = tmp_path / "data" / "line.db"
    for row_id, state in enumerate(("failed", "unknown", "accepted"), 1):
        _put_letter(place, row_id, state)
    assert [line.split()[0] for line in _lines(call("outbox", "list"))] == ["id", "2", "1"]
    assert _lines(call("outbox", "retry", "1")) == _lines(call("outbox", "drop", "2")) == ["done"]
    assert str(call("outbox", "retry", "3").exception) == "no message 3 is set aside; see `list`"
    with sqlite3.connect(place) as rows:
        found = rows.execute("SELECT state, attempts, parts_sent FROM outbox ORDER BY id").fetchall()
    rows.close()
    assert found == [("pending", 0, 1), ("cancelled", 8, 1), ("accepted", 8, 1)]


@pytest.mark.usefixtures("migrated")
def test_figures_are_read_and_changed_at_run_time(call: Call) -> None:
    _lines(call("seed"))
    key, slug = "tickets.autoclose_days", "sunshine-garden"
    assert _lines(call("settings", "get", key)) == ["3"]
    assert _lines(call("settings", "set", key, "5", "--community", slug)) == ["done"]
    assert _lines(call("settings", "set", "quiet.starts", "22:30")) == ["done"]
    assert _lines(call("settings", "set", "emergency.gas", "0571")) == ["done"]
    assert _lines(call("settings", "set", "calendars.days_off", "2026-05-04, 2026-12-24")) == ["done"]
    assert _lines(call("settings", "get", "calendars.days_off")) == ["2026-05-04, 2026-12-24"]
    assert _lines(call("settings", "get", key)) == ["3"]
    assert _lines(call("settings", "get", key, "--community", slug)) == ["5"]
    listed = [re.split(" {2,}", line) for line in _lines(call("settings", "list", "--community", slug))]
    found = {name: rest for name, *rest in listed}
    assert found[key] == ["5", "(file: 3)"]
    assert found["quiet.starts"] == ["22:30:00", "(file: 21:00:00)"]
    assert found["emergency.gas"] == ["0571", "(file: 96777)"]
    assert found["calendars.days_off"] == ["2026-05-04, 2026-12-24", "(file: -)"]
    assert found["tickets.urge_hours"] == ["2"]


@pytest.mark.usefixtures("migrated")
@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("get", "tickets.nothing"), "unknown setting 'tickets.nothing'; allowed: emergency.fire"),
        (("set", "tickets.nothing", "1"), "unknown setting 'tickets.nothing'; allowed: emergency.fire"),
        (("set", "tickets.per_day", "0"), "tickets.per_day: found '0'"),
        (
            ("set", "calendars.desk", "all day"),
            "calendars.desk: found 'all day', 'day' where the days stand at the end",
        ),
        (("get", "tickets.per_day", "--community", "x"), "unknown community 'x'; allowed: none yet"),
    ],
)
def test_a_figure_that_does_not_fit_is_told(call: Call, words: tuple[str, ...], told: str) -> None:
    refused = call("settings", *words)
    assert isinstance(refused.exception, CommandError)
    assert told in str(refused.exception)


def test_the_demo_keeps_everything_in_its_folder_and_sends_nothing_out(tmp_path: Path) -> None:
    settings = serving.demo_settings(Settings(), port=8123, data=tmp_path)
    assert settings.database_url() == f"sqlite:///{tmp_path}/ownerline.db"
    assert Path(settings.media.folder).parent == Path(settings.web.secret_file).parent == tmp_path
    assert (settings.web.port, settings.telegram.enabled, settings.sms.gateway) == (8123, False, "demo")


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_the_service_ends_in_good_order(tmp_path: Path, unused_tcp_port: int, ending: signal.Signals) -> None:
    words = ("demo", "--port", str(unused_tcp_port), "--data", str(tmp_path / "demo"))
    process = subprocess.Popen(
        [sys.executable, "-m", "scripts.cli", *words],
        cwd=tmp_path,
        env=surroundings(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        line = process.stdout.readline()
        process.send_signal(ending)
        process.wait(20)
        told = process.stderr.read() if process.stderr else ""
    assert line.startswith(f"The lab: http://127.0.0.1:{unused_tcp_port}/lab"), told
    assert process.returncode == 0, told
