"""Find a Chromium for the browser tests, fetching one when there is none."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

VARIABLE = "OWNERLINE_TEST_CHROMIUM"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
DOWNLOADED = (
    "chromium-*/chrome-linux*/chrome",
    "chromium-*/chrome-mac*/*.app/Contents/MacOS/*",
    "chromium_headless_shell-*/chrome-*/*headless*shell",
)
FETCH = (sys.executable, "-m", "playwright", "install", "chromium")
APT = ("apt-get", "install", "-y", "-q", "--no-install-recommends", "chromium")
PATIENCE_SECONDS = 240

MISSING = f"""\
No Chromium that starts was found, and none could be fetched. Do one of these, then repeat:
  apt-get install chromium                       (Debian, Ubuntu; as root)
  .venv/bin/playwright install --with-deps chromium
  export {VARIABLE}=/path/to/chromium
"""


def find() -> Path | None:
    """Return the first Chromium that starts: the one named, the system's, Playwright's own."""
    return next((place for place in _candidates() if _starts(place)), None)


def main() -> None:
    """Print where Chromium is, after fetching it if need be; fail saying what is missing."""
    place = find() or _fetched(FETCH) or _from_apt()
    if place is None:
        sys.exit(MISSING)
    print(place)


def _candidates() -> Iterator[Path]:
    named = os.environ.get(VARIABLE)
    if named:
        yield Path(named)
    for name in NAMES:
        found = shutil.which(name)
        if found:
            yield Path(found)
    for pattern in DOWNLOADED:
        yield from sorted(_playwright_folder().glob(pattern), reverse=True)


def _playwright_folder() -> Path:
    chosen = os.environ.get("PLAYWRIGHT_BROWSERS_PATH")
    if chosen:
        return Path(chosen)
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "ms-playwright"
    return Path.home() / ".cache" / "ms-playwright"


def _starts(place: Path) -> bool:
    """Whether it runs at all: a downloaded one may lack the system's libraries."""
    try:
        asked = subprocess.run([place, "--version"], capture_output=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return asked.returncode == 0


def _from_apt() -> Path | None:
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return None
    _run(("apt-get", "update", "-q"))
    return _fetched(APT)


def _fetched(command: tuple[str, ...]) -> Path | None:
    print("Chromium is missing; trying:", *command, file=sys.stderr)
    _run(command)
    return find()


def _run(command: tuple[str, ...]) -> None:
    environment = dict(os.environ) | {"DEBIAN_FRONTEND": "noninteractive"}
    try:
        subprocess.run(command, stdout=sys.stderr, env=environment, timeout=PATIENCE_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        print(error, file=sys.stderr)


if __name__ == "__main__":
    main()
