"""Search: a form, and what was found with it."""

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from chat import limits, search
from chat.errors import Invalid, TooMany
from chat.models import Person
from chat.views.answers import Request, number
from chat.views.decorators import for_people

FILTERS = ("from", "in", "before", "after", "has")


@require_GET
@for_people
def results(request: Request, person: Person) -> HttpResponse:
    """What was typed stays in the form, whatever became of it; why nothing is found is said."""
    text = request.GET.get("q", "")
    filters = {name: request.GET.get(name, "") for name in FILTERS}
    query = search.parse(text, today=timezone.localdate(), filters=filters)
    is_first = not request.GET.keys() & {"older", "skip"}
    context = {
        "query": text,
        "filters": filters,
        "has_filters": any(filters.values()),
        "is_ranked": _is_ranked(request),
        "is_first": is_first,
        "max_characters": search.MAX_CHARACTERS,
    }
    try:
        context["found"] = found = _found(request, person, query)
        context["outcome"] = _outcome(found, is_first=is_first) if found else ""
    except Invalid as refused:
        context["sentence"] = refused.sentence
    except TooMany as refused:
        response = render(request, "chat/search.html", context | {"sentence": refused.sentence})
        response.status_code, response["Retry-After"] = refused.status, str(refused.retry_after)
        return response
    return render(request, "chat/search.html", context)


def _found(request: Request, person: Person, query: search.Query) -> search.Found | None:
    """None when nothing was typed."""
    older, skip = number(request, "older"), number(request, "skip") or 0
    if query.is_empty:
        return None
    limits.spend(settings.LIMIT_POSTS, "search", person.pk)
    return search.find(
        person=person, query=query, is_ranked=_is_ranked(request), before=older, skip=skip
    )


def _outcome(found: search.Found, *, is_first: bool) -> str:
    """How much was found, in words: the page's title begins with it."""
    count = len(found.hits)
    if not count:
        return _("Nothing found")
    if is_first and not found.has_more:
        text = ngettext("%(count)d message found", "%(count)d messages found", count)
    else:
        text = ngettext("%(count)d message here", "%(count)d messages here", count)
    return text % {"count": count}


def _is_ranked(request: Request) -> bool:
    return request.GET.get("order") == "best"
