"""Search: a form, and what was found with it."""

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from chat import limits, search
from chat.errors import Invalid
from chat.models import Person
from chat.views.answers import Request
from chat.views.decorators import for_people
from chat.views.rooms import number

FILTERS = ("from", "in", "before", "after", "has")


@require_GET
@for_people
def results(request: Request, person: Person) -> HttpResponse:
    """What was typed stays in the form, whatever became of it; why nothing is found is said."""
    text = request.GET.get("q", "")
    filters = {name: request.GET.get(name, "") for name in FILTERS}
    is_ranked = request.GET.get("order") == "best"
    query = search.parse(text, today=timezone.localdate(), filters=filters)
    found, sentence = None, ""
    try:
        if query.problem or not query.is_empty:
            limits.spend(settings.LIMIT_POSTS, "search", person.pk)
            found = search.find(
                person=person,
                query=query,
                is_ranked=is_ranked,
                before=number(request, "older"),
                skip=number(request, "skip") or 0,
            )
    except Invalid as refused:
        sentence = str(refused.sentence)
    context = {
        "query": text,
        "filters": filters,
        "has_filters": any(filters.values()),
        "is_ranked": is_ranked,
        "found": found,
        "sentence": sentence,
        "max_characters": search.MAX_CHARACTERS,
    }
    return render(request, "chat/search.html", context)
