"""What is unread: in the sidebar and the title of every open page, live."""

import re
import time

import pytest
from playwright.sync_api import expect

from tests.browser.windows import GONE, wait

pytestmark = pytest.mark.usefixtures("all_is_read")


def line_of(window, room):
    return window.page.locator(f"#rooms a[href^='/rooms/{room}/']")


def is_unread(window, room):
    expect(line_of(window, room).locator("[data-unread]")).to_have_count(1)


def is_read(window, room):
    expect(line_of(window, room)).to_have_count(1)
    expect(line_of(window, room).locator("[data-unread]")).to_have_count(0)


def test_a_message_elsewhere_marks_its_room_in_every_open_page(windows):
    room = windows.person("member1").go_live("room-2")
    people = room.tab().go("/people/")
    people.wait_until_live()
    is_read(room, "room-3")
    other = windows.person("member2").go_live("room-3")
    other.say("who has seen this?")
    for window in (room, people):
        is_unread(window, "room-3")
        expect(window.page).to_have_title(re.compile(r"^\(1\) "))
    is_read(other, "room-3")

    opened = room.tab().go_live("room-3")
    for window in (room, people, opened):
        is_read(window, "room-3")
        expect(window.page).to_have_title(re.compile(r"^[^(]"))


def test_who_looks_at_the_room_has_read_it_and_their_other_tab_knows(windows):
    looking = windows.person("member1").go_live("room-2")
    elsewhere = looking.tab().go_live("room-3")
    looking.page.bring_to_front()
    other = windows.person("member2").go_live("room-2")
    start = time.monotonic()
    for number in range(5):
        other.say(f"look {number}")
    looking.sees(*(f"look {number}" for number in range(5)))
    wait(looking, lambda: pointer(looking) == newest(looking))
    is_read(elsewhere, "room-2")
    # Few frames for many messages: one at once, then at most one each two seconds.
    assert len(reads(looking)) <= 3 + (time.monotonic() - start) / 2


def test_who_reads_back_has_not_read_what_comes_below(windows):
    window = windows.person("member1").go_live("room-2")
    # The second report, two seconds after the end was last seen, names what is there by then.
    wait(window, lambda: len(reads(window)) == 2)
    scroller = window.page.locator(".scroller")
    scroller.evaluate("element => element.scrollTop = -1500")
    other = windows.person("member2").go_live("room-2")
    other.say("below the fold")
    expect(window.page.locator("#messages > .message").last).to_contain_text("below the fold")
    is_unread(window, "room-2")
    scroller.evaluate("element => element.scrollTop = -1e6")  # older ones come into view
    expect(window.page.locator("#history > .message").first).to_be_attached()
    is_unread(window, "room-2")
    scroller.evaluate("element => element.scrollTop = 0")
    is_read(window, "room-2")


def test_a_post_says_up_to_where_its_page_shows_the_room(windows):
    window = windows.person("member1").go_live("room-2")
    windows.person("member2").go_live("room-2").say("is there anybody?")
    window.sees("is there anybody?")
    shown = newest(window)

    with window.page.expect_request("**/rooms/room-2/messages/") as sent:
        window.say("I am")

    assert f"seq={shown}" in sent.value.post_data.split("&")


def test_without_javascript_the_stream_reads(windows):
    reader = windows.person("member3", java_script_enabled=False).go("/rooms/room-2/")
    reader.streams(windows.person("member1").go_live("room-2").bodies()[-1])
    page = windows.person("member3").go("/people/")
    page.wait_until_live()
    other = windows.person("member2").go_live("room-2")
    other.say("streamed")
    reader.streams("streamed")
    get = page.page.context.request.get
    wait(page, lambda: "data-unread" not in get("/people/").text())
    is_read(page, "room-2")


def test_after_a_restart_the_sidebar_is_right(site, windows):
    windows.allow(*GONE)
    window = windows.person("member1").go_live("room-2")
    site.stop()
    site.post("missed elsewhere", author="member2", room="room-3")
    site.start()
    is_unread(window, "room-3")
    expect(window.page).to_have_title(re.compile(r"^\(1\) "))


def pointer(window):
    """How far this page has said that it has been read."""
    return int(re.search(r'"seq":"(\d+)"', sent[-1])[1]) if (sent := reads(window)) else 0


def reads(window):
    return [frame for frame in window.sockets[-1].sent if '"type":"read"' in frame]


def newest(window):
    return int(window.page.locator("#cursor [name=seq]").input_value())
