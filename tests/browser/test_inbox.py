"""The new line, unread from here, and the inbox, in a browser."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.test_read import is_read, is_unread

pytestmark = pytest.mark.usefixtures("all_is_read")


def icon(window):
    return window.page.locator("#icon").get_attribute("href")


def test_the_new_begins_below_a_line_and_the_icon_tells_of_it(windows):
    window = windows.person("member1").go("/people/")
    window.wait_until_live()
    calm = icon(window)
    windows.person("member2").go_live("room-2").say("something new")
    is_unread(window, "room-2")
    expect(window.page.locator("#rooms a[href='/rooms/room-2/'] .room-count")).to_have_text(
        re.compile(r"^1\s+unread$")
    )
    expect(window.page.locator("#icon")).to_have_attribute("href", re.compile("icon-unread"))

    opened = window.tab().go_live("room-2")
    line = opened.page.locator("#messages > .new-line")
    expect(line.locator("+ .message .message-body")).to_have_text("something new")
    expect(window.page.locator("#icon")).to_have_attribute("href", calm)


def test_unread_from_here_marks_the_room_in_the_other_tab(windows):
    somebody = windows.person("member2").go_live("room-2")
    somebody.say("to be read again")
    window = windows.person("member1").go_live("room-2")
    window.sees("to be read again")
    other = window.tab().go_live("room-3")
    window.page.bring_to_front()
    message = window.page.locator("#messages > .message").last
    message.hover()
    message.locator(".message-slot").get_by_title("More").click()
    message.get_by_role("button", name="Unread from here").click()
    for page in (window, other):
        is_unread(page, "room-2")
        expect(page.page).to_have_title(re.compile(r"^\(1\) "))

    again = other.go_live("room-2")
    expect(again.page.locator("#messages > .new-line + .message")).to_be_visible()
    is_read(again, "room-2")


@pytest.mark.parametrize("scripts", (True, False))
def test_the_inbox_is_answered_in_place(windows, scripts):
    other = windows.person("member2").go_live("room-2")
    other.say(f"who answers? {scripts}")
    other.sees(f"who answers? {scripts}")
    window = windows.person("member3", java_script_enabled=scripts).go("/inbox/")
    room = window.page.locator("#room-room-2")
    expect(room.locator(".message-body")).to_have_text(f"who answers? {scripts}")

    room.locator("[name=body]").fill(f"I do {scripts}")
    room.locator("[name=body]").press("Enter")

    expect(window.page.get_by_text("You have read everything")).to_be_visible()
    assert window.page.url.endswith("/inbox/")
    other.sees(f"who answers? {scripts}", f"I do {scripts}")


def test_a_day_is_gone_to_without_javascript_too(windows):
    window = windows.person("member1", java_script_enabled=False).go("/rooms/general/")
    window.page.get_by_text("Jump to date").click()
    window.page.locator("#jump-date").fill("2000-01-01")
    window.page.get_by_role("button", name="Go").click()
    expect(window.page.get_by_text("This is the beginning.")).to_be_attached()
    assert "at=" in window.page.url
