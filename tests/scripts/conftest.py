"""The command `ownerline`, called from within."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog
from typer.testing import CliRunner, Result

from scripts import cli

Call = Callable[..., Result]


@pytest.fixture
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    before = root.handlers, root.level
    yield
    root.handlers, root.level = before
    structlog.reset_defaults()


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Return a settings file that keeps everything in the test's folder."""
    place = tmp_path / "config.toml"
    place.write_text(
        f"[database]\nurl = 'sqlite:///{tmp_path}/data/line.db'\n[media]\nfolder = '{tmp_path}/data/media'\n"
    )
    return place


@pytest.fixture
def migrated(sqlite_template: Path, tmp_path: Path) -> Path:
    """Return the file of the settings' database, migrated and empty: a copy is there sooner than `migrate`."""
    place = tmp_path / "data" / "line.db"
    place.parent.mkdir()
    shutil.copy(sqlite_template, place)
    return place


@pytest.fixture
def call(config: Path, _logging_as_before: None) -> Call:
    """Call a command with these settings; variables go by name."""

    def called(*words: str, **environ: str) -> Result:
        return CliRunner().invoke(cli.commands(), [*words, "--config", str(config)], env=environ)

    return called
