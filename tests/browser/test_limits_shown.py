"""Too much of something: a sentence where it happens, nothing lost, and no harm to others."""

import pytest
from playwright.sync_api import expect

from tests.browser.windows import wait
from tests.server import site as sites

LIMITS = {"LIMIT_POSTS": "2/d", "LIMIT_SOCKETS": "2", "LIMIT_SIGNINS": "3/d"}


@pytest.fixture(scope="module")
def site(team, tmp_path_factory):
    folder = sites.copied(team, tmp_path_factory.mktemp("site") / "data")
    with sites.running(folder, variables=LIMITS) as site:
        yield site


def test_too_many_limits_are_told_where_they_are_met_and_the_text_is_kept(windows):
    # One test, for sign-ins are counted by address, and every test comes from the same one.
    windows.allow("status of 422", "status of 429", "Response Status Error Code 429")
    person = windows.person("member1").go_live()
    for text in ("the first", "the second"):
        person.say(text)
        person.sees(text)
    person.say("the third")
    answer = person.page.locator(".composer-answer:not(:empty)")
    expect(answer).to_contain_text("That was too quick.")
    expect(person.page.locator("[name=body]").first).to_have_value("the third")

    other = windows.person("member2", java_script_enabled=False).go()
    other.streams("the first", "the second")
    for text in ("from Bruno", "again Bruno"):
        other.sends(text)
        other.streams(text)
    other.sends("one too many")
    expect(other.page.get_by_role("alert")).to_contain_text("That was too quick.")
    expect(other.page.locator("textarea[name=body]")).to_have_value("one too many")

    second, third = person.tab().go_live(), person.tab().go()
    banner = third.page.locator("#connection")
    expect(banner).to_contain_text("Too many pages are open")
    expect(banner).to_be_visible()
    wait(third, lambda: third.sockets and not third.open_sockets)
    assert len(person.open_sockets) == len(second.open_sockets) == 1

    stranger = windows.person().go("/login/")
    for _attempt in range(2):
        stranger.page.get_by_label("Username").fill("member3")
        stranger.page.get_by_label("Password").fill("a wrong guess")
        stranger.page.get_by_role("button", name="Sign in").click()
    expect(stranger.page.get_by_role("alert")).to_contain_text("That was too quick.")
