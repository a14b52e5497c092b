"""An incoming webhook in the hands of people: with JavaScript and without."""

import json
import urllib.error
import urllib.request

import pytest
from playwright.sync_api import expect

BOTH = pytest.mark.parametrize("scripts", (True, False), ids=("with scripts", "without scripts"))


def post(address, payload):
    """The answer's status and text."""
    data = json.dumps(payload).encode()
    request = urllib.request.Request(address, data, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


@BOTH
def test_a_webhook_is_made_speaks_in_the_open_room_and_is_revoked(scripts, windows, site):
    reader = windows.person("member2").page
    reader.goto("/rooms/general/")
    maker = windows.person("member1", java_script_enabled=scripts).page
    name = f"Builds {scripts}"
    maker.goto("/rooms/general/settings/", wait_until="commit")
    maker.get_by_role("link", name="Webhooks").click(no_wait_after=True)
    form = maker.get_by_role("group").filter(has_text="Add an incoming webhook")
    expect(maker.get_by_role("link", name="Outgoing webhooks")).to_be_visible()  # it is all there
    if not form.get_by_label("Name").is_visible():  # open where there are none yet
        form.get_by_text("Add an incoming webhook").click()
    form.get_by_label("Name").fill(name)
    form.get_by_role("button", name="Make the address").click(no_wait_after=True)
    address = maker.get_by_label("Address").input_value()

    said = {"text": f"*Build* of <https://example.org/{scripts}|main {scripts}> is green"}
    assert post(address, said) == (200, "ok")

    message = reader.locator(".message", has_text=f"Build of main {scripts} is green")
    expect(message).to_contain_text(name)
    expect(message.get_by_role("link", name=f"main {scripts}")).to_have_attribute(
        "href", f"https://example.org/{scripts}"
    )
    maker.get_by_role("button", name=f"Revoke {name}").click(no_wait_after=True)
    expect(maker.locator(".row-name", has_text=name)).to_have_count(0)
    assert post(address, said)[0] == 404
