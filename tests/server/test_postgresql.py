"""What a site's connections to PostgreSQL are told about how to work."""

from tests.server.site import Site
from tests.servers import postgresql_server

SHOW = """
from django.db import connection
with connection.cursor() as cursor:
    cursor.execute("SHOW {}")
    print(cursor.fetchone()[0])
"""


def test_what_is_acknowledged_is_durable_and_no_query_is_compiled(tmp_path):
    with postgresql_server() as database:
        site = Site(data_dir=tmp_path, port=1, variables={"DATABASE_URL": database.url})
        shown = {name: site.shell(SHOW.format(name)) for name in ("synchronous_commit", "jit")}

    assert {name: text.strip() for name, text in shown.items()} == {
        "synchronous_commit": "on",
        "jit": "off",
    }
