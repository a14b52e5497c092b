"""How a hand does what a day needs: in a browser that runs htmx, and in one that runs none.

With scripts in a message's own slot and over the socket; without on pages of their own and in the
frame of a stream.
"""

from playwright.sync_api import expect

from tests.browser.windows import wait

# Of what a rule writes behind an element; nothing where that is not shown at all.
REACTED = """(element, name) =>
    element.checkVisibility() ? getComputedStyle(element, name).content : ''"""


class Scripted:
    """Somebody whose browser runs htmx."""

    has_scripts = True

    def __init__(self, window):
        self.window, self.page = window, window.page

    def open(self, room="general"):
        self.window.go_live(room)
        return self

    def say(self, text, *, shown=""):
        self.window.say(text)
        self.sees(shown or text)
        self.window.wait_until_answered()

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
        slot = self.opens_menu(text)
        self.presses(slot, deed)
        return slot

    def opens_menu(self, text):
        message = self.message(text)
        message.hover()
        slot = message.locator(".message-slot")
        slot.get_by_title("More").click()
        # Not before that htmx hears of a click in it.
        expect(slot.locator("nav.menu").get_by_role("link", name="React")).to_be_focused()
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

    def waits_at(self, path):
        """On a page that follows by itself, where this hand has one."""
        self.goes(path)
        self.window.wait_until_live()

    def tab(self):
        """Another tab of the same person."""
        return type(self)(self.window.tab())

    def looks(self, room):
        """What this page tells of news in a room: at its line, in the title, and by the icon."""
        line = self.page.locator(f"#rooms a[href^='/rooms/{room}/']")
        icon = self.page.locator("#icon").get_attribute("href")
        is_unread = line.locator("[data-unread]").count() > 0
        return is_unread, self.page.title().startswith("("), "icon-unread" in icon

    def sees_here(self, *names):
        """These are here in the room, and herself."""
        place = self.page.locator("#presence")
        expect(place).to_contain_text(f"{len(names) + 1} here", timeout=30_000)
        for name in names:
            expect(place).to_contain_text(name)

    def settles(self, room):
        """What this page shows of the room is read, and nobody is typing any more."""
        self.is_calm_about(room)
        expect(self.page.get_by_text("is typing")).to_have_count(0)
        self.page.mouse.move(0, 0)

    def is_called_to(self, room):
        wait(self.window, lambda: self.looks(room) == (True, True, True))

    def is_calm_about(self, room):
        wait(self.window, lambda: self.looks(room) == (False, False, False))

    def is_offered(self, text, line):
        """Types it, finds the line among those that the one-line box offers, and thinks again."""
        self.window.wait_until_answered()
        self.window.composer.press_sequentially(text, delay=40)
        offered = self.page.locator(f"#suggestions option[value='{line}']")
        expect(offered).to_be_attached()
        self.window.composer.fill("")

    def names(self, text, meant, *, picture):
        """Says a text with a name that is only begun, and picks whom it means."""
        self.page.get_by_title("Several lines").click()
        expect(self.page.locator("textarea[name=body]")).to_be_focused()
        self.page.keyboard.type(text, delay=40)
        begun = text.rpartition(" ")[2]
        choice = self.page.locator(f"#choices [value='{begun} {meant}']")
        expect(choice).to_be_visible()
        picture(self.page, "suggestions")
        choice.check()
        self.presses(self.page.locator("#write"), "Send")
        self.sees(f"{text.removesuffix(begun)}{meant}")
        self.window.wait_until_answered()
        self.page.get_by_title("One line").click()
        expect(self.page.locator("input[name=body]")).to_be_focused()

    def tells_all(self, text, *, picture):
        """Says what calls very many, and that this is meant."""
        self.window.say(text)
        answer = self.page.locator(".composer-answer:not(:empty)")
        expect(answer).to_contain_text("This tells all 24 people in this room.")
        picture(self.page.locator("#write"), "everybody")
        self.presses(answer, "Send it to all")
        self.sees(text)


class Scriptless(Scripted):
    """Somebody whose browser runs none."""

    has_scripts = False

    def open(self, room="general"):
        self.window.go(f"/rooms/{room}/")
        expect(self.messages.last).to_be_visible()
        return self

    def say(self, text, *, shown=""):
        self.window.composer.fill(text)
        self.window.composer.press("Enter")
        self.sees(shown or text)

    @property
    def messages(self):
        # What was edited stands below anew; all such lines but the last are hidden.
        return self.stream.locator("#messages > .message:visible")

    @property
    def stream(self):
        return self.page.frame_locator("iframe[name=stream]")

    def opens_menu(self, text):
        self.message(text).hover()
        self.message(text).get_by_title("More").click(no_wait_after=True)
        self.page.wait_for_url("**/menu/")
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

    def waits_at(self, path):
        self.goes(path)

    def looks(self, room):
        # No page that stands open follows here: whoever looks opens it again.
        self.goes("/people/")
        return super().looks(room)

    def is_offered(self, text, line):
        # Nobody is, here: names that are only begun are asked back.
        pass

    def names(self, text, meant, *, picture):
        self.window.composer.fill(text)
        self.window.composer.press("Enter")
        expect(self.page.get_by_text("Whom do you mean?")).to_be_visible()
        picture(self.page, "asked", has_scripts=False)
        self.page.get_by_label(meant).check()
        self.presses(self.page.locator("main"), "Send it again")

    def tells_all(self, text, *, picture):
        self.window.composer.fill(text)
        self.window.composer.press("Enter")
        expect(self.page.get_by_text("This tells all 24 people in this room.")).to_be_visible()
        self.presses(self.page.locator("main"), "Send it again")
        self.sees(text)

    def sees_here(self, *names):
        wait(self.window, lambda: f"{len(names) + 1} here" in self.reloaded("#presence"))
        super().sees_here(*names)

    def reloaded(self, selector):
        self.page.reload(wait_until="domcontentloaded")
        return self.page.locator(selector).text_content()

    def settles(self, room):
        # What streams into a page is read as it comes.
        pass
