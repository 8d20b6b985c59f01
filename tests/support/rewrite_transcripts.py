"""Play transcripts and write them down as they went: `python -m tests.support.rewrite_transcripts [file …]`.

What still matches stays as it was written. Read what changed before you keep it.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
from pathlib import Path

from bot import app
from bot.settings import load
from scripts import seed
from services import migrate
from services.db import Database
from tests.support import transcripts
from tests.support.line import START, Line

HOME = Path(__file__).parent.parent / "transcripts"


async def rewrite(paths: list[Path], folder: Path) -> None:
    """Play each transcript on an estate of its own and write it back."""
    settings = load(None, {})
    world, template = app.world_of(settings), folder / "estate.db"
    migrate.upgrade(f"sqlite:///{template}")
    db = Database(f"sqlite:///{template}")
    await seed.seed(db, settings, now=START)
    await db.dispose()
    for path in paths:
        line = Line(f"sqlite:///{shutil.copy(template, folder / f'{path.stem}.db')}", world)
        before = path.read_text(encoding="utf-8")
        try:
            after = await transcripts.play(before, line)
        except Exception as error:  # noqa: BLE001 - the next transcript may fare better
            print(f"BROKEN  {path.name}: {type(error).__name__}: {error}")
            continue
        finally:
            await line.close()
        print(f"{'same   ' if after == before else 'CHANGED'} {path.name}")
        path.write_text(after, encoding="utf-8")


def main() -> None:
    """Rewrite the files named, or all."""
    paths = [Path(name) for name in sys.argv[1:] if name.endswith(".txt")] or sorted(HOME.glob("*.txt"))
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(rewrite(paths, Path(folder)))


if __name__ == "__main__":
    main()
