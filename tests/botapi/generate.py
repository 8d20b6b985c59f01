"""Boil the full description of the Bot API down to what this stand-in checks.

Usage: `python -m tests.botapi.generate api.json` rewrites `methods.json`.

Shape of the result: `methods` maps a method to its parameters, `types` maps an object
to its fields, `subtypes` an abstract object to its forms. A parameter or field is
`[types, required]`; a type written `=photo` is that one literal string.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

from tests.botapi.shapes import DESCRIPTION, Json

SUPPORTED = [
    "getMe",
    "logOut",
    "close",
    "getUpdates",
    "setWebhook",
    "deleteWebhook",
    "getWebhookInfo",
    "setMyCommands",
    "getMyCommands",
    "deleteMyCommands",
    "setChatMenuButton",
    "sendMessage",
    "sendPhoto",
    "sendVoice",
    "sendDocument",
    "sendMediaGroup",
    "sendLocation",
    "sendContact",
    "sendChatAction",
    "editMessageText",
    "editMessageCaption",
    "editMessageReplyMarkup",
    "deleteMessage",
    "pinChatMessage",
    "answerCallbackQuery",
    "getFile",
    "getChat",
    "getChatMember",
    "getChatAdministrators",
    "leaveChat",
    "createForumTopic",
    "editForumTopic",
    "closeForumTopic",
]
_LITERAL = re.compile(r"must be (\w+)$")


def condense(api: Json) -> Json:
    """Return the compact description of the supported methods and of every type they reach."""
    methods = {name: _fields(api["methods"][name]) for name in SUPPORTED}
    types: dict[str, Any] = {}
    subtypes: dict[str, list[str]] = {}
    waiting = [kind for fields in methods.values() for kinds, _ in fields.values() for kind in kinds]
    while waiting:
        name = waiting.pop().replace("Array of ", "")
        described = api["types"].get(name)
        if described is None or name in types or name in subtypes or name == "InputFile":
            continue
        if forms := described.get("subtypes"):
            subtypes[name] = forms
            waiting += forms
        else:
            types[name] = _fields(described)
            waiting += [kind for kinds, _ in types[name].values() for kind in kinds]
    return {
        "version": api["version"],
        "known": sorted(api["methods"]),
        "methods": methods,
        "subtypes": subtypes,
        "types": dict(sorted(types.items())),
    }


def _fields(described: Json) -> Json:
    return {field["name"]: [_kinds(field), field["required"]] for field in described.get("fields") or []}


def _kinds(field: Json) -> list[str]:
    literal = _LITERAL.search(field["description"].rstrip("."))
    if field["name"] == "type" and literal is not None:
        return [f"={literal.group(1)}"]
    return list(field["types"])


def write(compact: Json, path: Path) -> None:
    """Write the description with one line for each method and type, so that a change reads well."""
    lines = []
    for section, content in compact.items():
        if isinstance(content, dict):
            rows = ",\n".join(f"    {json.dumps(name)}: {json.dumps(value)}" for name, value in content.items())
            lines.append(f"  {json.dumps(section)}: {{\n{rows}\n  }}")
        else:
            lines.append(f"  {json.dumps(section)}: {json.dumps(content)}")
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    write(condense(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))), DESCRIPTION)
