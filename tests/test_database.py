from django.utils import translation
from django.utils.translation import get_language

from chat.database import in_database


async def test_the_callers_language_goes_along_into_the_thread():
    with translation.override("de"):
        assert await in_database(get_language) == "de"
    with translation.override("fr"):
        assert await in_database(get_language) == "fr"
