"""Who is here and who types, as two people see it."""

import time

from playwright.sync_api import expect

from chat.hub.typing import THROTTLE_SECONDS
from tests.browser.windows import wait


def test_typing_is_shown_to_the_other_and_goes_with_the_message(windows):
    hers = windows.person("member1").go_live("room-2")
    his = windows.person("member2").go_live("room-2")
    typing = his.page.locator("#typing")
    expect(typing).to_be_empty()

    begun = time.monotonic()
    hers.composer.first.press_sequentially("half a secret")

    expect(typing).to_contain_text("is typing…")
    expect(hers.page.locator("#typing")).to_be_empty()
    sent = [frame for socket in hers.sockets for frame in socket.sent if "typing" in frame]
    assert 1 <= len(sent) <= 1 + (time.monotonic() - begun) / THROTTLE_SECONDS
    assert not any("secret" in frame for frame in sent)

    hers.page.keyboard.press("Enter")
    his.sees("half a secret")
    expect(typing).to_be_empty()

    # The box that was swapped in is listened to as well; and what is never sent goes by itself.
    wait(hers, lambda: hers.composer.first.input_value() == "")
    hers.page.wait_for_timeout(3000)  # the throttle
    hers.page.keyboard.type("given up")
    expect(typing).to_contain_text("is typing…")
    expect(typing).to_be_empty()


def test_a_room_shows_who_is_here_live_and_after_a_reload(windows):
    hers = windows.person("member1").go_live("room-2")
    his = windows.person("member2").go_live("room-2")

    for window in (hers, his):  # and no more is to come
        expect(window.page.locator("#presence")).to_contain_text("2 here: ")
    shown = "() => document.querySelector('#presence').outerHTML"
    wait(hers, lambda: hers.page.evaluate(shown) == his.page.evaluate(shown))
    reloaded = hers.tab().go_live("room-2")
    assert reloaded.page.evaluate(shown) == hers.page.evaluate(shown)


def test_who_is_here_needs_no_script(windows):
    windows.person("member2").go_live("room-2")
    plain = windows.person("member1", java_script_enabled=False)
    for _time in range(20):
        plain.page.goto("/rooms/room-2/?plain=1", wait_until="commit")
        if "here: " in plain.page.locator("#presence").inner_text():
            return
        plain.page.wait_for_timeout(1000)
    raise AssertionError("nobody was shown")
