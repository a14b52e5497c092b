import pytest

from chat import naming


def names(text):
    return [f"{name.sign}{name.text}" for name in naming.find(text)]


@pytest.mark.parametrize(
    ("text", "found"),
    (
        ("@ada", ["@ada"]),
        ("hi @Ada, (@bob) and @carl.", ["@ada", "@bob", "@carl"]),
        ("@ada's, “@bob”; @carl!", ["@ada", "@bob", "@carl"]),
        ("@a.b-c_d...", ["@a.b-c_d"]),
        ("@ＡＤＡ @Zoë @王芳 @अदा", ["@ada", "@zoë", "@王芳", "@अदा"]),
        ("#kitchen, #Room-2.", ["#kitchen", "#room-2"]),
        (":tada: :+1:", [":tada", ":+1"]),
        ("ada@example.org x.org/@ada x.org/#room C#sharp ##ada @@ada", []),
        ("@ada@example.org", []),
        ("@ @. @-a # : :: 10:30:45 a:b:c", []),
        ("@" + "a" * 97, []),
    ),
)
def test_a_name_begins_at_its_sign_and_ends_with_a_letter_or_a_digit(text, found):
    assert names(text) == found


def test_of_very_many_names_only_the_first_hundred_are_looked_up():
    asked = naming.asked(" ".join(f"@p{number} #r{number}" for number in range(1500)))

    assert len(asked.people) == len(asked.rooms) == naming.MAX_NAMES


def test_a_choice_stands_for_each_name_that_was_typed_so_and_for_nothing_else():
    text = "@ad and @ada, :ta and @AD. ad@ad.org"

    assert naming.choose(text, {"@ad": "@adam"}) == "@adam and @ada, :ta and @adam. ad@ad.org"
    assert naming.choose(text, {}) == text


@pytest.mark.parametrize(
    ("text", "word"),
    (
        ("hello @ad", "@ad"),
        ("@", "@"),
        ("hi (@Zo", "@Zo"),
        ("hello :ta", ":ta"),
        ("a\n@a.b", "@a.b"),
        ("hello @ad ", ""),
        ("hello", ""),
        ("", ""),
        ("ada@example", ""),
        ("10:30", ""),
        ("see #kit", "#kit"),
        ("in C#", ""),
        ("# Title", ""),
        ("@ada, ", ""),
        ("x" * 200 + " @ad", "@ad"),
        ("x" * 200 + "@ad", ""),
    ),
)
def test_what_is_typed_last_may_begin_a_name(text, word):
    assert naming.last_word(text) == word
