"""A link to a message shows it, and a page of what one does with one does it, in every browser."""

import pytest
from playwright.sync_api import expect

from tests.browser.windows import Windows


@pytest.fixture
def said(site):
    """The keys of forty messages, long before the newest of which a screen ends."""
    site.post(*(f"number {number}" for number in range(40)), room="room-2")
    keys = "Message.objects.filter(room__slug='room-2').order_by('-seq').values_list('pk')[:40]"
    return sorted(eval(site.shell(f"print([pk for (pk,) in {keys}])")))


@pytest.mark.parametrize("is_plain", (False, True))
def test_without_scripts_a_link_to_a_recent_message_shows_it(windows: Windows, said, is_plain):
    window = windows.person("member2", java_script_enabled=False)

    window.go(f"/messages/{said[10]}/" + ("?plain=1" if is_plain else ""))

    frame = window.page.frame_locator("iframe.stream")
    expect(frame.locator(f"#message-{said[10]}")).to_be_in_viewport()
    expect(frame.locator(f"#message-{said[-1]}")).not_to_be_in_viewport()


def test_the_pages_of_what_one_does_with_a_message_do_it_with_scripts_too(windows, said):
    window = windows.person("member1").go(f"/messages/{said[-1]}/edit/")

    window.page.locator("#main [name=body]").fill("said differently")
    window.page.locator("#main form").get_by_role("button", name="Save").click()

    window.sees("said differently")
    window.go(f"/messages/{said[-1]}/menu/")
    window.page.locator("#main").get_by_role("link", name="Reply", exact=True).click()
    window.page.locator("#main [name=body]").fill("an answer")
    window.page.locator("#main form").get_by_role("button", name="Send").click()
    window.sees("said differently", "an answer")
