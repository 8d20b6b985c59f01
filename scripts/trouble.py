"""How a command says that it can't go on."""

from __future__ import annotations


class CommandError(Exception):
    """A command that can't go on; the message is one line, the exit code is 1."""
