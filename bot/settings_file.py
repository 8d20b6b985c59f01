"""Reading settings from a TOML file, the environment and files of secrets, with what came from where."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, time
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

PREFIX = "OWNERLINE_"
FOREIGN = ("OWNERLINE_TEST_",)  # the tests' own
FROM_FILE = "_file"
LONGEST_SHOWN = 60

Model: TypeAlias = type[BaseModel]


class SettingsError(Exception):
    """Settings that can't be used; the message is one line: where, what was found, what is allowed."""

    def __init__(self, where: str, found: str, allowed: str) -> None:
        """Put the line together."""
        super().__init__(f"{where}: {found}; allowed: {allowed}")


@dataclass(frozen=True, slots=True)
class Value:
    """A value, and where it came from."""

    value: Any
    origin: str
    from_file: bool


class Found:
    """All values found, by section and key."""

    def __init__(self, model: Model, file: str) -> None:
        """Start empty; the file's name is for those keys that nobody set."""
        self._model = model
        self._file = file
        self._values: dict[tuple[str, str], Value] = {}

    def put(self, section: str, key: str, value: Value) -> None:
        """Remember a value; a later one takes its place."""
        self._values[section, key] = value

    def get(self, section: str, key: str) -> Value | None:
        """Return the value, if anybody set one."""
        return self._values.get((section, key))

    def values(self) -> dict[str, dict[str, Any]]:
        """Return the values as the model takes them."""
        nested: dict[str, dict[str, Any]] = {}
        for (section, key), value in self._values.items():
            nested.setdefault(section, {})[key] = value.value
        return nested

    def origin(self, section: str, key: str) -> str:
        """Say where the value came from: the file and key, or the variable."""
        value = self.get(section, key)
        return value.origin if value else f"{self._file}: {section}.{key}"

    def from_file(self, section: str, key: str) -> bool:
        """Tell whether the value stands in the settings file itself."""
        value = self.get(section, key)
        return value is not None and value.from_file

    def shown(self, section: str, key: str) -> str:
        """Show the value, shortened."""
        value = self.get(section, key)
        return _shown(value.value) if value else "nothing"

    def allowed(self, section: str, key: str) -> str:
        """Say what the key takes."""
        return _allowed(fields_of(self._model, section)[key])


def gather(model: Model, path: Path | None, environ: Mapping[str, str]) -> Found:
    """Read the file, then the environment over it, then the files that secrets are kept in."""
    found = Found(model, str(path) if path else "settings")
    for section, key, value in _entries(model, path):
        found.put(section, key, value)
    for section, key, value in _variables(model, environ):
        found.put(section, key, value)
    for section, key in _secrets(model):
        _read_secret(found, section, key)
    return found


def fields_of(model: Model, section: str) -> dict[str, FieldInfo]:
    """Return the keys of a section."""
    annotation = model.model_fields[section].annotation
    assert isinstance(annotation, type)  # noqa: S101 - every section is a model
    assert issubclass(annotation, BaseModel)  # noqa: S101
    return annotation.model_fields


def is_secret(field: FieldInfo) -> bool:
    """Tell whether the key holds a secret."""
    return field.annotation is SecretStr


def _entries(model: Model, path: Path | None) -> Iterator[tuple[str, str, Value]]:
    for section, table in (_toml(path) if path else {}).items():
        if section not in model.model_fields:
            raise SettingsError(f"{path}: {_name(section)}", "unknown section", _names(model.model_fields))
        if not isinstance(table, dict):
            raise SettingsError(f"{path}: {section}", f"found {_shown(table)}", f"a section [{section}]")
        fields = fields_of(model, section)
        for key, value in table.items():
            where = f"{path}: {section}.{_name(key)}"
            if key not in fields:
                raise SettingsError(where, "unknown key", _names(_writable(fields)))
            _check(where, fields, section, key, value)
            yield section, key, Value(value, where, from_file=True)


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except FileNotFoundError:
        raise SettingsError(str(path), "found no such file", "a settings file in TOML") from None
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise SettingsError(str(path), f"found a file that can't be read ({why})", "a readable one") from None
    except UnicodeDecodeError:
        raise SettingsError(str(path), "found bytes that are not text", "TOML in UTF-8") from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        why = " ".join(str(error).split())
        raise SettingsError(str(path), f"found broken TOML ({why})", "TOML 1.0") from None


def _check(where: str, fields: Mapping[str, FieldInfo], section: str, key: str, value: object) -> None:
    field = fields[key]
    if is_secret(field):
        allowed = f"{_variable(section, key)}, or {section}.{key}{FROM_FILE} naming a file"
        raise SettingsError(where, "found a secret in the settings file", allowed)
    if not _fits(field.annotation, value):
        raise SettingsError(where, f"found {_shown(value)}", _allowed(field))


def _variables(model: Model, environ: Mapping[str, str]) -> Iterator[tuple[str, str, Value]]:
    for name, value in sorted(environ.items()):
        if not name.startswith(PREFIX) or name.startswith(FOREIGN):
            continue
        section, _, key = name.removeprefix(PREFIX).lower().partition("__")
        if section not in model.model_fields:
            allowed = f"OWNERLINE_<SECTION>__<KEY> with a section of {_names(model.model_fields)}"
            raise SettingsError(_name(name), "unknown variable", allowed)
        fields = fields_of(model, section)
        if key not in fields:
            names = _names(_variable(section, known) for known in fields)
            raise SettingsError(_name(name), "unknown variable", names)
        if value or not is_secret(fields[key]):
            yield section, key, Value(value, name, from_file=False)


def _variable(section: str, key: str) -> str:
    return f"{PREFIX}{section}__{key}".upper()


def _secrets(model: Model) -> list[tuple[str, str]]:
    return [
        (section, key)
        for section in model.model_fields
        for key, field in fields_of(model, section).items()
        if is_secret(field)
    ]


def _read_secret(found: Found, section: str, key: str) -> None:
    """Take the secret from its file, unless the environment gave it or the file is still to be made."""
    named = found.get(section, key + FROM_FILE)
    if found.get(section, key) or named is None or not named.value:
        return
    place = Path(named.value)
    if (section, key) == ("web", "secret") and not place.exists():
        return
    try:
        text = place.read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        text = ""
    if not text:
        raise SettingsError(named.origin, f"found no secret in {_shown(named.value)}", "a file with one")
    found.put(section, key, Value(text, named.origin, from_file=False))


def _fits(annotation: Any, value: object) -> bool:  # noqa: ANN401 - a type
    """Tell whether a value of TOML is of the key's type, without guessing: "8080" is no number."""
    if get_origin(annotation) is Literal:
        return isinstance(value, str) and value in get_args(annotation)
    takes: dict[Any, tuple[type, ...]] = {
        bool: (bool,),
        int: (int,),
        float: (int, float),
        str: (str,),
        time: (time, str),
        tuple[date, ...]: (list, str),
        tuple[int, ...]: (list, str),
    }
    return isinstance(value, takes[annotation]) and (annotation is bool or not isinstance(value, bool))


def _allowed(field: FieldInfo) -> str:
    if field.description:
        return field.description
    if get_origin(field.annotation) is Literal:
        return "one of " + ", ".join(f'"{choice}"' for choice in get_args(field.annotation))
    if field.annotation is int or field.annotation is float:
        kind = "a whole number" if field.annotation is int else "a number"
        return kind + _bounds(field)
    known: dict[Any, str] = {
        bool: "true or false",
        time: "a time of day such as 08:30:00",
        SecretStr: "a secret",
    }
    return known.get(field.annotation, "a text in quotes")


def _bounds(field: FieldInfo) -> str:
    least = next((mark.ge for mark in field.metadata if hasattr(mark, "ge")), None)
    most = next((mark.le for mark in field.metadata if hasattr(mark, "le")), None)
    if least is None:
        return ""
    return f" of at least {least}" if most is None else f" from {least} to {most}"


def _writable(fields: Mapping[str, FieldInfo]) -> Iterator[str]:
    return (key for key, field in fields.items() if not is_secret(field))


def _names(names: Any) -> str:  # noqa: ANN401 - anything with names in it
    return ", ".join(names)


def _name(name: str) -> str:
    """Show a name that somebody made up: short, and on one line."""
    return name if name.isidentifier() and len(name) <= LONGEST_SHOWN else _shown(name)


def _shown(value: object) -> str:
    text = repr(value) if not isinstance(value, time) else f"{value:%H:%M:%S}"
    return text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + "…"
