"""Suggestions picked with real keys: the list is the browser's own, outside of the page, and the
keys that a driver sends into the page don't reach it."""

import os
import subprocess

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.browser.conftest import ARGUMENTS
from tests.browser.windows import Windows, wait
from tests.servers import chromium_path

BOX = "() => [document.activeElement.value, document.activeElement.selectionStart]"


class Keyboard:
    """The keyboard of one screen."""

    def __init__(self, display):
        self.environment = os.environ | {"DISPLAY": display}

    def do(self, *command):
        subprocess.run(["xdotool", *command], env=self.environment, check=True)

    def type(self, text):
        self.do("type", "--delay", "60", text)

    def press(self, *keys):
        for key in keys:
            self.do("key", key)


@pytest.fixture(scope="module")
def screen():
    """A screen that nobody sees, by its name."""
    reading, writing = os.pipe()
    command = [
        "Xvfb",
        "-displayfd",
        str(writing),
        "-screen",
        "0",
        "1280x800x24",
        "-nolisten",
        "tcp",
    ]
    process = subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL)
    os.close(writing)
    with os.fdopen(reading) as told:
        yield f":{told.readline().strip()}"
    process.terminate()
    process.wait(10)


@pytest.fixture(scope="module")
def browser(screen):
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium_path(),
            args=[*ARGUMENTS, "--ozone-platform=x11"],
            headless=False,
            env=os.environ | {"DISPLAY": screen},
        )
        yield browser
        browser.close()


@pytest.fixture
def keyboard(screen):
    return Keyboard(screen)


@pytest.fixture
def writer(browser, site, keyboard):
    windows = Windows(browser, site.url)
    writer = windows.person("member1", no_viewport=True).go_live("room-2")
    # Nobody manages the windows of this screen.
    keyboard.do("search", "--sync", "--onlyvisible", "--name", "Chrom", "windowfocus", "--sync")
    expect(writer.composer).to_be_focused()
    yield writer
    windows.close()


def suggestions(window):
    """How many lists of them have come."""
    return sum("innerHTML:#suggestions" in frame for frame in window.sockets[-1].received)


def wait_for_the_list(window):
    # No page can see it; and Chromium takes no key in it for half a second after it has come up,
    # so that nobody accepts what they have not seen.
    window.page.wait_for_timeout(1200)


def test_down_and_enter_pick_without_sending_and_enter_sends(writer, keyboard):
    before = writer.bodies()
    keyboard.type("hello @mem")
    expect(writer.page.locator("#suggestions option").first).to_be_attached()
    answers = suggestions(writer)
    keyboard.type("b")
    wait(writer, lambda: suggestions(writer) > answers)
    picked = writer.page.locator("#suggestions option").first.get_attribute("value")
    wait_for_the_list(writer)
    keyboard.press("Down", "Return")

    expect(writer.composer).to_have_value(picked)
    assert writer.bodies() == before
    assert writer.page.evaluate(BOX) == [picked, len(picked)]

    keyboard.type(" bye")
    keyboard.press("Return")
    writer.sees(f"{picked} bye")
    expect(writer.page.locator("#messages > .message .mention").last).to_be_visible()


def test_the_list_follows_to_another_name_in_the_same_line(writer, keyboard):
    keyboard.type("@member2 and :tad")
    expect(writer.page.locator("#suggestions option").first).to_have_attribute(
        "value", "@member2 and :tada:"
    )
    wait_for_the_list(writer)
    keyboard.press("Down", "Return")

    expect(writer.composer).to_have_value("@member2 and :tada:")
    keyboard.press("Return")
    writer.sees("@member2 and 🎉")


def test_enter_without_picking_sends_what_was_typed(writer, keyboard):
    keyboard.type("hello :ta")
    expect(writer.page.locator("#suggestions option").first).to_be_attached()
    wait_for_the_list(writer)
    keyboard.press("Return")

    writer.sees("hello :ta")
    expect(writer.composer).to_have_value("")
