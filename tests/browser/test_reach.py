"""The page as a screen reader tells it, under a thumb, and at four times its size."""

import pytest
from playwright.sync_api import expect

REACTS = """
from chat.actions.changes import toggle_reaction
alice, said = Person.objects.get(username="member1"), Message.objects.latest("pk")
toggle_reaction(person=alice, message=said, emoji="🐸")
"""
SMALL = """
from chat.actions.changes import edit_message, toggle_reaction
alice, room = Person.objects.get(username="member1"), Room.objects.get(slug="room-3")
say("The pump hums", "member1", "room-3")
said = Message.objects.latest("pk")
more = {"author": alice, "room": room, "nonce": secrets.token_urlsafe(16)}
post_message(body="The pump howls", reply_to=said.pk, **more)
said = Message.objects.latest("pk")
edit_message(editor=alice, message=said, body="It howls")
toggle_reaction(person=alice, message=said, emoji="🐸")
"""
FINGERTIP = 44  # CSS pixels
LINE = 24
WEIGHT = "(element) => getComputedStyle(element).fontWeight"


def told(window, text):
    """What is read out of the message that says this."""
    return window.page.locator("#messages > .message").filter(has_text=text).aria_snapshot()


def test_a_message_that_continues_another_says_who_speaks(windows):
    bob = windows.person("member2").go_live("room-2")
    alice = windows.person("member1").go_live("room-2")
    bob.say("The liner is here")
    bob.say("It is heavy")
    alice.sees("The liner is here", "It is heavy")
    name = alice.page.locator(".message-author").last.inner_text()

    message = alice.page.locator("#messages > .message").last
    assert message.get_attribute("data-continues") is not None
    assert name in told(alice, "It is heavy").split("It is heavy")[0]
    # Once for each, and no more ways to go past than before.
    assert told(alice, "The liner is here").split("The liner is here")[0].count(name) == 1
    assert message.locator(".message-author").is_hidden()


def test_ones_own_reaction_is_told_apart_without_colours(site, windows):
    bob = windows.person("member2").go_live("room-2")
    alice = windows.person("member1").go_live("room-2")
    bob.say("Who comes along?")
    alice.sees("Who comes along?")
    site.shell(REACTS)

    hers = alice.page.locator("#messages > .message").last.locator(".reaction")
    his = bob.page.locator("#messages > .message").last.locator(".reaction")
    expect(hers).to_have_count(1)
    expect(his).to_have_count(1)
    assert "You reacted." in hers.aria_snapshot()
    assert "You reacted." not in his.aria_snapshot()
    weights = [each.locator(".reaction-count").evaluate(WEIGHT) for each in (hers, his)]
    assert weights == ["700", "400"]


def test_what_is_small_at_a_message_fits_under_a_thumb(site, windows):
    site.shell(SMALL)
    window = windows.person("member1", has_touch=True, is_mobile=True).go_live("room-3")
    message = window.page.locator("#messages > .message").last

    for name in (".reaction", ".message-edited", ".quote > a"):
        box = message.locator(name).bounding_box()
        assert min(box["width"], box["height"]) >= FINGERTIP, name


@pytest.mark.parametrize("path", ("/rooms/room-2/", "/rooms/room-2/?plain=1"))
def test_at_four_times_its_size_a_page_still_shows_several_lines(path, windows):
    """1280 by 1024 at 400 %."""
    window = windows.person("member1", viewport={"width": 320, "height": 256}).go(path)
    shown = window.page.locator("iframe.stream" if "plain" in path else ".room > .scroller")

    expect(window.composer).to_be_in_viewport(ratio=1)
    assert shown.bounding_box()["height"] >= 5 * LINE
    assert window.page.evaluate("document.documentElement.scrollWidth") == 320


def test_at_four_times_its_size_the_sidebar_scrolls_as_one(windows):
    window = windows.person("member1", viewport={"width": 320, "height": 256}).go()
    window.page.get_by_role("button", name="Rooms").click()

    last = window.page.locator(".sidebar-self")
    last.scroll_into_view_if_needed()
    expect(last).to_be_in_viewport(ratio=1)
    expect(window.page.locator(".sidebar-close")).not_to_be_in_viewport()
