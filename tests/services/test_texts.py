"""Sentences for keys: in the reader's language, for his channel, with his words escaped and his moments near."""

from __future__ import annotations

import re
import string
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services import languages
from services import texts as texts_module
from services.messages import Cents, Channel, Style, T, When, joined, lines, plain, window_end
from services.texts import LOCALES, NOTHING, Reader, Texts, UnknownTextError
from services.understanding.normalise import simplifier

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 4, 12, 1, 0, tzinfo=UTC)

HOME = Path(texts_module.__file__).with_name("locale")


@pytest.fixture(scope="module")
def texts() -> Texts:
    return Texts.load()


def reader(locale: str = "zh_Hans", channel: Channel = Channel.TELEGRAM) -> Reader:
    return Reader(locale, ZONE, NOW, channel)


def test_a_text_is_said_in_the_readers_language(texts: Texts) -> None:
    said = [texts.say(T("word.yes"), reader(locale)) for locale in LOCALES]
    assert len(set(said)) >= 2
    assert texts.all_labels(T("word.yes")) == set(said)


def test_a_text_message_has_its_shorter_variant_and_falls_back_to_the_other(texts: Texts) -> None:
    assert texts.say(T("repair.yes"), reader(channel=Channel.SMS)) == "对"
    assert texts.say(T("repair.yes"), reader()) == "没错，报上去"
    assert texts.say(T("word.yes"), reader(channel=Channel.SMS)) == texts.say(T("word.yes"), reader())


def test_a_sentence_that_says_nothing_on_a_channel_takes_no_line() -> None:
    sentences = {locale: {("", "a"): "一", ("", "b"): "二", ("sms", "b"): NOTHING} for locale in LOCALES}
    texts = Texts(sentences)
    said = lines(T("a"), None, T("b"), joined([T("b"), T("a")], "·"))
    assert texts.say(said, reader(channel=Channel.SMS)) == "一\n一"
    assert texts.say(said, reader()) == "一\n二\n二·一"
    assert texts.say(None, reader()) == ""


def test_plurals_go_by_the_count() -> None:
    texts = Texts(
        {locale: {("", "k"): ("{count} photo", "{count} photos"), ("", "one"): ("{count}张",)} for locale in LOCALES}
    )
    assert texts.say(T("k", count=1), reader("en")) == "1 photo"
    assert texts.say(T("k", count=3), reader("en")) == "3 photos"
    assert texts.say(T("one", count=3), reader()) == "3张"


@given(words=st.text(alphabet=string.printable + "漏水<>&{}", max_size=40))
def test_a_persons_words_never_become_markup(texts: Texts, words: str) -> None:
    marked = texts.say(T("mine.added", number=words), reader())
    assert "<" not in marked.replace("&lt;", "")
    assert (
        words in texts.say(plain(words), Reader("zh_Hans", ZONE, NOW, Channel.CONSOLE))
        or "<b>" in words
        or "</b>" in words
    )


def test_bold_shows_where_the_channel_marks_up_and_goes_elsewhere(texts: Texts) -> None:
    assert texts.say(T("notices.title", title="停水 <3栋>"), reader()) == "<b>【停水 &lt;3栋&gt;】</b>"
    assert texts.say(T("notices.title", title="停水"), reader(channel=Channel.SMS)) == "【停水】"


@pytest.mark.parametrize(
    ("hours", "style", "said"),
    [
        (0, Style.NEAR, "今天09:00"),
        (24, Style.NEAR, "明天09:00"),
        (-24, Style.NEAR, "昨天09:00"),
        (48, Style.NEAR, "4月14日09:00"),
        (0, Style.CLOCK, "09:00"),
        (0, Style.DAY, "4月12日"),
        (0, Style.FULL, "4月12日09:00"),
        (15, Style.NEAR, "明天00:00"),
    ],
)
def test_moments_are_said_as_seen_from_now(texts: Texts, hours: int, style: Style, said: str) -> None:
    assert texts.say(T("plain", words=When(NOW + timedelta(hours=hours), style)), reader()) == said


def test_the_end_of_a_window_on_the_same_day_is_a_clock(texts: Texts) -> None:
    end = window_end(NOW, NOW + timedelta(hours=3))
    assert texts.say(T("plain", words=end), reader()) == "12:00"
    later = window_end(NOW, NOW + timedelta(hours=30))
    assert texts.say(T("plain", words=later), reader()) == "明天15:00"


def test_money_has_two_digits_and_thousands(texts: Texts) -> None:
    assert texts.say(T("plain", words=Cents(123456705)), reader()) == "1,234,567.05"


def test_an_unknown_key_is_our_mistake(texts: Texts) -> None:
    with pytest.raises(UnknownTextError):
        texts.say(T("no.such.key"), reader())


def test_every_refusal_has_its_sentence_in_every_language(texts: Texts) -> None:
    import handlers.registry  # noqa: PLC0415 - every module that refuses is loaded with it
    from services.refusals import Refused  # noqa: PLC0415

    assert handlers.registry.FORMS
    found, waiting = set[str](), [Refused]
    while waiting:
        refusal = waiting.pop()
        waiting += refusal.__subclasses__()
        if refusal.__module__.partition(".")[0] in {"services", "handlers"}:
            found.add(refusal.key)
    assert len(found) > 12
    for locale in LOCALES:
        assert {key for key in found if ("", key) not in texts._sentences[locale]} == set()


@pytest.mark.parametrize(
    ("code", "locale"),
    [("zh-hans", "zh_Hans"), ("zh-CN", "zh_Hans"), ("zh_TW", "zh_Hant"), ("zh-HK", "zh_Hant"), ("en-GB", "en"), ("fr", "zh_Hans"), ("", "zh_Hans")],
)  # fmt: skip
def test_a_channels_language_code_names_one_of_ours(code: str, locale: str) -> None:
    assert Texts.locale_of(code) == locale


@pytest.mark.parametrize(
    ("words", "locale"),
    [("厨房漏水", "zh_Hans"), ("廚房漏水", "zh_Hant"), ("my sink is leaking", "en"), ("ok", None), ("123 👍", None), ("WiFi", None), ("AB4CD7EF GH6JK9LM", None)],
)  # fmt: skip
def test_words_show_their_language_or_do_not_tell(words: str, locale: str | None) -> None:
    assert languages.written(words, simplify=simplifier()) == locale


def test_a_reader_of_traditional_signs_keeps_them_when_a_sentence_does_not_tell() -> None:
    assert languages.settle("zh_Hant", shown="zh_Hans", told=None, default="en") == "zh_Hant"
    assert languages.settle("en", shown="zh_Hans", told=None, default="en") == "zh_Hans"
    assert languages.settle("", shown=None, told="en", default="zh_Hans") == "en"
    assert languages.settle("", shown=None, told=None, default="zh_Hans") == "zh_Hans"


def test_catalogues_are_read_from_a_folder(tmp_path: Path) -> None:
    for locale in LOCALES:
        folder = tmp_path / locale / "LC_MESSAGES"
        folder.mkdir(parents=True)
        (folder / "ownerline.po").write_text(
            'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\nmsgid "a"\nmsgstr "甲"\n',
            encoding="utf-8",
        )
    assert Texts.load(tmp_path).keys() == {"a"}


@pytest.mark.parametrize("locale", LOCALES)
def test_a_catalogue_says_nothing_twice(locale: str) -> None:
    page = (HOME / locale / "LC_MESSAGES" / "ownerline.po").read_text(encoding="utf-8")
    said = re.findall(r'^(msgctxt "\w+"\n)?msgid "([^"]+)"', page, re.MULTILINE)
    assert [key for key, count in Counter(said).items() if count > 1] == []
