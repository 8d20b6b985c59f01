"""Every transcript comes out as it is written; on the server, where little differs, a third of them does."""

from __future__ import annotations

import difflib
from pathlib import Path

import pytest

from tests.support import transcripts
from tests.support.line import Line

FILES = sorted(Path(__file__).parent.glob("*.txt"))


ON_THE_SERVER = FILES[::3]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
async def test_a_dialogue_goes_as_it_is_written(path: Path, quick_line: Line) -> None:
    await _plays(path, quick_line)


@pytest.mark.parametrize("path", ON_THE_SERVER, ids=lambda path: path.stem)
async def test_so_it_goes_on_the_server(path: Path, server_line: Line) -> None:
    await _plays(path, server_line)


async def _plays(path: Path, line: Line) -> None:
    written = path.read_text(encoding="utf-8")
    went = await transcripts.play(written, line)
    if went != written:
        diff = difflib.unified_diff(written.splitlines(), went.splitlines(), "written", "went", lineterm="", n=4)
        pytest.fail(f"{path.name}\n" + "\n".join(diff), pytrace=False)
