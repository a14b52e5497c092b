"""Plain HTML is enough: every page and every form works without JavaScript."""

import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

# Of the many pages of one kind, one is enough.
SAME = re.compile(r"\d+|member\d|room-\d|[0-9a-f-]{20,}")
OF_A_KIND = 1
LINKS = "all => all.map(each => each.getAttribute('href'))"
FORMS = """all => all.map(form => ({
  method: form.method,
  action: form.getAttribute('action'),
  here: location.href,
  token: !!form.querySelector('[name=csrfmiddlewaretoken]'),
  plain: form.querySelector('[name=plain]')?.value,
  id: form.id,
  buttons: [...form.elements].filter(each => each.type == 'submit').length,
}))"""


@pytest.mark.parametrize(
    ("username", "plain"),
    (("member1", False), ("member2", True)),
    ids=("the owner without scripts", "a member with plain=1"),
)
def test_every_link_and_form_that_can_be_reached_works(windows, username, plain):
    window = windows.person(username, java_script_enabled=plain)
    waiting, seen = ["/rooms/general/" + ("?plain=1" if plain else "")], {}
    while waiting:
        path = waiting.pop(0)
        kind = SAME.sub("*", path)
        if path in seen.get(kind, ()) or len(seen.get(kind, ())) == OF_A_KIND:
            continue
        seen.setdefault(kind, set()).add(path)
        is_stream = "/live/" in path  # which never ends
        response = window.page.goto(path, wait_until="commit" if is_stream else "domcontentloaded")
        assert response.status == 200, f"{path}: {response.status}"
        window.page.locator(".stream-sign" if is_stream else "form").last.wait_for(state="attached")
        forms = window.page.locator("form").evaluate_all(FORMS)
        for form in forms:
            _check(form, plain)
        for link in window.page.locator("a[href]").evaluate_all(LINKS):
            parts = urlsplit(link)
            if parts.netloc or not parts.path or parts.path.endswith(".json"):  # no page
                continue
            assert not plain or "plain=1" in parts.query, f"{path} leads to {link}"
            waiting.append(link.partition("#")[0])
    assert not window.sockets
    pages = {urlsplit(kind).path for kind in seen}
    expected = {"/rooms/", "/rooms/general/", "/rooms/*/", "/people/", "/settings/", "/password/"}
    expected |= {"/settings/tokens/", "/rooms/*/connect/", "/api/docs/"}
    if username == "member1":
        expected |= {
            "/site/",
            "/site/people/",
            "/site/invitations/",
            "/site/people/*/",
            "/site/bots/",
        }
    assert expected <= pages
    assert "/rooms/general/messages/" in pages


def _check(form, plain):
    if form["method"] == "get":
        assert not plain or form["plain"] == "1", form
        return
    assert form["token"], form
    if form["id"] == "act":  # its buttons stand in fragments, and name where they go
        return
    # The composers that wait for their turn have no row to type in yet, and are not shown.
    assert form["buttons"] or form["id"].startswith("composer-"), form
    assert not plain or form["plain"] == "1" or "plain=1" in (form["action"] or form["here"]), form


@pytest.mark.parametrize("plain", (False, True), ids=("without scripts", "plain=1"))
def test_every_action_is_a_form(windows, plain):
    """A tour with the mouse: what follows each form is the page that shows what it did."""
    window = windows.person("member2", java_script_enabled=plain)
    page, name = window.page, f"Tour {'plain' if plain else 'scriptless'}"
    suffix = "?plain=1" if plain else ""

    def press(button, **options):
        page.get_by_role("button", name=button, **options).first.click(no_wait_after=True)

    window.go(f"/rooms/{suffix}")
    page.locator("details.more > summary").click()
    page.get_by_label("Name").fill(name)
    press("Create room")
    page.wait_for_url(f"**/rooms/tour-*/{suffix}", wait_until="commit")
    window.sends("said in the new room")
    window.streams("said in the new room")
    assert plain == ("plain=1" in page.url)
    window.composer.fill("typed so far")
    press("Several lines")
    expect(page.locator("textarea[name=body]")).to_have_value("typed so far")
    window.sends("two\nlines")
    window.streams("said in the new room", "two\nlines")
    press("One line: Enter sends")
    expect(page.locator("input[name=body]")).to_be_attached()

    slug = name.lower().replace(" ", "-")
    window.go(f"/rooms/{slug}/members/{suffix}")
    page.locator("details.more > summary").click()
    page.get_by_label("Dalia Haddad").check()
    press("Add to this room")
    press("Remove Dalia Haddad")
    expect(page.get_by_role("button", name="Remove Dalia Haddad")).to_have_count(0)
    window.go(f"/rooms/{slug}/settings/{suffix}")
    page.get_by_label("Purpose").fill("To be left")
    press("Save")
    expect(page.locator("#room-head")).to_contain_text("To be left")
    page.get_by_role("link", name="Settings").first.click(no_wait_after=True)
    press("Leave this room")
    page.wait_for_url(f"**/rooms/{suffix}", wait_until="commit")
    page.get_by_label("Search for a room").fill(name)
    press("Search")
    expect(page).to_have_url(re.compile("q=Tour"))
    press(f"Join {name}")
    expect(page.locator("#room-head h1")).to_have_text(name)

    window.go(f"/people/member3/{suffix}")
    press("Message Chidi Okafor")
    page.wait_for_url(f"**/rooms/direct-*/{suffix}", wait_until="commit")
    window.sends(f"just you and me, {name}")
    window.streams(f"just you and me, {name}")
    window.go(f"/settings/{suffix}")
    page.get_by_label("Time zone").select_option("Europe/Berlin")
    press("Save")
    expect(page.locator("#notice")).to_contain_text("Saved.")
    press("Sign out")
    page.wait_for_url("**/login/*", wait_until="commit")
    assert not window.sockets


@pytest.mark.parametrize("suffix", ("", "?plain=1"), ids=("without scripts", "plain=1"))
def test_the_cursor_is_in_the_box_again_after_a_post(windows, suffix):
    window = windows.person("member3", java_script_enabled=False)
    window.go(f"/rooms/general/{suffix}")
    window.composer.fill(f"Two in a row {suffix}")
    window.page.keyboard.press("Enter")
    window.page.wait_for_url("**#said-*", wait_until="commit")
    expect(window.composer).to_be_focused()

    window.page.keyboard.type("and on")

    expect(window.composer).to_have_value("and on")
