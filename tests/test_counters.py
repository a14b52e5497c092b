"""Counts in Redis: together while it is well, and no wait where it is not."""

import os
import socket
import time
from contextlib import contextmanager
from signal import SIGCONT, SIGSTOP

import pytest
from django.core.cache import cache
from redis import Redis

from chat import counters, limits
from chat.errors import TooMany
from project.environment import Rate
from tests.server.client import until
from tests.server.proxy import line_to
from tests.servers import redis_server

RATE = Rate(3, 86_400)
# Each try takes a moment at most; as many as this would take twice as many seconds.
MANY = 50


@pytest.fixture(scope="module")
def redis():
    with redis_server() as server:
        yield server


@pytest.fixture
def ask(settings):
    """Has limits counted in the Redis at this address."""
    urls = []

    def ask(url):
        settings.REDIS_URL = url
        urls.append(url)

    yield ask
    for url in urls:
        counters.counters(url)._redis.close()
    counters.counters.cache_clear()


@pytest.fixture
def patient(monkeypatch):
    """Redis is waited for, however busy the machine is."""
    monkeypatch.setattr(counters, "PATIENCE_SECONDS", 10)


@pytest.fixture
def together(redis, ask):
    with Redis.from_url(redis.url) as client:
        client.flushall()
    ask(redis.url)
    return redis


def spend(*, elsewhere=False):
    if elsewhere:  # another process has a memory of its own, and the same Redis
        cache.clear()
    limits.spend(RATE, "post", 7)


def lines(caplog):
    return [each.getMessage() for each in caplog.records if each.name == "chat.counters"]


def test_what_was_done_at_another_process_counts(patient, together):
    for _ in range(RATE.count):
        spend(elsewhere=True)

    with pytest.raises(TooMany):
        spend(elsewhere=True)


def test_a_count_is_forgotten_with_its_window(patient, together):
    spend()

    with Redis.from_url(together.url) as client:
        [key] = client.keys("natterjack/limit/*")
        assert 0 < client.ttl(key) <= RATE.seconds


@contextmanager
def dead(server):
    server.stop()
    try:
        yield
    finally:
        server.start()


@contextmanager
def frozen(server):
    os.kill(server.pid, SIGSTOP)
    try:
        yield
    finally:
        os.kill(server.pid, SIGCONT)


@pytest.mark.parametrize("fault", (dead, frozen))
@pytest.mark.parametrize("has_asked", (True, False))
def test_without_redis_each_process_counts_alone_and_says_so_once(
    fault, has_asked, together, caplog, monkeypatch
):
    if has_asked:
        limits.spend(RATE, "sign-in", 7)
    with fault(together):
        for _ in range(RATE.count):
            spend()
        with pytest.raises(TooMany):
            spend()
        [said] = lines(caplog)
        assert "by each process alone" in said

    def is_back():
        monkeypatch.setattr(counters.counters(together.url), "_asked_again_at", 0)
        limits.spend(Rate(10_000, RATE.seconds), "sign-in", 8)
        return "together again" in lines(caplog)[-1]

    until(is_back)


def test_who_never_answers_is_asked_once_and_not_by_everybody(ask):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.setblocking(False)
        ask(f"redis://127.0.0.1:{silent.getsockname()[1]}/0")
        for number in range(MANY):
            limits.spend(RATE, "post", number)

        silent.accept()[0].close()
        with pytest.raises(BlockingIOError):
            silent.accept()


def test_a_slow_redis_delays_one_and_not_everybody(redis, ask, caplog):
    with line_to(redis.port) as line:
        ask(f"redis://127.0.0.1:{line.port}/0")
        limits.spend(RATE, "post", "before")
        line.delay = 2.0
        began = time.monotonic()
        for number in range(MANY):
            limits.spend(RATE, "post", number)

        assert time.monotonic() - began < MANY * counters.PATIENCE_SECONDS
        assert len(lines(caplog)) == 1


def test_of_many_at_once_one_tries_whether_redis_is_back(ask, settings, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.setblocking(False)
        ask(f"redis://127.0.0.1:{silent.getsockname()[1]}/0")
        limits.spend(RATE, "post", 1)
        silent.accept()[0].close()
        monkeypatch.setattr(counters.counters(settings.REDIS_URL), "_asked_again_at", 0)

        for number in range(MANY):
            limits.spend(RATE, "post", number)

        silent.accept()[0].close()
        with pytest.raises(BlockingIOError):
            silent.accept()
