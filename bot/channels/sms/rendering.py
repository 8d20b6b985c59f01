"""A letter as one text message: who writes, the words, numbered choices, the number to call."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from bot.channels.port import Letter
from bot.channels.sms.gateway import Caps
from bot.channels.sms.segments import is_gsm, segments
from services.messages import Choice, Say, T
from services.phones import digits

_LONGEST_LINE = 24  # choices in one line up to this; longer ones take a line each


def render(letter: Letter, caps: Caps) -> str:
    """Return the text, cut to the parts that the gateway carries; empty when there is nothing to say.

    Words go first, then choices, then the signature; the number to call stays.
    """
    reader, texts = letter.reader, letter.texts
    words = texts.say(letter.say.text, reader).strip()
    choices = [f"{number} {texts.say(choice.label, reader)}" for number, choice in numbered(letter.say)]
    if not words and not choices:
        return ""
    head = f"【{letter.signature}】" if letter.signature and caps.needs_signature else ""
    tail = "".join(f"\n{line}" for line in (_in_lines(choices), _call(letter, words)) if line)
    phone = f"\n{letter.phone}" if letter.phone else ""
    return (
        _shortened(head, words, tail, caps)
        or _shortened(head, words + tail, phone, caps)
        or _shortened("", words + tail, phone, caps)
    )


def numbered(say: Say) -> list[tuple[str, Choice]]:
    """Number the choices in reading order from 1; one that has a digit of its own keeps it. Links get none."""
    choices = [choice for choice in chain.from_iterable(say.choices) if choice.tap]
    taken = {choice.digit for choice in choices}
    free = (str(number) for number in range(1, 2 * len(choices) + 1) if str(number) not in taken)
    return [(choice.digit or next(free), choice) for choice in choices]


def _in_lines(choices: Sequence[str]) -> str:
    line = " ".join(choices)
    return line if len(line) <= _LONGEST_LINE else "\n".join(choices)


def _call(letter: Letter, words: str) -> str:
    if not letter.phone or digits(letter.phone) in digits(words):
        return ""
    return letter.texts.say(T("phone.line", phone=letter.phone), letter.reader)


def _is_within(text: str, caps: Caps) -> bool:
    return len(segments(text, caps.count_rule)) <= caps.max_parts


def _shortened(head: str, words: str, tail: str, caps: Caps) -> str:
    """Return the text with as many of the words as fit; empty when not even the rest fits."""
    if _is_within(head + words + tail, caps):
        return head + words + tail
    ellipsis = "..." if is_gsm(head + words + tail) else "…"
    low, high = 0, len(words)
    if not _is_within(head + ellipsis + tail, caps):
        return ""
    while low < high:
        middle = (low + high + 1) // 2
        if _is_within(head + words[:middle] + ellipsis + tail, caps):
            low = middle
        else:
            high = middle - 1
    return head + words[:low].rstrip() + ellipsis + tail
