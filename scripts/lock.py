"""Renew the lock files: exact versions and hashes for every platform, and no address."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RUNTIME = "requirements.lock"
DEVELOPMENT = "requirements-dev.lock"
OPTIONS = (
    "--universal",
    "--python-version=3.11",
    "--generate-hashes",
    "--no-header",
    "--no-annotate",
    "--no-emit-index-url",
    "--no-emit-find-links",
    "--quiet",
)


def main() -> None:
    """Renew both locks; the development lock holds the runtime one unchanged."""
    upgrade = [] if "--keep" in sys.argv[1:] else ["--upgrade"]
    _compile(RUNTIME, "--extra=build", *upgrade)
    _compile(DEVELOPMENT, "--extra=build", "--extra=dev", f"--constraint={RUNTIME}", *upgrade)
    for name in (RUNTIME, DEVELOPMENT):
        if "://" in (ROOT / name).read_text(encoding="utf-8"):
            sys.exit(f"{name}: names a download address; people install through mirrors of their own")


def _compile(name: str, *options: str) -> None:
    command = [sys.executable, "-m", "uv", "pip", "compile", "pyproject.toml", *OPTIONS, *options]
    subprocess.run([*command, "-o", name], cwd=ROOT, env=_environment(), stdout=subprocess.DEVNULL, check=True)


def _environment() -> dict[str, str]:
    """The environment with pip's own mirror in it: the resolver doesn't read pip's settings."""
    found = subprocess.run(
        [sys.executable, "-m", "pip", "config", "get", "global.index-url"],
        capture_output=True,
        text=True,
        check=False,
    )
    mirror = os.environ.get("PIP_INDEX_URL", found.stdout.strip())
    return dict(os.environ) | ({"UV_DEFAULT_INDEX": mirror} if mirror else {})


if __name__ == "__main__":
    main()
