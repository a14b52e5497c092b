"""The first hour of a site: set up, invite, talk, with and without JavaScript."""

import re

import pytest

from tests.browser.windows import Window, Windows
from tests.server import site as sites

PASSWORD = "croaking in the reeds"


@pytest.fixture
def fresh(tmp_path):
    with sites.running(tmp_path / "data") as site:
        yield site


@pytest.fixture
def visitors(browser, fresh):
    windows = Windows(browser, fresh.url)
    yield windows
    windows.close()


def test_from_the_printed_link_to_three_people_who_talk_live(fresh, visitors):
    link = re.search(r"http://\S+/setup/\S+", fresh.console)
    assert link, fresh.console

    alice = visitors.person()
    alice.go(link[0])
    alice.page.get_by_label("Name of this site").fill("The Pond")
    _account(alice, "Alice Adder", "alice")
    alice.page.get_by_role("button", name="Set up and go in").click()
    alice.page.wait_for_url("**/rooms/general/")
    alice.wait_until_live()
    alice.say("the first message")
    alice.sees("the first message")

    bob = visitors.person()
    bob.go(_invitation(alice))
    _account(bob, "Bob Bullfrog", "bob")
    bob.page.get_by_role("button", name="Join", exact=True).click()
    bob.page.wait_for_url("**/rooms/general/")
    bob.wait_until_live()
    alice.say("hello Bob")
    bob.sees("the first message", "hello Bob")
    bob.say("hello Alice")
    alice.sees("the first message", "hello Bob", "hello Alice")
    bob.sees("the first message", "hello Bob", "hello Alice")

    chris = visitors.person(java_script_enabled=False)
    chris.go(_invitation(alice))
    _account(chris, "Chris Croaker", "chris")
    chris.page.get_by_role("button", name="Join", exact=True).click(no_wait_after=True)
    chris.page.wait_for_url("**/rooms/general/", wait_until="commit")
    chris.streams("the first message", "hello Bob", "hello Alice")
    alice.say("can you read this, Chris?")
    chris.streams("hello Alice", "can you read this, Chris?")
    chris.sends("yes, live")
    alice.sees("can you read this, Chris?", "yes, live")
    bob.sees("can you read this, Chris?", "yes, live")
    chris.streams("can you read this, Chris?", "yes, live")

    assert len(alice.sockets) == len(bob.sockets) == 1
    assert not chris.sockets


def _account(window: Window, name: str, username: str) -> None:
    window.page.get_by_label("Your name").fill(name)
    window.page.get_by_label("Username").fill(username)
    window.page.get_by_label("Password").fill(PASSWORD)


def _invitation(owner: Window) -> str:
    """A join link made on the site's page, in another tab: the room stays open."""
    tab = owner.tab().go("/site/invitations/")
    tab.page.get_by_role("button", name="Make the link").click()
    link = tab.page.get_by_role("textbox", name="Join link").last.input_value()
    tab.page.close()
    return link
