"""The lines that let a program take part in a room."""

import ast
import re
from html import unescape

import pytest

from chat.actions.rooms import create_room
from chat.models import RoomKind

pytestmark = pytest.mark.django_db


def lines(answer):
    """What stands in the page's blocks of code, as it is copied."""
    blocks = re.findall(r"<pre[^>]*><code>(.*?)</code></pre>", text(answer), re.DOTALL)
    return [unescape(found) for found in blocks]


def text(answer):
    return answer.content.decode()


def test_the_lines_name_this_room_under_the_name_that_the_browser_came_by(bobs):
    token, curl, python, browser, node = lines(bobs.get("/rooms/general/connect/"))

    assert token == "export TOKEN=nj_…"
    assert "http://testserver/api/v1/rooms/general/messages/" in curl
    assert "http://testserver/api/v1/rooms/general/events" in curl
    for each in (python, browser, node):
        assert '"ws://testserver/ws/chat/general/"' in each


def test_the_lines_name_the_sites_own_address(bobs, settings):
    settings.SITE_URL = "https://chat.example.org"

    page = "\n".join(lines(bobs.get("/rooms/general/connect/")))

    assert page.count("wss://chat.example.org/ws/chat/general/") == 3
    assert page.count("https://chat.example.org/api/v1/rooms/general/") == 2
    assert "testserver" not in text(bobs.get("/rooms/general/connect/"))


def test_the_python_lines_are_python(bobs):
    ast.parse(lines(bobs.get("/rooms/general/connect/"))[2])


def test_a_rooms_name_is_text_there_whatever_it_is(alice, sign_in):
    name = "<b>{{7*7}}</b>"
    room = create_room(creator=alice, name=name, purpose="", kind=RoomKind.PUBLIC)

    page = text(sign_in(alice).get(f"/rooms/{room.slug}/connect/"))

    assert name not in page
    assert "&lt;b&gt;{{7*7}}&lt;/b&gt;" in page


def test_no_script_of_ours_stands_on_the_page(bobs):
    assert re.findall(r"<script(?![^>]*htmx)", text(bobs.get("/rooms/general/connect/"))) == []
    assert "<script" not in text(bobs.get("/rooms/general/connect/?plain=1"))


def test_who_only_reads_along_is_told_so(charlie, alice, sign_in):
    create_room(creator=alice, name="Kitchen", purpose="", kind=RoomKind.PUBLIC)
    sentence = "You are not in this room"

    assert sentence in text(sign_in(charlie).get("/rooms/kitchen/connect/"))
    assert sentence not in text(sign_in(alice).get("/rooms/kitchen/connect/"))


def test_the_rooms_pages_lead_there(bobs, charlie, pond, sign_in):
    for page in ("members", "settings"):
        assert 'href="/rooms/pond/connect/"' in text(bobs.get(f"/rooms/pond/{page}/"))
    assert sign_in(charlie).get("/rooms/pond/connect/").status_code == 404


def test_it_leads_to_tokens_and_to_the_api_and_these_to_each_other(bobs):
    def leads(page, to):
        return f'href="{to}"' in text(bobs.get(page))

    assert leads("/rooms/general/connect/", "/settings/tokens/")
    assert leads("/rooms/general/connect/", "/api/docs/")
    assert leads("/settings/tokens/", "/api/docs/")
    assert leads("/api/docs/", "/settings/tokens/")


def test_the_page_asks_no_more_than_its_frame_and_the_room(bobs, django_assert_num_queries):
    bobs.get("/rooms/general/connect/")

    # Session, person, sidebar (2), the site, the room, and whether he is in it.
    with django_assert_num_queries(7):
        bobs.get("/rooms/general/connect/")
