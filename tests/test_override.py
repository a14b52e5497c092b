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
    replaced = (django_settings.BASE_DIR / "static/css/components/message.css").read_text()
    ours = assets.joined()
    theirs = tmp_path / "css" / "components" / "message.css"
    theirs.parent.mkdir(parents=True)
    theirs.write_text("/* the owner's messages */")

    joined = assets.joined()

    assert "/* the owner's messages */" in joined
    assert replaced in ours
    assert replaced not in joined


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
