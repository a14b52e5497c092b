"""`login`, `rooms`, `tail` and `say`, as scripts use them: by pipes and by their status."""

import asyncio
import json
import signal
import subprocess

import pytest

from tests.terminal.peer import ADA, TOKEN
from tests.terminal.terminals import COMMAND

TAIL = ("tail", "general")


# -- tail ------------------------------------------------------------------------------------


async def test_tail_prints_the_last_messages_and_then_follows(peer, run):
    for number in range(1, 6):
        peer.post(f"message {number}")
    tail = await run(*TAIL, "-n", "2")
    assert await tail.lines(2) == ["12:04 Bob: message 4", "12:05 Bob: message 5"]

    peer.post("message 6")

    assert await tail.line() == "12:06 Bob: message 6"


async def test_tail_goes_back_further_than_a_page(peer, run):
    for number in range(1, 251):
        peer.post(f"message {number}")

    tail = await run(*TAIL, "-n", "1000")

    assert [line.split()[-1] for line in await tail.lines(250)] == [f"{n}" for n in range(1, 251)]


async def test_further_lines_are_set_in_so_that_none_passes_for_a_message(peer, run):
    peer.post("first\n12:00 Ada: second")

    tail = await run(*TAIL)

    assert await tail.lines(2) == ["12:01 Bob: first", "      12:00 Ada: second"]


async def test_long_lines_are_broken_on_a_terminal_and_left_whole_for_pipes(peer, run, terminal):
    text = "x".ljust(80 - len("12:01 Bob: ")) + "12:00 Ada: forged"
    peer.post(text)

    screen, tail = terminal(*TAIL), await run(*TAIL)

    assert await tail.line() == f"12:01 Bob: {text}"
    await screen.until(lambda: len(screen.text) > 2)
    assert screen.text[1].startswith("      ")
    assert screen.text[1].strip() == "12:00 Ada: forged"


async def test_edits_and_deletions_are_lines_of_their_own(peer, run):
    tail = await run(*TAIL, "-n", "0")
    await peer.until(lambda: peer.sockets)
    posted = peer.post("frist")
    peer.edit(posted, "first")
    peer.delete(posted, ADA)

    assert await tail.lines(3) == [
        "12:01 Bob: frist",
        "12:02 Bob (edited 12:01): first",
        "12:03 Ada (deleted what Bob said at 12:01)",
    ]


async def test_every_message_comes_once_and_in_order_over_ten_lost_lines(peer, run):
    peer.repeats = True
    tail = await run(*TAIL)
    said = []
    for number in range(10):
        peer.post(f"{number} before")
        said.append(await tail.line())
        await peer.cut()
        peer.post(f"{number} meanwhile")
        said.append(await tail.line())

    expected = [f"{n} {when}" for n in range(10) for when in ("before", "meanwhile")]
    assert [line.partition(": ")[2] for line in said] == expected


async def test_who_is_too_far_behind_gets_it_from_history(peer, run):
    tail = await run(*TAIL)
    peer.post("before")
    await tail.line()
    peer.too_far = 3
    await peer.cut()
    for number in range(230):
        peer.post(f"{number}")

    assert [line.split()[-1] for line in await tail.lines(230)] == [f"{n}" for n in range(230)]
    peer.post("live")
    assert await tail.line() == "15:52 Bob: live"


async def test_a_site_that_went_back_to_a_backup_is_shown_anew(peer, run):
    peer.post("kept")
    peer.post("forgotten by the backup")
    tail = await run(*TAIL)
    await tail.lines(2)
    del peer.log[1:]
    peer.epoch = "e2"

    await peer.cut()

    assert await tail.line() == "12:01 Bob: kept"
    peer.post("new")
    assert await tail.line() == "12:02 Bob: new"
    assert await tail.said() == "connection lost, trying again"
    assert await tail.said() == "back"
    assert "backup" in await tail.said()


async def test_the_lost_line_is_said_once_on_standard_error(peer, run):
    tail = await run(*TAIL)
    peer.post("one")
    await tail.line()
    peer.close_with = 1011
    await peer.cut()
    assert await tail.said() == "connection lost, trying again"
    await peer.until(lambda: peer.opened >= 3)

    peer.close_with = None

    assert await tail.said() == "back"


async def test_json_is_one_event_a_line_in_plain_ascii(peer, run):
    tail = await run(*TAIL, "--json")
    posted = peer.post("\x1b[31mröt\u202e")

    line = await tail.line()

    assert line.isascii()
    assert line.isprintable()
    assert json.loads(line) == posted


async def test_control_c_ends_it_quietly(peer, run):
    tail = await run(*TAIL)
    peer.post("one")
    await tail.line()

    tail.process.send_signal(signal.SIGINT)

    assert await tail.result() == (130, "", "")


async def test_a_reader_that_goes_away_ends_it_quietly_and_at_once(peer, run, surroundings):
    peer.post("one")
    piped = subprocess.Popen(  # noqa: ASYNC220
        [*COMMAND, *TAIL], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=surroundings
    )
    try:
        await asyncio.to_thread(piped.stdout.readline)
        piped.stdout.close()

        assert await asyncio.to_thread(piped.wait, 5) == 141
        assert piped.stderr.read() == b""
    finally:
        piped.kill()
        piped.wait()
        piped.stderr.close()


async def test_what_it_does_not_understand_ends_it_with_a_sentence(peer, run):
    tail = await run(*TAIL)
    await peer.until(lambda: peer.sockets)

    peer.tell({"type": "message.posted", "room": "general", "seq": 9, "message": {}})

    status, out, err = await tail.result()
    assert (status, out, err.count("\n")) == (1, "", 1)
    assert "too old" in err


async def test_frames_of_kinds_to_come_are_passed_over(peer, run):
    tail = await run(*TAIL)
    await peer.until(lambda: peer.sockets)

    peer.happen("poll.opened", actor=ADA, choices=[])
    peer.tell({"type": "weather"})
    peer.post("after")

    assert await tail.line() == "12:02 Bob: after"


@pytest.mark.parametrize(
    ("code", "sentence"),
    (
        (4400, "did not understand"),
        (4401, "natterjack login"),
        (4403, "no longer in general"),
        (4404, "no room general"),
        (4429, "too much"),
    ),
)
async def test_what_would_be_refused_again_ends_with_why(peer, run, code, sentence):
    peer.close_with = code

    status, out, err = await (await run(*TAIL)).result()

    assert (status, out) == (1, "")
    assert sentence in err
    assert err.count("\n") == 1


async def test_a_site_that_is_not_there_is_said_at_once(run):
    status, out, err = await (await run(*TAIL, NATTERJACK_SITE="http://127.0.0.1:9")).result()

    assert (status, out) == (1, "")
    assert err == "natterjack: http://127.0.0.1:9 can't be reached: nothing listens there.\n"


# -- say -------------------------------------------------------------------------------------


async def test_say_ends_when_the_message_is_stored(peer, run):
    assert await (await run("say", "general", "Hello,", "all")).result() == (0, "", "")
    assert peer.bodies == ["Hello, all"]


@pytest.mark.parametrize("words", ((), ("-",)))
async def test_say_takes_standard_input(peer, run, words):
    result = await (await run("say", "general", *words)).result("two\nlines\n")

    assert result == (0, "", "")
    assert peer.bodies == ["two\nlines"]


async def test_say_tries_again_over_lost_lines_and_it_is_there_once(peer, run):
    peer.lose_acks = 3

    assert await (await run("say", "general", "once")).result() == (0, "", "")

    assert peer.bodies == ["once"]
    assert len({frame["nonce"] for frame in peer.frames if frame["type"] == "post"}) == 1
    assert peer.opened == 4


async def test_a_token_that_may_only_post_says_and_the_others_tell_what_is_missing(peer, run):
    peer.scopes = ["post"]

    assert await (await run("say", "general", "deployed")).result() == (0, "", "")
    for words in (TAIL, ("rooms",)):
        status, out, err = await (await run(*words)).result()
        assert (status, out) == (1, "")
        assert "scope `read`" in err
    assert peer.bodies == ["deployed"]
    assert peer.resumes == []


async def test_say_quotes_a_message(peer, run):
    posted = peer.post("why?")
    number = posted["message"]["id"]

    await (await run("say", "general", "because", "--reply-to", f"{number}")).result()

    assert peer.log[-1]["message"]["reply_to"] == number


async def test_what_the_site_refuses_to_take_is_said(peer, run):
    peer.errors.append({"code": "invalid", "detail": "That is \x1b[2J too long."})

    status, out, err = await (await run("say", "general", "x")).result()

    assert (status, out, err) == (1, "", "natterjack: That is ␛[2J too long.\n")


async def test_say_waits_as_long_as_the_site_asks(peer, run):
    peer.errors.append({"code": "too_many", "detail": "Wait.", "retry_after": 0.2})

    assert (await (await run("say", "general", "x")).result())[0] == 0
    assert peer.bodies == ["x"]


async def test_say_gives_up_in_time_and_says_what_is_not_known(peer, run):
    peer.errors += [{"code": "too_many", "detail": "Wait.", "retry_after": 60}]

    status, _, err = await (await run("say", "general", "x", "--wait", "1")).result()

    assert status == 1
    assert "not known whether the message is there" in err


async def test_nothing_to_say_is_a_wrong_use(run):
    assert (await (await run("say", "general")).result(" \n"))[0] == 2


# -- rooms, login and the rest ----------------------------------------------------------------


async def test_rooms_are_listed_with_what_is_unread(peer, run):
    peer.name = "Common\x1b[2J room"

    result = await (await run("rooms")).result()

    assert result == (0, "general  3 unread    Common␛[2J room\n", "")


async def test_login_tries_the_token_and_keeps_it_for_this_account_alone(peer, run, tmp_path):
    unset = {"NATTERJACK_SITE": "", "NATTERJACK_TOKEN": ""}

    status, out, err = await (await run("login", peer.site, **unset)).result(f"{TOKEN}\n")

    kept = tmp_path / ".config" / "natterjack" / "login.json"
    assert (status, err) == (0, "")
    assert out == f"You are Ada on {peer.site}. Kept in {kept}\n"
    assert kept.stat().st_mode & 0o777 == 0o600
    assert (await (await run("rooms", **unset)).result())[0] == 0


async def test_a_token_that_the_site_does_not_know_is_not_kept(peer, run, tmp_path):
    login = await run("login", NATTERJACK_SITE="", NATTERJACK_TOKEN="")

    status, out, err = await login.result(f"{peer.site}\nnj_wrong\n")

    assert (status, out) == (1, "")
    assert "does not accept this token" in err
    assert "nj_wrong" not in err
    assert not (tmp_path / ".config").exists()


async def test_without_a_login_it_says_what_to_do(run):
    status, _, err = await (await run("rooms", NATTERJACK_SITE="", NATTERJACK_TOKEN="")).result()

    assert (status, err) == (1, "natterjack: Which site? `natterjack login` asks, and remembers.\n")


@pytest.mark.parametrize("words", (("dance",), ("tail",), ("tail", "x", "-n", "-1"), ()))
async def test_wrong_words_end_with_2_and_show_the_usage(run, words):
    status, out, err = await (await run(*words)).result()

    assert (status, out) == (2, "")
    assert err.startswith("usage: natterjack")


@pytest.mark.parametrize("words", ((), ("login",), ("rooms",), ("tail",), ("say",), ("chat",)))
async def test_help_helps(run, words):
    status, out, err = await (await run(*words, "--help")).result()

    assert (status, err) == (0, "")
    assert len(out.splitlines()) > 5


async def test_the_help_of_login_says_where_one_makes_a_token_oneself(run):
    _, out, _ = await (await run("login", "--help")).result()

    assert "/settings/tokens/" in out


async def test_chat_by_pipes_says_what_to_use_instead(run):
    status, _, err = await (await run("chat", "general")).result()

    assert status == 2
    assert "tail" in err
