"""What programs sign in with, in the hands of people: with JavaScript and without."""

import os
import subprocess
import sys
from functools import partial

import pytest
from playwright.sync_api import expect
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

BOTH = pytest.mark.parametrize("scripts", (True, False), ids=("with scripts", "without scripts"))


@BOTH
def test_a_token_is_made_lets_a_program_in_and_is_revoked(scripts, windows, site):
    page = windows.person("member2", java_script_enabled=scripts).page
    label = f"laptop {scripts}"
    page.goto("/settings/", wait_until="commit")
    page.get_by_role("link", name="Tokens for programs").click(no_wait_after=True)
    page.get_by_label("What it is for").fill(label)
    page.get_by_role("button", name="Make the token").click(no_wait_after=True)
    token = page.get_by_label("Token", exact=True).input_value()
    assert token in page.get_by_label("Try it in a terminal").input_value()
    page.goto("/settings/tokens/", wait_until="commit")
    expect(page.locator(".row-name", has_text=label)).to_be_attached()
    assert token not in page.content()

    with connect(
        f"ws://127.0.0.1:{site.port}/ws/chat/",
        subprotocols=["chat.v1.json"],
        additional_headers={"Authorization": f"Bearer {token}"},
    ) as socket:
        assert '"hello"' in socket.recv(timeout=20)
        page.get_by_role("button", name=f"Revoke {label}").click(no_wait_after=True)
        with pytest.raises(ConnectionClosed) as closed:
            list(iter(partial(socket.recv, timeout=20), None))

    assert closed.value.rcvd.code == 4401
    expect(page.get_by_role("button", name=f"Revoke {label}")).to_have_count(0)


@BOTH
def test_a_token_that_is_no_good_comes_back_with_what_was_typed(scripts, windows):
    windows.allow("status of 422")
    page = windows.person("member2", java_script_enabled=scripts).page
    page.goto("/settings/tokens/", wait_until="commit")
    page.get_by_label("What it is for").fill("a program for nothing")
    for scope in ("Read:", "Post:"):
        page.get_by_label(scope).uncheck()
    page.get_by_role("button", name="Make the token").click(no_wait_after=True)

    expect(page.get_by_text("Choose at least one thing")).to_be_attached()
    expect(page.get_by_label("What it is for")).to_have_value("a program for nothing")


def test_a_bot_is_made_and_talks_by_the_lines_of_a_rooms_page(windows):
    """The Python lines of the page, as they are copied from it."""
    owner = windows.person("member1")
    page = owner.go("/site/bots/").page
    page.get_by_label("Name", exact=True).fill("Build bot")
    page.get_by_label("Username").fill("build-bot")
    page.get_by_role("button", name="Make the bot").click()
    page.get_by_label("What it is for").fill("its program")
    page.get_by_role("button", name="Make the token").click()
    token = page.get_by_label("Token", exact=True).input_value()
    owner.go("/rooms/general/members/").page.get_by_role("link", name="Programs").click()
    lines = page.get_by_label("Python", exact=True).inner_text()

    owner.go_live("general")
    program = subprocess.Popen(
        [sys.executable, "-u", "-c", lines],
        env={**os.environ, "TOKEN": token},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert program.stdout.readline() == "Build bot: Hello from Python!\n"
        owner.say("Hello, bot")
        assert program.stdout.readline() == "Ada Sommer: Hello, bot\n"
    finally:
        program.kill()
        program.communicate()

    said = page.locator("#messages > .message", has_text="Hello from Python!")
    expect(said.locator(".message-head .tag")).to_have_text("Bot")
