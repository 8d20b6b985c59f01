"""`ownerline person`: a file of everything, and nothing of it afterwards."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from tests.scripts.conftest import Call


def test_a_person_is_exported_and_erased_and_the_audit_stays_whole(call: Call, tmp_path: Path) -> None:
    assert call("seed").exit_code == 0
    place = tmp_path / "person.json"
    assert call("person", "export", "13800138000", str(place)).exit_code == 0
    assert json.loads(place.read_text())["person"][0]["name"] == "王芳"
    assert call("person", "export", "13800138000", str(place)).exit_code != 0  # never over another file
    asked = call("person", "erase", "13800138000")
    assert "nothing done" in asked.stdout
    assert "erased" in call("person", "erase", "13800138000", "--yes").stdout
    assert call("person", "export", "13800138000", str(tmp_path / "again.json")).exit_code != 0
    assert call("audit", "verify").exit_code == 0


def test_every_export_is_a_row_that_says_what_and_how_many(call: Call, migrated: Path, tmp_path: Path) -> None:
    assert call("seed").exit_code == 0
    done = call("export", "owners", str(tmp_path / "owners.xlsx"))
    assert call("person", "export", "13800138000", str(tmp_path / "person.json")).exit_code == 0
    with closing(sqlite3.connect(migrated)) as database:
        rows = database.execute(
            'SELECT viewer_id, what, "table", "rows", person_id FROM data_view ORDER BY id'
        ).fetchall()
    assert [(row[:3], row[4] is None) for row in rows] == [
        ((None, "export", "owners"), True),
        ((None, "export", "person"), False),
    ]
    assert done.stdout.startswith(f"{rows[0][3]} rows in")
    assert rows[1][3] > 1


def test_one_of_several_with_a_number_is_named_by_id(call: Call, tmp_path: Path) -> None:
    call("seed")
    refused = call("person", "export", "13800138003", str(tmp_path / "two.json"))
    assert refused.exit_code != 0
    assert "name one by id" in str(refused.exception)
