"""A page that has received every swap equals the page reloaded."""

import pytest
from playwright.sync_api import expect

from tests.browser.windows import GONE, wait

# A line where the new begins is the reader's own, and gives what stands below it a name.
pytestmark = pytest.mark.usefixtures("all_is_read")

# A message's markup, without what no style shows: what can't be done with one that is deleted. It
# stands in the message's slot, which no swap touches.
MARKUP = """const markup = message => {
  const copy = message.cloneNode(true), unseen = '.message-does > [tabindex]'
  if (copy.querySelector('.message-gone')) copy.querySelectorAll(unseen).forEach(e => e.remove())
  return copy.outerHTML
}"""
# What a reader sees of a room, without what differs by design: cursor, nonces, tokens, and the
# line above what was new when the page was opened.
SHOWN = f"""() => {{ {MARKUP}; return {{
  messages: [...document.querySelectorAll('.scrolled .message')].map(markup),
  head: document.querySelector('.room-top').outerHTML,
  rooms: document.querySelector('#rooms').outerHTML,
  title: document.title,
}} }}"""
# How the messages stand: which of them show a name and which a day line.
LAYOUT = """() => [...document.querySelectorAll('.scrolled .message')].map(message => [
  message.id,
  getComputedStyle(message.querySelector('.message-head')).display,
  getComputedStyle(message.querySelector('.message-day')).display,
])"""
SEQS = "() => [...document.querySelectorAll('.message')].map(message => message.dataset.seq)"
SOCKET = b"GET /ws/"
# The answers, without what differs by design: how the first column of a pane is laid out.
THREAD = f"""() => {{ {MARKUP}
  return [...document.querySelectorAll('#thread-list .messages > *')].map(markup)
}}"""
# In a process that serves nobody: every kind of entry, some of them about what is quoted.
CHANGES = """
from chat.actions.changes import delete_message, edit_message, toggle_reaction
from chat.actions.rooms import archive_room, change_room, join_room, leave_room
from chat.actions.rooms import remove_from_room, unarchive_room
from chat.models import Event, EventKind
one, two = (Person.objects.get(username=name) for name in ("member1", "member2"))
room = Room.objects.get(slug="room-2")
def said(body, author=one, **more):
    nonce = secrets.token_urlsafe(16)
    return post_message(author=author, room=room, body=body, nonce=nonce, **more)
root = Message.objects.get(body="the one that all is about")
quoting = said("quoting", reply_to=root.pk)
edit_message(editor=two, message=root, body="the one, **edited**")
doomed = said("to be deleted")
said("quotes what goes", reply_to=doomed.pk)
toggle_reaction(person=two, message=doomed, emoji="👍")
delete_message(deleter=one, message=doomed)
for emoji in ("🎉", "👍", "🐸"):
    toggle_reaction(person=two, message=quoting, emoji=emoji)
toggle_reaction(person=one, message=quoting, emoji="🎉")
toggle_reaction(person=two, message=quoting, emoji="👍")
answers = [said(f"answer {n}", root=root.pk, in_room=n == 1) for n in range(3)]
edit_message(editor=one, message=answers[0], body="in the thread, edited")
toggle_reaction(person=two, message=answers[0], emoji="👍")
toggle_reaction(person=two, message=answers[1], emoji="👍")
delete_message(deleter=one, message=answers[2])
four = Person.objects.get(username="member4")
leave_room(person=four, room=room)
join_room(person=four, room=room)
remove_from_room(remover=one, room=room, person=four)
change_room(editor=one, room=room, name="Changed", purpose="in every way")
archive_room(archiver=one, room=room)
unarchive_room(archiver=one, room=room)
join_room(person=four, room=room)
said("the end of it")
assert {*Event.objects.filter(room=room).values_list("kind", flat=True)} == {*EventKind.values}
"""
ANSWERED = """
two, room = Person.objects.get(username="member2"), Room.objects.get(slug="room-2")
root = Message.objects.get(body="what is answered")
for root, in_room in ((root.pk, False), (None, True)):
    nonce = secrets.token_urlsafe(16)
    more = {"nonce": nonce, "root": root, "in_room": in_room}
    post_message(author=two, room=room, body="gone soon", **more)
"""
GONE_SOON = """
from chat.actions.changes import delete_message
for message in Message.objects.filter(body="gone soon"):
    delete_message(deleter=message.author, message=message)
"""
MARGIN = "() => getComputedStyle(document.body).marginTop"
PAGE = 50


def test_a_page_that_received_every_swap_equals_the_page_reloaded(site, windows):
    live = windows.person("member1").go_live("room-2")
    other = windows.person("member2").go_live("room-2")
    for text in ("one", "two of the same", "**bold** `code`", "https://example.org"):
        other.say(text)
    # Two who write at once are stored in either order: each waits for the other here.
    live.sees("https://example.org")
    live.say("in between")
    other.sees("in between")
    other.say("a name again")
    other.tab().go("/rooms/room-3/").wait_until_live()
    other.page.context.pages[-1].locator("[name=body]").fill("makes another room unread")
    other.page.context.pages[-1].keyboard.press("Enter")
    _rename(windows, "The renamed kitchen", "With a purpose & more")
    _somebody_joins(site)

    live.sees("in between", "a name again")
    expect(live.page.locator("#room-head h1")).to_have_text("The renamed kitchen")
    expect(live.page.locator("#member-count")).to_have_text("5 members")
    expect(live.page.locator("#rooms [data-unread]")).to_have_count(1)

    reloaded = live.tab().go_live("room-2")
    expect(reloaded.page.locator("#rooms [data-unread]")).to_have_count(1)
    wait(live, lambda: _shown(live) == _shown(reloaded))
    # The first one shown has a name and a day line, whatever stands before it.
    assert _layout(live)[-PAGE + 1 :] == _layout(reloaded)[-PAGE + 1 :]


def test_every_kind_of_change_leads_to_the_page_reloaded(site, windows):
    live = windows.person("member1").go_live("room-2")
    beside = windows.person("member2").go_live("room-2")
    beside.say("the one that all is about")
    live.sees("the one that all is about")
    beside.sees("the one that all is about")
    beside.wait_until_answered()
    # A thread that is open beside the list.
    beside.page.locator("#messages > .message").last.hover()
    beside.page.locator("#messages > .message").last.get_by_role("link", name="More").click()
    beside.page.get_by_role("link", name="Answer in a thread").click()
    expect(beside.page.locator("#thread .thread-root > .message")).to_be_visible()

    site.shell(CHANGES)

    live.sees("the end of it")
    for window in (live, beside):
        expect(window.page.locator("#messages .replies a").last).to_contain_text("2 answers")
    thread = live.page.locator("#messages .replies a").last.get_attribute("href")
    reloaded = live.tab().go_live("room-2")
    wait(live, lambda: _shown(live) == _shown(reloaded))
    again = beside.tab().go(thread)
    again.wait_until_live()
    wait(beside, lambda: _thread(beside) == _thread(again))
    assert "in the thread, edited" in "".join(_thread(again))
    assert "to be deleted" not in "".join(_shown(live)["messages"])


def test_older_messages_load_above_as_one_scrolls_up_and_the_place_is_kept(windows):
    window = windows.person("member1").go_live("general")
    assert len(window.bodies()) == PAGE
    first = window.page.locator("#messages > .message").first
    scroller = window.page.locator(".scroller")
    scroller.evaluate("element => element.scrollTop = -1e6")
    expect(window.page.locator("#history > .message").first).to_be_attached()
    # Loading stops when the older ones have pushed the link out of view.
    expect(first).to_be_in_viewport()

    while window.page.locator("#older a").count():
        count = window.page.locator("#history > .message").count()
        scroller.evaluate("element => element.scrollTop = -1e6")
        wait(
            window,
            lambda count=count: window.page.locator("#history > .message").count() > count,
        )
    expect(window.page.locator("#older")).to_contain_text("This is the beginning.")

    assert seqs(window) == sorted(set(seqs(window)))
    other = windows.person("member2").go_live("general")
    other.say("after all the old ones")
    window.sees("after all the old ones")
    plain = _all_by_links(windows)
    # The same messages, each with a name and a day line where the pages by links have them; but
    # the first of each of those pages shows both, whatever stands on the page before.
    assert [each[0] for each in plain] == [each[0] for each in _layout(window)]
    differing = [
        index
        for index, (here, there) in enumerate(zip(_layout(window), plain, strict=True))
        if here != there
    ]
    # The newest page is the one that begins where no other ends.
    assert {(len(plain) - index) % PAGE for index in differing} <= {0}, differing


def test_what_is_deleted_after_it_was_shown_leads_to_the_page_reloaded(site, windows):
    live = windows.person("member1").go_live("room-2")
    live.say("what is answered")
    live.sees("what is answered")
    site.shell(ANSWERED)
    answers = live.page.locator("#messages .replies a").last
    expect(answers).to_contain_text("1 answer")
    thread = answers.get_attribute("href")
    beside = windows.person("member2").go(thread)
    beside.wait_until_live()
    expect(beside.page.locator("#thread-list .message-body")).to_have_text("gone soon")

    site.shell(GONE_SOON)

    expect(live.page.locator("#messages .message-gone").last).to_be_visible()
    expect(beside.page.locator("#thread-list .message-gone")).to_be_visible()
    expect(beside.page.locator("#thread-list .message-does a:visible")).to_have_count(1)
    reloaded, again = live.tab().go_live("room-2"), beside.tab().go(thread)
    again.wait_until_live()
    wait(live, lambda: _shown(live) == _shown(reloaded))
    wait(beside, lambda: _thread(beside) == _thread(again))


def test_an_older_page_that_comes_when_the_list_was_replaced_makes_no_gap(windows, line):
    windows.allow(*GONE)
    window = windows.person("member1", url=line.url).go_live("room-3")
    held = []
    window.page.route("**/messages/?before=*", lambda route: held.append(route))
    window.page.locator("#older a").click()
    wait(window, lambda: held)
    answer = held[0].fetch()
    before = seqs(window)
    # A restored backup: this page's place is one of another log.
    epoch = window.page.locator("#cursor [name=epoch]")
    epoch.evaluate("element => element.value = 'another'")
    line.drop(SOCKET)
    expect(epoch).not_to_have_value("another")

    with window.page.expect_event("requestfinished"):
        held[0].fulfill(response=answer)
    window.page.wait_for_timeout(200)  # nothing tells that something was not swapped
    assert seqs(window) == before
    window.page.unroute("**/messages/?before=*")
    # No click: the link may have been seen, and followed, on the way to it.
    window.page.locator(".scroller").evaluate("element => element.scrollTop = -1e6")
    expect(window.page.locator("#history > .message").first).to_be_attached()
    assert seqs(window)[-PAGE:] == before
    assert seqs(window) == sorted(set(seqs(window)))


def test_an_old_message_is_shown_in_its_place_with_the_way_to_the_newest(windows):
    window = windows.person("member1").go_live("general")
    # Seen on the way to it, the link asks by itself.
    window.page.locator(".scroller").evaluate("element => element.scrollTop = -1e6")
    expect(window.page.locator("#history > .message").first).to_be_attached()
    link = window.page.locator("#history .message-time").first.get_attribute("href")
    tab = window.tab().go(link)
    tab.wait_until_live()
    target = tab.page.locator(":target")
    expect(target).to_be_in_viewport()
    expect(target.locator(".message-time")).to_have_attribute("href", link)
    other = windows.person("member2").go_live("general")
    other.say("far below")
    window.sees("far below")
    assert "far below" not in tab.bodies()
    tab.page.get_by_role("link", name="To the newest").click()
    tab.sees("far below")


def seqs(window):
    return [int(seq) for seq in window.page.evaluate(SEQS)]


def _shown(window):
    shown = window.page.evaluate(SHOWN)
    return shown | {"messages": shown["messages"][-PAGE:]}


def _thread(window):
    return window.page.evaluate(THREAD)


def _layout(window):
    return window.page.evaluate(LAYOUT)


def _rename(windows, name, purpose):
    window = windows.person("member1").go("/rooms/room-2/settings/")
    window.page.get_by_label("Name").fill(name)
    window.page.get_by_label("Purpose").fill(purpose)
    window.page.get_by_role("button", name="Save").click()
    window.page.wait_for_url("**/rooms/room-2/")


def _somebody_joins(site):
    site.shell(
        "from chat.actions.rooms import join_room\n"
        "person = Person(username='newt', name='Newt'); person.save()\n"
        "join_room(person=person, room=Room.objects.get(slug='room-2'))"
    )


def _all_by_links(windows):
    """Every message, page by page, as somebody without JavaScript finds them. To whoever wrote
    the last one, nothing is new."""
    window = windows.person("member2").go("/rooms/general/messages/?before=1000000&plain=1")
    found = []
    while True:
        # A page with a stream is never done loading: the stylesheet tells when it is there.
        wait(window, lambda: window.page.evaluate(MARGIN) == "0px")
        page = window.page.evaluate(LAYOUT)
        found = page + found
        link = window.page.locator("#older a")
        if not link.count():
            return found
        window.go(link.get_attribute("href"))
