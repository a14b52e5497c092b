"""A process whose first messages come at once, each in a thread of its own."""

import subprocess
import sys

from django.conf import settings

# mdurl shows a table to all threads while one of them still fills it.
_IN_A_NEW_PROCESS = """
from chat import markup
from mdurl import _decode, _encode
before = {**_decode.decode_cache, **_encode.encode_cache}
assert before and all(len(table) == 128 for table in before.values()), before
markup.render("https://example.org/%20 <https://example.org/%20> [a](https://example.org/%20)")
assert {**_decode.decode_cache, **_encode.encode_cache} == before
"""


def test_the_tables_for_addresses_are_there_before_the_first_message():
    subprocess.run([sys.executable, "-c", _IN_A_NEW_PROCESS], cwd=settings.BASE_DIR, check=True)
