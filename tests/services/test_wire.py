"""What goes into the outbox as JSON comes out the same."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services import wire
from services.messages import Cents, Choice, Keyboard, Lines, Say, Style, T, When
from services.sqltypes import frozen

WORDS = st.text(max_size=20)
MOMENTS = st.builds(
    lambda seconds: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds), st.integers(0, 10**8)
)
PLAIN = st.one_of(WORDS, st.integers(-(2**31), 2**31), st.booleans(), st.none())
PARAMS = st.one_of(PLAIN, st.builds(When, MOMENTS, st.sampled_from(Style)), st.builds(Cents, st.integers(0, 10**9)))
NAMES = st.sampled_from(["name", "number", "by", "count"])
LEAVES = st.builds(lambda key, params: T(key, **params), WORDS, st.dictionaries(NAMES, PARAMS, max_size=3))


def _grown(texts: st.SearchStrategy[T | Lines]) -> st.SearchStrategy[T | Lines]:
    nested = st.builds(lambda key, inner: T(key, inner=inner), WORDS, texts)
    parts = st.lists(st.one_of(st.none(), texts), max_size=3).map(tuple)
    return st.one_of(nested, st.builds(Lines, parts, st.sampled_from(["\n", " ", ","])))


TEXTS = st.recursive(LEAVES, _grown, max_leaves=6)
CHOICES = st.builds(Choice, LEAVES, WORDS, WORDS, st.sampled_from(["", "0", "5"]))
SAYS = st.builds(
    Say,
    TEXTS,
    st.lists(st.lists(CHOICES, min_size=1, max_size=3).map(tuple), max_size=3).map(tuple),
    st.sampled_from([None, *Keyboard]),
    st.lists(st.integers(1, 10**6), max_size=3).map(tuple),
)


@settings(max_examples=60)
@given(SAYS)
def test_a_say_comes_back_from_json_as_it_went(say: Say) -> None:
    stored = frozen(orjson.loads(orjson.dumps(wire.pack_say(say))))
    assert wire.read_say(stored) == say


def test_what_is_no_text_is_refused() -> None:
    with pytest.raises(TypeError, match="not a text"):
        wire.read_text("just words")
    with pytest.raises(TypeError, match="not a label"):
        wire.read_label({"lines": [], "by": "\n"})


def test_texts_are_equal_when_they_say_the_same() -> None:
    assert T("a", name="x") == T("a", name="x")
    assert T("a", name="x") != T("a", name="y")
    assert T("a") != "a"
    assert len({T("a", name="x"), T("a", name="x")}) == 1
    assert "name" in repr(T("a", name="x"))
