"""`natterjack chat` in a real terminal, beside a peer that can fail."""

import asyncio

ROOM = ("chat", "general")
EVIL = {"id": 9, "username": "evil", "name": "E\x1bvil"}


async def live(screen):
    """Connected, and all that was missed is there."""
    await screen.until(lambda: screen.text[-1] == "general" and screen.text[-2].startswith(">"))


async def test_history_and_news_stand_above_the_box(peer, terminal):
    peer.post("before")
    screen = terminal(*ROOM)
    await screen.sees("12:01 #1 Bob: before")
    await live(screen)

    peer.post("now")

    await screen.sees("12:02 #2 Bob: now")
    await live(screen)
    assert screen.vt.strange == []


async def test_what_is_entered_is_posted_and_shown_once(peer, terminal):
    screen = terminal(*ROOM)
    await live(screen)

    screen.type("hello\r")

    await screen.sees("12:01 #1 Ada: hello")
    await screen.until(lambda: "sending" not in screen.text[-1])
    assert peer.bodies == ["hello"]
    assert sum("hello" in line for line in screen.text) == 1


async def test_what_is_being_typed_survives_what_comes(peer, terminal):
    screen = terminal(*ROOM)
    await live(screen)
    screen.type("half a sen")
    await screen.sees("> half a sen")

    for number in range(20):
        peer.post(f"news {number}")
    await screen.sees("news 19")
    screen.type("tence\r")

    await screen.sees("Ada: half a sentence")
    assert peer.bodies[-1] == "half a sentence"


async def test_quit_ends_within_a_second_and_leaves_the_terminal_as_it_was(peer, terminal):
    screen = terminal(*ROOM)
    await live(screen)
    assert not screen.is_as_before

    screen.type("/quit\r")

    assert await screen.ended(within=1) == 0
    assert screen.is_as_before


async def test_quit_does_not_wait_for_a_site_that_has_stopped_answering(peer, terminal):
    screen = terminal(*ROOM)
    await live(screen)
    peer.is_deaf = True

    screen.type("lost?\r/quit\r")

    assert await screen.ended(within=2) == 1
    await screen.sees("Not sent: lost?")


async def test_a_lost_line_is_said_once_and_comes_back_with_all_that_was_missed(peer, terminal):
    screen = terminal(*ROOM)
    await live(screen)
    peer.post("one")
    await screen.sees("one")

    await peer.cut()
    peer.post("two")
    peer.post("three")

    await screen.sees("three")
    said = [line.split()[-1] for line in screen.text if line.startswith(("12:", "      "))]
    assert said[-5:] == ["one", "again", "back", "two", "three"]


async def test_what_is_sent_while_the_line_is_lost_goes_out_once(peer, terminal):
    screen = terminal(*ROOM)
    await live(screen)
    peer.lose_acks = 2

    screen.type("first\rsecond\r")

    await screen.until(lambda: peer.bodies == ["first", "second"])
    await screen.until(lambda: "sending" not in screen.text[-1])
    assert peer.bodies == ["first", "second"]
    assert sum("Ada: first" in line for line in screen.text) == 1


async def test_messages_are_edited_deleted_and_reacted_to_by_their_numbers(peer, terminal):
    peer.post("from Bob")
    screen = terminal(*ROOM)
    await live(screen)
    screen.type("mine\r")
    await screen.sees("#2 Ada: mine")

    screen.type("/edit better\r/react #1 👍\r/delete #2\r")

    await screen.sees("#2 Ada (edited 12:02): better")
    await screen.sees("Ada reacts to #1 with 👍")
    await screen.sees("#2 Ada (deleted 12:02)")


async def test_what_would_undo_itself_is_not_repeated_over_a_lost_line(peer, terminal):
    peer.post("from Bob")
    screen = terminal(*ROOM)
    await live(screen)
    peer.lose_acks = 1

    screen.type("/react 👍\r")

    await screen.sees("look whether it is there")
    await live(screen)
    assert [frame["type"] for frame in peer.frames if frame["type"] == "react"] == ["react"]
    assert peer.log[-1]["emoji"] == "👍"


async def test_a_text_of_ones_own_comes_into_the_box_to_be_edited(peer, terminal):
    screen = terminal(*ROOM)
    await live(screen)
    screen.type("frist\r")
    await screen.sees("Ada: frist")

    screen.type("/edit\r")
    await screen.sees("> /edit #1 frist")
    screen.type("\x7f" * 5 + "first\r")

    await screen.sees("Ada (edited 12:01): first")


async def test_what_stands_in_the_box_at_the_end_is_printed(peer, terminal):
    screen = terminal(*ROOM)
    await live(screen)
    screen.type("half a thought")
    await screen.sees("> half a thought")

    await peer.end(4401)

    assert await screen.ended() == 1
    await screen.sees("Not sent: half a thought")


async def test_a_command_that_does_not_exist_is_said_and_its_text_is_kept(peer, terminal):
    screen = terminal(*ROOM)
    await live(screen)

    screen.type("/dance\r")

    await screen.sees("There is no command /dance.")
    await screen.until(lambda: screen.text[-2] == "> /dance")
    assert peer.bodies == []


async def test_what_the_site_refuses_comes_back_into_the_box(peer, terminal):
    peer.errors.append({"code": "invalid", "detail": "That is too long."})
    screen = terminal(*ROOM)
    await live(screen)

    screen.type("very long\r")

    await screen.sees("That is too long.")
    await screen.until(lambda: screen.text[-2] == "> very long")


async def test_what_would_tell_very_many_is_sent_once_it_is_confirmed(peer, terminal):
    peer.errors.append({"code": "unconfirmed", "detail": "This tells 50 people."})
    screen = terminal(*ROOM)
    await live(screen)
    screen.type("@room lunch\r")
    await screen.sees("This tells 50 people.")

    screen.type("/confirm\r")

    await screen.sees("Ada: @room lunch")
    assert peer.frames[-1].get("confirm") or peer.frames[-2].get("confirm")


async def test_too_many_is_waited_for_and_not_lost(peer, terminal):
    peer.errors.append({"code": "too_many", "detail": "Wait.", "retry_after": 0.2})
    screen = terminal(*ROOM)
    await live(screen)

    screen.type("patience\r")

    await screen.sees("Ada: patience")
    assert peer.bodies == ["patience"]


async def test_who_types_and_who_is_here_stand_below_the_box(peer, terminal):
    screen = terminal(*ROOM)
    await live(screen)
    peer.tell({"type": "presence", "room": "general", "count": 3, "names": []})
    bob = {"id": 2, "username": "bob", "name": "Bob"}
    peer.tell({"type": "typing", "room": "general", "people": [bob]})

    await screen.until(lambda: screen.text[-1] == "general · 3 here · Bob is typing …")


async def test_control_c_ends_with_130(peer, terminal):
    screen = terminal(*ROOM)
    await live(screen)

    screen.type("\x03")

    assert await screen.ended(within=2) == 130
    assert screen.is_as_before


async def test_the_end_of_the_right_to_listen_ends_it_with_a_sentence(peer, terminal):
    screen = terminal(*ROOM)
    await live(screen)

    await peer.end(4403)

    assert await screen.ended(within=2) == 1
    await screen.sees("natterjack: You are no longer in general.")
    assert screen.is_as_before


async def test_what_others_write_gives_the_terminal_no_orders(peer, terminal):
    peer.post("\x1b[2Jwiped \x9b31m \x07 \u202egnp.exe\r12:00 Bob: forged", EVIL)
    screen = terminal(*ROOM)

    await screen.sees("12:01 #1 E␛vil: ␛[2Jwiped")
    await screen.sees("      12:00 Bob: forged")
    assert screen.vt.strange == []


async def test_quit_ends_every_time_also_on_a_busy_machine(peer, terminal):
    # What hung once hung one time in ten.
    busy = [asyncio.to_thread(sum, range(10**7)) for _ in range(4)]
    screens = [terminal(*ROOM) for _ in range(6)]
    for screen in screens:
        await live(screen)
    load = asyncio.gather(*busy)

    for screen in screens:
        screen.type("/quit\r")

    assert [await screen.ended(within=5) for screen in screens] == [0] * 6
    await load
