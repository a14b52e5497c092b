"""Promise 1 through a dead server: what is stored is shown, once, in order."""

from signal import SIGKILL, SIGTERM

import pytest
from playwright.sync_api import expect

from tests.browser.windows import GONE


@pytest.mark.parametrize("signal", (SIGTERM, SIGKILL))
def test_every_page_holds_every_message_once_in_order_after_a_restart(site, windows, signal):
    windows.allow(*GONE)
    first, second = windows.person("member1").go_live(), windows.person("member2").go_live()
    third = windows.person("member3", java_script_enabled=False).go()
    before = f"before {signal.name}"
    first.say(before)
    second.sees(before)
    third.streams(before)
    first.wait_until_answered()

    missed = [f"missed {signal.name} {number}" for number in range(1, 8)]
    site.stop(signal)
    site.post(*missed)
    site.start()

    first.sees(before, *missed)
    second.sees(before, *missed)
    third.go()
    third.streams(before, *missed)
    after = f"after {signal.name}"
    first.say(after)
    first.sees(before, *missed, after)
    second.sees(before, *missed, after)
    third.streams(before, *missed, after)
    assert len(first.open_sockets) == len(second.open_sockets) == 1


def test_what_a_second_process_posts_arrives_without_a_doorbell(site, windows):
    window = windows.person("member1").go_live("room-2")
    site.post("from another process", author="member2", room="room-2")
    window.sees("from another process")


def test_who_missed_more_than_500_gets_the_newest_page_instead(site, windows):
    windows.allow(*GONE)
    window = windows.person("member1").go_live("room-3")
    window.say("soon far away")
    window.sees("soon far away")
    window.wait_until_answered()

    site.stop()
    site.post(*(f"of many {number}" for number in range(510)), author="member2", room="room-3")
    site.start()

    page = [f"of many {number}" for number in range(460, 510)]
    window.sees(*page)
    assert window.bodies() == page
    expect(window.page.locator("#history > *")).to_have_count(0)
    window.say("and on")
    window.sees(*page, "and on")
    # Seen on the way to it, the link asks by itself, and so may the one of the page that comes.
    window.page.locator(".scroller").evaluate("element => element.scrollTop = -1e6")
    expect(window.page.locator("#history > .message").nth(49)).to_be_attached()
    older = window.page.locator("#history .message-body").all_inner_texts()
    assert older == [f"of many {number}" for number in range(460 - len(older), 460)]
