import pytest
from django.utils import translation
from django.utils.translation import get_language

from chat.database import in_database


@pytest.mark.django_db  # the thread tries a connection that it has kept
async def test_the_callers_language_goes_along_into_the_thread():
    with translation.override("de"):
        assert await in_database(get_language) == "de"
    with translation.override("fr"):
        assert await in_database(get_language) == "fr"
