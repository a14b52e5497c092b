"""Editing in place, in two tabs at once."""

from playwright.sync_api import expect


def edits(window, text):
    """Opens the box of the newest message and types, without saving."""
    message = window.page.locator("#messages > .message").last
    message.hover()
    message.get_by_role("link", name="More").click()
    # Not before that htmx hears of a click in it.
    expect(message.locator(".menu").get_by_role("link", name="React")).to_be_focused()
    message.get_by_role("link", name="Edit").click()
    box = message.locator("textarea")
    expect(box).to_be_focused()
    box.fill(text)
    return message, box


def test_who_saves_over_a_newer_edit_sees_it_first_and_decides(windows):
    windows.allow("409", "htmx:responseError")
    one = windows.person("member1").go_live("room-2")
    one.say("as it was")
    one.sees("as it was")
    two = one.tab().go_live("room-2")
    message, box = edits(one, "typed in one tab")
    other, other_box = edits(two, "typed in the other")
    other.get_by_role("button", name="Save").click()
    expect(other_box).to_have_count(0)
    one.sees("typed in the other")

    message.get_by_role("button", name="Save").click()

    told = message.get_by_role("alert")
    expect(told).to_contain_text("edited after you had opened it")
    expect(told.locator(".newer-text")).to_have_text("typed in the other")
    expect(box).to_have_value("typed in one tab")
    two.sees("typed in the other")

    message.get_by_role("button", name="Save").click()
    two.sees("typed in one tab")
    expect(box).to_have_count(0)


def test_without_scripts_the_page_that_refuses_shows_both(windows):
    window = windows.person("member1").go_live("room-3")
    window.say("as it was")
    window.sees("as it was")
    address = window.page.locator(".message-time").last.get_attribute("href") + "edit/?plain=1"
    windows.allow("409")
    one, two = (window.tab().go(address) for _ in range(2))
    for tab, text in ((one, "the first"), (two, "the second")):
        tab.page.locator("[name=body]").fill(text)
        tab.page.get_by_role("button", name="Save").click()

    expect(two.page.locator(".newer-text")).to_have_text("the first")
    expect(two.page.get_by_label("What you typed")).to_have_value("the second")
    two.page.get_by_role("button", name="Send it again").click()
    window.sees("the second")
