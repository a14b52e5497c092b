"""A working day of three people, through everything: live with JavaScript, and live without.

One story for both; what differs is the hand that does it (hands.py). The pictures of docs/using.md
are taken on the way; SCREENSHOTS=1 puts them into docs/images.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.hands import Scripted, Scriptless
from tests.browser.windows import wait
from tests.server import site as sites

IMAGES = sites.CHECKOUT / "docs" / "images"
WIDE = {"width": 1100, "height": 760}
WIDER = WIDE | {"width": 1440}
PHONE = {"width": 390, "height": 844}
MARGIN = 12
MORNING = "Good morning! The boiler is mended."
LATER = "Good morning! The boiler is mended, since nine."

# An owner sees the pictures first: names as people have them, and talk that they would have.
NAMED = """
from chat.names import skeleton
for number, name in enumerate(("ada", "bruno", "chidi", "dalia", "emre", "freya"), 1):
    Person.objects.filter(username=f"member{number}").update(username=name, skeleton=skeleton(name))
for number, slug in ((2, "kitchen"), (3, "engineering")):
    Room.objects.filter(slug=f"room-{number}").update(slug=slug)
for author, body, room in (
    ("dalia", "The new pond liner has arrived. **Who has a van** on Saturday?", "general"),
    ("emre", "I have one, and the morning free. 🐸", "general"),
    ("dalia", "Wonderful! Shall we say nine, at the gate?", "general"),
    ("freya", "Nine is fine. I’ll bring the pump: it hums at last.", "general"),
    ("dalia", "Please mind the *wet paint* in the cellar.", "general"),
    ("emre", "I will. Who was it that painted the boiler green?", "general"),
    ("freya", "Not me. It looks better than before, though.", "general"),
    ("emre", "It is cold in here all the same.", "general"),
    ("freya", "There are plums from our garden on the table.", "kitchen"),
    ("emre", "They are very good. Thank you!", "kitchen"),
    ("dalia", "Has anybody seen the small whiteboard?", "kitchen"),
    ("freya", "It leans behind the fridge, of all places.", "kitchen"),
    ("emre", "The coffee machine is clean again.", "kitchen"),
    ("dalia", "You are the best of us.", "kitchen"),
):
    say(body, author, room)
"""


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    """Twenty-four people: in every room `@room` tells more than may be told without a question."""
    folder = sites.populated(
        tmp_path_factory.mktemp("office") / "data", people=24, rooms=3, messages=300
    )
    sites.Site(data_dir=folder, port=1).shell(NAMED)
    return folder


@pytest.fixture
def site(office, tmp_path):
    """One of its own for each day: nothing was said there by another."""
    with sites.running(sites.copied(office, tmp_path / "data")) as site:
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

    def picture(self, of, name, *, has_scripts=True):
        """Of a page or of a part of it, in the day with scripts or in the other."""
        if self.ada.has_scripts == has_scripts:
            _picture(of, self.folder / f"using-{name}.png")


@pytest.fixture(params=(Scripted, Scriptless), ids=("scripts", "no scripts"))
def day(request, windows, all_is_read, tmp_path):
    # Whoever calls very many is asked first, which htmx logs as an error.
    windows.allow("status of 422", "htmx:responseError", "Response Status Error Code 422")
    hand = request.param
    looks = {
        "ada": {"viewport": WIDE, "color_scheme": "light"},
        "bruno": {"viewport": PHONE, "color_scheme": "dark"},
        "chidi": {"viewport": WIDE, "color_scheme": "light"},
    }
    people = (
        hand(windows.person(name, java_script_enabled=hand.has_scripts, **look))
        for name, look in looks.items()
    )
    return Day(*people, tmp_path)


def test_a_working_day_of_three(day):
    for person in day.everybody:
        person.open()
    _react(day)
    _edit(day)
    _quote(day)
    _answer(day)
    _delete(day)
    _choose_what_to_hear(day)
    _name(day)
    _name_everybody(day)
    _catch_up(day)
    _keep_for_later(day)
    _find(day)
    _go_back(day)
    _hush(day)
    _say_goodbye(day)


def _react(day):
    day.ada.say(MORNING)
    for person in day.everybody:
        person.sees(MORNING)
    place = day.bruno.does(MORNING, "React")
    place.get_by_label("Search emoji").fill("tada")
    if not day.bruno.has_scripts:
        place.get_by_role("button", name="Search").click(no_wait_after=True)
    tada = place.get_by_role("button", name="tada", exact=True)
    expect(tada).to_be_visible()
    expect(day.bruno.page.get_by_text("is typing")).to_have_count(0)
    day.picture(day.bruno.page, "reactions")
    tada.click(no_wait_after=True)
    for person in (day.ada, day.chidi):
        person.has_reaction(MORNING, "🎉 1")


def _edit(day):
    """Bruno has half a reply when Ada thinks better of what she said: his words stay."""
    day.bruno.does(MORNING, "Reply")
    half = day.bruno.page.locator(".slot-form textarea")
    half.fill("Half a")
    day.ada.does(MORNING, "Edit")
    text = day.ada.page.locator(".slot-form textarea")
    expect(text).to_have_value(MORNING)
    text.fill(LATER)
    day.picture(day.ada.page, "editing")
    day.ada.presses(day.ada.page, "Save")
    for person in (day.ada, day.chidi):
        person.sees(LATER)
        expect(person.message(LATER).get_by_role("link", name="edited")).to_be_visible()
    expect(half).to_have_value("Half a")
    edited = day.chidi.message(LATER).get_by_role("link", name="edited")
    page = day.chidi.goes(edited.get_attribute("href"))
    expect(page.locator(".versions")).to_contain_text(MORNING)
    day.picture(page, "history")


def _quote(day):
    day.chidi.open()
    half = day.bruno.page.locator(".slot-form textarea")
    half.fill("Half a day without heat. Thank you!")
    day.bruno.presses(day.bruno.page.locator(".slot-form"), "Send")
    for person in day.everybody:
        person.sees("Half a day without heat.")
        quote = person.message("Half a day").locator(".quote")
        expect(quote).to_contain_text(LATER)
    day.picture(day.chidi.message("Half a day"), "quote")


def _answer(day):
    """In a thread, and to the room as well; who no longer follows hears nothing more of it."""
    ada, bruno, chidi = day.everybody
    chidi.say("Which boiler, the old one or the new one?")
    ada.sees("Which boiler")
    ada.begins_thread("Which boiler")
    ada.answers("The old one. The new one never fails.")
    chidi.has_answers("Which boiler", "1 answer")
    chidi.opens_thread("Which boiler")
    chidi.sees_answer("The old one.")
    chidi.answers("Then let us keep the old one warm.", also=True)
    ada.sees_answer("keep the old one warm")
    bruno.sees("keep the old one warm")
    ada.settles("general")
    day.picture(ada.page, "thread")
    pane = chidi.page.locator("#thread")
    chidi.presses(pane, "Unfollow")
    expect(pane.get_by_role("button", name="Follow", exact=True)).to_be_visible()
    page = chidi.goes("/inbox/")
    ada.answers("That it is.")
    page.reload(wait_until="domcontentloaded")
    expect(page.locator("#inbox-threads")).to_have_count(0)


def _delete(day):
    ada, bruno = day.ada.open(), day.bruno
    ada.say("The party is on Friday")
    bruno.sees("The party is on Friday")
    ada.does("The party is on Friday", "Delete")
    form = ada.page.locator(".slot-form")
    expect(form).to_contain_text("can’t be undone")
    day.picture(ada.message("The party"), "deleting")
    form.get_by_role("button", name="Delete").click(no_wait_after=True)
    for person in (ada, bruno):
        expect(person.shown_text("The party is on Friday")).to_have_count(0)


def _choose_what_to_hear(day):
    """Bruno wants to hear of one room only what names him."""
    ada, bruno, chidi = day.everybody
    for person in (bruno, chidi):
        _mark_all_read(person)
    page = bruno.goes("/rooms/kitchen/settings/")
    page.get_by_label("Mentions only").check()
    day.picture(page.locator("section", has=page.get_by_label("Mentions only")), "levels")
    bruno.presses(page, "Set")
    expect(page.locator("#notice")).not_to_be_empty()
    for person in (bruno, chidi):
        person.waits_at("/people/")
        person.is_calm_about("kitchen")
    ada.open("kitchen").say("Nobody is named here")
    # On the pages that stand open: it arrives for one, and never does for the other.
    chidi.is_called_to("kitchen")
    bruno.is_calm_about("kitchen")


def _name(day):
    """While Ada types she is offered whom she may mean; without scripts she is asked."""
    ada, bruno, chidi = day.everybody
    ada.is_offered("Lunch? :tad", "Lunch? :tada:")
    ada.is_offered("Lunch in the #kit", "Lunch in the #kitchen")
    ada.is_offered("Lunch at one, @bru", "Lunch at one, @bruno")
    ada.names("@chidi: lunch at one, with @b", "@bruno", picture=day.picture)
    ada.sees("lunch at one, with @bruno")
    expect(ada.message("lunch at one").locator(".mention")).to_have_count(2)
    for person in (bruno, chidi):
        person.is_called_to("kitchen")


def _name_everybody(day):
    ada, bruno, chidi = day.everybody
    ada.say("@here: cake in #kitchen :tada:", shown="@here: cake in #kitchen 🎉")
    told = ada.message("cake in")
    expect(told.locator(".mention")).to_have_text("@here")
    expect(told.locator(".room-link")).to_have_attribute("href", re.compile("^/rooms/kitchen/"))
    ada.open().tells_all("@room: fire drill at four", picture=day.picture)
    for person in (bruno, chidi):
        person.is_called_to("general")


def _catch_up(day):
    """Chidi answers in the inbox; Bruno goes to the rooms, and the page that he has left open
    becomes calm."""
    page = day.chidi.goes("/inbox/")
    expect(page.locator("[aria-labelledby=inbox-mentions] .message")).to_have_count(3)
    expect(page.get_by_text("lunch at one")).to_be_visible()
    day.picture(page, "inbox")
    box = page.locator("#room-kitchen [name=body]")
    box.fill("At one, in the garden")
    box.press("Enter")
    expect(page.locator("#room-kitchen")).to_have_count(0)
    elsewhere = day.bruno.tab()
    elsewhere.open("kitchen").sees("At one, in the garden")
    expect(elsewhere.stream.locator(".new-line")).to_be_visible()
    day.picture(elsewhere.page, "new")
    elsewhere.open().sees("fire drill")
    for room in ("kitchen", "general"):
        day.bruno.is_calm_about(room)
    elsewhere.page.close()


def _keep_for_later(day):
    chidi = day.chidi
    menu = chidi.open("kitchen").opens_menu("lunch at one")
    day.picture(chidi.message("lunch at one"), "menu")
    chidi.presses(menu, "Unread from here")
    expect(menu.locator("nav.menu")).to_have_count(0)
    chidi.waits_at("/people/")
    chidi.is_called_to("kitchen")
    _mark_all_read(chidi)
    chidi.is_calm_about("kitchen")


def _mark_all_read(person):
    page = person.goes("/inbox/")
    everything = page.get_by_text("You have read everything")
    if not everything.is_visible():
        person.presses(page, "Mark all read")
    expect(everything).to_be_visible()


def _find(day):
    page = day.chidi.goes("/search/?q=from:ada+boiler+hammer*")
    expect(page.get_by_text("Nothing that you may see matches.")).to_be_visible()
    page.locator("#search-query").fill("boil*")
    page.get_by_text("Narrow it down").click()
    page.get_by_label("From", exact=True).fill("ada")
    page.get_by_label("In", exact=True).fill("general")
    page.get_by_label("From this day on").fill("2026-01-01")
    page.locator("main").get_by_role("button", name="Search").click(no_wait_after=True)
    hits = page.locator(".hits > li")
    expect(hits.filter(has_text="since nine").first).to_be_visible()
    expect(page.locator(".hits mark").first).to_have_text(re.compile("boil", re.IGNORECASE))
    expect(hits.filter(has_text="Which boiler")).to_have_count(0)
    day.picture(page, "search")
    page.locator(".hits a[href^='/messages/']").first.click(no_wait_after=True)
    expect(page.locator(".room")).to_be_visible()


def _go_back(day):
    page = day.chidi.open().page
    page.get_by_text("Jump to date").click()
    page.locator("#jump-date").fill("2000-01-01")
    day.picture(page, "date")
    page.get_by_role("button", name="Go").click(no_wait_after=True)
    expect(page.get_by_text("This is the beginning.")).to_be_attached()
    page.get_by_role("link", name="To the newest").click(no_wait_after=True)
    day.chidi.sees("fire drill")


def _hush(day):
    """Bruno mutes a room for an hour, and hides it; and while he is not to be disturbed, no title
    calls."""
    ada, bruno = day.ada, day.bruno
    page = bruno.goes("/rooms/engineering/settings/")
    page.get_by_label("Mute it").select_option(label="For an hour")
    bruno.presses(page, "Set")
    expect(page.locator("#notice")).not_to_be_empty()
    ada.open("engineering").say("Only a muted word")
    bruno.waits_at("/people/")
    bruno.is_calm_about("engineering")
    _is_quiet(bruno, "00:00", "23:59")
    day.picture(bruno.page.locator("form.form"), "quiet")
    bruno.waits_at("/people/")
    ada.open().say("@bruno is not disturbed")
    wait(bruno.window, lambda: bruno.looks("general") == (True, False, False))
    _is_quiet(bruno, "", "")
    bruno.waits_at("/people/")
    bruno.is_called_to("general")
    for level, lines in (("Nothing, and hide it from my rooms", 0), ("Everything", 1)):
        page = bruno.goes("/rooms/engineering/settings/")
        page.get_by_label(level).check()
        bruno.presses(page, "Set")
        expect(page.locator("#rooms a[href^='/rooms/engineering/']")).to_have_count(lines)


def _is_quiet(person, start, end):
    page = person.goes("/settings/")
    page.get_by_label("Do not disturb from").fill(start)
    page.get_by_label("Do not disturb until").fill(end)
    person.presses(page, "Save")
    expect(page.locator("#notice")).not_to_be_empty()


def _say_goodbye(day):
    """Who is here is said, and no longer said of Chidi when he doesn't want it; who types, only
    where pages have scripts."""
    ada, bruno, chidi = day.everybody
    ada.open("kitchen").sees_here("Bruno Keller", "Chidi Okafor")
    if ada.has_scripts:
        bruno.open("kitchen").window.composer.press_sequentially("Good ni", delay=60)
        expect(ada.page.locator("#typing")).to_contain_text("Bruno Keller is typing")
        ada.page.set_viewport_size(WIDER)
        day.picture(ada.page, "typing")
    for is_shown, names in ((False, ["Bruno Keller"]), (True, ["Bruno Keller", "Chidi Okafor"])):
        page = chidi.goes("/settings/")
        page.get_by_label("Show others when you are here").set_checked(is_shown)
        chidi.presses(page, "Save")
        ada.sees_here(*names)


def _picture(of, path):
    # To hide the caret the driver writes into each box's style, which htmx carries along and our
    # policy forbids.
    page, clip = (of, None) if isinstance(of, Page) else (of.page, _with_margin(of))
    picture = page.screenshot(path=path, clip=clip, caret="initial")
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    if os.environ.get("SCREENSHOTS"):
        (IMAGES / path.name).write_bytes(picture)
    assert (IMAGES / path.name).is_file(), f"{path.name} is missing: {__doc__}"


def _with_margin(part):
    part.scroll_into_view_if_needed()
    box, screen = part.bounding_box(), part.page.viewport_size
    # A message has its own, and other messages around it.
    margin = 0 if "message" in (part.get_attribute("class") or "").split() else MARGIN
    left, top = max(box["x"] - margin, 0), max(box["y"] - margin, 0)
    right = min(box["x"] + box["width"] + margin, screen["width"])
    bottom = min(box["y"] + box["height"] + margin, screen["height"])
    return {"x": left, "y": top, "width": right - left, "height": bottom - top}
