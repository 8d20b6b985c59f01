"""House rules that no linter holds: each a function from a source file to its breaches."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import TypeAlias

ROOMS = ("bot", "handlers", "services", "scripts")
MODULE_LINES = 350
TEST_MODULE_LINES = 450  # a suite of sentences about one thing stays together
FUNCTION_LINES = 40
REVISIONS = "services/migrations/versions/*.py"  # long lists of columns that nobody edits again

# Words of operators and of the people who write in: vocabulary, demo register, defaults of settings. No text for
# people may stand there.
CHINESE_DATA = (
    "bot/settings.py",
    "services/understanding/*.py",
)

_HAN = re.compile(r"[\u3400-\u9fff]")
_ASKED = re.compile(r"""\bt\(\s*["']([^"']+)["']""")
_NAIVE = {"utcnow", "utcfromtimestamp", "today"}
_NEEDS_ZONE = {"now": 1, "fromtimestamp": 2}
_PATCHES = {"monkeypatch", "mocker", "MonkeyPatch"}
_DODGES = {"skip", "skipif", "xfail", "importorskip"}


@dataclass(frozen=True)
class Source:
    """A module: its path from the top, its text, its tree."""

    path: PurePosixPath
    text: str
    tree: ast.Module

    @property
    def room(self) -> str:
        """The folder at the top."""
        return self.path.parts[0]

    @cached_property
    def nodes(self) -> Sequence[ast.AST]:
        """Everything in the tree, gone through once for all rules."""
        return tuple(ast.walk(self.tree))


@dataclass(frozen=True, slots=True)
class Breach:
    """Where a rule is broken, and how."""

    path: PurePosixPath
    line: int
    how: str

    def __str__(self) -> str:
        """Write it as compilers do."""
        return f"{self.path}:{self.line}: {self.how}"


Rule: TypeAlias = Callable[[Source], Iterator[Breach]]


def read(path: str | PurePosixPath, text: str) -> Source:
    """Parse a module."""
    return Source(PurePosixPath(path), text, ast.parse(text))


def sources(top: Path, *folders: str) -> list[Source]:
    """Read every module below the folders."""
    found = sorted(path for folder in folders for path in (top / folder).rglob("*.py"))
    return [read(path.relative_to(top).as_posix(), path.read_text(encoding="utf-8")) for path in found]


def only_db_commits(source: Source) -> Iterator[Breach]:
    """Only `services/db.py` commits."""
    if source.room in ROOMS and source.path != PurePosixPath("services/db.py"):
        for call in _calls(source):
            if isinstance(call.func, ast.Attribute) and call.func.attr == "commit":
                yield _breach(source, call, "commits; only services/db.py does")


def no_sentence_in_code(source: Source) -> Iterator[Breach]:
    """No Chinese words in literals outside catalogues and data."""
    if source.room not in ROOMS or any(source.path.match(pattern) for pattern in CHINESE_DATA):
        return
    docstrings = {id(text) for text in _docstrings(source)}
    for node in source.nodes:
        words = node.value if isinstance(node, ast.Constant) and id(node) not in docstrings else None
        if isinstance(words, str) and _HAN.search(words):
            yield _breach(source, node, f"{words!r} belongs in a catalogue")


def modules_are_small(source: Source) -> Iterator[Breach]:
    """A module holds one idea."""
    lines = len(source.text.splitlines())
    most = TEST_MODULE_LINES if source.room == "tests" else MODULE_LINES
    if lines > most and not source.path.match(REVISIONS):
        yield Breach(source.path, lines, f"{lines} lines; at most {most}")


def functions_are_small(source: Source) -> Iterator[Breach]:
    """A function fits on a screen."""
    if source.path.match(REVISIONS):
        return
    for node in source.nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > FUNCTION_LINES:
                yield _breach(source, node, f"{node.name} has {lines} lines; at most {FUNCTION_LINES}")


def no_broad_except(source: Source) -> Iterator[Breach]:
    """Outside the loops of the edge, an unexpected error goes up."""
    if source.room in {"handlers", "services", "scripts"}:
        for handler in _handlers(source):
            if handler.type is None or {"Exception", "BaseException"} & set(_names(handler.type)):
                yield _breach(source, handler, "catches everything; only the loops in bot/ do")


def no_integrity_error_caught(source: Source) -> Iterator[Breach]:
    """A repeated row is `insert_once`'s business, not an exception's."""
    for handler in _handlers(source):
        if handler.type is not None and "IntegrityError" in _names(handler.type):
            yield _breach(source, handler, "catches IntegrityError; use db.insert_once")


def no_naive_time(source: Source) -> Iterator[Breach]:
    """Every moment is aware."""
    for call in _calls(source):
        if not isinstance(call.func, ast.Attribute) or not {"datetime", "date"} & set(_names(call.func.value)):
            continue
        name, given = call.func.attr, len(call.args) + len(call.keywords)
        if name in _NAIVE or given < _NEEDS_ZONE.get(name, 0):
            yield _breach(source, call, f"{name}() makes a naive moment; pass a zone")


def no_patching(source: Source) -> Iterator[Breach]:
    """Tests use fakes and builders, never patches."""
    for node in source.nodes:
        found: set[str] = set()
        if isinstance(node, ast.Import):
            found = {alias.name for alias in node.names} & {"mock", "unittest.mock"}
        elif isinstance(node, ast.ImportFrom):
            found = {node.module or ""} & {"mock", "unittest.mock"}
            found |= {alias.name for alias in node.names} & ({"mock"} | _PATCHES)
        elif isinstance(node, ast.arg):
            found = {node.arg} & _PATCHES
        elif isinstance(node, ast.Attribute):
            found = {node.attr} & {"MonkeyPatch"}
        for name in found:
            yield _breach(source, node, f"{name} patches; pass the world in")


def no_dodging(source: Source) -> Iterator[Breach]:
    """A test runs or does not exist."""
    for node in source.nodes:
        if isinstance(node, ast.Attribute) and node.attr in _DODGES and {"pytest", "mark"} & set(_names(node.value)):
            yield _breach(source, node, f"pytest {node.attr}: mend the test or drop it")


def keys_are_known(source: Source, keys: frozenset[str]) -> Iterator[Breach]:
    """Every `T(...)` names, in the code itself, a key that the catalogue has."""
    for call in _calls(source):
        if isinstance(call.func, ast.Name) and call.func.id == "T" and call.args:
            for key in _keys(call.args[0]):
                if not any(re.fullmatch(key, known) for known in keys):
                    yield _breach(source, call, f"T({ast.unparse(call.args[0])}): no such key in the catalogue")


def template_keys_are_known(path: PurePosixPath, text: str, keys: frozenset[str]) -> Iterator[Breach]:
    """Every `t("…")` of a page names a key that the catalogue has, and no Chinese stands beside it."""
    for number, line in enumerate(text.splitlines(), start=1):
        for key in _ASKED.findall(line):
            if key not in keys:
                yield Breach(path, number, f"{key}: no such key in the catalogue")
        if _HAN.search(line):
            yield Breach(path, number, "words on a page belong in a catalogue")


RULES: tuple[Rule, ...] = (
    only_db_commits,
    no_sentence_in_code,
    modules_are_small,
    functions_are_small,
    no_broad_except,
    no_integrity_error_caught,
    no_naive_time,
    no_patching,
    no_dodging,
)


def _keys(argument: ast.expr) -> Iterator[str]:
    """Yield patterns of the keys an expression may give; one that tells nothing gives what never matches."""
    if isinstance(argument, ast.IfExp):
        yield from _keys(argument.body)
        yield from _keys(argument.orelse)
    elif isinstance(argument, ast.Constant):
        yield re.escape(str(argument.value))
    elif isinstance(argument, ast.JoinedStr) and any(isinstance(part, ast.Constant) for part in argument.values):
        yield "".join(re.escape(str(v.value)) if isinstance(v, ast.Constant) else ".+" for v in argument.values)
    else:
        yield "(?!)"


def _calls(source: Source) -> Iterator[ast.Call]:
    return (node for node in source.nodes if isinstance(node, ast.Call))


def _handlers(source: Source) -> Iterator[ast.ExceptHandler]:
    return (node for node in source.nodes if isinstance(node, ast.ExceptHandler))


def _names(node: ast.AST) -> Iterator[str]:
    """Yield the plain and the dotted names in an expression."""
    for part in ast.walk(node):
        if isinstance(part, ast.Name):
            yield part.id
        elif isinstance(part, ast.Attribute):
            yield part.attr


def _docstrings(source: Source) -> Iterator[ast.Constant]:
    for node in source.nodes:
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and node.body:
            first = node.body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                yield first.value


def _breach(source: Source, node: ast.AST, how: str) -> Breach:
    return Breach(source.path, getattr(node, "lineno", 0), how)
