"""The word files: joined, compiled, and free of slips."""

from __future__ import annotations

from services.catalog import load
from services.understanding import vocabulary
from services.understanding.danger import Danger
from services.understanding.intents import Intent
from services.understanding.lexicon import MASK, Word, build


def test_lists_of_all_languages_are_joined() -> None:
    assert vocabulary.joined({"a": [1], "b": {"c": [2]}, "d": 1}, {"a": [3], "b": {"c": [4]}, "d": 2}) == {
        "a": [1, 3],
        "b": {"c": [2, 4]},
        "d": 2,
    }


def test_every_intent_and_danger_of_the_files_is_known() -> None:
    words = vocabulary.shipped().words
    assert {*words["intents"], *words["whole"]} <= {str(intent) for intent in Intent}
    assert set(words["danger"]) == {str(kind) for kind in Danger}


def test_every_category_of_the_files_is_in_the_catalogue() -> None:
    words = vocabulary.shipped()
    categories = set(load().categories)
    assert set(words.words["category_intents"]) <= categories
    assert {*words.words["intent_category"].values(), *words.words["danger_category"].values()} <= categories
    assert {*words.list("placeless", "categories"), *words.list("usual_scope", "unit")} <= categories
    assert set(words.list("usual_scope", "public")) <= categories


def test_an_absent_list_is_empty() -> None:
    assert vocabulary.shipped().list("no", "such", "list") == ()


def test_groups_stand_for_their_words() -> None:
    assert vocabulary.spread(["{a}b{a}"], {"a": ["1", "2"]}) == ("1b1", "1b2", "2b1", "2b2")


def found(words: list[Word], text: str) -> list[str]:
    """Name the labels found in a text."""
    return [hit.label for hit in build(words, {}, str).hits(text)]


def test_a_word_inside_a_longer_one_does_not_count() -> None:
    assert found([Word("gas", "gas"), Word("gas bill", "bill")], "my gas bill") == ["bill"]


def test_a_latin_word_is_only_found_whole() -> None:
    assert found([Word("rat", "rat")], "the rating of a rat") == ["rat"]


def test_a_mask_hides_what_it_cuts() -> None:
    words = [Word("smoke from", "smoke"), Word("cigarette smoke", MASK)]
    assert found(words, "cigarette smoke from next door") == []


def test_parts_must_follow_each_other_in_one_sentence() -> None:
    words = [Word("lift…stuck", "trapped")]
    assert found(words, "the lift is stuck") == ["trapped"]
    assert found(words, "the lift works. i am stuck") == []
    assert found(words, "stuck in the lift") == []


def test_what_is_close_to_a_mask_but_outside_it_counts() -> None:
    words = [Word("a…b", "pair"), Word("bc", MASK)]
    assert found(words, "a bc") == []
    assert found(words, "a b") == ["pair"]
