"""Rooms as pages: browsed, searched, made, entered, left, changed; and the room itself."""

import pytest

from chat.actions.rooms import create_room, open_direct_room
from chat.models import Membership, Role, Room, RoomKind
from tests.visits import errors, say, shown_ids, value_of

pytestmark = pytest.mark.django_db

KITCHEN = {"name": "Kitchen", "purpose": "Lunch and cake", "kind": "public"}


@pytest.fixture
def alices(alice, sign_in):
    return sign_in(alice)


# --- Browse and create ---------------------------------------------------------------------


def test_a_room_is_made_and_shown(bobs):
    answer = bobs.post("/rooms/", KITCHEN, follow=True)

    assert answer.redirect_chain[-1][0] == "/rooms/kitchen/"
    assert "Lunch and cake" in answer.content.decode()
    assert 'id="composer"' in answer.content.decode()


def test_a_second_room_of_the_name_has_an_address_of_its_own(bobs):
    addresses = [bobs.post("/rooms/", KITCHEN)["Location"] for _ in range(2)]

    assert addresses == ["/rooms/kitchen/", "/rooms/kitchen-2/"]


@pytest.mark.parametrize(
    ("field", "value"),
    (
        ("name", ""),
        ("name", "\u200b"),
        ("name", "x" * 81),
        ("name", "Kit\x00chen"),
        ("name", "Kit\u202echen"),
        ("purpose", "x" * 251),
        ("purpose", "Lu\x00nch"),
        ("purpose", "Lunch \u202ekaeg"),
        ("purpose", "L" + "\u0316" * 5),
        ("kind", "direct"),
        ("kind", "secret"),
        ("kind", ""),
    ),
)
def test_a_room_that_is_no_good_is_refused_at_its_field(field, value, bobs):
    answer = bobs.post("/rooms/", KITCHEN | {field: value})

    assert answer.status_code == 422
    assert set(errors(answer)) == {field}
    for name in {"name", "purpose"} - {field}:
        assert KITCHEN[name] in answer.content.decode()
    assert not Room.objects.filter(is_lobby=False).exists()


@pytest.mark.parametrize("name", ("../1", "<b>", "{{7*7}}", "new", "messages", "١٢٣", "a" * 80))
def test_a_strange_name_is_shown_as_it_is_and_has_an_address(name, bobs):
    answer = bobs.post("/rooms/", KITCHEN | {"name": name}, follow=True)

    assert answer.status_code == 200
    shown = name.replace("<", "&lt;").replace(">", "&gt;")
    assert f"<bdi>{shown}</bdi>" in answer.content.decode()


def test_rooms_are_found_by_name_and_purpose(alice, bobs):
    create_room(creator=alice, name="Kitchen", purpose="Lunch", kind=RoomKind.PUBLIC)
    create_room(creator=alice, name="Garden", purpose="Herbs", kind=RoomKind.PUBLIC)

    def found(query):
        return {room.name for room in bobs.get("/rooms/", {"q": query}).context["rooms"]}

    assert found("KITCH") == {"Kitchen"}
    assert found("herb") == {"Garden"}
    assert found("") == {"Kitchen", "Garden", "general"}
    for strange in ("%", "_", "'; DROP", "x" * 500, '"*('):
        assert found(strange) == set(), strange


@pytest.mark.parametrize(
    "address", ("/rooms/?q=%00", "/people/?q=%00", "/people/bo%00b/", "/direct/%00/", "/join/%00/")
)
def test_an_address_with_a_nul_names_nothing(address, bobs):
    assert bobs.get(address).status_code == 404


def test_a_search_that_finds_nothing_says_so(bobs):
    assert "No room holds" in bobs.get("/rooms/?q=<b>x").content.decode()
    assert "<b>x" not in bobs.get("/rooms/?q=<b>x").content.decode()


def test_guests_are_offered_no_form_and_make_no_room(invite, sign_in):
    browser = sign_in(invite("gil", Role.GUEST))

    assert 'name="purpose"' not in browser.get("/rooms/").content.decode()
    assert browser.post("/rooms/", KITCHEN).status_code == 403


# --- Join, leave, change -------------------------------------------------------------------


def test_joining_and_leaving_lead_to_where_it_shows(alice, bob, bobs):
    room = create_room(creator=alice, name="Kitchen", purpose="", kind=RoomKind.PUBLIC)
    assert "Join this room" in bobs.get("/rooms/kitchen/").content.decode()

    joined = bobs.post("/rooms/kitchen/join/")
    assert (joined.status_code, joined["Location"]) == (303, "/rooms/kitchen/")
    assert bob in room.members.all()

    left = bobs.post("/rooms/kitchen/leave/", {"plain": "1"})
    assert (left.status_code, left["Location"]) == (303, "/rooms/?plain=1")
    assert bob not in room.members.all()


def test_to_htmx_a_page_action_names_the_page_to_go_to(alice, bobs):
    create_room(creator=alice, name="Kitchen", purpose="", kind=RoomKind.PUBLIC)

    answer = bobs.post("/rooms/kitchen/join/", headers={"HX-Request": "true"})

    assert (answer.status_code, answer["HX-Redirect"]) == (200, "/rooms/kitchen/")


@pytest.mark.parametrize(
    "deed", ("join", "leave", "members/alice/remove"), ids=lambda deed: deed.replace("/", " ")
)
def test_what_changes_something_takes_a_button_and_no_link(deed, bobs):
    assert bobs.get(f"/rooms/general/{deed}/").status_code == 405


def test_the_lobby_is_not_left(bob, bobs, lobby):
    assert bobs.post("/rooms/general/leave/").status_code == 403
    assert bob in lobby.members.all()
    assert "Leave this room" not in bobs.get("/rooms/general/settings/").content.decode()


def test_its_creator_renames_a_room(bobs):
    bobs.post("/rooms/", KITCHEN)

    answer = bobs.post("/rooms/kitchen/settings/", {"name": "Galley", "purpose": ""}, follow=True)

    assert "Saved." in answer.content.decode()
    assert Room.objects.get(slug="kitchen").name == "Galley"


def test_a_new_name_that_is_no_good_is_refused_and_the_page_keeps_the_old_one(bobs):
    bobs.post("/rooms/", KITCHEN)

    answer = bobs.post("/rooms/kitchen/settings/", {"name": " ", "purpose": "Soup"})

    assert answer.status_code == 422
    assert "<bdi>Kitchen</bdi>" in answer.content.decode()
    assert "Soup" in answer.content.decode()
    assert Room.objects.get(slug="kitchen").purpose == "Lunch and cake"


def test_others_see_a_rooms_settings_and_change_nothing(alice, bobs):
    assert 'name="purpose"' not in bobs.get("/rooms/general/settings/").content.decode()
    assert bobs.post("/rooms/general/settings/", {"name": "Bob's"}).status_code == 403
    assert Room.objects.lobby().name == "general"


def test_a_direct_conversation_has_no_settings(alice, bob, bobs):
    room = open_direct_room(opener=bob, others=[alice])

    page = bobs.get(f"/rooms/{room.slug}/settings/").content.decode()
    assert 'name="name"' not in page
    assert "Leave this room" not in page
    assert bobs.post(f"/rooms/{room.slug}/settings/", {"name": "Us"}).status_code == 403
    assert bobs.post(f"/rooms/{room.slug}/leave/").status_code == 403


# --- Members -------------------------------------------------------------------------------


def test_whoever_is_in_it_lets_others_in(bobs, charlie, pond):
    assert "@charlie" in bobs.get("/rooms/pond/members/").content.decode()

    answer = bobs.post("/rooms/pond/members/", {"people": ["charlie"]}, follow=True)

    assert "Charlie" in answer.content.decode()
    assert charlie in pond.members.all()


@pytest.mark.parametrize("chosen", ([], ["nobody"], ["bob"], ["charlie", "nobody"]))
def test_whom_nobody_can_be_let_in_is_refused(chosen, bobs, charlie, pond):
    answer = bobs.post("/rooms/pond/members/", {"people": chosen, "plain": "1"})

    assert answer.status_code == 422
    assert charlie not in pond.members.all()


def test_who_may_let_nobody_in_learns_nothing_by_trying(alice, bob, charlie, invite, pond, sign_in):
    guest = sign_in(invite("greta", Role.GUEST, rooms=[pond]))

    answers = [
        guest.post("/rooms/pond/members/", {"people": [name]}).status_code
        for name in ("charlie", "nobody", "bob")
    ]

    assert answers == [403, 403, 403]
    assert charlie not in pond.members.all()


def test_an_administrator_takes_somebody_out(alices, bob, pond):
    answer = alices.post("/rooms/pond/members/bob/remove/")

    assert (answer.status_code, answer["Location"]) == (303, "/rooms/pond/members/")
    assert bob not in pond.members.all()
    assert alices.post("/rooms/pond/members/bob/remove/").status_code == 404


def test_members_take_nobody_out(alice, bobs, pond):
    assert bobs.post("/rooms/pond/members/alice/remove/").status_code == 403
    assert alice in pond.members.all()


# --- The room ------------------------------------------------------------------------------


def test_the_room_shows_its_newest_page_and_a_way_to_what_came_before(bob, bobs, lobby):
    messages = say(bob, lobby, 60)

    page = bobs.get("/rooms/general/").content.decode()

    assert shown_ids(page) == [message.pk for message in messages[-50:]]
    assert f"?before={messages[10].seq}" in page
    assert 'role="log"' in page


def test_the_cursor_names_the_place_at_which_the_page_was_read(bob, bobs, lobby):
    say(bob, lobby, 3)
    lobby.refresh_from_db()

    page = bobs.get("/rooms/general/").content.decode()

    assert value_of(page, "after") == str(lobby.last_seq)
    assert value_of(page, "epoch")


def test_a_page_whose_end_is_lost_on_its_way_claims_nothing_that_it_does_not_show(bob, bobs, lobby):
    last = say(bob, lobby, 3)[-1]

    page = bobs.get("/rooms/general/").content.decode()

    parts = [f'id="message-{last.pk}"', 'id="cursor"', 'id="composer"', 'id="live"']
    places = [page.index(part) for part in parts]
    assert places == sorted(places)


def test_an_empty_room_says_what_to_do(bobs):
    assert "Say hello!" in bobs.get("/rooms/general/").content.decode()


def test_home_is_the_last_room_or_the_lobby_or_the_list(alice, bob, bobs, invite, pond, sign_in):
    assert bobs.get("/")["Location"] == "/rooms/general/"

    bobs.get("/rooms/pond/")
    assert bobs.get("/")["Location"] == "/rooms/pond/"
    assert bobs.get("/?plain=1")["Location"] == "/rooms/pond/?plain=1"

    Membership.objects.filter(person=bob, room=pond).delete()
    assert bobs.get("/")["Location"] == "/rooms/general/"
    assert sign_in(invite("gil", Role.GUEST)).get("/")["Location"] == "/rooms/"


def test_the_page_without_javascript_has_a_stream_and_no_script(bobs):
    page = bobs.get("/rooms/general/?plain=1").content.decode()

    assert 'src="/rooms/general/live/?plain=1"' in page
    assert "<script" not in page
    assert "ws-connect" not in page
    assert 'name="plain" value="1"' in page


def test_a_page_with_javascript_has_one_socket_and_a_stream_for_who_has_none(bobs):
    page = bobs.get("/rooms/general/").content.decode()

    assert page.count("ws-connect=") == 1
    assert page.count("<iframe") == 1
    frame = page.index("<iframe")
    assert page.rindex("<noscript>", 0, frame) > page.rindex("</noscript>", 0, frame)
    assert 'target="stream"' in page[frame : page.index("</noscript>", frame)]


def test_a_new_room_marks_the_others_as_unread_and_counts_them_in_the_title(alice, bobs, lobby):
    say(alice, lobby, 1)

    page = bobs.get("/rooms/").content.decode()

    assert "<title>(1) Rooms" in page
    assert page.count(" data-unread") == 1


def test_a_socket_element_is_for_who_may_see_the_room(bobs, charlie, pond, sign_in):
    assert 'ws-connect="/ws/chat/pond/?' in bobs.get("/rooms/pond/socket/").content.decode()
    assert "list=off" in bobs.get("/rooms/pond/socket/?list=off").content.decode()
    tells_reads = bobs.get("/rooms/pond/socket/?thread=7").content.decode()
    assert 'name="thread" value="7"' in tells_reads
    assert 'ws-connect="/ws/chat/?' in bobs.get("/socket/").content.decode()
    assert sign_in(charlie).get("/rooms/pond/socket/").status_code == 404
