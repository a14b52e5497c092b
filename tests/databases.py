"""The other database, inside one test: what is asked goes to a real PostgreSQL."""

from collections.abc import Iterator
from contextlib import contextmanager

import environ
from django.core.management import call_command
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import load_backend

from tests.servers import postgresql_server


@contextmanager
def postgresql_database() -> Iterator[BaseDatabaseWrapper]:
    """A connection to a PostgreSQL of its own, migrated."""
    with postgresql_server() as server:
        settings = {"default": environ.Env.db_url_config(server.url) | {"TIME_ZONE": None}}
        settings = connections.configure_settings(settings)["default"]
        settings["TEST"] = {}
        connection = load_backend(settings["ENGINE"]).DatabaseWrapper(settings, "default")
        with asked(connection):
            call_command("migrate", verbosity=0)
        yield connection
        connection.close()


@contextmanager
def asked(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Inside, this thread's database is that one."""
    usual = connections["default"]
    connections["default"] = connection
    try:
        yield
    finally:
        connections["default"] = usual
