import os
import stat
import subprocess
import sys

import pytest

from project import environment as env

BAD_VALUES = [
    ("PORT", "http"),
    ("PORT", "70000"),
    ("DEBUG", "perhaps"),
    ("SITE_URL", "chat.example.org"),
    ("SITE_URL", "https://chat.example.org/path"),
    ("SITE_URL", "https://[half"),
    ("DATABASE_URL", "mysql://localhost/chat"),
    ("DATABASE_URL", "postgres"),
    ("REDIS_URL", "http://localhost"),
    ("EMAIL_URL", "post://office"),
    ("LIMIT_POSTS", "60"),
    ("LIMIT_POSTS", "0/m"),
    ("LIMIT_SIGNINS", "many"),
    ("LIMIT_SOCKETS", "-1"),
    ("LIMIT_STREAMS", "0"),
    ("TIME_ZONE", "Pond/Lily"),
    ("LANGUAGE_CODE", "../en"),
    ("WEBHOOK_ALLOW", "http://ci.internal"),
    ("WEBHOOK_ALLOW", "10.0.0.1/8"),
]
READ = {
    "PORT": lambda: env.port("PORT", 8000),
    "DEBUG": lambda: env.boolean("DEBUG"),
    "SITE_URL": lambda: env.site_url("SITE_URL"),
    "DATABASE_URL": lambda: env.database("DATABASE_URL", ""),
    "REDIS_URL": lambda: env.redis("REDIS_URL"),
    "EMAIL_URL": lambda: env.email("EMAIL_URL", ""),
    "LIMIT_POSTS": lambda: env.rate("LIMIT_POSTS", "60/m"),
    "LIMIT_SIGNINS": lambda: env.rate("LIMIT_SIGNINS", "20/m"),
    "LIMIT_SOCKETS": lambda: env.limit("LIMIT_SOCKETS", 20),
    "LIMIT_STREAMS": lambda: env.limit("LIMIT_STREAMS", 3),
    "TIME_ZONE": lambda: env.time_zone("TIME_ZONE", "UTC"),
    "LANGUAGE_CODE": lambda: env.language("LANGUAGE_CODE", "en"),
    "WEBHOOK_ALLOW": lambda: env.allowed("WEBHOOK_ALLOW"),
}


@pytest.mark.parametrize(("name", "value"), BAD_VALUES)
def test_a_bad_value_ends_with_one_line_that_names_it_and_what_is_good(monkeypatch, name, value):
    monkeypatch.setenv(name, value)

    with pytest.raises(SystemExit) as end:
        READ[name]()

    line = str(end.value)
    assert line.startswith(f"natterjack: {name}={value!r} is no good: ")
    assert "\n" not in line


def test_off_switches_a_limit_off(monkeypatch):
    monkeypatch.setenv("LIMIT_POSTS", "off")
    monkeypatch.setenv("LIMIT_SOCKETS", "off")

    assert env.rate("LIMIT_POSTS", "60/m") is None
    assert env.limit("LIMIT_SOCKETS", 20) is None


def test_a_rate_is_a_count_and_a_period(monkeypatch):
    monkeypatch.setenv("LIMIT_POSTS", "5/h")

    assert env.rate("LIMIT_POSTS", "60/m") == env.Rate(count=5, seconds=3600)


@pytest.mark.parametrize(
    ("value", "url"),
    (
        ("https://Chat.example.org:443/", "https://chat.example.org"),
        ("http://chat.example.org:80", "http://chat.example.org"),
        ("https://chat.example.org:80", "https://chat.example.org:80"),
        ("http://chat.example.org:8080", "http://chat.example.org:8080"),
        ("http://[2001:db8::80]", "http://[2001:db8::80]"),
    ),
)
def test_the_usual_port_is_no_part_of_a_sites_address(monkeypatch, value, url):
    monkeypatch.setenv("SITE_URL", value)

    assert env.site_url("SITE_URL") == url


@pytest.mark.parametrize("host", ("127.0.0.1", "localhost", "::1", "127.8.8.8"))
def test_loopback_needs_no_site_url(host):
    env.require_site_url_beyond_loopback(host, "")


@pytest.mark.parametrize("host", ("0.0.0.0", "::", "192.0.2.1", "chat.example.org"))
def test_a_host_beyond_loopback_asks_for_the_site_url(host):
    with pytest.raises(SystemExit, match="SITE_URL"):
        env.require_site_url_beyond_loopback(host, "")

    env.require_site_url_beyond_loopback(host, "https://chat.example.org")


def test_any_command_makes_the_data_directory_and_the_key_for_their_owner_alone(tmp_path):
    folder = tmp_path / "new" / "data"

    result = manage(folder, "check")

    assert result.returncode == 0, result.stderr
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "secret_key").stat().st_mode) == 0o600
    key = (folder / "secret_key").read_text()
    manage(folder, "check")
    assert (folder / "secret_key").read_text() == key


def test_a_bad_value_shows_no_traceback(tmp_path):
    result = manage(tmp_path, "check", PORT="none")

    assert result.returncode != 0
    assert result.stderr.strip().count("\n") == 0
    assert "PORT='none'" in result.stderr


def test_the_site_url_decides_hosts_origins_and_secure_cookies(tmp_path):
    program = (
        "from django.conf import settings as s;"
        "print(s.ALLOWED_HOSTS, s.CSRF_TRUSTED_ORIGINS, s.SESSION_COOKIE_SECURE,"
        " s.SESSION_COOKIE_NAME, s.SECURE_HSTS_SECONDS > 0)"
    )

    secure = manage(tmp_path, "shell", "-v0", "-c", program, SITE_URL="https://Chat.example.org/")
    local = manage(tmp_path, "shell", "-v0", "-c", program)

    assert secure.stdout.strip() == (
        "['chat.example.org'] ['https://chat.example.org'] True __Host-sessionid True"
    )
    assert local.stdout.strip() == ("['localhost', '127.0.0.1', '[::1]'] [] False sessionid False")


def manage(folder, *arguments, **variables):
    """`manage.py` on a data directory, with these variables and none of ours."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        env=kept | {"DATA_DIR": str(folder)} | variables,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
