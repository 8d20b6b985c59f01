"""`ownerline roster`: a file of shifts, in, and out again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from scripts import roster_file
from scripts.roster_file import NotARosterError
from services.texts import Texts
from tests.scripts.conftest import Call

ZONE = ZoneInfo("Asia/Shanghai")
TOMORROW = (datetime.now(ZONE) + timedelta(days=500)).date()  # beyond what the demo's roster holds


def _read(text: str) -> list[roster_file.Line]:
    return roster_file.read(text.encode(), texts=Texts.load(), zone=ZONE)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a good file of three lines, one of them a night."""
    place = tmp_path / "roster.csv"
    place.write_text(
        f"工号,日期,上班,下班\n27,{TOMORROW},8:00,20:00\n35,{TOMORROW},20:00,08:00\n\n31,{TOMORROW},8,24\n",
        encoding="utf-8",
    )
    return place


@pytest.mark.parametrize(
    "row",
    ["27,2026-04-12,08:00,20:00", "27,2026/4/12,8:00,20:00", "27,2026年4月12日,8点,20点", "27,20260412,0800,2000"],
)
def test_days_and_hours_are_read_as_people_write_them(row: str) -> None:
    (line,) = _read(f"badge,date,start,end\n{row}\n")
    assert line.stretch is not None
    assert line.stretch.starts_at == datetime(2026, 4, 12, 0, 0, tzinfo=UTC)
    assert line.stretch.ends_at == datetime(2026, 4, 12, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("between", [",", ";", "\t"])
def test_a_spreadsheets_ways_to_save_are_all_read(encoding: str, between: str) -> None:
    text = f"日期{between}姓名{between}工号{between}开始{between}结束\r\n2026-04-12{between}王{between}27{between}20:00{between}8:00\r\n"
    (line,) = roster_file.read(text.encode(encoding), texts=Texts.load(), zone=ZONE)
    assert line.badge == "27"
    assert line.stretch is not None
    assert line.stretch.ends_at - line.stretch.starts_at == timedelta(hours=12)


@pytest.mark.parametrize(
    ("row", "wrong"),
    [
        (",2026-04-12,8,20", "no badge"),
        ("27,2026-02-30,8,20", "'2026-02-30'"),
        ("27,tomorrow,8,20", "'tomorrow'"),
        ("27,2026-04-12,25,20", "start '25'"),
        ("27,2026-04-12,8", "end ''"),
        ("27,2026-04-12,24,24:00", ""),
    ],
)
def test_a_bad_line_says_what_is_wrong(row: str, wrong: str) -> None:
    (line,) = _read(f"badge,date,start,end\n{row}\n")
    assert line.number == 2
    assert wrong in line.wrong
    assert (line.stretch is None) == bool(wrong)


def test_a_file_that_is_no_roster_is_refused() -> None:
    with pytest.raises(NotARosterError, match="no column 'badge'"):
        _read("name,date\n")
    with pytest.raises(NotARosterError, match="neither"):
        roster_file.read(b"\xff\xff\xff", texts=Texts.load(), zone=ZONE)
    with pytest.raises(NotARosterError, match="line"):
        _read("badge,date,start,end\n" + "x" * 200_000 + "\n")


@pytest.mark.usefixtures("migrated")
def test_a_file_is_read_once_and_shown(call: Call, file: Path) -> None:
    assert call("seed").exit_code == 0
    assert "3 stretches would be added, 0 there already" in call("roster", "import", str(file), "--dry-run").output
    assert "3 stretches added, 0 there already, 0 lines left out" in call("roster", "import", str(file)).output
    assert "0 stretches added, 3 there already" in call("roster", "import", str(file)).output
    assert "0 stretches would be added, 3 there" in call("roster", "import", str(file), "--dry-run").output
    shown = call("roster", "show", "--days", "366").output
    assert "王师傅" in shown
    assert call("roster", "show").exit_code == 0


@pytest.mark.usefixtures("migrated")
def test_with_a_bad_line_nothing_is_written_unless_it_is_left_out(call: Call, file: Path) -> None:
    assert call("seed").exit_code == 0
    file.write_text(file.read_text(encoding="utf-8") + f"99,{TOMORROW},8,20\n27,soon,8,20\n", encoding="utf-8")
    refused = call("roster", "import", str(file))
    assert refused.exit_code == 1
    assert "line 6: badge '99' is nobody's here\nline 7: date 'soon'" in refused.output
    assert (
        "3 stretches added, 0 there already, 2 lines left out"
        in call("roster", "import", str(file), "--skip-bad").output
    )


@pytest.mark.usefixtures("migrated")
def test_what_cannot_be_read_and_unknown_communities_are_told_in_one_line(call: Call, file: Path) -> None:
    assert call("seed").exit_code == 0
    for words in (
        ("import", "nowhere.csv"),
        ("import", str(file), "--community", "moon"),
        ("show", "--community", "x"),
    ):
        assert str(call("roster", *words).exception), words
    file.write_text("nothing\n", encoding="utf-8")
    assert "no column" in str(call("roster", "import", str(file)).exception)
