"""Logs: nobody's number, name or words in them."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from bot import logs


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """Log into memory; afterwards logging is as it was."""
    root = logging.getLogger()
    before = root.handlers, root.level
    yield io.StringIO()
    root.handlers, root.level = before
    structlog.contextvars.clear_contextvars()
    structlog.reset_defaults()


def _line(stream: io.StringIO) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(stream.getvalue().splitlines()[-1])
    return found


def test_a_line_of_json_has_time_level_event_and_the_context(stream: io.StringIO) -> None:
    logs.configure("info", "json", stream=stream)
    structlog.contextvars.bind_contextvars(event_id="77")
    structlog.get_logger().warning("turn failed", seconds=0.5)
    line = _line(stream)
    assert line.pop("timestamp").endswith("Z")
    assert line == {"event": "turn failed", "level": "warning", "seconds": 0.5, "event_id": "77"}


@pytest.mark.parametrize(
    ("key", "value", "written"),
    [
        ("phone", "+86 138 0013 8000", "+86138****8000"),
        ("number", 13800138000, "138****8000"),
        ("to", "85291234", "852****1234"),
        ("phone", "12345", "*****"),
        ("phone", None, None),
        ("lane", "sms:main:+8613800138000", "sms:main:+86138****8000"),
        ("why", "no answer from 138-0013-8000 today", "no answer from 138****8000 today"),
        ("why", ["+4915112345678", {"e164": "13800138000"}], ["+49151****5678", {"e164": "138****8000"}]),
        ("ticket", "0412-07", "0412-07"),
        ("chat", -1001234567890, -1001234567890),
        ("name", "王女士", "王**"),
        ("requester", "", ""),
        ("person", None, None),
        ("url", "https://api.example/bot4242:AAbbCCddEEffGGhhIIjjKKll/getMe", "https://api.example/bot***/getMe"),
        ("url", "postgresql://me:hush@db/line", "postgresql://me:***@db/line"),
        ("text", "厨房漏水", "(4)"),
        ("payload", {"a": 1, "b": 2}, "(2)"),
        ("words", 7, "(1)"),
    ],
)
def test_numbers_names_and_words_are_masked(stream: io.StringIO, key: str, value: object, written: object) -> None:
    logs.configure("info", "json", stream=stream)
    structlog.get_logger().info("seen", **{key: value})
    assert _line(stream)[key] == written


def test_words_are_written_only_for_somebody_who_looks_for_a_fault(stream: io.StringIO) -> None:
    logs.configure("debug", "json", stream=stream)
    structlog.get_logger().debug("seen", text="厨房漏水, 13800138000")
    assert _line(stream)["text"] == "厨房漏水, 138****8000"


def test_lines_below_the_level_are_not_written(stream: io.StringIO) -> None:
    logs.configure("warning", "json", stream=stream)
    structlog.get_logger().info("chatter")
    logging.getLogger("library").info("chatter")
    assert not stream.getvalue()


def test_libraries_write_the_same_way(stream: io.StringIO) -> None:
    logs.configure("info", "json", stream=stream)
    logging.getLogger("library").warning("no route to %s", "+8613800138000")
    logging.getLogger("telegram.ext").info("chatter")
    line = _line(stream)
    assert (line["event"], line["level"]) == ("no route to +86138****8000", "warning")


@pytest.mark.parametrize("form", ["json", "console"])
def test_what_an_error_tells_is_masked_too(stream: io.StringIO, form: Any) -> None:
    logs.configure("info", form, stream=stream)
    error = ValueError("13800138000 is late\n[parameters: ('厨房漏水', 3)]\n(more)")
    structlog.get_logger().error("turn failed", exc_info=error)
    written = stream.getvalue()
    assert "138****8000 is late" in written
    assert "漏水" not in written
    assert "(more)" in written
