"""Programs that come back name their place, and get what they have missed."""

import pytest

from tests.sockets import post


async def test_who_resumes_gets_what_they_missed_and_then_what_comes(program, alice, bob, pond):
    place = (await post(alice, pond, "seen")).seq
    for number in range(3):
        await post(alice, pond, f"missed {number}")

    socket = await program(bob, path="/ws/chat/pond/?resume=1", resume={"after": place})
    resumed = await socket.until("resumed")
    await post(alice, pond, "live")
    await socket.until("message.posted")

    said = [frame["message"]["body"] for frame in socket.of("message.posted")]
    assert said == ["missed 0", "missed 1", "missed 2", "live"]
    assert (resumed["after"], resumed["seq"]) == (place, place + 3)
    seqs = [frame["seq"] for frame in socket.of("message.posted")]
    assert seqs == sorted(set(seqs))


async def test_cursors_name_a_place_for_each_room(program, alice, bob, lobby, pond):
    first = await post(alice, lobby, "l1")
    second = await post(alice, pond, "p1")
    await post(alice, lobby, "l2")
    await post(alice, pond, "p2")

    cursors = {"general": first.seq, "pond": str(second.seq), "elsewhere": 5}
    socket = await program(bob, "/ws/chat/?resume=1", resume={"cursors": cursors})
    for _ in range(2):
        await socket.until("resumed")

    said = {frame["message"]["body"] for frame in socket.of("message.posted")}
    assert said == {"l2", "p2"}


async def test_a_second_resume_brings_everything_again(program, alice, bob, pond):
    place = (await post(alice, pond, "first")).seq
    await post(alice, pond, "second")
    socket = await program(bob, "/ws/chat/pond/", resume={})
    await socket.until("resumed")

    await socket.say(type="resume", after=place)

    assert (await socket.until("message.posted"))["message"]["body"] == "second"
    await post(alice, pond, "third")
    assert (await socket.until("message.posted"))["message"]["body"] == "third"


@pytest.mark.parametrize("resume", ({"epoch": "another"}, {"after": 10**6}, {"after": 1}))
async def test_who_is_too_far_behind_is_told_where_the_log_ends(
    program, alice, bob, pond, resume, monkeypatch
):
    monkeypatch.setattr("chat.hub.feeds.MAX_MISSED", 2)
    for number in range(5):
        last = await post(alice, pond, f"{number}")

    socket = await program(bob, "/ws/chat/pond/?resume=1", resume=resume)

    reset = await socket.until("reset")
    resumed = await socket.until("resumed")
    assert (reset["room"], reset["seq"]) == ("pond", last.seq)
    assert (resumed["after"], resumed["seq"]) == (last.seq, last.seq)
    await post(alice, pond, "live")
    assert (await socket.until("message.posted"))["message"]["body"] == "live"


async def test_nothing_but_hello_comes_before_a_resume_that_was_announced(
    program, alice, bob, pond, monkeypatch
):
    monkeypatch.setattr("chat.consumers.base.RESUME_SECONDS", 0.01)
    patient = await program(bob, "/ws/chat/pond/?resume=1")
    eager = await program(bob, "/ws/chat/pond/")

    message = await post(alice, pond, "Hello")

    assert (await eager.until("message.posted"))["seq"] == message.seq
    assert patient.is_silent
    await patient.say(type="resume", after=message.seq - 1)
    assert (await patient.until("message.posted"))["seq"] == message.seq
