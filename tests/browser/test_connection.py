"""One socket a page, whatever happens to it; and what a page says while it has none."""

import pytest
from playwright.sync_api import expect

from tests.browser.windows import GONE, wait

SOCKET = b"GET /ws/"
# The switch asks after 45 s without a heartbeat.
LONGER_THAN_THE_SWITCH = 46_000

PAGES = [
    "/rooms/general/",
    "/rooms/general/?at=100",
    "/rooms/general/messages/?before=100",
    "/rooms/general/members/",
    "/rooms/general/settings/",
    "/rooms/general/connect/",
    "/rooms/",
    "/people/",
    "/people/member2/",
    "/direct/member2/",
    "/direct/new/",
    "/settings/",
    "/settings/tokens/",
    "/password/",
    "/site/",
    "/site/invitations/",
    "/site/people/",
    "/site/people/member2/",
    "/site/bots/",
    "/rooms/no-such-room/",
]


def test_every_page_opens_exactly_one_socket(windows):
    windows.allow("status of 404")
    window = windows.person("member1")
    for path in PAGES:
        window.sockets.clear()
        window.go(path).wait_until_live()
        assert len(window.sockets) == 1, path


def test_a_page_whose_socket_breaks_comes_back_with_one_and_misses_nothing(windows, line):
    windows.allow(*GONE)
    window = windows.person("member1", url=line.url).go_live("room-2")
    other = windows.person("member2").go_live("room-2")
    line.cut()
    other.say("said while the line was cut")
    other.sees("said while the line was cut")
    line.heal()
    window.sees("said while the line was cut")
    other.say("and after it")
    window.sees("said while the line was cut", "and after it")
    assert len(window.open_sockets) == 1


def test_a_page_that_hears_nothing_fetches_a_new_socket_and_is_live_again(windows, line):
    window = windows.person("member1", url=line.url)
    window.page.clock.install()
    window.go_live("room-2")
    other = windows.person("member2").go_live("room-2")
    line.swallow(SOCKET)
    other.say("into the black hole")
    other.sees("into the black hole")
    assert "into the black hole" not in window.bodies()

    window.page.clock.fast_forward(LONGER_THAN_THE_SWITCH)
    window.sees("into the black hole")
    line.drop_swallowed()
    wait(window, lambda: len(window.open_sockets) == 1)
    other.say("and on")
    window.sees("into the black hole", "and on")
    assert len(window.sockets) == 2
    # It beats again, so the switch is quiet.
    window.page.clock.fast_forward(1_000)
    assert len(window.open_sockets) == 1


@pytest.mark.parametrize("code", (1000, 1001, 4408))
def test_a_page_comes_back_after_a_close_that_htmx_takes_for_good(windows, code):
    window = windows.person("member1")
    routes = []
    window.page.route_web_socket(
        "**/ws/**", lambda route: (routes.append(route), route.connect_to_server())
    )
    window.page.clock.install()
    window.go("/rooms/room-2/")
    wait(window, lambda: routes)
    other = windows.person("member2").go_live("room-2")
    other.say(f"before {code}")
    window.sees(f"before {code}")

    routes[0].close(code=code)
    other.say(f"while closed with {code}")
    other.sees(f"while closed with {code}")
    window.page.clock.fast_forward(LONGER_THAN_THE_SWITCH)
    window.sees(f"before {code}", f"while closed with {code}")
    assert len(routes) == 2


def test_the_banner_appears_by_style_alone_and_goes_with_the_next_beat(windows, line):
    windows.allow(*GONE)
    window = windows.person("member1", url=line.url).go_live()
    banner = window.page.locator("#connection")
    expect(banner).to_be_hidden()
    quicken = window.page.context.new_cdp_session(window.page)
    quicken.send("Animation.enable")
    quicken.send("Animation.setPlaybackRate", {"playbackRate": 40})
    line.cut()
    expect(banner).to_be_visible()
    expect(banner).to_contain_text("The connection is lost.")
    expect(banner.get_by_role("link")).to_have_attribute("href", "/rooms/general/?plain=1")
    quicken.send("Animation.setPlaybackRate", {"playbackRate": 1})
    line.heal()
    expect(banner).to_be_hidden()


def test_the_banner_never_appears_without_javascript(windows):
    window = windows.person("member1", java_script_enabled=False).go()
    banner = window.page.locator("#connection")
    expect(banner).to_have_count(1)
    expect(banner).to_have_css("display", "none")
    plain = windows.person("member2").go("/rooms/general/?plain=1")
    expect(plain.page.locator("#connection")).to_have_count(0)
