import threading
from contextlib import closing

import pytest
from django.db import connection
from django.utils import translation
from django.utils.translation import get_language

from chat import database
from chat.database import in_database
from tests.databases import asked


@pytest.mark.django_db  # the thread tries a connection that it has kept
async def test_the_callers_language_goes_along_into_the_thread():
    with translation.override("de"):
        assert await in_database(get_language) == "de"
    with translation.override("fr"):
        assert await in_database(get_language) == "fr"


@pytest.mark.django_db
async def test_a_thread_keeps_its_connection_from_one_query_to_the_next():
    def ask():
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        return threading.get_ident(), connection.connection

    asked = [await in_database(ask) for _number in range(20)]

    # The connections are held here, so that no two of them are at the same address.
    assert len({id(kept) for _thread, kept in asked}) == len({thread for thread, _kept in asked})


@pytest.mark.django_db
def test_what_is_committed_is_on_the_disk():
    def pragma(name):
        with connection.cursor() as cursor:
            return cursor.execute(f"PRAGMA {name}").fetchone()[0]

    full, nobody_by_themselves = 2, 0
    assert pragma("journal_mode") == "wal"
    assert pragma("synchronous") == full
    assert pragma("mmap_size") == 0
    assert pragma("wal_autocheckpoint") == nobody_by_themselves


@pytest.mark.django_db
def test_what_is_deleted_is_overwritten():
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA secure_delete")
        assert cursor.fetchone() == (1,)


def test_who_sets_up_waits_for_another_one_for_as_long_as_that_takes(other_database):
    impatient = other_database.copy()
    impatient.settings_dict["OPTIONS"] = {"options": "-c lock_timeout=10ms"}

    def lock_timeout():
        with connection.cursor() as cursor:
            return cursor.execute("SHOW lock_timeout").fetchone()[0]

    def end():
        is_over.set()
        other.close()

    is_over = threading.Event()
    with closing(other_database.copy()) as other:
        other.inc_thread_sharing()
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [database._SETTING_UP])
        threading.Timer(0.5, end).start()
        with closing(impatient), asked(impatient), database.one_at_a_time():
            assert is_over.is_set()
            assert lock_timeout() == "10ms"
