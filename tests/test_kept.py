from sys import getsizeof

from django.utils.safestring import SafeString

from chat.kept import Kept


def test_what_was_not_asked_for_longest_goes_first():
    kept = Kept(max_bytes=3 * getsizeof(SafeString("1234")))
    for key in "abc":
        kept.put(key, SafeString("1234"))
        kept.get("a")
    kept.put("d", SafeString("1234"))

    assert [bool(kept.get(key)) for key in "abcd"] == [True, False, True, True]
