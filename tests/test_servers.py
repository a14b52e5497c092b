"""The servers that other tests stand on: real, private, restartable, gone afterwards."""

import os
import socket

import psycopg
import pytest
import redis

from tests import servers


def test_redis_keeps_its_port_over_a_restart_and_is_gone_afterwards():
    with servers.redis_server() as server:
        with redis.Redis.from_url(server.url, socket_timeout=5) as client:
            assert client.set("toad", "natterjack")
        server.stop()
        assert not _answers(server.port)

        server.start()
        with redis.Redis.from_url(server.url, socket_timeout=5) as client:
            assert client.get("toad") is None
        pid = server.pid
    assert not _answers(server.port)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_postgresql_keeps_its_data_over_a_restart_and_is_gone_afterwards():
    with servers.postgresql_server() as server:
        with psycopg.connect(server.url) as connection:
            connection.execute("CREATE TABLE toad (name text)")
            connection.execute("INSERT INTO toad VALUES ('Kreuzkröte')")
        server.stop()

        server.start()
        with psycopg.connect(server.url) as connection:
            assert connection.execute("SELECT upper(name) FROM toad").fetchone() == ("KREUZKRÖTE",)
        directory = server.directory
    assert not _answers(server.port)
    assert not directory.exists()


def test_two_servers_run_side_by_side():
    with servers.redis_server() as one, servers.redis_server() as other:
        assert one.port != other.port
        assert one.pid != other.pid


def test_a_taken_port_is_an_error_with_the_servers_own_words():
    with servers.redis_server() as server:
        second = servers.Server(
            url=server.url,
            port=server.port,
            command=server.command,
            directory=server.directory,
            is_ready=server.is_ready,
        )
        with pytest.raises(servers.ServerFailed, match="Address already in use"):
            second.start()


def test_a_missing_program_names_the_command_that_installs_it(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with (
        pytest.raises(servers.MissingProgram, match=r"sh tools/system_packages\.sh"),
        servers.redis_server(),
    ):
        pass


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
