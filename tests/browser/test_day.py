"""A working day of three people, through everything: live with JavaScript, and live without.

One story for both. What differs is how a hand does it: with JavaScript in a message's own slot and
over the socket, without on pages and in the frame of a stream. The pictures of docs/using.md are
taken on the way; SCREENSHOTS=1 puts them into docs/images.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.test_read import is_read, is_unread
from tests.browser.windows import wait
from tests.server import site as sites

IMAGES = sites.CHECKOUT / "docs" / "images"
WIDE = {"width": 1100, "height": 720}
PHONE = {"width": 390, "height": 780}
MORNING = "Good morning! The boiler is mended."
LATER = "Good morning! The boiler is mended, since nine."
REACTED = "(element, name) => getComputedStyle(element, name).content"


class Scripted:
    """Somebody whose browser runs htmx."""

    has_scripts = True

    def __init__(self, window):
        self.window, self.page = window, window.page

    def open(self, room="general"):
        self.window.go_live(room)
        return self

    def say(self, text):
        self.window.say(text)
        self.sees(text)

    def sees(self, text):
        expect(self.message(text).locator(".message-content")).to_contain_text(text)

    @property
    def messages(self):
        return self.page.locator("#messages > .message")

    def message(self, text):
        said = self.stream.locator(".message-body").filter(has_text=text)
        return self.messages.filter(has=said).last

    def does(self, text, deed):
        """Chooses it in the message's menu; returns where its form has opened."""
        message = self.message(text)
        message.hover()
        message.locator(".message-slot").get_by_title("More").click()
        slot = message.locator(".message-slot")
        self.presses(slot, deed)
        return slot

    def presses(self, where, deed):
        where.get_by_role("link", name=deed, exact=True).or_(
            where.get_by_role("button", name=deed, exact=True)
        ).first.click()

    def has_reaction(self, text, said):
        expect(self.message(text).locator(".reaction")).to_contain_text(said)

    @property
    def stream(self):
        return self.page

    def shown_text(self, text):
        return self.messages.filter(has_text=text)

    def has_answers(self, text, said):
        expect(self.message(text).locator(".replies")).to_contain_text(said)

    def begins_thread(self, text):
        self.does(text, "Answer in a thread")
        expect(self.page.locator("#thread [name=body]")).to_be_focused()

    def opens_thread(self, text):
        self.message(text).locator(".replies a").click()

    def answers(self, text, *, also=False):
        pane = self.page.locator("#thread")
        if also:
            pane.locator("#also").check()
        pane.locator("[name=body]:not(:disabled)").fill(text)
        pane.locator("[name=body]:not(:disabled)").press("Enter")
        self.sees_answer(text)

    def sees_answer(self, text):
        expect(self.page.locator("#thread-list .message").last).to_contain_text(text)

    def goes(self, path):
        self.window.go(path)
        return self.page


class Scriptless(Scripted):
    """Somebody whose browser runs none."""

    has_scripts = False

    def open(self, room="general"):
        self.window.go(f"/rooms/{room}/")
        expect(self.messages.last).to_be_visible()
        return self

    def say(self, text):
        self.window.composer.fill(text)
        self.window.composer.press("Enter")
        self.sees(text)

    @property
    def messages(self):
        # Lines that something has changed since are hidden, and stand below anew.
        return self.stream.locator("#messages > .message:visible")

    @property
    def stream(self):
        return self.page.frame_locator("iframe[name=stream]")

    def does(self, text, deed):
        self.message(text).hover()
        self.message(text).get_by_title("More").click(no_wait_after=True)
        self.page.wait_for_url("**/menu/")
        self.presses(self.page.locator("nav.menu"), deed)
        return self.page.locator(".page-body")

    def has_reaction(self, text, said):
        # A rule says it, where no element can be changed any more.
        place = self.message(text).locator(".reactions")
        wait(self.window, lambda: said in place.evaluate(REACTED, "::after"))

    def shown_text(self, text):
        # What was deleted is in the page still, but nobody is shown it.
        return self.stream.get_by_text(text).locator("visible=true")

    def has_answers(self, text, said):
        place = self.message(text).locator(".replies")
        wait(self.window, lambda: said in place.evaluate(REACTED, "::after"))

    def begins_thread(self, text):
        self.does(text, "Answer in a thread")
        expect(self.page.locator("#thread [name=body]").first).to_be_focused()

    def opens_thread(self, text):
        href = self.message(text).get_by_title("More").get_attribute("href")
        self.window.go(href.replace("menu", "thread"))

    def answers(self, text, *, also=False):
        if also:
            self.page.locator("#also").check()
        self.page.locator("#thread [name=body]").first.fill(text)
        self.page.locator("#thread [name=body]").first.press("Enter")
        self.sees_answer(text)

    def sees_answer(self, text):
        thread = self.page.frame_locator("iframe[name=thread-stream]")
        answers = thread.locator("#answers > .message")
        expect(answers.last).to_contain_text(text)


@pytest.fixture(scope="module")
def site(team, tmp_path_factory):
    folder = sites.copied(team, tmp_path_factory.mktemp("day") / "data")
    with sites.running(folder, variables={"LIMIT_POSTS": "off"}) as site:
        yield site


@dataclass
class Day:
    """The three of them, and where the pictures go."""

    ada: Scripted
    bruno: Scripted
    chidi: Scripted
    folder: Path

    @property
    def everybody(self):
        return self.ada, self.bruno, self.chidi

    def picture(self, of, name):
        if self.ada.has_scripts:
            _picture(of, self.folder / f"using-{name}.png")


@pytest.fixture(params=(Scripted, Scriptless), ids=("scripts", "no scripts"))
def day(request, windows, all_is_read, tmp_path):
    hand = request.param
    looks = {
        "member1": {"viewport": WIDE, "color_scheme": "light"},
        "member2": {"viewport": PHONE, "color_scheme": "dark"},
        "member3": {"viewport": WIDE, "color_scheme": "light"},
    }
    people = (
        hand(windows.person(name, java_script_enabled=hand.has_scripts, **look))
        for name, look in looks.items()
    )
    return Day(*people, tmp_path)


def test_a_working_day_of_three(day):
    for person in day.everybody:
        person.open()
    # The site is the same for both: the second day begins with other words.
    again = "" if day.ada.has_scripts else " Again!"
    morning, later = MORNING + again, LATER + again
    _react(day, morning)
    _edit(day, morning, later)
    _answer(day)
    _delete(day)
    _name(day)
    _catch_up(day)
    _find(day)
    _go_back(day)
    _keep_for_later(day)
    _hush(day)
    _say_goodbye(day)


def _react(day, morning):
    day.ada.say(morning)
    for person in day.everybody:
        person.sees(morning)
    place = day.bruno.does(morning, "React")
    place.get_by_label("Search emoji").fill("tada")
    if not day.bruno.has_scripts:
        place.get_by_role("button", name="Search").click(no_wait_after=True)
    tada = place.get_by_role("button", name="tada", exact=True)
    expect(tada).to_be_visible()
    day.picture(day.bruno.page, "reactions")
    tada.click(no_wait_after=True)
    for person in (day.ada, day.chidi):
        person.has_reaction(morning, "🎉 1")


def _edit(day, morning, later):
    """Bruno has half a reply when Ada thinks better of what she said: his words stay."""
    day.bruno.does(morning, "Reply")
    half = day.bruno.page.locator(".slot-form textarea")
    half.fill("Half a")
    day.ada.does(morning, "Edit")
    text = day.ada.page.locator(".slot-form textarea")
    expect(text).to_have_value(morning)
    text.fill(later)
    day.picture(day.ada.page, "editing")
    day.ada.presses(day.ada.page, "Save")
    for person in (day.ada, day.chidi):
        person.sees(later)
        expect(person.message(later).get_by_role("link", name="edited")).to_be_visible()
    expect(half).to_have_value("Half a")
    half.fill("Half a day without heat. Thank you!")
    day.bruno.page.locator(".slot-form").get_by_role("button", name="Send").click(
        no_wait_after=True
    )
    for person in day.everybody:
        person.sees("Half a day without heat.")
        quote = person.message("Half a day").locator(".quote")
        expect(quote).to_contain_text("The boiler is mended")
    edited = day.chidi.message(later).get_by_role("link", name="edited")
    page = day.chidi.goes(edited.get_attribute("href"))
    expect(page.locator(".versions")).to_contain_text(morning)
    day.picture(page, "history")


def _answer(day):
    """In a thread, and to the room as well."""
    ada, bruno, chidi = day.everybody
    chidi.open().say("Which boiler, the old one or the new one?")
    ada.sees("Which boiler")
    ada.begins_thread("Which boiler")
    ada.answers("The old one. The new one never fails.")
    chidi.has_answers("Which boiler", "1 answer")
    chidi.opens_thread("Which boiler")
    chidi.sees_answer("The old one.")
    chidi.answers("Then let us keep the old one warm.", also=True)
    ada.sees_answer("keep the old one warm")
    bruno.sees("keep the old one warm")
    day.picture(ada.page, "thread")
    pane = chidi.page.locator("#thread")
    pane.get_by_role("button", name="Unfollow").click(no_wait_after=True)
    expect(pane.get_by_role("button", name="Follow", exact=True)).to_be_visible()


def _delete(day):
    ada, bruno = day.ada.open(), day.bruno
    ada.say("The party is on Friday")
    bruno.sees("The party is on Friday")
    ada.does("The party is on Friday", "Delete")
    form = ada.page.locator(".slot-form")
    expect(form).to_contain_text("can’t be undone")
    form.get_by_role("button", name="Delete").click(no_wait_after=True)
    for person in (ada, bruno):
        expect(person.shown_text("The party is on Friday")).to_have_count(0)


def _name(day):
    """Bruno wants to hear of one room only what names him."""
    ada, bruno, chidi = day.everybody
    page = bruno.goes("/rooms/room-2/settings/")
    page.get_by_label("Mentions only").check()
    day.picture(page.locator("section", has=page.get_by_label("Mentions only")), "levels")
    page.get_by_role("button", name="Set").click(no_wait_after=True)
    expect(page.locator("#notice")).not_to_be_empty()
    chidi.goes("/people/")
    ada.open("room-2").say("Nobody is named here")
    bruno.goes("/people/")
    is_read(bruno, "room-2")
    ada.say("@member2 and @member3: lunch at one?")
    expect(ada.message("lunch at one").locator(".mention")).to_have_count(2)
    for person in (bruno, chidi):
        person.goes("/people/")
        is_unread(person, "room-2")
        expect(person.page).to_have_title(re.compile(r"^\(\d+\) "))


def _catch_up(day):
    page = day.chidi.goes("/inbox/")
    expect(page.get_by_text("lunch at one?")).to_be_visible()
    day.picture(page, "inbox")
    box = page.locator("#room-room-2 [name=body]")
    box.fill("At one, in the garden")
    box.press("Enter")
    day.ada.sees("At one, in the garden")
    expect(page.locator("#room-room-2")).to_have_count(0)
    day.bruno.open("room-2").sees("lunch at one")
    expect(day.bruno.stream.locator(".new-line")).to_be_visible()
    day.picture(day.bruno.page, "new")


def _find(day):
    page = day.chidi.goes("/search/?q=from:member1+boiler+hammer*")
    expect(page.locator(".hits")).to_have_count(0)
    page = day.chidi.goes("/search/?q=from:member1+boil*")
    expect(page.locator(".hits > li").first).to_contain_text("since nine")
    expect(page.locator(".hits mark").first).to_have_text(re.compile("boil", re.IGNORECASE))
    day.picture(page, "search")
    page.locator(".hits a[href^='/messages/']").first.click(no_wait_after=True)
    expect(page.locator(".room")).to_be_visible()


def _go_back(day):
    page = day.chidi.open().page
    page.get_by_text("Jump to date").click()
    page.locator("#jump-date").fill("2000-01-01")
    page.get_by_role("button", name="Go").click(no_wait_after=True)
    expect(page.get_by_text("This is the beginning.")).to_be_attached()


def _hush(day):
    """Bruno mutes a room for an hour; and while he is not to be disturbed, no title calls."""
    page = day.bruno.goes("/rooms/room-3/settings/")
    page.get_by_label("Mute it").select_option(label="For an hour")
    page.get_by_role("button", name="Set").click(no_wait_after=True)
    expect(page.locator("#notice")).not_to_be_empty()
    day.ada.open("room-3").say("Only a muted word")
    page = day.bruno.goes("/people/")
    is_read(day.bruno, "room-3")
    day.ada.open().say("@member2 is not disturbed")
    _is_quiet(day.bruno, "00:00", "23:59")
    is_unread(day.bruno, "general")
    expect(day.bruno.page).to_have_title(re.compile(r"^[^(]"))
    _is_quiet(day.bruno, "", "")
    expect(day.bruno.page).to_have_title(re.compile(r"^\(\d+\) "))


def _is_quiet(person, start, end):
    page = person.goes("/settings/")
    page.get_by_label("Do not disturb from").fill(start)
    page.get_by_label("Do not disturb until").fill(end)
    page.get_by_role("button", name="Save").click(no_wait_after=True)
    expect(page.locator("#notice")).not_to_be_empty()


def _keep_for_later(day):
    day.chidi.open("room-2").does("lunch at one", "Unread from here")
    page = day.chidi.goes("/people/")
    is_unread(day.chidi, "room-2")
    page = day.chidi.goes("/inbox/")
    page.get_by_role("button", name="Mark all read").click(no_wait_after=True)
    expect(page.get_by_text("You have read everything")).to_be_visible()
    is_read(day.chidi, "room-2")


def _say_goodbye(day):
    page = day.ada.open("room-2").page
    expect(page.locator("#presence")).to_contain_text("here")
    if day.ada.has_scripts:
        day.bruno.open("room-2").window.composer.press_sequentially("Good ni", delay=60)
        expect(page.locator("#typing")).to_contain_text("Bruno Keller is typing")
        day.picture(page, "typing")


def _picture(of, path):
    picture = of.screenshot(path=path)
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    if os.environ.get("SCREENSHOTS"):
        (IMAGES / path.name).write_bytes(picture)
    assert (IMAGES / path.name).is_file(), f"{path.name} is missing: {__doc__}"
