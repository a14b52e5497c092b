"""Where hooks may send to, and where not: nothing inside a network is reached by them."""

import socket
import ssl
import subprocess
from ipaddress import ip_address

import pytest

from chat import dialer
from tests.receivers import allowed, receiving

PUBLIC = "203.0.114.7"  # a public address; what would be asked there is refused by nobody


@pytest.fixture
def allow(settings):
    def allow(*networks, hosts=()):
        settings.WEBHOOK_ALLOW = allowed(*networks, hosts=hosts)

    return allow


@pytest.fixture
def names(monkeypatch):
    """The outside network's names: what each resolves to, in turn; and which were asked for."""
    known, asked = {}, []

    def resolve(host, port, **_):
        asked.append(host)
        answers = known.get(host)
        if answers is None:
            return real(host, port, type=socket.SOCK_STREAM)
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        return [
            (
                socket.AF_INET6 if ":" in each else socket.AF_INET,
                socket.SOCK_STREAM,
                6,
                "",
                (each, port),
            )
            for each in found
        ]

    real = socket.getaddrinfo
    monkeypatch.setattr("chat.dialer.socket.getaddrinfo", resolve)
    known["asked"] = asked
    return known


@pytest.fixture
def no_socket(monkeypatch):
    def opened(*_args, **_more):
        raise AssertionError("a socket was opened")

    monkeypatch.setattr("socket.socket.connect", opened)


def send(url):
    return dialer.post(url, b"{}", {"Content-Type": "application/json"})


INWARD = {
    "S1": "https://127.0.0.1/",
    "S2": "https://0.0.0.0/",
    "S3": "https://2130706433/",
    "S4": "https://0x7f000001/",
    "S5": "https://0177.0.0.1/",
    "S6": "https://127.1/",
    "S7": "https://①②⑦.0.0.1/",
    "S8": "https://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/",
    "S9": "https://127。0。0。1/",
    "S10": "https://[::1]/",
    "S11 mapped": "https://[::ffff:127.0.0.1]/",
    "S11 mapped, in hex": "https://[::ffff:7f00:1]/",
    "S12 compatible": "https://[::127.0.0.1]/",
    "S13 NAT64": "https://[64:ff9b::127.0.0.1]/",
    "S13 NAT64 of one's own": "https://[64:ff9b:1::7f00:1]/",
    "S14 6to4": "https://[2002:7f00:1::]/",
    "S14 Teredo": "https://[2001:0:7f00:1::]/",
    "S15 site-local": "https://[fec0::1]/",
    "S15 unique local": "https://[fd00:ec2::254]/",
    "S16": "https://169.254.169.254/latest/meta-data",
    "S17": "https://100.64.0.1/",
    "S18": "https://224.0.0.1/",
    "S18 of IPv6": "https://[ff02::1]/",
    "S19": "https://192.0.0.8/",
    "S19 a test network": "https://192.0.2.1/",
    "S19 a benchmark": "https://198.18.0.1/",
    "S19 reserved": "https://240.0.0.1/",
    "S19 broadcast": "https://255.255.255.255/",
    "private": "https://10.0.0.1/",
    "private too": "https://192.168.1.1/",
    "private as well": "https://172.16.0.1/",
    "S23": "https://a@127.0.0.1/",
    "S23 a name and a password": "https://a:b@example.org/",
    "S24": "https://127.0.0.1\\@example.org/",
    "S24 the other way": "https://example.org\\@127.0.0.1/",
    "S25 ssh": "https://example.org:22/",
    "S25 smtp": "https://example.org:25/",
    "S25 redis": "https://example.org:6379/",
    "S25 none": "https://example.org:0/",
    "S25 too large": "https://example.org:65536/",
    "S26 file": "file:///etc/passwd",
    "S26 gopher": "gopher://example.org/",
    "S26 dict": "dict://example.org/",
    "S26 data": "data:text/plain,x",
    "S26 script": "javascript:alert(1)",
    "S27 CRLF": "https://example.org/\r\nX: y",
    "S27 a space": "https://example.org/a b",
    "S27 NUL": "https://example.org/\0",
    "S28 this site": "https://chat.example.org/hooks/x/",
    "S36 local": "https://printer.local/",
    "S36 internal": "https://metadata.google.internal/",
    "S36 a single label": "https://intranet/",
    "S36 localhost": "https://localhost/",
    "S37 a zone": "https://[fe80::1%25eth0]/",
    "http": "http://example.org/",
    "too long": "https://example.org/" + "x" * 2000,
    "nothing": "",
    "no scheme": "example.org/hook",
    "a fragment": "https://example.org/#x",
}  # fmt: skip


@pytest.mark.parametrize("name", INWARD)
def test_no_socket_is_opened_for(name, names, no_socket, settings):
    settings.SITE_URL = "https://chat.example.org"
    with pytest.raises(dialer.Unsafe):
        dialer.check(INWARD[name])
    with pytest.raises(dialer.Unsafe):
        send(INWARD[name])
    assert names["asked"] == []


@pytest.mark.parametrize(
    "url",
    (
        "https://example.org",
        "https://EXAMPLE.org/Hook?key=a%20b&c=d",
        "HTTPS://example.org:443/",
        "https://example.org:80/",
        "https://xn--bcher-kva.example/hook",
        "https://93.184.216.34/hook",
        "https://[2606:2800:220:1::1]/hook",
    ),
)
def test_the_open_web_is_fine(url):
    assert dialer.check(url).scheme == "https"


@pytest.mark.parametrize(
    "inward", ("127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "::ffff:10.0.0.1", "fd00::1")
)
def test_a_name_is_as_good_as_the_worst_of_its_addresses(inward, names, no_socket):
    names["rebind.example"] = [[PUBLIC, inward]]

    with pytest.raises(dialer.Unsafe):
        send("https://rebind.example/")


def test_k19_a_name_is_resolved_once_and_the_address_that_was_checked_is_the_one_that_is_asked(
    names, allow
):
    allow("127.0.0.2/32")
    names["rebind.example"] = [["127.0.0.2"], ["127.0.0.1"]]

    with receiving() as receiver, pytest.raises(dialer.Unreachable):
        # Nobody listens at 127.0.0.2; at the second answer somebody would.
        send(f"http://rebind.example:{receiver.port}/")

    assert receiver.got == []
    assert names["asked"] == ["rebind.example"]


def test_the_receiver_hears_the_name_it_was_asked_for_by(names, allow):
    allow("127.0.0.0/8")
    names["hooks.example"] = [["127.0.0.1"]]

    with receiving((200, "text/plain", "Hello")) as receiver:
        answer = send(f"http://hooks.example:{receiver.port}/a/b?c=d")

    (got,) = receiver.got
    assert (got.path, got.headers["Host"]) == ("/a/b?c=d", f"hooks.example:{receiver.port}")
    assert (answer.status, answer.body, answer.is_whole) == (200, b"Hello", True)
    assert answer.headers["content-type"] == "text/plain"


def test_an_allowed_name_may_be_anywhere_at_any_port(names, allow):
    allow(hosts=["ci.internal"])
    names["ci.internal"] = [["127.0.0.1"]]

    with receiving() as receiver:
        assert send(f"http://ci.internal:{receiver.port}/").status == 204
        with pytest.raises(dialer.Unsafe):
            send(f"http://127.0.0.1:{receiver.port}/")


def test_an_allowed_network_allows_no_other_one(names, allow, no_socket):
    allow("10.0.0.0/8")
    names["both.example"] = [["10.0.0.1", "192.168.0.1"]]

    with pytest.raises(dialer.Unsafe):
        send("https://both.example/")
    with pytest.raises(dialer.Unsafe):
        send("https://192.168.0.1/")
    names["public.example"] = [[PUBLIC]]
    with pytest.raises(dialer.Unsafe):
        send("http://public.example:8080/")


def test_the_next_address_is_asked_where_the_first_does_not_listen(names, allow):
    allow("127.0.0.0/8")
    names["two.example"] = [["127.0.0.2", "127.0.0.1"]]

    with receiving() as receiver:
        assert send(f"http://two.example:{receiver.port}/").status == 204


def test_a_name_that_there_is_not_is_a_sentence(monkeypatch):
    def unknown(*_args, **_more):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr("chat.dialer.socket.getaddrinfo", unknown)

    with pytest.raises(dialer.Unreachable, match="no such host"):
        send("https://nowhere.example/")


def test_what_is_not_http_is_a_sentence(allow):
    def nonsense(handler):
        handler.wfile.write(b"220 mail.example ESMTP\r\n")

    allow("127.0.0.0/8")
    with receiving(nonsense) as receiver, pytest.raises(dialer.Unreachable, match="not HTTP"):
        send(receiver.url)


def test_a_packed_answer_is_not_unpacked(allow):
    def packed(handler):
        handler.send_response(200)
        handler.send_header("Content-Encoding", "gzip")
        handler.end_headers()
        handler.wfile.write(b"\x1f\x8bnothing")

    allow("127.0.0.0/8")
    with receiving(packed) as receiver:
        assert send(receiver.url).body == b"\x1f\x8bnothing"


@pytest.mark.parametrize(
    ("address", "is_public"),
    (
        ("93.184.216.34", True),
        ("2606:2800:220:1::1", True),
        ("::ffff:93.184.216.34", True),
        ("64:ff9b::5db8:d822", True),
        ("64:ff9b::a00:1", False),
        ("192.88.99.1", False),
        ("2001:db8::1", False),
        ("2001:2::1", False),
        ("3fff::1", False),
        ("4000::1", False),
        ("5f00::1", False),
        ("239.1.2.3", False),
    ),
)
def test_public_is_what_the_registries_say(address, is_public):
    assert dialer.is_public(ip_address(address)) is is_public


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """For hooks.example, signed by itself."""
    folder = tmp_path_factory.mktemp("certificate")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-days", "2", "-subj", "/CN=hooks.example"),
            *("-addext", "subjectAltName=DNS:hooks.example"),
            *("-keyout", key, "-out", certificate),
        ],
        check=True,
        capture_output=True,
    )
    return key, certificate


@pytest.fixture
def with_tls(certificate):
    key, chain = certificate
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    return lambda opened: context.wrap_socket(opened, server_side=True)


def test_over_tls_the_name_is_proven_to_be_the_one_that_was_asked_for(
    names, allow, certificate, with_tls, monkeypatch
):
    allow("127.0.0.0/8")
    names["hooks.example"] = names["other.example"] = [["127.0.0.1"]]
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[1]))

    with receiving(wrap=with_tls) as receiver:
        assert send(f"https://hooks.example:{receiver.port}/").status == 204
        with pytest.raises(dialer.Unreachable, match="certificate"):
            send(f"https://other.example:{receiver.port}/")
    assert len(receiver.got) == 1


def test_a_certificate_that_nobody_vouches_for_is_refused(names, allow, with_tls):
    allow("127.0.0.0/8")
    names["hooks.example"] = [["127.0.0.1"]]

    refused = pytest.raises(dialer.Unreachable, match="certificate")
    with receiving(wrap=with_tls) as receiver, refused:
        send(f"https://hooks.example:{receiver.port}/")
    assert receiver.got == []
