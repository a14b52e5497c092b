import pytest

from chat import emojis


@pytest.mark.parametrize("text", ("👍", "❤️", "❤", "👍🏽", "🏳️‍🌈", "🇨🇭", "1️⃣"))
def test_an_emoji_is_one(text):
    assert emojis.qualified(text)


def test_an_emoji_has_one_form_however_it_is_typed():
    assert emojis.qualified("❤") == emojis.qualified("❤️") == "❤️"


@pytest.mark.parametrize(
    "text",
    ("", "a", "1", "👍👍", "👍 ", ":tada:", "\ufe0f", "🏽", "\u200d", "<b>", "👍" * 40, "\0"),
)
def test_what_is_no_single_emoji_is_none(text):
    assert emojis.qualified(text) is None


def test_the_common_ones_are_emoji_and_none_comes_twice():
    assert [emojis.qualified(each) for each in emojis.COMMON] == list(emojis.COMMON)
    assert len(set(emojis.COMMON)) == len(emojis.COMMON)


def test_a_search_finds_by_words_and_by_the_names_that_people_know():
    assert ("tada", "🎉") in emojis.find("tad", 5)
    assert emojis.find("thumbs up", 5)[0][1] == "👍"
    assert emojis.find("+1", 1) == [("+1", "👍")]
    assert len(emojis.find("face", 7)) == 7
    assert emojis.find("  ", 5) == emojis.find("no such thing", 5) == []


def test_skin_tones_are_found_where_they_are_asked_for():
    assert all("skin tone" not in emojis.name_of(each) for _name, each in emojis.find("wave", 20))
    assert "👋🏿" in [each for _name, each in emojis.find("waving dark skin", 5)]


def test_a_name_leads_to_its_emoji():
    assert emojis.named("tada") == "🎉"
    assert emojis.named("THUMBSUP") == "👍"
    assert emojis.named("nothing_of_the_kind") is None
    assert emojis.name_of("👍") == "thumbs up"
