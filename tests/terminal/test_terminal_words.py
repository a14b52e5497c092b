"""The client's pure parts: addresses, logins, places, what is typed, and what it imports."""

import ast
import asyncio
import json
import threading
import tomllib
from contextlib import suppress
from pathlib import Path

import pytest

import natterjack
from natterjack.addresses import is_readable_on_the_way, site_address, socket_address
from natterjack.credentials import Credentials, file, find, keep
from natterjack.errors import Misused, Refused
from natterjack.line import LONGEST_PAUSE_SECONDS, pauses
from natterjack.place import Place
from natterjack.slash import HELP, NAMES, Command, parsed
from natterjack.threads import Unwaited

PACKAGE = Path(natterjack.__file__).parent
SERVERS = {"chat", "project", "django", "channels", "daphne", "tests"}


@pytest.mark.parametrize("path", sorted(PACKAGE.glob("*.py")), ids=lambda path: path.name)
def test_the_client_imports_nothing_of_the_server(path):
    nodes = list(ast.walk(ast.parse(path.read_text())))
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module for node in nodes if isinstance(node, ast.ImportFrom)]

    assert not {name.partition(".")[0] for name in names} & SERVERS
    assert len(path.read_text().splitlines()) < 400


def test_the_version_is_the_packages_own():
    project = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text())["project"]

    assert natterjack.__version__ == project["version"]


@pytest.mark.parametrize(
    ("given", "site"),
    (
        ("chat.example.org", "https://chat.example.org"),
        ("https://chat.example.org/rooms/general/", "https://chat.example.org"),
        (" http://chat.example.org:8000 ", "http://chat.example.org:8000"),
        ("wss://chat.example.org", "https://chat.example.org"),
        ("localhost:8000", "http://localhost:8000"),
        ("127.0.0.1", "http://127.0.0.1"),
        ("[::1]:8000", "http://[::1]:8000"),
        ("HTTPS://Chat.Example.org", "https://chat.example.org"),
        ("https://me:secret@chat.example.org", "https://chat.example.org"),
    ),
)
def test_an_address_is_taken_as_people_give_it(given, site):
    assert site_address(given) == site


@pytest.mark.parametrize("given", ("", "ftp://x.org", "https://", "a b", "http://x:99999", "\x1b"))
def test_what_is_no_address_is_said(given):
    with pytest.raises(Misused):
        site_address(given)


def test_http_becomes_ws_and_https_wss():
    assert socket_address("http://x.org", None) == "ws://x.org/ws/chat/?resume=1"
    assert socket_address("https://x.org", "a b/c") == "wss://x.org/ws/chat/a%20b%2Fc/?resume=1"


def test_only_what_leaves_this_machine_unencrypted_is_warned_of():
    assert is_readable_on_the_way("http://chat.example.org")
    assert not is_readable_on_the_way("https://chat.example.org")
    assert not is_readable_on_the_way("http://127.0.0.1:8000")
    assert is_readable_on_the_way("http://127.0.0.1.example.org")


def test_a_login_is_found_again_and_the_environment_goes_before(tmp_path):
    home = {"XDG_CONFIG_HOME": str(tmp_path)}
    keep(Credentials("https://x.org", "nj_kept"), home)

    assert find(home) == Credentials("https://x.org", "nj_kept")
    assert find(home | {"NATTERJACK_TOKEN": "nj_other"}).token == "nj_other"


def test_a_kept_token_goes_to_no_other_site(tmp_path):
    home = {"XDG_CONFIG_HOME": str(tmp_path)}
    keep(Credentials("https://x.org", "nj_kept"), home)

    with pytest.raises(Refused, match=r"no token for https://y\.org"):
        find(home | {"NATTERJACK_SITE": "https://y.org"})


def test_a_login_that_others_may_read_is_not_used(tmp_path):
    home = {"XDG_CONFIG_HOME": str(tmp_path)}
    keep(Credentials("https://x.org", "nj_kept"), home).chmod(0o644)

    with pytest.raises(Refused, match="chmod 600"):
        find(home)


@pytest.mark.parametrize("content", ("", "[]", '{"site": 1}', "\x00", "null"))
def test_a_damaged_login_is_said(tmp_path, content):
    home = {"XDG_CONFIG_HOME": str(tmp_path)}
    keep(Credentials("https://x.org", "nj_kept"), home).write_text(content)

    with pytest.raises(Refused, match="damaged"):
        find(home)


def test_keeping_replaces_what_was_kept_and_leaves_nothing_else(tmp_path):
    home = {"XDG_CONFIG_HOME": str(tmp_path)}
    for token in ("nj_one", "nj_two"):
        place = keep(Credentials("https://x.org", token), home)

    assert json.loads(file(home).read_text())["token"] == "nj_two"
    assert [each.name for each in place.parent.iterdir()] == ["login.json"]
    assert place.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("token", ("", "nj_a\r\nCookie: x", "nj_ä", "a b"))
def test_what_is_no_token_never_becomes_a_header(token):
    with pytest.raises(Refused):
        find({"NATTERJACK_SITE": "x.org", "NATTERJACK_TOKEN": token, "HOME": "/nowhere"})


def test_a_token_is_in_no_repr():
    assert "nj_secret" not in repr(Credentials("https://x.org", "nj_secret"))


def test_a_name_server_that_does_not_answer_keeps_nothing_from_ending():
    stuck, asked = threading.Event(), threading.Event()

    async def look_up():
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.to_thread(lambda: asked.set() or stuck.wait()), 0.1)

    with asyncio.Runner() as runner:
        runner.get_loop().set_default_executor(Unwaited())
        runner.run(look_up())

    assert asked.is_set()
    stuck.set()


def test_what_has_been_seen_is_not_new():
    place = Place("e", 3)

    assert [place.moves_to(seq) for seq in (2, 3, 4, 4, 6, 5)] == [
        False,
        False,
        True,
        False,
        True,
        False,
    ]
    assert place.seq == 6


def test_pauses_grow_and_have_an_end_and_are_never_the_same():
    some = [next(each) for each in [pauses()] * 30]

    assert some[0] <= 0.5
    assert max(some) <= LONGEST_PAUSE_SECONDS
    assert some[-1] >= LONGEST_PAUSE_SECONDS / 2
    assert len(set(some)) == 30


@pytest.mark.parametrize(
    ("typed", "command"),
    (
        ("hello", Command("say", "hello")),
        ("//etc/hosts", Command("say", "/etc/hosts")),
        ("/edit new text", Command("edit", "new text")),
        ("/edit #42 new #text", Command("edit", "new #text", 42)),
        ("/edit #42nd street", Command("edit", "#42nd street")),
        ("/delete #7", Command("delete", "", 7)),
        ("/react #7 👍", Command("react", "👍", 7)),
        ("/quit", Command("quit")),
        ("/reply #7 first\nsecond", Command("reply", "first\nsecond", 7)),
    ),
)
def test_what_is_typed_is_text_or_a_command(typed, command):
    assert parsed(typed) == command


@pytest.mark.parametrize("typed", ("/dance", "/", "/Quit", "/etc/hosts is a file"))
def test_what_is_no_command_is_not_said_aloud(typed):
    with pytest.raises(ValueError, match="/help"):
        parsed(typed)


def test_help_names_every_command():
    assert {name for name in NAMES if f"/{name}" in HELP} == NAMES - {"help"}
