"""The doctor: what is well, what is not, and how to mend it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.scripts.conftest import Call


def _told(call: Call, **environ: str) -> tuple[int, dict[str, str]]:
    result = call("doctor", **environ)
    lines = ([*line[5:].split(": ", 1), line[:4].strip()] for line in result.stdout.splitlines())
    return result.exit_code, {name: f"{mark} {words}" for name, words, mark in lines}


def _run(place: Path, statement: str) -> None:
    with sqlite3.connect(place) as rows:
        rows.execute(statement)
    rows.close()


def test_a_database_without_tables_asks_for_migrate(call: Call) -> None:
    code, found = _told(call)
    assert code == 1
    assert found["database"].startswith("OK sqlite:///")
    assert found["migrations"] == "BAD no tables yet; run `ownerline migrate`"


@pytest.mark.usefixtures("migrated")
def test_a_catalogue_of_ones_own_is_looked_at(call: Call, tmp_path: Path) -> None:
    assert _told(call)[1]["catalogue"].startswith("OK the shipped one: 39 matters, ")
    own = tmp_path / "own.toml"
    own.write_text("[categories.lift]\n", encoding="utf-8")
    code, found = _told(call, OWNERLINE_CATALOG__FILE=str(own))
    assert code == 1
    assert found["catalogue"] == f"BAD {own}: categories.lift.department: found 'nothing', allowed: a value"


@pytest.mark.usefixtures("migrated")
def test_a_service_that_can_start_is_well(call: Call) -> None:
    code, found = _told(call)
    assert code == 0
    assert {name for name, words in found.items() if not words.startswith("OK ")} == {"sms"}
    assert found["community"] == "OK sunshine-garden is made at the first start"
    assert found["telegram"] == "OK not enabled"
    assert call("seed").exit_code == 0
    assert _told(call)[1]["community"] == "OK sunshine-garden; 8 at work"


@pytest.mark.usefixtures("migrated")
def test_text_messages_that_reach_nobody_are_warned_of(call: Call) -> None:
    code, found = _told(call)
    assert code == 0
    assert found["sms"].startswith("WARN only the gateway inside this process: alarms by text message reach nobody")
    assert _told(call, OWNERLINE_SMS__ENABLED="false")[1]["sms"] == "OK not enabled"


def test_a_database_of_another_release_is_told(call: Call, migrated: Path) -> None:
    _run(migrated, "UPDATE alembic_version SET version_num = '9999'")
    assert "install the newer release" in _told(call)[1]["migrations"]
    assert call("migrate").exit_code == 1


def test_a_clock_that_went_back_is_told(call: Call, migrated: Path) -> None:
    _run(
        migrated,
        "INSERT INTO inbox (channel, account, event_id, lane, payload, state, received_at, owner, starts, tries,"
        " error, danger_checked)"
        " VALUES ('sms', 'main', '1', 'l', '', 'done', '2999-04-12 02:00:00.000000', '', 0, 0, '', 0)",
    )
    code, found = _told(call)
    assert code == 1
    assert found["clock"].startswith("BAD ")
    assert found["clock"].endswith("let NTP set it")


def test_a_moved_desk_clock_is_told(call: Call, migrated: Path) -> None:
    _run(migrated, "INSERT INTO clock_offset (id, seconds, moved_at) VALUES (1, 86400, '2026-04-12 00:00:00.000000')")
    assert _told(call)[1]["clock"].endswith(", moved 1 day, 0:00:00 ahead for a demo")


@pytest.mark.usefixtures("migrated")
def test_a_media_folder_that_can_not_be_is_told(call: Call, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    code, found = _told(call, OWNERLINE_MEDIA__FOLDER=str(tmp_path / "file" / "media"))
    assert code == 1
    assert found["media"].startswith(f"BAD {tmp_path}/file can't be written to")


@pytest.mark.usefixtures("migrated")
def test_a_token_that_nobody_answers_to_is_told(call: Call, unused_tcp_port: int) -> None:
    code, found = _told(
        call,
        OWNERLINE_TELEGRAM__ENABLED="true",
        OWNERLINE_TELEGRAM__TOKEN="4242:hush",
        OWNERLINE_TELEGRAM__BASE_URL=f"http://127.0.0.1:{unused_tcp_port}/bot",
    )
    assert code == 1
    assert found["telegram token"].startswith("BAD ")
    assert "hush" not in str(found)
    assert found["telegram groups"] == "OK no staff group yet"


def test_a_database_that_is_away_is_told(call: Call, unused_tcp_port: int) -> None:
    code, found = _told(call, OWNERLINE_DATABASE__URL=f"postgresql://me:hush@127.0.0.1:{unused_tcp_port}/line")
    assert code == 1
    assert found["database"].startswith("BAD ")
    assert "hush" not in str(found)
