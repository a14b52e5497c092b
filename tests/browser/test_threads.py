"""Threads of more answers than a page: back and forth in the pane, and at an answer's own place."""

import pytest
from playwright.sync_api import expect

from tests.browser.windows import wait

PAGE = 50
ANSWERS = 120
# Two fifths of the way: neither on the first page nor on the newest one.
OLD = 48
# Said in the room as well.
BOTH = 47
LONG = """
one = Person.objects.get(username="member1")
room = Room.objects.get(slug="room-2")
def say(body, **more):
    return post_message(author=one, room=room, body=body, nonce=secrets.token_urlsafe(16), **more)
root = say("a long story")
answers = [say(f"answer {{n}}", root=root.pk, in_room=n == {both}) for n in range({count})]
print(root.pk, *(each.pk for each in answers))
"""
ANSWER = """
say = lambda body: post_message(author=Person.objects.get(username="member1"),
    room=Room.objects.get(slug="room-2"), body=body, nonce=secrets.token_urlsafe(16),
    root={root}, in_room=False)
say("{body}")
"""
IS_READ = """
from chat.models import Following
following = Following.objects.get(root={root}, person__username="member2")
print(following.read_seq >= following.root.replies.latest("seq").seq)
"""
SHOWN = """() => [...document.querySelectorAll('#thread-list .message')].map(e => e.outerHTML)"""
BODIES = """() => [...document.querySelectorAll('#thread-list .message-body')]
  .map(e => e.innerText)"""
FOCUSED = "() => document.activeElement.id"


@pytest.fixture
def keys(site):
    """Of a long thread, this test's own: its root, and its answers."""
    root, *answers = map(int, site.shell(LONG.format(count=ANSWERS, both=BOTH)).split())
    return root, answers


def answers(window):
    return window.page.evaluate(BODIES)


def numbered(start, end):
    return [f"answer {number}" for number in range(start, end)]


def open_pane(window, root):
    window.page.locator(f"#messages .replies-{root} a").click()
    expect(window.page.locator("#thread-list .message")).to_have_count(PAGE)
    expect(window.page.locator("#thread [name=body]")).to_be_focused()  # by itself


def test_earlier_answers_come_above_in_the_pane_and_the_focus_stays(windows, site, keys):
    root, _ = keys
    window = windows.person("member2").go_live("room-2")
    open_pane(window, root)
    earlier = window.page.locator("#thread-older")
    shown = window.page.locator("#thread-list .message")
    # Whoever comes to the link has it in view, which is enough; what they read stays there.
    earlier.focus()
    expect(shown).to_have_count(2 * PAGE)
    expect(window.page.get_by_text(f"answer {ANSWERS - PAGE}", exact=True)).to_be_in_viewport()
    expect(earlier).to_be_focused()
    window.page.keyboard.press("Enter")
    expect(shown).to_have_count(ANSWERS)
    expect(earlier).to_be_focused()
    assert answers(window) == numbered(0, ANSWERS)
    expect(earlier).to_have_text("Here the answers begin.")
    expect(window.page).to_have_url(f"{site.url}/rooms/room-2/")

    site.shell(ANSWER.format(root=root, body="live all along"))
    expect(window.page.locator("#thread-list .message").last).to_contain_text("live all along")
    again = window.tab().go(f"/messages/{root}/thread/")
    again.wait_until_live()
    wait(
        window,
        lambda: window.page.evaluate(SHOWN)[-PAGE:] == again.page.evaluate(SHOWN),
    )


def test_the_page_of_an_old_answer_shows_it_and_reads_on_until_it_is_live(windows, site, keys):
    root, ids = keys
    window = windows.person("member3").go(f"/messages/{ids[OLD]}/")
    window.wait_until_live()
    expect(window.page.locator(":target")).to_be_in_viewport()
    expect(window.page.locator(":target")).to_contain_text(f"answer {OLD}")
    last = window.page.locator("#thread-messages .message").last
    expect(last).to_contain_text(f"answer {OLD + PAGE // 2}")
    # It hears of changes, and gets no answer that is not the next one.
    site.shell(ANSWER.format(root=root, body="far below"))
    site.shell(
        "from chat.actions.changes import edit_message\n"
        f"message = Message.objects.get(pk={ids[OLD]})\n"
        "edit_message(editor=message.author, message=message, body='edited meanwhile')"
    )
    expect(window.page.locator(":target")).to_contain_text("edited meanwhile")
    assert "far below" not in answers(window)

    newer = window.page.locator("#thread-newer")
    while newer.get_attribute("href"):
        count = len(answers(window))
        newer.focus()
        window.page.keyboard.press("Enter")
        wait(window, lambda count=count: len(answers(window)) > count)
        assert window.page.evaluate(FOCUSED) == "thread-newer"
    expect(last).to_contain_text("far below")

    site.shell(ANSWER.format(root=root, body="live from here on"))
    expect(last).to_contain_text("live from here on")
    again = window.tab().go(f"/messages/{root}/thread/")
    again.wait_until_live()
    wait(
        window,
        lambda: window.page.evaluate(SHOWN)[-PAGE:] == again.page.evaluate(SHOWN),
    )


def test_the_pane_of_an_old_answer_is_opened_at_it(windows, keys):
    _, ids = keys
    window = windows.person("member4").go_live("room-2")
    answer = window.page.locator(f"#message-{ids[BOTH]}")
    answer.hover()
    answer.get_by_role("link", name="More").click()
    answer.get_by_role("link", name="Answer in a thread").click()

    expect(window.page.locator(f"#thread-message-{ids[BOTH]}")).to_be_in_viewport()
    expect(window.page.locator("#thread-newer")).to_have_text("Newer answers")


def test_whoever_has_the_end_of_a_thread_in_view_has_read_it(windows, site, keys):
    root, ids = keys
    window = windows.person("member2").go_live("room-2")
    open_pane(window, root)
    window.page.get_by_role("button", name="Follow").click()
    expect(window.page.get_by_role("button", name="Unfollow")).to_be_visible()
    count = window.page.locator(f"#messages .replies-{root} a")

    site.shell(ANSWER.format(root=root, body="news"))
    expect(window.page.locator("#thread-list .message").last).to_contain_text("news")
    wait(window, lambda: site.shell(IS_READ.format(root=root)).strip() == "True")

    window.go(f"/messages/{ids[OLD]}/").wait_until_live()
    before = count.inner_text()
    site.shell(ANSWER.format(root=root, body="news from far below"))
    expect(count).not_to_have_text(before)
    window.page.wait_for_timeout(3000)  # nothing tells that something was not read
    assert site.shell(IS_READ.format(root=root)).strip() == "False"


def test_without_scripts_a_thread_is_read_by_links(windows, keys):
    _, ids = keys
    window = windows.person("member4", java_script_enabled=False).go(f"/messages/{ids[OLD]}/")
    shown = window.page.locator("#thread-list .message-body")
    expect(window.page.locator(":target")).to_be_in_viewport()
    end = OLD + PAGE // 2 + 1
    first = end - PAGE
    expect(shown.first).to_have_text(f"answer {first}")
    expect(shown.last).to_have_text(f"answer {end - 1}")

    window.page.get_by_role("link", name="Earlier answers").click()
    expect(shown).to_have_text(numbered(0, first))
    window.page.get_by_role("link", name="Newer answers").click()
    expect(shown).to_have_count(PAGE)
    expect(shown.first).to_have_text(f"answer {first}")

    window.page.get_by_role("link", name="To the newest answers").click()
    stream = window.page.frame_locator("iframe[name=thread-stream]")
    stream.get_by_role("link", name="Earlier answers").click()
    # Which stands in the stream: at an older place there is none.
    expect(window.page.locator("iframe[name=thread-stream]")).to_have_count(0)
    expect(shown).to_have_count(PAGE)
