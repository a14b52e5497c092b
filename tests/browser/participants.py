"""Who can take part in a conversation, each in their own way: they say, and they have heard."""

import json
import re
import subprocess
from contextlib import ExitStack

from playwright.sync_api import expect

from tests import examples
from tests.browser.windows import wait
from tests.terminal.terminals import COMMAND, environment

ROOM = "general"


class Page:
    """A room's page in Chromium, with htmx. It comes back by itself."""

    def __init__(self, windows, username):
        self.window = windows.person(username).go_live(ROOM)

    def say(self, text):
        self.window.say(text)

    def heard(self):
        return self.window.bodies()

    def come_back(self):
        """The others do so by themselves."""


class Plain(Page):
    """The same without JavaScript: a form, and a stream, which is there again when reloaded."""

    def __init__(self, windows, username):
        self.window = windows.person(username, java_script_enabled=False).go(f"/rooms/{ROOM}/")
        self.bodies = self.window.page.frame_locator("iframe.stream").locator(".message-body")

    def say(self, text):
        self.window.sends(text)
        expect(self.bodies.last).to_be_attached()  # the new page has a stream of its own

    def heard(self):
        return self.bodies.all_inner_texts()

    def come_back(self):
        self.window.go(f"/rooms/{ROOM}/")
        expect(self.bodies.last).to_be_attached()


class Console:
    """A page's console: what one types there, and what it answers."""

    def __init__(self, window):
        self.window, self.lines = window, []
        window.page.on("console", lambda message: self.lines.append(message.text))
        self.session = window.page.context.new_cdp_session(window.page)

    def type(self, code):
        """As a person does, so the page's policy has no say in it."""
        answer = self.session.send("Runtime.evaluate", {"expression": code, "replMode": True})
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]

    def prints(self, *parts):
        """Waits for a line that holds each of these."""
        wait(self.window, lambda: any(all(part in line for part in parts) for line in self.lines))


class Script(Page):
    """docs/protocol.md's client in the console of a page that has no socket of its own."""

    def __init__(self, windows, username):
        self.console = Console(windows.person(username).go("/people/"))
        self.console.type(examples.program("page.js"))
        self.console.prints("here as", username)

    def say(self, text):
        self.console.type(f"chat.say({ROOM!r}, {text!r})")

    def heard(self):
        return bodies(self.console.lines)


class Program(Page):
    """An example of docs/protocol.md as a process."""

    def __init__(self, stack, folder, name, site, token):
        running = examples.running(folder, name, site, ROOM, TOKEN=token)
        self.example = stack.enter_context(running)
        self.example.complains("here as")

    def say(self, text):
        self.example.type(text)

    def heard(self):
        return bodies(self.example.lines)


class Curl(Page):
    """The shell's two scripts; it begins at this place of the log."""

    def __init__(self, stack, folder, site, token, place):
        self.folder, self.variables = folder / "say", {"SITE": site, "TOKEN": token}
        running = examples.running(folder, "follow.sh", ROOM, f"{place}", **self.variables)
        self.example = stack.enter_context(running)

    def say(self, text):
        examples.run(self.folder, "say.sh", ROOM, text, **self.variables)

    def heard(self):
        events = [json.loads(line) for line in self.example.lines]
        places = [event["seq"] for event in events]
        assert places == [*range(places[0], places[0] + len(places))] if places else True
        return [each["message"]["body"] for each in events if each["type"] == "message.posted"]


class Terminal(Page):
    """`natterjack tail` and `natterjack say`."""

    def __init__(self, stack, folder, site, token):
        folder.mkdir()
        self.surroundings, self.output = environment(site, token, folder), folder / "output"
        with self.output.open("wb") as output:
            process = subprocess.Popen(
                [*COMMAND, "tail", "-n", "1", ROOM],
                env=self.surroundings,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        stack.callback(process.wait)
        stack.callback(process.terminate)

    def say(self, text):
        subprocess.run(
            [*COMMAND, "say", ROOM, text],
            env=self.surroundings,
            stdin=subprocess.DEVNULL,
            check=True,
            timeout=60,
        )

    def heard(self):
        lines = self.output.read_text().splitlines()
        return [found[1] for line in lines if (found := re.match(r"\d\d:\d\d [^:]+: (.*)", line))]


def bodies(lines):
    """Of lines as the document's clients print them; their places only rise."""
    found = [re.fullmatch(rf"{ROOM} (\d+) \S+: (.*)", line) for line in lines]
    places = [int(each[1]) for each in found if each]
    assert places == sorted(set(places)), places
    return [each[2] for each in found if each]


def everybody(stack: ExitStack, windows, site, folder):
    """One of each, by what they are called."""
    tokens = {
        name: site.manage("token", f"member{number}", "--label", name).strip()
        for name, number in (("Node", 2), ("Python", 3), ("curl", 4), ("terminal", 4))
    }
    place = int(site.shell("print(Room.objects.get(slug='general').last_seq)"))
    return {
        "page": Page(windows, "member1"),
        "plain": Plain(windows, "member2"),
        "script": Script(windows, "member3"),
        "Node": Program(stack, folder / "node", "chat.mjs", site.url, tokens["Node"]),
        "Python": Program(stack, folder / "python", "chat.py", site.url, tokens["Python"]),
        "curl": Curl(stack, folder / "curl", site.url, tokens["curl"], place),
        "terminal": Terminal(stack, folder / "terminal", site.url, tokens["terminal"]),
    }
