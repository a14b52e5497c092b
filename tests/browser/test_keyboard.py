"""The page by the keyboard alone."""

import re

import pytest
from playwright.sync_api import expect


def write_link(window):
    return window.page.get_by_role("link", name="Write a message")


@pytest.mark.parametrize("path", ("/rooms/room-2/", "/rooms/room-2/?plain=1"))
def test_from_the_top_of_the_page_the_box_is_a_few_keys_away(path, windows):
    window = windows.person("member1").go(path)
    if "plain" not in path:
        window.wait_until_live()
    expect(window.composer).to_be_focused()  # by itself, and after that no more
    window.page.get_by_role("link", name="Skip to the main part").focus()
    window.page.keyboard.press("Tab")
    expect(write_link(window)).to_be_focused()
    window.page.keyboard.press("Enter")
    window.page.keyboard.press("Tab")
    expect(window.composer).to_be_focused()

    window.page.keyboard.type(f"By the keyboard to {path}\n")

    if "plain" in path:
        window.page.wait_for_url("**#said-*", wait_until="commit")
        window.streams(f"By the keyboard to {path}")
    else:
        window.sees(f"By the keyboard to {path}")


def test_where_there_is_no_box_there_is_no_way_to_it(windows):
    window = windows.person("member1").go_live("room-3")
    expect(write_link(window)).to_have_count(1)
    other = window.tab().go("/rooms/room-3/settings/")
    other.page.get_by_role("button", name="Archive").click()

    expect(window.page.locator(".room-state[data-archived]")).to_have_count(1)
    expect(write_link(window)).to_have_count(0)
    other.go("/rooms/room-3/?plain=1")
    expect(write_link(other)).to_have_count(0)
    other.go("/people/")
    expect(write_link(other)).to_have_count(0)


def press(window, element):
    element.focus()
    window.page.keyboard.press("Enter")


def more(window, text):
    message = window.page.locator("#messages > .message").filter(has_text=text)
    return message.get_by_role("link", name="More:")


def open_menu(window, text):
    """The message, when the cursor stands in its menu: not before that htmx hears of the keys."""
    press(window, more(window, text))
    message = window.page.locator("#messages > .message").filter(has_text=text)
    expect(message.locator(".menu").get_by_role("link", name="React")).to_be_focused()
    return message


def react(window, text):
    """With the picker's first emoji; returns the message, once its own answer is there too."""
    window.wait_until_answered()
    expect(window.composer).to_be_focused()  # the next box, which comes by itself
    message = open_menu(window, text)
    window.page.keyboard.press("Enter")
    expect(message.get_by_role("searchbox")).to_be_focused()
    press(window, message.locator(".picker .emoji").first)
    expect(message.locator(".reaction")).to_have_count(1)  # by the socket
    expect(more(window, text)).to_be_focused()  # the answer: it would take the focus along later
    return message


def test_who_reacts_by_the_keyboard_stays_at_the_message(windows):
    window = windows.person("member1").go_live("room-2")
    window.say("Shall we dig?")
    window.sees("Shall we dig?")

    react(window, "Shall we dig?")

    expect(more(window, "Shall we dig?")).to_be_focused()


@pytest.mark.parametrize("is_slow", (False, True))
def test_who_takes_a_reaction_back_stays_at_the_message(windows, is_slow):
    window = windows.person("member1").go_live("room-2")
    window.say(f"Shall we swim, {is_slow}?")
    message = react(window, f"Shall we swim, {is_slow}?")
    chip = message.locator(".reaction")
    if is_slow:  # the socket takes the button away before its own answer is there

        def hold(route):
            answer = route.fetch()
            expect(chip).to_have_count(0)
            route.fulfill(response=answer)

        window.page.route("**/reactions/", hold)

    press(window, chip)

    expect(chip).to_have_count(0)
    expect(more(window, f"Shall we swim, {is_slow}?")).to_be_focused()


def test_a_reaction_leaves_an_open_form_as_it_is(windows):
    window = windows.person("member1").go_live("room-2")
    window.say("Or swim?")
    window.sees("Or swim?")
    message = react(window, "Or swim?")
    open_menu(window, "Or swim?")
    press(window, message.get_by_role("link", name="Edit"))
    expect(message.locator("textarea")).to_be_focused()
    message.locator("textarea").fill("Or swim, both")

    press(window, message.locator(".reaction"))

    expect(message.locator(".reaction")).to_have_count(0)
    expect(message.locator("textarea")).to_have_value("Or swim, both")


def test_older_messages_come_without_losing_the_cursor(windows):
    window = windows.person("member1").go_live("general")
    link = window.page.locator("#older-link")
    before = window.page.locator(".scroller .message").count()

    # Out of view: once it comes into view, it asks by itself, and is another one for a moment.
    link.evaluate("element => element.focus({ preventScroll: true })")
    window.page.keyboard.press("Enter")

    expect(window.page.locator(".scroller .message")).not_to_have_count(before)
    expect(link).to_be_focused()


@pytest.mark.usefixtures("all_is_read")
@pytest.mark.parametrize("line", ("kitchen", "Inbox"))
def test_who_stands_on_a_line_of_the_sidebar_stays_there_when_it_changes(line, windows):
    window = windows.person("member1").go_live("general")
    link = window.page.locator("#rooms").get_by_role("link", name=line)
    expect(link.locator("[data-mentions]")).to_have_count(0)
    link.focus()

    windows.person("member2").go_live("room-2").say(f"@member1 look, {line}")

    expect(link.locator("[data-mentions]")).to_have_count(1)
    expect(link).to_be_focused()
    window.page.keyboard.press("Enter")
    window.page.wait_for_url(re.compile("/rooms/room-2/|/inbox/"))
