"""The never-ending page: live without JavaScript, bounded, and this site's alone."""

import pytest
from playwright.sync_api import expect

from tests.browser.windows import GONE
from tests.server import site as sites


@pytest.fixture(scope="module")
def site(team, tmp_path_factory):
    folder = sites.copied(team, tmp_path_factory.mktemp("site") / "data")
    with sites.running(folder, variables={"LIMIT_STREAMS": "3"}) as site:
        yield site


def test_the_newest_of_four_streams_ends_the_oldest_which_shows_the_way_on(windows):
    first = windows.person("member1", java_script_enabled=False)
    tabs = [first, first.tab(), first.tab(), first.tab()]
    for tab in tabs[:3]:
        tab.go()
        tab.streams(*last_of(tab))
    others = windows.person("member2", java_script_enabled=False).go()
    tabs[3].go()

    end = first.page.frame_locator("iframe.stream").get_by_role("link", name="Go on reading live")
    expect(end).to_be_visible()
    speaker = windows.person("member3").go_live()
    speaker.say("who hears this?")
    for tab in (*tabs[1:], others):
        tab.streams("who hears this?")
    end.click(no_wait_after=True)
    first.streams("who hears this?")
    speaker.say("and this?")
    first.streams("who hears this?", "and this?")


def last_of(tab):
    bodies = tab.page.frame_locator("iframe.stream").locator(".message-body")
    expect(bodies).to_have_count(50)
    return bodies.all_inner_texts()[-1:]


def test_links_in_the_stream_leave_the_frame(windows):
    window = windows.person("member1", java_script_enabled=False).go()
    frame = window.page.frame_locator("iframe.stream")
    frame.locator(".message-author:visible").last.click(no_wait_after=True)
    window.page.wait_for_url("**/people/*/", wait_until="commit")


def test_no_other_site_may_frame_the_stream_and_no_stranger_reads_it(windows, browser):
    window = windows.person("member1")
    window.go("/people/")
    headers = window.page.evaluate(
        """async () => {
            const abort = new AbortController()
            const response = await fetch('/rooms/general/live/', {signal: abort.signal})
            const headers = Object.fromEntries(response.headers)
            abort.abort()
            return headers
        }"""
    )
    assert headers["x-frame-options"] == "SAMEORIGIN"
    assert "frame-ancestors 'self'" in headers["content-security-policy"]
    assert "content-encoding" not in headers
    room = window.page.context.request.get("/rooms/general/")
    assert room.headers["x-frame-options"] == "DENY"
    assert "frame-ancestors 'none'" in room.headers["content-security-policy"]
    assert "frame-src 'self'" in room.headers["content-security-policy"]

    stranger = windows.person()
    answer = stranger.page.context.request.get("/rooms/general/live/", max_redirects=0)
    assert answer.status == 302
    assert answer.headers["location"].startswith("/login/")


def test_a_stream_ends_with_its_session(windows):
    window = windows.person("member4", java_script_enabled=False).go()
    window.streams(*last_of(window))
    tab = window.tab().go("/settings/")
    tab.page.get_by_role("button", name="Sign out").click()
    end = window.page.frame_locator("iframe.stream").get_by_role("link", name="Go on reading live")
    expect(end).to_be_visible()


def test_a_stream_whose_connection_dies_says_so_and_its_link_goes_on(windows, line):
    windows.allow(*GONE)
    reader = windows.person("member2", java_script_enabled=False, url=line.url).go()
    reader.streams(*last_of(reader))
    reader.composer.fill("typed meanwhile")
    stream = reader.page.frame_locator("iframe.stream")
    sign = stream.locator(".stream-sign").last
    expect(sign).to_be_hidden()
    speaker = windows.person("member3").go_live()
    quicken = reader.page.context.new_cdp_session(reader.page)
    quicken.send("Animation.enable")
    quicken.send("Animation.setPlaybackRate", {"playbackRate": 40})
    line.drop()
    speaker.say("said while it was dead")
    speaker.sees("said while it was dead")

    expect(sign).to_be_visible()
    expect(sign).to_contain_text("The connection is lost.")
    quicken.send("Animation.setPlaybackRate", {"playbackRate": 1})
    sign.get_by_role("link", name="Go on reading live").click(no_wait_after=True)
    reader.streams("said while it was dead")
    speaker.say("and after it")
    reader.streams("said while it was dead", "and after it")
    expect(reader.composer).to_have_value("typed meanwhile")


def test_where_no_stream_could_be_had_the_page_itself_has_the_way_back(windows, line):
    windows.allow(*GONE)
    reader = windows.person("member2", java_script_enabled=False, url=line.url).go()
    reader.streams(*last_of(reader))
    reader.composer.fill("typed meanwhile")
    again = reader.page.get_by_role("link", name="Read on live")
    line.cut()
    again.click(no_wait_after=True)
    expect(reader.page.frame_locator("iframe.stream").locator(".message")).to_have_count(0)
    line.heal()
    again.click(no_wait_after=True)
    speaker = windows.person("member3").go_live()
    speaker.say("back again?")
    reader.streams("back again?")
    expect(reader.composer).to_have_value("typed meanwhile")


NEW_ROOM = """
from chat.actions.rooms import create_room, join_room
ada, bruno = (Person.objects.get(username=name) for name in ("member1", "member2"))
room = create_room(creator=ada, name="Edits", purpose="", kind="public")
join_room(person=bruno, room=room)
say("from Bruno", "member2", "edits")
for body in ("one", "two", "three"): say(body, "member1", "edits")
say("last", "member2", "edits")
"""
# Each changes what was said so, there: the text is the name.
CHANGES = """
from chat.actions.changes import delete_message, edit_message
def edit(text, changed):
    message = Message.objects.get(body=text, room__slug="edits")
    edit_message(editor=message.author, message=message, body=changed)
def delete(text):
    message = Message.objects.get(body=text, room__slug="edits")
    delete_message(deleter=message.author, message=message)
edit("from Bruno", "from Bruno, better")
edit("one", "one, better")
say("at last", "member2", "edits")
say("four", "member1", "edits")
edit("one, better", "one, best")
edit("three", "three, better")
delete("three, better")
say("five", "member1", "edits")
"""
# The name that is the last to be seen above this element: whose it seems to be.
SEEMS = """element => [...document.querySelectorAll('.message-head')].filter(head =>
    head.checkVisibility()
    && head.compareDocumentPosition(element) & Node.DOCUMENT_POSITION_FOLLOWING
).at(-1).innerText"""


def test_whatever_is_edited_each_message_stands_below_its_authors_name(site, windows):
    bruno, ada = "Bruno Keller", "Ada Sommer"
    site.shell(NEW_ROOM)
    reader = windows.person("member3", java_script_enabled=False).go("/rooms/edits/")
    stream = reader.page.frame_locator("iframe.stream")
    bodies = stream.locator(".message-body:visible")
    expect(bodies).to_have_text(["from Bruno", "one", "two", "three", "last"])

    site.shell(CHANGES)

    shown = [
        *[(ada, "two"), (bruno, "last"), (bruno, "from Bruno, better"), (bruno, "at last")],
        *[(ada, "four"), (ada, "one, best"), (ada, "five")],
    ]
    expect(bodies).to_have_text([text for _name, text in shown])
    assert [(body.evaluate(SEEMS), body.inner_text()) for body in bodies.all()] == shown
    expect(stream.locator(".message-day:visible")).to_have_count(1)
