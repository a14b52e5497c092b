"""The terminal client beside a real server: in a real terminal, through kills and restarts."""

import asyncio
import re
import time
from signal import SIGCONT, SIGKILL, SIGSTOP

import pytest

from tests.server.site import Site, copied
from tests.terminal.terminals import Terminal, environment, piped

ROOM = "general"
LOST = "connection lost, trying again"
MESSAGE = re.compile(r"\d\d:\d\d #\d+ ")


@pytest.fixture(scope="module")
def site(team, tmp_path_factory):
    site = Site(data_dir=copied(team, tmp_path_factory.mktemp("terminal") / "data")).start()
    try:
        yield site
    finally:
        site.stop()


@pytest.fixture(scope="module")
def tokens(site):
    return {
        name: site.manage("token", name, "--label", "terminal").strip()
        for name in ("member1", "member2")
    }


@pytest.fixture
def surroundings(site, tokens, tmp_path):
    def of(name):
        return environment(site.url, tokens[name], tmp_path)

    return of


@pytest.fixture
async def chat(surroundings):
    """A chat in a terminal that is live; it does not outlive the test."""
    started = []

    async def start(*words, name="member1"):
        screen = Terminal("chat", ROOM, *words, environment=surroundings(name))
        started.append(screen)
        await live(screen)
        return screen

    yield start
    for each in started:
        each.close()


@pytest.fixture
async def run(surroundings):
    started = []

    async def start(*words, name="member2"):
        started.append(await piped(*words, environment=surroundings(name)))
        return started[-1]

    yield start
    for each in started:
        await each.close()


async def live(screen):
    await screen.until(lambda: screen.text[-1].startswith(ROOM) and not _is_away(screen), "live")


def _is_away(screen):
    return "not connected" in screen.text[-1] or "sending" in screen.text[-1]


def shown(screen, word):
    """What was said that begins with this, as it stands above the box."""
    said = [line for line in screen.text if MESSAGE.match(line)]
    return [line.partition(": ")[2] for line in said if f": {word}" in line]


async def test_two_people_talk_and_history_is_there(chat, run):
    assert (await (await run("say", ROOM, "talk: before")).result())[0] == 0
    one, other = await chat(name="member1"), await chat(name="member2")
    assert shown(one, "talk") == ["talk: before"]

    one.type("talk: hello\r")
    await other.sees("talk: hello")
    other.type("talk: hello yourself\r")

    expected = ["talk: before", "talk: hello", "talk: hello yourself"]
    await one.until(lambda: shown(one, "talk") == expected)
    await other.until(lambda: shown(other, "talk") == expected)
    assert one.vt.strange == []


async def test_what_is_said_is_edited_reacted_to_and_deleted(chat):
    one, other = await chat("-n", "1"), await chat("-n", "1", name="member2")
    one.type("frist\r")
    await other.sees(": frist")
    await one.sees(": frist")  # what it edits is the last one that it has seen

    one.type("/edit first\r")
    await other.sees("): first")
    other.type("/react 👍\r")
    await one.sees("with 👍")
    number = next(line.split()[1] for line in one.text if line.endswith(": frist"))
    one.type(f"/delete {number}\r")

    await other.sees("(deleted")


async def test_who_types_is_seen(chat):
    one, other = await chat(), await chat(name="member2")

    other.type("I am about to")

    await one.until(lambda: "typing" in one.text[-1])


async def test_quit_ends_thirty_times_in_a_row_also_on_a_busy_machine(chat):
    # An end that hung one time in ten is what this is about.
    loads = [
        await asyncio.create_subprocess_exec("sh", "-c", "while :; do :; done") for _ in range(2)
    ]
    try:
        for _ in range(6):
            for screen in await asyncio.gather(*(chat("-n", "5") for _ in range(5))):
                screen.type("/quit\r")
                assert await screen.ended(within=20) == 0
                assert screen.is_as_before
    finally:
        for load in loads:
            load.kill()
            await load.wait()


async def test_quit_ends_though_the_server_is_stuck(chat, site):
    screen = await chat()
    site.process.send_signal(SIGSTOP)
    try:
        screen.type("/quit\r")
        assert await screen.ended(within=20) == 0
    finally:
        site.process.send_signal(SIGCONT)
    await asyncio.to_thread(_answering, site)


async def test_nothing_is_lost_or_doubled_when_the_server_is_killed(chat, run, site):
    await (await run("say", ROOM, "before")).result()
    tail = await run("tail", ROOM, "-n", "1")
    assert (await tail.line()).endswith(": before")
    screen = await chat("-n", "0")
    screen.type("killed: 0\r")
    assert (await tail.line()).endswith(": killed: 0")
    expected = ["killed: 0"]

    for number in range(1, 3):
        screen.type(f"half {number}")
        await asyncio.to_thread(site.stop, SIGKILL)
        await screen.until(lambda: "not connected" in screen.text[-1])
        # What stands in the box is finished and sent while nobody is there to take it.
        for _ in range(len(f"half {number}")):
            screen.type("\x7f")
        screen.type(f"killed: {number}\r")
        say = await run("say", ROOM, f"killed: said {number}")
        await asyncio.to_thread(site.start)
        assert (await say.result())[0] == 0
        await live(screen)
        both = [(await tail.line()).partition(": ")[2] for _ in range(2)]
        assert sorted(both) == [f"killed: {number}", f"killed: said {number}"]
        expected += both

    await screen.until(lambda: shown(screen, "killed") == expected, "everything, once, in order")
    notes = [line.strip() for line in screen.text if line.strip() in {"back", LOST}]
    assert notes == [LOST, "back"] * 2


async def test_who_was_away_for_too_long_gets_it_from_history(chat, run, site):
    await (await run("say", ROOM, "before")).result()
    tail = await run("tail", ROOM, "-n", "1")
    assert (await tail.line()).endswith(": before")
    await asyncio.to_thread(site.stop)
    many = [f"missed {number}" for number in range(520)]
    await asyncio.to_thread(site.post, *many)

    await asyncio.to_thread(site.start)

    assert [line.partition(": ")[2] for line in await tail.lines(520)] == many
    await (await run("say", ROOM, "live again")).result()
    assert (await tail.line()).endswith(": live again")


async def test_a_revoked_token_ends_it_with_a_sentence(chat, site, tokens):
    token = site.manage("token", "member3", "--label", "soon revoked").strip()
    tokens["member3"] = token
    screen = await chat(name="member3")

    site.shell(
        "from chat.models import ApiToken\nApiToken.objects.filter(label='soon revoked').delete()"
    )

    assert await screen.ended(within=10) == 1
    await screen.sees("does not accept this token (any more)")
    assert screen.is_as_before


async def test_rooms_say_what_is_unread(run):
    status, out, err = await (await run("rooms")).result()

    assert (status, err) == (0, "")
    assert [line.split()[0] for line in out.splitlines()] == ["general", "room-2", "room-3"]


async def test_a_room_that_is_not_there_is_said(run):
    for words in (("tail", "nowhere"), ("say", "nowhere", "x")):
        status, out, err = await (await run(*words)).result()
        assert (status, out, err) == (1, "", "natterjack: There is no room nowhere for you.\n")


def _answering(site):
    deadline = time.monotonic() + 20
    while not site.answers():
        assert time.monotonic() < deadline
        time.sleep(0.05)
