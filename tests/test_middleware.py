"""What holds for every answer: headers, compression, and what goes wrong without a page."""

import gzip
import logging
import re

import pytest
from channels.testing import HttpCommunicator
from django.conf import settings as django_settings
from django.test import Client, override_settings
from django.urls import path

from chat import urls
from chat.errors import Refused
from chat.models import Role, Session
from project.handlers import StaticHandler

pytestmark = pytest.mark.django_db

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "Reporting-Endpoints": 'csp="/csp-report"',
    "X-Frame-Options": "DENY",
}
POLICY = {
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "font-src 'self'",
    "media-src 'self'",
    "connect-src 'self'",
    "manifest-src 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "object-src 'none'",
    "report-to csp",
    "report-uri /csp-report",
}
PAGES = ("/login/", "/rooms/", "/people/", "/settings/", "/site/", "/nowhere/", "/rooms/nowhere/")
ROOM_PAGES = ("/rooms/general/", "/rooms/general/?plain=1", "/rooms/general/messages/")


def policy(answer):
    return set(answer["Content-Security-Policy"].split("; "))


@pytest.fixture
def alices(alice, sign_in):
    return sign_in(alice)


@pytest.mark.parametrize("page", PAGES + ROOM_PAGES)
def test_every_page_carries_the_headers(page, alices):
    answer = alices.get(page)

    for name, value in HEADERS.items():
        assert answer[name] == value, name
    assert "no-store" in answer["Cache-Control"]
    assert "Server" not in answer
    assert "Strict-Transport-Security" not in answer


@pytest.mark.parametrize("page", PAGES)
def test_a_page_runs_under_the_strictest_policy(page, alices):
    assert policy(alices.get(page)) == POLICY


@pytest.mark.parametrize("page", ROOM_PAGES)
def test_a_room_may_show_its_own_stream(page, alices):
    assert policy(alices.get(page)) == POLICY | {"frame-src 'self'"}


def test_the_stream_alone_may_be_framed_by_our_own_pages_and_has_rules_of_its_own(alices):
    answer = alices.get("/rooms/general/live/")

    found = policy(answer)
    (styles,) = (each for each in found if each.startswith("style-src"))
    assert re.fullmatch(r"style-src 'self' 'nonce-[\w+/]{22}=='", styles)
    own = {"frame-ancestors 'none'", "style-src 'self'"}
    assert found == POLICY - own | {"frame-ancestors 'self'", styles}
    assert answer["X-Frame-Options"] == "SAMEORIGIN"
    assert answer["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "answer",
    (
        lambda browser: browser.post("/rooms/general/messages/", {"body": "x"}),
        lambda browser: browser.post("/rooms/nowhere/join/"),
        lambda browser: browser.get("/login/", headers={"Host": "evil.example"}),
        lambda browser: browser.put("/rooms/"),
    ),
    ids=("422", "404", "400", "405"),
)
def test_what_went_wrong_carries_them_too(answer, alices):
    given = answer(alices)

    for name in ("X-Content-Type-Options", "Cache-Control", "Content-Security-Policy"):
        assert name in given


def test_a_page_is_compressed_and_a_stream_is_not(alices):
    accepts = {"Accept-Encoding": "gzip"}

    page = alices.get("/rooms/general/", headers=accepts)
    stream = alices.get("/rooms/general/live/", headers=accepts)

    assert page["Content-Encoding"] == "gzip"
    assert b"</html>" in gzip.decompress(page.content)
    assert "Content-Encoding" not in stream


async def test_static_files_are_kept_for_ever_and_may_be_nothing_else(data_dir):
    (styles,) = (data_dir / "build" / "static").glob("natterjack.*.css")

    browser = HttpCommunicator(StaticHandler(), "GET", f"/static/{styles.name}")
    await browser.send_input({"type": "http.request", "body": b""})
    answer = await browser.receive_output()
    await browser.wait()

    headers = {name.decode(): value.decode() for name, value in answer["headers"]}
    assert answer["status"] == 200
    assert "immutable" in headers["Cache-Control"]
    assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("host", ("evil.example", "testserver.evil.example", "a b", "\x00"))
def test_a_foreign_host_is_no_page_of_ours(host, client):
    answer = client.get("/login/", headers={"Host": host})

    assert answer.status_code == 400
    assert answer["Content-Type"] == "text/plain"


@pytest.mark.parametrize("method", ("trace", "put", "delete", "options"))
def test_a_page_takes_the_methods_that_it_has_and_no_other(method, alices):
    assert getattr(alices, method)("/rooms/general/").status_code in {403, 405}


def test_a_head_request_is_answered(alices):
    for page in ("/rooms/", "/settings/", "/rooms/general/messages/", "/healthz", "/readyz"):
        assert alices.head(page).status_code == 200, page


def test_for_programs_health_is_a_word(client):
    assert client.get("/healthz").content == b"ok\n"
    assert client.get("/readyz").content == b"ok\n"


# --- Reports of browsers -------------------------------------------------------------------


def test_a_report_is_one_line_of_the_log_whatever_is_in_it(client, caplog):
    forged = b'{"csp-report": 1}\n2026-01-01 ERROR chat: forged\r\n\x1b[31m' + b"x" * 100_000

    with caplog.at_level(logging.WARNING):
        answer = client.post("/csp-report", forged, content_type="application/csp-report")

    assert answer.status_code == 204
    (record,) = [each for each in caplog.records if each.name == "chat.views.system"]
    assert len(record.getMessage()) < 10_000
    assert not set(record.getMessage()) & {"\n", "\r", "\x1b"}


def test_nobody_fills_the_log_with_reports(client, caplog, clock):
    with caplog.at_level(logging.WARNING):
        answers = [
            client.post("/csp-report", b"{}", content_type="application/csp-report").status_code
            for _ in range(40)
        ]

    assert answers == [204] * 30 + [429] * 10
    assert len([each for each in caplog.records if each.name == "chat.views.system"]) == 30


# --- What breaks ---------------------------------------------------------------------------


def broken(request):
    raise RuntimeError("the pond is dry")


def forbidden(request):
    raise Refused("Not this one.")


urlpatterns = [*urls.urlpatterns, path("broken/", broken), path("forbidden/", forbidden)]
handler400 = "chat.views.errors.bad_request"
handler404 = "chat.views.errors.not_found"
handler500 = "chat.views.errors.broken"


def test_a_broken_page_says_so_and_asks_the_database_nothing(alice, django_assert_num_queries):
    browser = Client(raise_request_exception=False)

    with override_settings(ROOT_URLCONF=__name__), django_assert_num_queries(0):
        answer = browser.get("/broken/")

    assert answer.status_code == 500
    assert "Something broke" in answer.content.decode()
    assert "pond is dry" not in answer.content.decode()
    assert policy(answer) == POLICY


def test_a_refusal_is_one_sentence_on_a_page_with_a_way_back(alices):
    with override_settings(ROOT_URLCONF=__name__):
        answer = alices.get("/forbidden/")

    assert answer.status_code == 403
    assert "Not this one." in answer.content.decode()
    assert "Back to the rooms" in answer.content.decode()


def test_a_missing_page_is_the_same_for_who_is_signed_out(client, invite, sign_in):
    guest = sign_in(invite("gil", Role.GUEST))

    for browser in (client, guest):
        answer = browser.get("/nowhere/")
        assert answer.status_code == 404
        assert "There is no such page, or it is not for you." in answer.content.decode()


@pytest.mark.parametrize(
    ("key", "cookie"), (("aaaaaaaa\x00aaaa", r'"aaaaaaaa\000aaaa"'), ("aaaa-bbbb", "aaaa-bbbb"))
)
def test_a_cookie_that_can_be_no_sessions_key_is_nobodys(key, cookie, bob, client, sign_in):
    sign_in(bob)
    Session.objects.update(session_key=key)

    answer = client.get("/settings/", headers={"Cookie": f"sessionid={cookie}"})

    assert answer.status_code == 302
    assert answer["Location"].startswith("/login/")


# --- What a site's own name decides --------------------------------------------------------


def test_the_session_cookie_is_for_this_site_and_no_script(bob, client):
    client.post("/login/", {"login": "bob", "password": "three frogs in a pond"})

    cookie = client.cookies[django_settings.SESSION_COOKIE_NAME]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert (cookie["path"], cookie["domain"]) == ("/", "")
    assert 0 < int(cookie["max-age"]) <= 30 * 24 * 3600


def test_a_page_for_who_is_signed_out_needs_one_cookie_at_most(alice, client):
    client.get("/login/")

    assert set(client.cookies) <= {django_settings.SESSION_COOKIE_NAME}
