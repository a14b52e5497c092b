import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat import colours
from chat.markup import MAX_BODY_CHARACTERS, InvalidBody, Named, clean_body, render, words_of
from tests.harmless import (
    Reader,
    assert_harmless,
    assert_stays_in_its_place,
    markdown_texts,
    shown,
)


@pytest.mark.parametrize(
    ("text", "html"),
    (
        ("one\ntwo", "<p>one<br>\ntwo</p>"),
        ("**b** *i* _i_ ~~s~~", "<p><strong>b</strong> <em>i</em> <em>i</em> <s>s</s></p>"),
        ("`a < b`", "<p><code>a &lt; b</code></p>"),
        ("> said", "<blockquote>\n<p>said</p>\n</blockquote>"),
        ("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>"),
        ("7. a", '<ol start="7">\n<li>a</li>\n</ol>'),
        ("```\n  a\n```", "<pre><code>  a\n</code></pre>"),
        ("```c++\na\n```", '<pre><code class="language-c++">a\n</code></pre>'),
        ("¯\\_(ツ)_/¯", "<p>¯_(ツ)_/¯</p>"),
    ),
)
def test_markdown_becomes_html(text, html):
    assert shown(text) == html


@pytest.mark.parametrize(
    ("text", "address", "label"),
    (
        ("[a](https://b.org/c)", "https://b.org/c", "a"),
        ("<https://b.org>", "https://b.org", "https://b.org"),
        ("see https://b.org/_x_y_.", "https://b.org/_x_y_", "https://b.org/_x_y_"),
        ("HTTP://B.ORG", "HTTP://B.ORG", "HTTP://B.ORG"),
        ("[a](mailto:a@b.org)", "mailto:a@b.org", "a"),
        ("ada@b.org", "mailto:ada@b.org", "ada@b.org"),
        ("![cat](https://b.org/cat.png)", "https://b.org/cat.png", "cat"),
        ("http://xn--80ak6aa92e.com", "http://xn--80ak6aa92e.com", "http://xn--80ak6aa92e.com"),
    ),
)
def test_addresses_become_links_that_tell_nothing_to_their_target(text, address, label):
    link = f'<a href="{address}" rel="noopener noreferrer nofollow">{label}</a>'
    assert link in shown(text)


@pytest.mark.parametrize(
    "text",
    (
        "[x](javascript:alert(1))",
        "[x](jav&#9;ascript:alert(1))",
        "[x](data:text/html,hi)",
        "[x](//evil.org)",
        "//evil.org",
        "[x](/logout)",
        "[x](logout)",
        "[x](#composer)",
        "[x](ftp://a.org)",
        "<javascript:alert(1)>",
        "manage.py and user.name",
        "example.org",
        "[a]: /logout",
        "# todo",
        "***",
        "a\n---\nb",
        "&lt;b&gt; &amp;",
        "a | b\n--|--",
    ),
)
def test_what_is_not_our_markdown_is_shown_as_typed(text):
    reader = assert_harmless(shown(text))
    assert reader.text.split() == text.split()
    assert {element for element, _attributes in reader.elements} <= {"p", "br", "pre"}


@pytest.mark.parametrize(
    "text",
    (
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        '<p hx-get="/logout" hx-trigger="load">',
        '<p data-hx-post="/logout">',
        '<i hx-swap-oob="true" id="composer">',
        '</li></ol><div id="composer">',
        '<div ws-connect="/ws/chat/">',
        '<p hx-on:click="alert(1)">',
        '<a id="x" name="body">',
        '<p style="position:fixed">',
        '<p class="composer">',
        "<template><b>",
        "<!-- x",
        "<head><base href=//evil>",
        "<svg><style><b title='</style><img src=x onerror=alert(1)>'>",
        "</pre></code></div>",
        "<?php x ?>",
        "<![CDATA[x]]>",
    ),
)
@pytest.mark.parametrize("around", ("{}", "> {}", "- {}", "**{}**", "`{}`", "```html\n{}\n```"))
def test_html_is_shown_as_text(text, around):
    html = shown(around.format(text))
    assert assert_harmless(html).text.split() == text.split()
    assert_stays_in_its_place(html)


@pytest.mark.parametrize(
    "info", ('python onerror="x"', 'a"b', "<b>", "x" * 25, "{.id #x}", "py'thon", "a&quot;b")
)
def test_a_fence_takes_only_the_name_of_a_language(info):
    reader = assert_harmless(shown(f"```{info}\ncode\n```"))
    assert reader.elements == [("pre", {}), ("code", {})]
    assert reader.text == f"{info}\ncode\n"


def test_code_gets_classes_and_keeps_its_text():
    code = '\n  def f():\n    return "<b>"  # é\n\n'
    html = shown(f"```python\n{code}```")
    assert '<span class="k">def</span>' in html
    assert assert_harmless(html).text == code


@pytest.mark.parametrize("language", sorted(colours.LANGUAGES))
def test_every_language_is_known_to_pygments(language):
    assert colours.Colours().paint("x = 1\n", language) is not None


@pytest.mark.parametrize("code", ("x = " + "1+" * 100 + "1", "x\n" + "\n" * 5 + "y"))
def test_code_unlike_code_stays_without_colours(code):
    html = shown(f"```java\n{code}\n```")
    assert "<span" not in html
    assert 'class="language-java"' in html


def test_colours_stop_when_their_time_is_spent(monkeypatch):
    monkeypatch.setattr(colours, "BUDGET_SECONDS", 0)
    assert colours.Colours().paint("x = 1\n", "python") is None


def test_code_too_large_with_colours_comes_without():
    code = "\n".join(["1+" * 90] * 50)
    html = shown(f"```python\n{code}\n```")
    assert "<span" not in html
    assert assert_harmless(html).text.strip() == code


@pytest.mark.parametrize("text", (">", "-", "- - -", "1.", "[](http://a.b)", "```\n```", "> > >"))
def test_markdown_without_anything_to_see_is_shown_as_typed(text):
    html = shown(text)
    assert html.startswith('<pre class="plain">')
    assert Reader(html).text == text


@pytest.mark.parametrize("step", ("> ", "- ", "1. "))
def test_what_is_nested_too_deeply_is_shown_whole(step):
    text = "".join(step * depth + f"at {depth}\n" for depth in range(1, 30))
    assert "at 29" in Reader(shown(clean_body(text))).text


@pytest.mark.parametrize(
    "piece",
    (
        *["[", "[a", "[ a_", "![[]()", "*a **a", "> ", ">", "- ", "* a\n", "`", "*", "_a ", "~~a"],
        *[
            "<a",
            "&a",
            '"',
            "\u00a0",
            "http://[",
            "http://a ",
            "a@b.co ",
            "://[",
            "<http://a> ",
            "é",
        ],
        *[
            "[a](http://(",
            "mailto:",
            "界",
            "a\u0301",
            "\u200da",
            "a👩",
            "1+",
            "\\",
            "**a*",
            "a\n\n",
        ],
    ),
)
def test_hostile_repetition_is_bounded_and_loses_nothing(piece):
    text = (piece * MAX_BODY_CHARACTERS)[: MAX_BODY_CHARACTERS - 2] + " z"
    reader = assert_harmless(shown(clean_body(text)))
    assert reader.text.split()[-1] == "z"


def test_a_backtick_ladder_is_shown_whole():
    text = "".join("e" + "`" * rung for rung in range(1, 139))
    assert assert_harmless(shown(text)).text.count("e") == 138


@given((markdown_texts | st.text(max_size=300)).map(str.strip))
def test_any_text_leaves_only_harmless_html_in_its_place(text):
    html = shown(text)
    assert_harmless(html)
    assert_stays_in_its_place(html)


@given(st.text("ab*_~>-+[]!#|<&\\'\"= \n", max_size=80))
def test_every_letter_that_was_typed_is_shown(text):
    assert re.sub("[^ab]", "", Reader(shown(text)).text) == re.sub("[^ab]", "", text)


@given(st.text() | markdown_texts)
def test_a_clean_body_is_clean_and_can_be_shown(text):
    try:
        body = clean_body(text)
    except InvalidBody:
        return
    assert clean_body(body) == body
    assert_harmless(shown(body))


def test_bodies_are_stored_with_plain_newlines_and_no_space_around():
    assert clean_body(" \r\n a\r\nb\rc\td \n\n") == "a\nb\nc\td"


@pytest.mark.parametrize(
    "text",
    ("", " \n\t", "\u200b\u200d\ufeff", "\u3164", "\u2800\ufe0f", "\u00a0\u2003", "\u202e\u2066"),
)
def test_bodies_need_something_to_see(text):
    with pytest.raises(InvalidBody, match="Write something first"):
        clean_body(text)


@pytest.mark.parametrize("character", ("\0", "\x08", "\x0b", "\x0c", "\x1b", "\x7f", "\ud800"))
@pytest.mark.parametrize("around", ("a{}b", "a{}", "{}"))
def test_bodies_hold_no_control_characters_and_no_half_characters(character, around):
    with pytest.raises(InvalidBody, match="can’t be stored"):
        clean_body(around.format(character))


def test_bodies_have_ten_thousand_characters_at_most():
    assert clean_body("x" * 10_000 + "\n")
    with pytest.raises(InvalidBody, match="too long"):
        clean_body("x" * 10_001)


def test_ten_thousand_characters_of_any_living_script_are_taken():
    assert clean_body("界" * 10_000)
    assert clean_body("😀" * 8_000)


def test_a_text_that_fits_in_no_form_is_refused_before_it_is_stored():
    for text in ("😀" * 8_200, "&" * 6_600, "<" * 8_200):
        with pytest.raises(InvalidBody, match="too long"):
            clean_body(text)
        with pytest.raises(InvalidBody, match="too long"):
            render(text)


# --- Names ---------------------------------------------------------------------------------

NAMED = Named(
    people={"ada": "7", "zoë": "9", "room": "room", "here": "here"}, rooms=frozenset({"kitchen"})
)
ADA = '<span class="mention" data-person="7">@ada</span>'
KITCHEN = (
    '<a class="room-link" href="/rooms/kitchen/" rel="noopener noreferrer nofollow">#kitchen</a>'
)


def named(text: str) -> str:
    return str(render(text, NAMED).html)


@pytest.mark.parametrize(
    ("text", "html"),
    (
        ("hi @Ada.", f"<p>hi {ADA}.</p>"),
        ("(@ada), @ada's", f"<p>({ADA}), {ADA}'s</p>"),
        ("**@ada** _@ada_", f"<p><strong>{ADA}</strong> <em>{ADA}</em></p>"),
        ("@ＡＤＡ", f"<p>{ADA}</p>"),
        ("@ZOË", '<p><span class="mention" data-person="9">@zoë</span></p>'),
        ("> @ada", f"<blockquote>\n<p>{ADA}</p>\n</blockquote>"),
        ("@room", '<p><span class="mention" data-person="room">@room</span></p>'),
        ("@here", '<p><span class="mention" data-person="here">@here</span></p>'),
        ("#Kitchen!", f"<p>{KITCHEN}!</p>"),
        ("@bob #cellar", "<p>@bob #cellar</p>"),
        ("`@ada #kitchen :tada:`", "<p><code>@ada #kitchen :tada:</code></p>"),
        ("```\n@ada #kitchen\n```", "<pre><code>@ada #kitchen\n</code></pre>"),
        (r"\@ada", "<p>@ada</p>"),
        ("x.org/@ada x.org/#kitchen", "<p>x.org/@ada x.org/#kitchen</p>"),
        (":tada: 10:30:45 :nothing:", "<p>🎉 10:30:45 :nothing:</p>"),
        ("# kitchen", "<p># kitchen</p>"),
    ),
)
def test_names_in_prose_are_shown_as_what_they_stand_for(text, html):
    assert named(text) == html


@pytest.mark.parametrize(
    ("text", "words"),
    (
        ("**bold**, _not_ ~~so~~", "bold, not so"),
        ("one\ntwo\n\n- three\n- four", "one two three four"),
        ("```python\ndef croak():\n    pass\n```", "def croak(): pass"),
        ("[a link](https://example.org) @ada #kitchen", "a link @ada #kitchen"),
        ("> said\n\n1 < 2 &amp; 3 <b>", "said 1 < 2 &amp; 3 <b>"),
        ("a\nlone\n" + "> " * 25 + "x", "a lone " + "> " * 25 + "x"),
    ),
)
def test_the_words_of_a_text_are_what_one_reads(text, words):
    assert words_of(named(text)) == words


@pytest.mark.parametrize(
    "text",
    (
        "ada@ada",
        "https://example.org/#kitchen https://example.org/@ada",
        "[@ada #kitchen](https://example.org)",
        "<https://example.org/@ada>",
        "mailto:a@ada",
    ),
)
def test_an_address_names_nobody(text):
    assert "mention" not in named(text)
    assert "room-link" not in named(text)


def test_what_a_text_names_is_what_its_prose_names():
    assert render("@ada @nobody `@code`", NAMED).names == {"ada", "nobody"}
    assert render("> " * 25 + "@ada", NAMED).names == set()  # shown as typed: nobody is named


@pytest.mark.parametrize(
    "value", ('7" onclick="x', "7 8", "", "everybody", "-7", "7" * 20, "<b>", "room ")
)
def test_whatever_a_name_is_said_to_stand_for_only_a_key_is_shown(value):
    html = str(render("@ada", Named(people={"ada": value})).html)

    assert "data-person" not in html
    assert_harmless(html)


@pytest.mark.parametrize("slug", ("x/../../logout", 'x" onclick="y', "x y", "Ü", ""))
def test_no_slug_leads_out_of_the_rooms(slug):
    html = str(render(f"#{slug}", Named(rooms=frozenset({slug}))).html)

    assert 'href="' not in html


def test_nobody_types_a_mention_in_html():
    html = named('<span class="mention" data-person="7">@eve</span> [x](/rooms/kitchen/)')

    assert "<span" not in html.replace(ADA, "")
    assert "<a" not in html


@given(markdown_texts)
def test_a_text_full_of_names_is_as_harmless(text):
    html = named(text.replace("a", "@ada ").replace("b", " #kitchen "))

    assert_harmless(html)
