"""The kinds of tests, the time each may take, and the report by kind at the end of a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pytest
from hypothesis import is_hypothesis_test


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of tests: its marker, its folders (or files) under `tests`, the seconds it may take."""

    marker: str
    label: str
    folders: frozenset[str]
    budget: int
    last: bool = False  # when all else is done: it starts programs of its own, which take every core


RULES = Kind("rules", "house rules", frozenset({"test_rules.py"}), 30)
ROOMS = Kind("rooms", "services and handlers", frozenset({"services", "handlers", "transcripts"}), 180)
CONFORMANCE = Kind("conformance", "queues and races", frozenset({"conformance"}), 60)
PROCESSES = Kind("processes", "real processes", frozenset({"processes"}), 90, last=True)
BROWSER = Kind("browser", "browser", frozenset({"browser"}), 60, last=True)
KINDS = (RULES, ROOMS, CONFORMANCE, PROCESSES, BROWSER)


@dataclass(slots=True)
class Tally:
    """What is known of one kind so far; starts and ends are wall-clock seconds."""

    tests: int = 0
    passed: int = 0
    started: float = float("inf")
    ended: float = 0.0

    @property
    def seconds(self) -> float:
        """From the first start to the last end."""
        return max(0.0, self.ended - self.started)


class Report:
    """Counts tests by kind as their reports come in, and writes a table at the end."""

    def __init__(self) -> None:
        """Start with nothing counted."""
        self._tallies = {kind: Tally() for kind in KINDS}

    @pytest.hookimpl
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count one phase of one test."""
        tally = self._tallies[kind_of(report.nodeid)]
        tally.tests += report.when == "setup"
        tally.passed += report.when == "call" and report.passed
        tally.started = min(tally.started, report.start)
        tally.ended = max(tally.ended, report.stop)

    @pytest.hookimpl
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Write the table."""
        terminalreporter.section("tests by kind")
        for line in self.lines():
            terminalreporter.write_line(line)

    def lines(self) -> Iterator[str]:
        """Return the table: kind, tests, passed, seconds, budget."""
        yield f"{'kind':<24}{'tests':>7}{'passed':>8}{'seconds':>9}{'budget':>8}"
        for kind, tally in self._tallies.items():
            if tally.tests:
                over = "  OVER" if tally.seconds > kind.budget else ""
                figures = f"{tally.tests:>7}{tally.passed:>8}{tally.seconds:>9.1f}{kind.budget:>8}"
                yield f"{kind.label:<24}{figures}{over}"


def kind_of(nodeid: str) -> Kind:
    """Tell a test's kind by its folder; what no kind names goes with the rooms."""
    below_tests = nodeid.partition("::")[0].removeprefix("tests/")
    folder = below_tests.partition("/")[0]
    return next((kind for kind in KINDS if folder in kind.folders), ROOMS)


REPEATING = (  # go through what others measure, many times over
    "tests/conformance/test_races.py",
    "tests/conformance/test_outbox_model.py",
    "tests/handlers/test_answers.py",
    "tests/handlers/test_confidential.py",
    "tests/handlers/test_money_doors.py",
    "tests/scripts/test_bench_tickets.py",
    "tests/scripts/test_simulate.py",
    "tests/services/digests/test_recount.py",
    "tests/services/tickets/test_actions.py",
    "tests/services/tickets/test_heard.py",
    "tests/services/tickets/test_seen_by.py",
)


# In this order, so that nobody waits for the longest in the end; a worker is given three tests ahead, so that between
# the two longest there are short ones.
EARLY = (
    "tests/browser/test_lab.py",
    "tests/services/digests/test_recount.py",
    "tests/processes/test_kills.py",
    "tests/processes/test_checker.py",
    "tests/processes/test_job_over_bot_api.py",
)

TOGETHER = ("tests/browser/", "tests/services/digests/test_recount.py")  # whose set-up takes longer than a test


def group_of(nodeid: str) -> str:
    """Return what one worker does: a test, or a whole file whose tests share what takes long to set up."""
    return nodeid.partition("::")[0] if nodeid.startswith(TOGETHER) else nodeid


def unmeasured(item: pytest.Item) -> bool:
    """Whether a test need not be traced: it reads files, starts programs that measure themselves, or repeats others."""
    kind = kind_of(item.nodeid)
    repeats = item.nodeid.startswith(REPEATING) or is_law(item) or runs_again(item)
    return kind is RULES or kind.last or repeats


def is_law(item: pytest.Item) -> bool:
    """Whether a test tries many examples of one law, which lead through what others measure."""
    return isinstance(item, pytest.Function) and is_hypothesis_test(item.function)


def runs_again(item: pytest.Item) -> bool:
    """Whether a test of a room runs on the server what ran on SQLite."""
    if kind_of(item.nodeid) is not ROOMS or not isinstance(item, pytest.Function):
        return False
    return "server_line" in item.fixturenames or "postgresql" in getattr(item, "callspec", _Plain).params.values()


def without_greenlets(item: pytest.Item) -> bool:
    """Whether none rests in a greenlet while others go on: what never meets the server."""
    fixtures = set(getattr(item, "fixturenames", ()))
    parameters = getattr(item, "callspec", _Plain).params.values()
    return not fixtures & {"postgres_server", "private_postgres"} and "postgresql" not in parameters


class _Plain:
    """A test without parameters."""

    params: Mapping[str, object] = {}


def sort_and_mark(items: list[pytest.Item]) -> None:
    """Mark every test with its kind and put the kinds in order, and in each what takes longest before the rest."""
    items.sort(key=lambda item: (KINDS.index(kind_of(item.nodeid)), _turn_of(item.nodeid)))
    for item in items:
        item.add_marker(kind_of(item.nodeid).marker)


def _turn_of(nodeid: str) -> int:
    return next((turn for turn, start in enumerate(EARLY) if nodeid.startswith(start)), len(EARLY))


def markers() -> Sequence[str]:
    """Return the markers of the kinds, as pytest wants them declared."""
    return [f"{kind.marker}: {kind.label}, within {kind.budget} s" for kind in KINDS]
