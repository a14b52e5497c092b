"""Typing and sending: nothing that was typed is lost, and what went wrong stands beside its box."""

import pytest
from playwright.sync_api import expect

from tests.browser.windows import GONE, wait

SLOW_SECONDS = 0.3  # one way: 600 ms there and back
KEY_MILLISECONDS = 60


@pytest.fixture
def writer(windows, line):
    """member1 in room-2 behind a line of 600 ms, and the line."""
    window = windows.person("member1", url=line.url).go_live("room-2")
    line.delay = SLOW_SECONDS
    return window


def answer(window):
    return window.page.locator(".composer-answer:not(:empty)")


def has_sent(window, text):
    """Whether all of it is shown. Where no box was free, Enter did nothing: it is pressed again."""
    if "".join(window.bodies()).endswith(text):
        return True
    waiting = window.page.locator("[name=body]:focus")
    if not window.page.locator(".htmx-request").count() and waiting.count():
        waiting.press("Enter")
    return False


def test_typing_on_while_messages_are_under_way_loses_nothing(writer):
    words = ["one", "two", "three", "four", "five"]
    for word in words:
        # The next box takes 30 ms; a machine with much else to do more: whoever types on before
        # it is there types on in the one before.
        expect(writer.page.locator(":focus")).to_have_value("")
        writer.page.keyboard.type(f"{word}\n", delay=KEY_MILLISECONDS)
    writer.sees(*words)
    expect(writer.page.locator("[name=body]")).to_have_count(1)
    expect(writer.composer).to_be_focused()
    assert writer.composer.input_value() == ""


def test_more_messages_than_spare_boxes_lose_nothing(writer):
    words = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"]
    for word in words:
        # As above.
        expect(writer.page.locator(".composer-slot.htmx-request")).to_have_count(0)
        expect(writer.page.locator("[name=body]:focus:enabled")).to_have_count(1)
        writer.page.keyboard.type(f"{word}\n", delay=KEY_MILLISECONDS)
    wait(writer, lambda: has_sent(writer, "".join(words)))
    writer.wait_until_answered()
    expect(writer.composer).to_be_focused()
    expect(writer.composer).to_have_value("")


def test_a_post_that_cannot_reach_the_server_says_so_and_keeps_the_text(windows, line):
    windows.allow(*GONE)
    writer = windows.person("member1", url=line.url).go_live("room-3")
    writer.say("before the cut")
    writer.sees("before the cut")
    writer.wait_until_answered()
    expect(writer.composer).to_be_focused()
    line.cut()
    writer.page.keyboard.type("typed in vain")
    writer.page.keyboard.press("Enter")

    expect(answer(writer)).to_contain_text("Not sent: the server can't be reached.")
    box = writer.page.locator(".box").filter(
        has=writer.page.locator(".composer-answer:not(:empty)")
    )
    expect(box.locator("[name=body]")).to_have_value("typed in vain")

    line.heal()
    box.locator("[name=body]").press("Enter")
    writer.sees("before the cut", "typed in vain")
    expect(answer(writer)).to_have_count(0)


def test_an_answer_that_was_lost_makes_one_message(windows, line):
    windows.allow(*GONE)
    writer = windows.person("member1", url=line.url).go_live("room-3")
    reader = windows.person("member2").go_live("room-3")
    line.is_mute = True
    writer.say("stored, but who knows")
    reader.sees("stored, but who knows")
    line.cut()
    expect(answer(writer)).to_contain_text("Not sent")
    line.heal()
    again = writer.page.locator("[name=body]").filter(visible=True).first
    expect(again).to_have_value("stored, but who knows")
    again.press("Enter")
    expect(answer(writer)).to_have_count(0)
    writer.say("afterwards")
    reader.sees("stored, but who knows", "afterwards")
    assert reader.bodies().count("stored, but who knows") == 1
    writer.sees("stored, but who knows", "afterwards")


def test_signed_out_in_another_tab_says_so_beside_the_box_and_keeps_the_text(windows):
    windows.allow("status of 401", "Response Status Error Code 401", "status of 403")
    window = windows.person("member3").go_live()
    window.composer.fill("typed before")
    tab = window.tab().go("/settings/")
    tab.page.get_by_role("button", name="Sign out").click()
    window.composer.press("Enter")

    expect(answer(window)).to_contain_text("You have been signed out.")
    expect(answer(window).get_by_role("link", name="Sign in")).to_be_visible()
    expect(window.page.locator("[name=body]").first).to_have_value("typed before")

    with window.page.context.expect_page() as opened:
        answer(window).get_by_role("link", name="Sign in").click()
    page = opened.value
    page.get_by_label("Username").fill("member3")
    page.get_by_label("Password").fill("natterjack")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/rooms/general/")
    window.page.locator("[name=body]").first.press("Enter")
    expect(answer(window)).to_contain_text("too old")  # and has brought a fresh token
    window.page.locator("[name=body]").first.press("Enter")
    expect(page.locator("#messages > .message .message-body").last).to_have_text("typed before")


def test_a_session_that_ends_is_told_in_the_banner_and_the_socket_stays_away(windows):
    window = windows.person("member4").go_live()
    window.tab().go("/settings/").page.get_by_role("button", name="Sign out").click()

    banner = window.page.locator("#connection")
    expect(banner).to_contain_text("You have been signed out.")
    expect(banner).to_be_visible()
    expect(window.page.locator("#live")).to_have_count(0)
    wait(window, lambda: not window.open_sockets)
    window.page.wait_for_timeout(1500)  # longer than htmx waits before it first comes back
    assert len(window.sockets) == 1


def test_a_stale_token_is_answered_with_a_fresh_one(windows):
    windows.allow("status of 403", "Response Status Error Code 403")
    window = windows.person("member2").go_live()
    window.page.locator("#token-1").evaluate("element => element.value = 'x'.repeat(64)")
    window.say("from an old page")
    expect(answer(window)).to_contain_text("too old")
    window.page.locator("[name=body]").first.press("Enter")
    window.sees("from an old page")
    expect(answer(window)).to_have_count(0)


def test_a_used_nonce_is_answered_with_a_fresh_one(windows):
    windows.allow("status of 409", "Response Status Error Code 409")
    window = windows.person("member2").go_live()
    nonce = window.page.locator("#nonce-1").input_value()
    window.say("the first one")
    window.sees("the first one")
    window.wait_until_answered()
    number = window.composer.locator("xpath=ancestor::form").get_attribute("id").split("-")[-1]
    window.page.locator(f"#nonce-{number}").evaluate(f"element => element.value = '{nonce}'")
    window.say("the second one")
    expect(answer(window)).to_contain_text("has already sent another message")
    window.page.locator("[name=body]").first.press("Enter")
    window.sees("the first one", "the second one")


@pytest.mark.parametrize(
    ("text", "sentence"),
    (("x" * 10_001, "too long"), ("\u200b\u200b", "Write something")),
    ids=("too long", "nothing but invisible characters"),
)
def test_what_can_not_be_stored_is_refused_beside_the_box_and_kept(windows, text, sentence):
    windows.allow("status of 422", "Response Status Error Code 422")
    window = windows.person("member2").go_live()
    window.composer.evaluate("element => element.removeAttribute('maxlength')")
    window.say(text)
    expect(answer(window)).to_contain_text(sentence)
    expect(window.page.locator("[name=body]").first).to_have_value(text)


def test_several_lines_keep_what_was_typed_and_send_with_the_button(windows):
    window = windows.person("member2").go_live()
    window.composer.fill("first line")
    window.page.locator(".composer-lines:visible").click()
    box = window.page.locator("textarea[name=body]")
    expect(box).to_have_value("first line")
    expect(box).to_be_focused()
    box.press("End")
    window.page.keyboard.type("\nsecond line")
    window.page.locator(".composer-send:visible").click()
    window.sees("first line\nsecond line")
    window.wait_until_answered()
    expect(window.page.locator("textarea[name=body]")).to_be_focused()
    window.page.locator(".composer-lines:visible").click()
    expect(window.page.locator("input[name=body]")).to_be_focused()
    window.say("one line again")
    window.sees("first line\nsecond line", "one line again")
