"""The house keeps its own rules, and every rule notices when it is broken."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

import pytest

from tests.support import catalogues, rules
from tests.support.rules import Breach, Rule, Source

TOP = Path(__file__).resolve().parent.parent
HOME = TOP / "services" / "locale"
LOCKS = ("requirements.lock", "requirements-dev.lock")

AGREED_NAMES = {
    *("bot", "handlers", "services", "scripts", "tests", "docs", ".ci"),
    *("config.toml", "pyproject.toml", "Makefile", "Dockerfile", "compose.yaml", *LOCKS),
    *("README.md", "README.zh-CN.md", "LICENSE", "CHANGELOG.md"),
    *(".gitignore", ".gitattributes", ".dockerignore", ".editorconfig"),
}

# Written in parts, or this file would break its own rules.
HOSTS = re.compile("|".join(map(re.escape, ("pypi." + "org", "pythonhosted." + "org", "npmjs." + "org"))))
EXCUSES = re.compile("pragma: " + "no cover|" + "TO" + "DO|" + "FIX" + "ME")
TEXTS = ("*.py", "*.md", "*.toml", "*.yaml", "*.lock", "*.po", "*.js", "*.css", "*.html", "Makefile", "Dockerfile")

# Modules that rebuild texts from rows, draw them, or pass on the keys that others named.
KEYS_FROM_ELSEWHERE = {
    *("services/wire.py", "services/texts.py", "services/refusals.py"),
    *("handlers/answers.py", "handlers/words.py", "bot/web/words.py"),
}

PLANTED: tuple[tuple[Rule, str, str, str], ...] = (
    (
        rules.only_db_commits,
        "services/tickets.py",
        "await session.commit()",
        "await session.flush()",
    ),
    (
        rules.no_sentence_in_code,
        "handlers/repair.py",
        "reply('已收到')",
        "'''报修 is a word in a docstring'''\nreply('。')",
    ),
    (
        rules.modules_are_small,
        "services/big.py",
        "x = 1\n" * 351,
        "x = 1\n" * 350,
    ),
    (
        rules.functions_are_small,
        "services/long.py",
        "def f():\n" + "    x = 1\n" * 40,
        "def f():\n" + "    x = 1\n" * 39,
    ),
    (
        rules.no_broad_except,
        "services/sure.py",
        "try:\n    f()\nexcept (ValueError, Exception):\n    pass",
        "try:\n    f()\nexcept ValueError:\n    pass",
    ),
    (
        rules.no_integrity_error_caught,
        "services/rows.py",
        "try:\n    f()\nexcept exc.IntegrityError:\n    pass",
        "try:\n    f()\nexcept exc.OperationalError:\n    pass",
    ),
    (
        rules.no_naive_time,
        "services/clock.py",
        "now = datetime.now()",
        "now = datetime.now(UTC)",
    ),
    (
        rules.no_patching,
        "tests/test_it.py",
        "def test_it(monkeypatch): ...",
        "def test_it(clock): ...",
    ),
    (
        rules.no_dodging,
        "tests/test_it.py",
        "@pytest.mark.skipif(True)\ndef test_it(): ...",
        "@pytest.mark.parametrize('n', [1])\ndef test_it(n): ...",
    ),
)

ALSO_PLANTED: tuple[tuple[Rule, str, str], ...] = (
    (rules.no_broad_except, "handlers/sure.py", "try:\n    f()\nexcept:\n    pass"),
    (rules.no_naive_time, "bot/clock.py", "now = datetime.datetime.utcnow()"),
    (rules.no_naive_time, "bot/clock.py", "day = date.today()"),
    (rules.no_naive_time, "bot/clock.py", "now = datetime.fromtimestamp(seconds)"),
    (rules.no_patching, "tests/test_it.py", "from unittest import mock"),
    (rules.no_patching, "tests/test_it.py", "import unittest.mock"),
    (rules.no_patching, "tests/test_it.py", "with pytest.MonkeyPatch.context() as patch: ..."),
    (rules.no_dodging, "tests/test_it.py", "pytest.skip('later')"),
    (rules.functions_are_small, "bot/long.py", "async def f():\n" + "    x = 1\n" * 40),
    (rules.no_sentence_in_code, "bot/card.py", "text = f'工单{number}'"),
)


def _said(breaches: Iterator[Breach]) -> str:
    return "\n".join(map(str, breaches))


def _name(value: object) -> str | None:
    return getattr(value, "__name__", "" if isinstance(value, str) else None)


def _files(*patterns: str) -> list[Path]:
    """Files of the house, tracked or about to be."""
    command = ["git", "-c", f"safe.directory={TOP}", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=TOP, capture_output=True, text=True, check=True).stdout.split("\n")
    names = [Path(name) for name in listed if name and (TOP / name).is_file()]
    return [name for name in names if any(fnmatch(name.name, pattern) for pattern in patterns or ("*",))]


def _posix(name: Path) -> PurePosixPath:
    return PurePosixPath(name.as_posix())


def _mentions(pattern: re.Pattern[str], text: str) -> list[str]:
    return [line for line in text.splitlines() if pattern.search(line)]


@pytest.fixture(scope="module")
def modules() -> list[Source]:
    """Return every module of the house."""
    return rules.sources(TOP, *rules.ROOMS, "tests")


@pytest.mark.parametrize("rule", rules.RULES, ids=_name)
def test_the_house_keeps_the_rule(modules: list[Source], rule: Rule) -> None:
    found = [breach for source in modules for breach in rule(source)]
    assert not found, _said(iter(found))


@pytest.mark.parametrize(("rule", "path", "bad", "good"), PLANTED, ids=_name)
def test_a_rule_finds_what_breaks_it_and_nothing_else(rule: Rule, path: str, bad: str, good: str) -> None:
    assert list(rule(rules.read(path, bad)))
    assert not list(rule(rules.read(path, good)))


@pytest.mark.parametrize(("rule", "path", "bad"), ALSO_PLANTED)
def test_a_rule_knows_other_ways_to_break_it(rule: Rule, path: str, bad: str) -> None:
    assert list(rule(rules.read(path, bad)))


def test_every_rule_has_a_planted_breach() -> None:
    assert {rule for rule, *_ in PLANTED} == set(rules.RULES)


def test_rules_leave_alone_what_they_allow() -> None:
    """The one module that commits, the loops at the edge, the vocabulary."""
    assert not list(rules.only_db_commits(rules.read("services/db.py", "session.commit()")))
    broad = "try:\n    f()\nexcept Exception:\n    pass"
    assert not list(rules.no_broad_except(rules.read("bot/work.py", broad)))
    assert not list(rules.no_sentence_in_code(rules.read("bot/settings.py", "name = '阳光花园'")))
    assert not list(rules.modules_are_small(rules.read("services/migrations/versions/0001_x.py", "x = 1\n" * 900)))


def test_exceptions_to_the_rule_on_sentences_exist() -> None:
    """An excuse for a file that has gone would wait for the next one of that name."""
    assert all(list(TOP.glob(pattern)) for pattern in rules.CHINESE_DATA)
    assert all((TOP / path).is_file() for path in KEYS_FROM_ELSEWHERE)


def test_every_text_is_in_the_catalogue(modules: list[Source]) -> None:
    keys = frozenset(key for _, key in catalogues.load(HOME)["zh_Hans"]) | {"plain"}
    read = [s for s in modules if s.room in rules.ROOMS and str(s.path) not in KEYS_FROM_ELSEWHERE]
    found = [breach for source in read for breach in rules.keys_are_known(source, keys)]
    assert not found, _said(iter(found))


def test_every_text_of_a_page_is_in_the_catalogue() -> None:
    keys = frozenset(key for _, key in catalogues.load(HOME)["zh_Hans"])
    pages = [(name, (TOP / name).read_text(encoding="utf-8")) for name in _files("*.html", "*.js")]
    found = [breach for name, text in pages for breach in rules.template_keys_are_known(_posix(name), text, keys)]
    assert not found, _said(iter(found))


def test_a_page_with_words_of_its_own_is_found() -> None:
    page = PurePosixPath("bot/web/templates/x.html")
    keys = frozenset({"page.title"})
    assert not list(rules.template_keys_are_known(page, '{{ t("page.title", estate=name) }}', keys))
    assert list(rules.template_keys_are_known(page, "{{ t('page.gone') }}", keys))
    assert list(rules.template_keys_are_known(page, "<p>报修</p>", keys))


@pytest.mark.parametrize(
    ("code", "fits"),
    [
        ("T('ticket.new', number=n)", True),
        ("T('ticket.gone')", False),
        ("T(f'state.{state}')", True),
        ("T(f'mood.{state}')", False),
        ("T('ticket.new' if new else 'state.done')", True),
        ("T('ticket.new' if new else 'ticket.old')", False),
        ("T(f'{form}.done')", True),
        ("T(f'{form}.gone')", False),
        ("T(f'{anything}')", False),
        ("T(key)", False),
    ],
)
def test_a_text_names_its_key_where_it_is_made(code: str, fits: bool) -> None:
    keys = frozenset({"ticket.new", "state.done"})
    assert (not list(rules.keys_are_known(rules.read("handlers/x.py", code), keys))) is fits


def test_every_catalogue_has_the_same_keys_and_places() -> None:
    assert not list(catalogues.differences(catalogues.load(HOME)))


@pytest.mark.parametrize(
    ("entry", "complaint"),
    [
        ('msgid "hello"\nmsgstr "Hello"', "lacks places: ['name']"),
        ('msgid "hello"\nmsgstr "Hello {name} {who}"', "['who']"),
        ('msgid "hello"\nmsgstr ""', "is empty"),
        ('msgid "bye"\nmsgstr "Bye"', "only here: bye"),
        ('msgid "bye"\nmsgstr "Bye"', "lacks hello"),
        ('msgctxt "sms"\nmsgid "hello"\nmsgstr "Hi {who}"', "['who']"),
        ('msgctxt "fax"\nmsgid "hello"\nmsgstr "Hi {name}"', "unknown context"),
    ],
)
def test_a_catalogue_that_differs_is_found(entry: str, complaint: str) -> None:
    first = catalogues.read('msgid "hello"\nmsgstr "你好，{name}"'.encode())
    other = catalogues.read(entry.encode())
    assert complaint in "\n".join(catalogues.differences({"zh_Hans": first, "en": other}))


def test_a_shorter_variant_may_leave_places_out() -> None:
    first = catalogues.read('msgid "hello"\nmsgstr "你好，{name}"'.encode())
    short = 'msgid "hello"\nmsgstr "Hello {name}"\n\nmsgctxt "sms"\nmsgid "hello"\nmsgstr "Hi"'
    assert not list(catalogues.differences({"zh_Hans": first, "en": catalogues.read(short.encode())}))


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_names_hashes_and_no_address(name: str) -> None:
    text = (TOP / name).read_text(encoding="utf-8")
    pins = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
    assert pins
    assert all(re.match(r"[a-z0-9._-]+(\[.+\])?==\S+ (; .+ )?\\$", line) for line in pins)
    assert "://" not in text
    assert "--hash=sha256:" in text


def test_the_development_lock_holds_the_runtime_lock() -> None:
    """Else the tests would try other versions than those that people get."""
    pins = [set(re.findall(r"(?m)^\S+==\S+", (TOP / name).read_text(encoding="utf-8"))) for name in LOCKS]
    assert pins[0] <= pins[1]


@pytest.mark.parametrize("pattern", [HOSTS, EXCUSES], ids=["hosts", "excuses"])
def test_no_file_mentions_registries_or_makes_excuses(pattern: re.Pattern[str]) -> None:
    found = {str(name): _mentions(pattern, (TOP / name).read_text(encoding="utf-8")) for name in _files(*TEXTS)}
    assert not {name: lines for name, lines in found.items() if lines}


def test_mentions_of_registries_and_excuses_are_found() -> None:
    assert _mentions(HOSTS, "see https://" + "pypi." + "org/simple")
    assert _mentions(EXCUSES, "x = 1  # pragma: " + "no cover")
    assert _mentions(EXCUSES, "# TO" + "DO: later")
    assert not _mentions(EXCUSES, "to do")


def test_only_agreed_names_stand_at_the_top() -> None:
    assert {name.parts[0] for name in _files()} <= AGREED_NAMES
