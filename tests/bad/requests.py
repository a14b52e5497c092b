"""Requests that no browser writes, with the answers that are right for each.

Each name begins with its code in the list of bad inputs that docs/reliability.md counts. None of
these leaves a row behind.
"""

import gzip
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote_from_bytes, urlencode

from tests.server.raw import request, upgrade

POSTING = "/rooms/general/messages/"
_FORM = ("Content-Type", "application/x-www-form-urlencoded")

Header = tuple[str | bytes, str | bytes]


@dataclass(frozen=True, kw_only=True)
class Visitor:
    """Somebody who is signed in, and writes every byte of a request by hand."""

    port: int
    cookie: str
    token: str

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def origin(self) -> str:
        return f"http://{self.host}"

    def get(self, path: str | bytes = "/rooms/general/", *headers: Header) -> bytes:
        return request(path, headers=self._known(headers), host=self.host)

    def ask(self, method: str, path: str = "/rooms/general/", *headers: Header) -> bytes:
        return request(path, method=method, headers=self._known(headers), host=self.host)

    def post(
        self, path: str | bytes = POSTING, *headers: Header, body: bytes = b"", **fields: object
    ) -> bytes:
        """A form with a good token, then these fields, then these bytes."""
        form = urlencode({"csrfmiddlewaretoken": self.token, **fields}).encode()
        return self.send(path, _FORM, *headers, body=form + body)

    def send(self, path: str | bytes, *headers: Header, body: bytes) -> bytes:
        known = self._known(headers)
        return request(path, method="POST", headers=known, body=body, host=self.host)

    def say(self, body: str | bytes, **fields: object) -> bytes:
        """A post of this text: what is no good about it is for the fields to say."""
        text = body if isinstance(body, bytes) else body.encode()
        fields = {"nonce": "nonce-of-raw-bytes"} | fields
        return self.post(body=b"&body=" + quote_from_bytes(text).encode(), **fields)

    def socket(self, *headers: Header, path: str = "/ws/chat/general/") -> bytes:
        """As this site's own page opens it; `cross` is as no page of it does."""
        named = {_text(name).lower() for name, _value in headers}
        own = () if "origin" in named else (("Origin", self.origin),)
        return self.cross(*own, *headers, path=path)

    def cross(self, *headers: Header, path: str = "/ws/chat/general/") -> bytes:
        return upgrade(path, headers=self._known(headers), host=self.host)

    def _known(self, headers: tuple[Header, ...]) -> tuple[Header, ...]:
        has_own = any(_text(name).lower() == "cookie" for name, _value in headers)
        return headers if has_own else (("Cookie", self.cookie), *headers)


Row = tuple[Callable[[Visitor], bytes], set[int]]

_MULTIPART = "multipart/form-data"

FORMS: dict[str, Row] = {
    "H1 no token": (lambda v: v.send(POSTING, _FORM, body=b"body=Hello&nonce=nonce-nonce"), {403}),
    "H1 a wrong token": (lambda v: v.say("Hello", csrfmiddlewaretoken="x" * 64), {403}),
    "H1 a token of NULs": (lambda v: v.say("Hello", csrfmiddlewaretoken="\0" * 64), {403}),
    "H1 a token of 10 kB": (lambda v: v.say("Hello", csrfmiddlewaretoken="x" * 10_000), {403}),
    "H2 another site's page": (
        lambda v: v.post(POSTING, ("Origin", "https://evil.example"), body=b"&body=Hello"), {403}
    ),
    "H2 no site's page": (lambda v: v.post(POSTING, ("Origin", "null"), body=b"&body=a"), {403}),
    "H2 an Origin that is none": (lambda v: v.post(POSTING, ("Origin", "\xff[")), {403}),
    "H3 1,001 fields": (
        lambda v: v.say("Hello", **{f"field-{number}": "" for number in range(1001)}), {400}
    ),
    "H3 1,001 times one field": (lambda v: v.post(body=b"&body=Hello" * 1001), {400}),
    "H3 1,001 fields, to nowhere": (lambda v: v.post("/nowhere/", body=b"&body=Hi" * 1001), {400}),
    "H7 an escape that is none, in a path": (lambda v: v.get("/rooms/%zz/"), {404}),
    "H7 half an escape": (lambda v: v.get("/rooms/%2"), {404}),
    "H7 an escape that is none, in a query": (lambda v: v.get("/rooms/?q=%zz"), {200}),
    "H8 an overlong slash": (lambda v: v.get("/rooms/general%c0%af/"), {404}),
    "H8 a dot that is escaped twice": (lambda v: v.get("/static/%252e%252e/manage.py"), {404}),
    "H8 the way up": (lambda v: v.get("/static/../manage.py"), {404}),
    "H8 the way up, escaped": (lambda v: v.get("/static/%2e%2e/manage.py"), {404}),
    "H8 the way up by backslashes": (lambda v: v.get("/static/..%5c..%5cmanage.py"), {404}),
    "H9 NUL in a path": (lambda v: v.get("/rooms/general%00/"), {404}),
    "H9 NUL in a static path": (lambda v: v.get("/static/%00"), {404}),
    "H9 NUL in a query": (lambda v: v.get("/rooms/?q=%00"), {404}),
    "H9 NUL in a choice of people": (lambda v: v.post("/direct/new/", people="ada\0"), {422}),
    "H9 NUL in a message": (lambda v: v.say("Hel\0lo"), {422}),
    "H9 NUL in a nonce": (lambda v: v.say("Hello", nonce="nonce\0nonce"), {422}),
    "H9 NUL in a name of a field": (lambda v: v.post(body=b"&\0=a"), {422}),
    "H9 NUL in a sign-in": (
        lambda v: v.post("/login/", ("Cookie", ""), login="a\0b", password="\0" * 12), {403}
    ),
    "H10 half a character in a path": (lambda v: v.get("/rooms/%ed%a0%80/"), {404}),
    "H10 half a character in a query": (lambda v: v.get("/rooms/?q=%ed%a0%80"), {200}),
    "H10 half a character as a nonce": (lambda v: v.say("Hi", nonce=b"nonce-\xed\xa0\x80"), {422}),
    "H11 10,001 characters": (lambda v: v.say("x" * 10_001), {422}),
    "H11 30,001 characters of four bytes": (lambda v: v.say("\U0001f438" * 20_001), {413, 422}),
    "H11 what no server reads": (lambda v: v.say("x" * 300_000), {413}),
    "H11 what no server reads, to nowhere": (
        lambda v: v.post("/nowhere/", body=b"&body=" + b"x" * 300_000), {413}
    ),
    "H12 nothing to see": (lambda v: v.say("\u200b\u200d\u2060"), {422}),
    "H12 nothing": (lambda v: v.say(""), {422}),
    "H14 no nonce": (lambda v: v.post(body=b"&body=Hello"), {422}),
    "H14 an empty nonce": (lambda v: v.say("Hello", nonce=""), {422}),
    "H14 a nonce of other letters": (lambda v: v.say("Hello", nonce="nönce-nönce"), {422}),
    "H15 a room's way up": (lambda v: v.get("/rooms/../1/"), {404}),
    "H15 a room below zero": (lambda v: v.get("/rooms/-1/"), {404}),
    "H15 a room beyond numbers": (lambda v: v.get(f"/rooms/{2**63}/"), {404}),
    "H15 a room of 10 kB": (lambda v: v.get(f"/rooms/{'x' * 10_000}/"), {404}),
    "H15 a message beyond numbers": (lambda v: v.get(f"/messages/{2**63}/"), {404}),
    "H15 a message far beyond numbers": (lambda v: v.get(f"/messages/{'9' * 5000}/"), {404}),
    "H15 an invitation beyond numbers": (
        lambda v: v.post(f"/site/invitations/{2**64}/revoke/"), {404}
    ),
    "H15 a place below zero": (lambda v: v.get(f"{POSTING}?before=-1"), {404}),
    "H15 a place beyond numbers": (lambda v: v.get(f"{POSTING}?after={2**63}"), {404}),
    "H15 a place that is no number": (lambda v: v.get("/rooms/general/?at=1e3"), {404}),
    "H15 a page beyond all": (lambda v: v.get(f"/people/?page={'9' * 5000}"), {200}),
    "H16 TRACE": (lambda v: v.ask("TRACE"), {405}),
    "H16 CONNECT": (lambda v: v.ask("CONNECT"), {403, 405}),
    "H16 a method of one's own": (lambda v: v.ask("CROAK"), {403, 405}),
    "H16 PUT": (lambda v: v.ask("PUT", "/settings/"), {403, 405}),
    "H18 no boundary": (lambda v: v.send(POSTING, ("Content-Type", _MULTIPART), body=b"--"), {400}),
    "H18 no boundary, to nowhere": (
        lambda v: v.send("/nowhere/", ("Content-Type", _MULTIPART), body=b"--"), {400}
    ),
    "H18 a boundary of no letters": (
        lambda v: v.send(POSTING, ("Content-Type", f"{_MULTIPART}; boundary=\xff"), body=b"--"),
        {400},
    ),
    "H18 a boundary of 10 kB": (
        lambda v: v.send(
            POSTING, ("Content-Type", f"{_MULTIPART}; boundary={'x' * 10_000}"), body=b"--"
        ),
        {400, 403},
    ),
    "H18 parts that never end": (
        lambda v: v.send(
            POSTING, ("Content-Type", f"{_MULTIPART}; boundary=x"), body=b"--x\r\n" * 5000
        ),
        {400, 403},
    ),
    "H18 a character set that is none": (
        lambda v: v.send(POSTING, ("Content-Type", f"{_FORM[1]}; charset=croak"), body=b"body=a"),
        {403},
    ),
    "H18 a character set that is another": (
        lambda v: v.send(POSTING, ("Content-Type", f"{_FORM[1]}; charset=utf-16"), body=b"body=a"),
        {400, 403},
    ),
    "H18 JSON instead of a form": (
        lambda v: v.send(POSTING, ("Content-Type", "application/json"), body=b'{"body": "a"}'),
        {403},
    ),
    "H19 a packed form": (
        lambda v: v.send(
            POSTING, _FORM, ("Content-Encoding", "gzip"), ("X-CSRFToken", v.token),
            body=gzip.compress(b"body=Hello&nonce=nonce-of-gzip"),
        ),
        {422},
    ),
    "H19 a packed mountain": (
        lambda v: v.send(
            POSTING, _FORM, ("Content-Encoding", "gzip"), body=gzip.compress(bytes(50_000_000))
        ),
        {403},
    ),
}  # fmt: skip

# What is no request at all, or two in one.
LINES: dict[str, Row] = {
    "H6 two lengths": (
        lambda v: v.send("/login/", ("Transfer-Encoding", "chunked"), body=b"0\r\n\r\n"), {400}
    ),
    "H6 two different lengths": (
        lambda v: v.send("/login/", ("Content-Length", "3"), ("Content-Length", "5"), body=b"abc"),
        {400},
    ),
    "H6 a length below zero": (lambda v: v.get("/", ("Content-Length", "-1")), {400}),
    "H6 a length with a sign": (lambda v: v.get("/", ("Content-Length", "+1")), {400}),
    "H6 a length beyond numbers": (lambda v: v.get("/", ("Content-Length", "9" * 5000)), {400}),
    "H6 a coding that is none": (lambda v: v.get("/", ("Transfer-Encoding", "croak")), {400}),
    "H6 a chunk that is none": (
        lambda v: v.get("/", ("Transfer-Encoding", "chunked")) + b"zz\r\n", {400}
    ),
    "H6 no version": (lambda _v: b"GET /\r\n\r\n", {400}),
    "H6 a version that is none": (lambda _v: b"GET / HTTP/9.9\r\n\r\n", {400}),
    "H6 one word": (lambda _v: b"NONSENSE\r\n\r\n", {400}),
    "H6 no words": (lambda _v: b"\0\xff\0\xff\r\n\r\n", {400}),
    "H6 a header without a colon": (lambda v: v.get("/", ("", "")) + b"\r\n", {400}),
    "H8 a path of no letters": (lambda v: v.get(b"/\xff\xfe"), {400}),
    "H8 a query of no letters": (lambda v: v.get(b"/?q=\xff\xfe"), {400}),
    "H8 an absolute path": (lambda v: v.get("http://evil.example/"), {400, 404}),
}  # fmt: skip

HEADERS: dict[str, Row] = {
    "O8 another host": (lambda v: v.get("/login/", ("Host", "evil.example")), {400}),
    "O8 no host": (lambda v: v.get("/login/", ("Host", "")), {400}),
    "O8 a host that is none": (lambda v: v.get("/login/", ("Host", "\xff\xfe[")), {400}),
    "O8 two hosts": (
        lambda v: v.get("/login/", ("Host", v.host), ("Host", "evil.example")), {400}
    ),
    "O8 a forwarded host": (lambda v: v.get("/", ("X-Forwarded-Host", "evil.example")), {302}),
    "O9 a forwarded address": (
        lambda v: v.get("/rooms/", ("X-Forwarded-For", "127.0.0.1, \xff, " + "x" * 10_000)), {200}
    ),
    "O10 a forwarded scheme": (lambda v: v.get("/rooms/", ("X-Forwarded-Proto", "https")), {200}),
    "O11 a root elsewhere": (lambda v: v.get("/rooms/", ("Daphne-Root-Path", "/evil")), {200}),
    "O15 a cookie twice": (
        lambda v: v.get("/rooms/", ("Cookie", f"{v.cookie}; {v.cookie}")), {200}
    ),
    "O15 a cookie, then another": (
        lambda v: v.get("/rooms/", ("Cookie", f"{v.cookie}; sessionid=x")), {200, 302}
    ),
    "O15 two headers of cookies": (
        lambda v: v.get("/rooms/", ("Cookie", v.cookie), ("Cookie", "sessionid=x")), {400}
    ),
    "O15 a cookie of NUL": (lambda v: v.get("/rooms/", ("Cookie", 'sessionid="\\000"')), {302}),
    "O15 a cookie of no letters": (lambda v: v.get("/rooms/", ("Cookie", "sessionid=\xff")), {302}),
    "O15 a cookie of 10 kB": (
        lambda v: v.get("/rooms/", ("Cookie", "sessionid=" + "x" * 10_000)), {302}
    ),
    "O15 1,000 cookies": (
        lambda v: v.get("/rooms/", ("Cookie", "; ".join(f"c{n}={n}" for n in range(1000)))), {302}
    ),
    "O16 a forged HX-Request": (lambda v: v.get("/rooms/", ("HX-Request", "true")), {200}),
    "O16 a target that is none": (
        lambda v: v.post(POSTING, ("HX-Request", "true"), ("HX-Target", "box-99999999999999999")),
        {422},
    ),
    "O16 a target of no letters": (
        lambda v: v.post(POSTING, ("HX-Request", "true"), ("HX-Target", '"><script>\xff')), {422}
    ),
    "O16 a page that is none": (
        lambda v: v.get(
            "/rooms/", ("HX-Request", "true"), ("HX-Current-URL", "http://[::1"),
            ("HX-Current-URL-URI-AutoEncoded", "true"),
        ),
        {200},
    ),
    "O16 a page of no letters": (
        lambda v: v.get(
            "/rooms/", ("HX-Request", "true"), ("HX-Prompt", "%ff%00"),
            ("HX-Prompt-URI-AutoEncoded", "true"), ("HX-Current-URL", "\xff\xfe"),
        ),
        {200},
    ),
    "O17 1,000 ranges of a page": (
        lambda v: v.get("/rooms/", ("Range", "bytes=" + ",".join(["0-"] * 1000))), {200}
    ),
    "O17 1,000 ranges of a file": (
        lambda v: v.get("/static/icon.svg", ("Range", "bytes=" + ",".join(["0-"] * 1000))),
        {200, 404, 416},
    ),
    "O18 10 kB of languages": (
        lambda v: v.get("/login/", ("Accept-Language", "en;q=0.1," * 1200)), {200, 302}
    ),
    "O18 a language that is none": (
        lambda v: v.get("/login/", ("Accept-Language", "\xff;q=NaN,../../x;q=9e999")), {200, 302}
    ),
    "O18 kinds of answers beyond number": (
        lambda v: v.get("/login/", ("Accept", "*/*;q=0.1," * 1200)), {200, 302}
    ),
    "O18 packings beyond number": (
        lambda v: v.get("/login/", ("Accept-Encoding", "gzip;q=x," * 1200)), {200, 302}
    ),
}  # fmt: skip


def _text(name: str | bytes) -> str:
    return name if isinstance(name, str) else name.decode("latin-1")
