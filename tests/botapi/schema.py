"""Check the parameters of a call against the description of the Bot API."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TypeAlias

import orjson

from tests.botapi.shapes import DESCRIPTION, Json, Upload, wrong

# A reader returns the value in its Python form or raises MisfitError; `loose` means that the
# value came from a form, where every value is a string.
Reader: TypeAlias = Callable[[object, bool], object]

_WHOLE = re.compile(r"[+-]?\d{1,19}")
_TRUTH = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
_ATTACHED = "attach://"


class MisfitError(Exception):
    """A value is not of the type that the description asks for."""


@dataclass(frozen=True, slots=True)
class Form:
    """The parameters of one method or the fields of one object."""

    readers: Mapping[str, Reader]
    required: tuple[str, ...]


@dataclass(slots=True)
class Schema:
    """The described methods, compiled to readers."""

    known: frozenset[str]
    methods: dict[str, Form] = field(default_factory=dict)

    def read(self, method: str, given: Json, uploads: Mapping[str, Upload], *, loose: bool) -> Json:
        """Return the parameters as Python values, or refuse the call."""
        form = self.methods[method]
        read: Json = {}
        for name, value in given.items():
            reader = form.readers.get(name)
            if reader is None:
                raise wrong(f'unknown parameter "{name}" of {method}')
            try:
                read[name] = reader(value, loose)
            except MisfitError as misfit:
                raise wrong(f'parameter "{name}" of {method} {misfit}') from None
        if uploads:
            _join_uploads(method, form, read, uploads)
        for name in form.required:
            if name not in read:
                raise wrong(f'parameter "{name}" of {method} is required')
        return read


def load() -> Schema:
    """Read the committed description and compile it."""
    described = json.loads(DESCRIPTION.read_text(encoding="utf-8"))
    forms: dict[str, Form] = {}
    compiler = _Compiler(described["types"], described["subtypes"], forms)
    schema = Schema(known=frozenset(described["known"]))
    for name, parameters in described["methods"].items():
        schema.methods[name] = compiler.form(parameters)
    return schema


def _join_uploads(method: str, form: Form, read: Json, uploads: Mapping[str, Upload]) -> None:
    for name, upload in uploads.items():
        link = _ATTACHED + name
        holders = [key for key, value in read.items() if value == link]
        if name in form.readers and name not in read:
            read[name] = upload
        elif holders:
            for key in holders:
                read[key] = upload
        elif link not in repr(read.get("media")):
            raise wrong(f'file "{name}" of {method} belongs to no parameter')


@dataclass(frozen=True, slots=True)
class _Compiler:
    types: Json
    subtypes: Json
    forms: dict[str, Form]

    def form(self, fields: Json) -> Form:
        readers = {name: self.reader(kinds) for name, (kinds, _) in fields.items()}
        return Form(readers, tuple(name for name, (_, required) in fields.items() if required))

    def reader(self, kinds: list[str]) -> Reader:
        simple = {
            "Integer": _integer,
            "String": _string,
            "Boolean": _boolean,
            "Float": _number,
            "InputFile": _file,
        }
        if all(kind.startswith("Array of ") for kind in kinds):
            return partial(_array, self.reader([kind.removeprefix("Array of ") for kind in kinds]))
        if len(kinds) > 1:
            return partial(_either, [(kind, self.reader([kind])) for kind in kinds])
        kind = kinds[0]
        if kind.startswith("="):
            return partial(_literal, kind[1:])
        if kind in self.subtypes:
            return self.reader(self.subtypes[kind])
        if kind == "KeyboardButton":
            return partial(_keyboard_button, partial(_object, self, kind))
        return simple.get(kind) or partial(_object, self, kind)

    def object_form(self, kind: str) -> Form:
        # compiled when first met, because types refer to one another in circles
        if kind not in self.forms:
            self.forms[kind] = self.form(self.types[kind])
        return self.forms[kind]


def _integer(value: object, loose: bool) -> object:
    if type(value) is int:
        return value
    if loose and isinstance(value, str) and _WHOLE.fullmatch(value):
        return int(value)
    raise MisfitError("must be an Integer")


def _string(value: object, _loose: bool) -> object:
    if isinstance(value, str):
        return value
    raise MisfitError("must be a String")


def _boolean(value: object, loose: bool) -> object:
    if isinstance(value, bool):
        return value
    if loose and isinstance(value, str) and value.lower() in _TRUTH:
        return _TRUTH[value.lower()]
    raise MisfitError("must be a Boolean")


def _number(value: object, loose: bool) -> object:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if loose and isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            pass
    raise MisfitError("must be a Float")


def _file(value: object, loose: bool) -> object:
    if isinstance(value, Upload) or (loose and isinstance(value, str) and value.startswith(_ATTACHED)):
        return value
    raise MisfitError("must be a file sent along as multipart/form-data")


def _literal(wanted: str, value: object, _loose: bool) -> object:
    if value == wanted:
        return value
    raise MisfitError(f'must be "{wanted}"')


def _unpacked(value: object, kind: str) -> object:
    if not isinstance(value, str):
        return value
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        raise MisfitError(f"must be a JSON-serialized {kind}") from None


def _array(inner: Reader, value: object, _loose: bool) -> object:
    items = _unpacked(value, "array")
    if not isinstance(items, list):
        raise MisfitError("must be an Array")
    return [inner(item, False) for item in items]


def _object(compiler: _Compiler, kind: str, value: object, _loose: bool) -> object:
    given = _unpacked(value, kind)
    if not isinstance(given, dict):
        raise MisfitError(f"must be a {kind}")
    form = compiler.object_form(kind)
    read: Json = {}
    for name, item in given.items():
        reader = form.readers.get(name)
        if reader is None:
            raise MisfitError(f'has an unknown field "{name}" in {kind}')
        try:
            read[name] = reader(item, False)
        except MisfitError as misfit:
            raise MisfitError(f"in {kind}.{name} {misfit}") from None
    for name in form.required:
        if name not in read:
            raise MisfitError(f'lacks the field "{name}" of {kind}')
    return read


def _keyboard_button(inner: Reader, value: object, loose: bool) -> object:
    return {"text": value} if isinstance(value, str) else inner(value, loose)


def _either(choices: list[tuple[str, Reader]], value: object, loose: bool) -> object:
    reasons = []
    for kind, reader in choices:
        try:
            return reader(value, loose)
        except MisfitError as misfit:
            reasons.append(f"{kind}: {misfit}")
    raise MisfitError("fits none of its types (" + "; ".join(reasons) + ")")
