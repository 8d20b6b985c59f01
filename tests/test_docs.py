"""What the documents name is there: files, modules, commands, targets, settings, figures."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from bot.metrics import Metrics
from scripts import action_table, cli

TOP = Path(__file__).resolve().parent.parent
READMES = ("README.md", "README.zh-CN.md")
PAGES = (*READMES, "CHANGELOG.md", *sorted(f"docs/{place.name}" for place in (TOP / "docs").glob("*.md")))
ROOMS = ("services", "handlers", "bot")

_CODE = re.compile(r"```.*?\n(.*?)```|`([^`\n]+)`", re.DOTALL)
_COMMAND = re.compile(r"(?:^|/|\s)ownerline (?P<rest>[a-z][^#`\n]*)", re.MULTILINE)
_PATH = re.compile(r"(?:bot|handlers|scripts|services|tests)/[a-z0-9_/]+")
_LINK = re.compile(r"\]\((?!https?:)([^)#]+)")
_SETTING = re.compile(r"[a-z]+\.[a-z_]+")


def _text(page: str) -> str:
    return (TOP / page).read_text(encoding="utf-8")


def _spans(page: str) -> list[str]:
    """Return what stands in code on a page: blocks and spans."""
    return [block or span for block, span in _CODE.findall(_text(page))]


def _settings() -> set[str]:
    with (TOP / "config.toml").open("rb") as file:
        return {f"{section}.{key}" for section, keys in tomllib.load(file).items() for key in keys}


def _modules() -> Iterator[str]:
    for room in ROOMS:
        for place in sorted((TOP / room).rglob("*.py")):
            name = place.relative_to(TOP).with_suffix("").as_posix()
            if place.name != "__init__.py" and "/versions/" not in name:
                yield name


def _commands() -> dict[str, set[str]]:
    """Return the options of every command by its name, such as "outbox list"; of a group none."""
    found: dict[str, set[str]] = {}
    top = typer.main.get_command(cli.commands())
    for name, command in getattr(top, "commands", {}).items():
        found[name] = _options(command)
        for action, inner in getattr(command, "commands", {}).items():
            found[f"{name} {action}"] = _options(inner)
    return found


def _options(command: object) -> set[str]:
    params = getattr(command, "params", [])
    return {option for param in params for option in (*param.opts, *param.secondary_opts)} | {"--help"}


def _named(words: str, known: dict[str, set[str]]) -> Iterator[str]:
    """Yield the names that a call stands for: `outbox list|retry ID` is two commands."""
    first, *rest = words.split()
    if not any(name.startswith(f"{first} ") for name in known) or not rest or rest[0] == "…":
        yield first
        return
    yield from (f"{first} {action}" for action in rest[0].split("|"))


def test_the_page_of_actions_is_what_the_table_says() -> None:
    """Whoever changes the table runs `python -m scripts.action_table`."""
    assert _text("docs/actions.md") == action_table.page()


@pytest.mark.parametrize("page", PAGES)
def test_every_file_that_a_page_links_to_is_there(page: str) -> None:
    """Pictures among them."""
    links = _LINK.findall(_text(page))
    assert [link for link in links if not (TOP / page).parent.joinpath(link).exists()] == []


@pytest.mark.parametrize("page", PAGES)
def test_every_module_that_a_page_names_exists(page: str) -> None:
    """A path in code is a module, a folder or another file of the house."""
    named = {path.rstrip("/") for span in _spans(page) for path in _PATH.findall(span)}
    missing = [name for name in sorted(named) if not list(TOP.glob(f"{name}.*")) and not (TOP / name).exists()]
    assert missing == []


def test_every_module_has_its_line_in_the_architecture() -> None:
    """A new module gets a line in docs/architecture.md."""
    told = set(re.findall(r"^\| `([\w/]+)` \|", _text("docs/architecture.md"), re.MULTILINE))
    assert sorted(told ^ set(_modules())) == []


@pytest.mark.parametrize("page", PAGES)
def test_every_command_that_a_page_names_exists_with_its_options(page: str) -> None:
    """What one reads can be typed."""
    known, wrong = _commands(), []
    for span in _spans(page):
        for call in _COMMAND.findall(span):
            for name in _named(call, known):
                strange = set(re.findall(r"--[a-z-]+", call)) - known.get(name, set())
                if name not in known or strange:
                    wrong.append((call.strip(), name, strange))
    assert wrong == []


def test_the_pages_name_most_of_the_commands() -> None:
    """The test before would be green on pages that name none."""
    calls = " ".join(call for page in PAGES for span in _spans(page) for call in _COMMAND.findall(span))
    names = {name.split()[0] for name in _commands()}
    assert {name for name in names if name in calls.split()} >= {"serve", "demo", "chat", "migrate", "doctor", "backup"}


@pytest.mark.parametrize("page", PAGES)
def test_every_target_of_make_that_a_page_names_exists(page: str) -> None:
    """So that `make demo` and `make test` stay true."""
    targets = set(re.findall(r"^([a-z-]+):", _text("Makefile"), re.MULTILINE))
    named = {target for span in _spans(page) for target in re.findall(r"(?:^|\s)make ([a-z-]+)", span)}
    assert named <= targets


def test_every_setting_is_explained_in_operations() -> None:
    """By section and key, in its table."""
    spans = {span for span in _spans("docs/operations.md") if _SETTING.fullmatch(span)}
    assert _settings() - spans == set()


@pytest.mark.parametrize("page", PAGES)
def test_every_setting_that_a_page_names_exists(page: str) -> None:
    """Settings that were renamed are renamed everywhere."""
    known = _settings() | {"telegram.token", "telegram.webhook_secret", "web.secret", "database.password"}
    sections = {name.partition(".")[0] for name in known} - {"telegram", "work"}
    named = {span for span in _spans(page) if _SETTING.fullmatch(span) and span.partition(".")[0] in sections}
    assert named <= known


def test_every_figure_for_prometheus_is_explained_in_operations() -> None:
    """With the name that a dashboard asks for."""
    families = {family.name for family in Metrics().registry.collect()}
    told = {span.removesuffix("_total") for span in _spans("docs/operations.md") if span.startswith("ownerline_")}
    assert families == told
