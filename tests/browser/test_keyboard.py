"""The page by the keyboard alone."""

import pytest
from playwright.sync_api import expect


def write_link(window):
    return window.page.get_by_role("link", name="Write a message")


@pytest.mark.parametrize("path", ("/rooms/room-2/", "/rooms/room-2/?plain=1"))
def test_from_the_top_of_the_page_the_box_is_a_few_keys_away(path, windows):
    window = windows.person("member1").go(path)
    if "plain" not in path:
        window.wait_until_live()
    window.page.get_by_role("link", name="Skip to the main part").focus()
    window.page.keyboard.press("Tab")
    expect(write_link(window)).to_be_focused()
    window.page.keyboard.press("Enter")
    window.page.keyboard.press("Tab")
    expect(window.composer).to_be_focused()

    window.page.keyboard.type("By the keyboard\n")

    if "plain" in path:
        window.streams("By the keyboard")
    else:
        window.sees("By the keyboard")


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
