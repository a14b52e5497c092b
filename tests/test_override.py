"""The owner's templates and styles come before ours, in pages and in pushes alike."""

import pytest
from django.conf import settings as django_settings

from chat import assets, fragments
from chat.actions.messages import post_message
from chat.fragments import Kind
from chat.hub import log

MESSAGE = '<li id="message-{{ message.pk }}" data-owner>{{ message.author.name }} croaks</li>'

# docs/theming.md names them.
FIXED_POINTS = (
    *("live", "messages", "cursor", "composer", "act", "connection", "rooms"),
    *("typing", "presence"),
)


@pytest.mark.django_db
def test_a_message_template_of_the_owners_shows_in_the_page_and_in_the_push(
    bob, lobby, sign_in, overrides
):
    overrides("chat/fragments/message.html", MESSAGE)
    message = post_message(author=bob, room=lobby, body="Hello", nonce="nonce-of-bob")
    theirs = f'<li id="message-{message.pk}" data-owner>Bob croaks</li>'

    page = sign_in(bob).get("/rooms/general/").content.decode()
    [frame] = fragments.frames(log.read(lobby.pk, message.seq - 1), Kind.of(bob))

    assert theirs in page
    assert theirs in frame.text


@pytest.mark.django_db
def test_a_template_of_the_owners_that_fails_costs_its_message_and_not_the_page(
    bob, lobby, sign_in, overrides, caplog
):
    overrides("chat/fragments/message.html", "{% load nothing %}")
    post_message(author=bob, room=lobby, body="Hello", nonce="nonce-of-bob")

    page = sign_in(bob).get("/rooms/general/")

    assert page.status_code == 200
    assert "This message can't be shown." in page.content.decode()
    assert "can't be rendered" in caplog.text


def test_a_stylesheet_of_the_same_path_replaces_ours(tmp_path, settings):
    settings.STATICFILES_DIRS = [tmp_path, django_settings.BASE_DIR / "static"]
    ours = assets.joined()
    theirs = tmp_path / "css" / "components" / "message.css"
    theirs.parent.mkdir(parents=True)
    theirs.write_text(".owners { color: olive; }")

    joined = assets.joined()

    assert ".owners { color: olive; }" in joined
    assert ".message-main {" in ours
    assert ".message-main {" not in joined


@pytest.mark.parametrize(
    ("written", "served"),
    (
        (
            ".a\n  .b {\n    & :is(.c) {\n      top: 0;\n    }\n  }\n",
            ".a .b { & :is(.c) { top: 0; } } ",
        ),
        ("a /* it's */ b\n/* x\n */\n\n c", "a b c"),
        ("/* a */.b /**/ /***/ .c", "/* a */.b .c"),
        (".a/* not .a .b */.b", ".a/* not .a .b */.b"),
        (".a/* it's */{content:'b  /* c */  d'}", ".a/* it's */{content:'b  /* c */  d'}"),
        ('content: "a \\" /*  b"  ;', 'content: "a \\" /*  b" ;'),
        ("content: 'an end  \n  of none", "content: 'an end of none"),
        (r".a\"  .b\"  .c", r".a\" .b\" .c"),
        ("url(a  /*b  */)  url( 'a  b' )", "url(a  /*b  */) url( 'a  b' )"),
        ("a {}  /* without an end  ", "a {} /* without an end "),
    ),
)
def test_comments_and_indentation_are_not_served_and_nothing_else_is_lost(
    written, served, tmp_path, settings
):
    settings.STATICFILES_DIRS = [tmp_path]
    theirs = tmp_path / "css" / "tokens.css"
    theirs.parent.mkdir()
    theirs.write_text(written)

    assert assets.joined() == served


def test_the_layers_are_named_before_anything_stands_in_one():
    text = assets.joined()

    assert text.index("@layer reset, base, layout, components, utilities;") < text.index("{")


@pytest.mark.django_db
@pytest.mark.parametrize("fixed", FIXED_POINTS)
def test_a_room_has_the_ids_that_templates_are_told_to_keep(fixed, alice, sign_in):
    page = sign_in(alice).get("/rooms/general/").content.decode()

    assert page.count(f' id="{fixed}"') == 1


@pytest.mark.django_db
def test_the_stylesheets_address_tells_its_content(alice, sign_in):
    page = sign_in(alice).get("/rooms/general/").content.decode()

    assert fragments.epoch() in page
    assert "/static/natterjack." in page
    assert '/static/natterjack.css"' not in page
