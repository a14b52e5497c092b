"""People: everybody, one of them, oneself, and direct conversations."""

from django.contrib import messages as flash
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from chat.actions import rooms as verbs
from chat.actions.reading import set_preferences
from chat.forms import PeopleForm, PreferencesForm
from chat.models import Person, Site
from chat.presence import state_of, with_state
from chat.views.answers import Request, done, go, one_page, show_form
from chat.views.decorators import for_people


def known_to(person: Person) -> QuerySet[Person]:
    """The active people whom this person may know of: guests know those in their rooms."""
    return ever_known_to(person).filter(is_active=True)


def ever_known_to(person: Person) -> QuerySet[Person]:
    """With those who are gone: what they wrote still carries their name."""
    everybody = Person.objects.all()
    if not person.is_guest:
        return everybody
    return everybody.filter(rooms__in=person.rooms.all()).distinct()


@require_GET
@for_people
def people(request: Request, person: Person) -> HttpResponse:
    query = request.GET.get("q", "").strip()[:80]
    found = known_to(person)
    if query:
        found = found.filter(name__icontains=query) | found.filter(username__icontains=query)
    page = one_page(request, found)
    site = Site.load()
    context = {"site": site, "people": page, "states": with_state(page, site), "query": query}
    return render(request, "chat/people.html", context)


@require_GET
@for_people
def profile(request: Request, person: Person, username: str) -> HttpResponse:
    shown = get_object_or_404(ever_known_to(person), username=username)
    shared = shown.rooms.filter(pk__in=person.rooms.values("pk")).exclude(kind="direct")
    site = Site.load()
    context = {
        "site": site,
        "shown": shown,
        "shared": shared,
        "is_self": shown.pk == person.pk,
        "state": state_of(shown, site),
    }
    return render(request, "chat/person.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@for_people
def preferences(request: Request, person: Person) -> HttpResponse:
    form = PreferencesForm(request.POST or None, instance=person)
    if request.method == "POST" and form.is_valid():
        set_preferences(person=form.instance, fields=PreferencesForm.Meta.fields)
        flash.success(request, _("Saved."))
        return done(request, go(request, "preferences"))
    if form.errors:
        person.refresh_from_db()  # the page's frame shows who one is, not what one typed
    return show_form(request, "chat/preferences.html", {"form": form})


@require_http_methods(["GET", "HEAD", "POST"])
@for_people
def direct(request: Request, person: Person, username: str) -> HttpResponse:
    """The conversation with one person; the first visit asks before it makes one."""
    other = get_object_or_404(known_to(person), username=username)
    if request.method == "POST":
        room = verbs.open_direct_room(opener=person, others=[other])
        return done(request, go(request, "room", room.slug))
    if found := verbs.find_direct_room([person, other]):
        return redirect(go(request, "room", found.slug))
    return render(request, "chat/direct.html", {"other": other})


@require_http_methods(["GET", "HEAD", "POST"])
@for_people
def direct_new(request: Request, person: Person) -> HttpResponse:
    """A conversation with several people."""
    form = PeopleForm(request.POST or None, queryset=known_to(person).exclude(pk=person.pk))
    if request.method == "POST" and form.is_valid():
        room = verbs.open_direct_room(opener=person, others=form.cleaned_data["people"])
        return done(request, go(request, "room", room.slug))
    return show_form(request, "chat/direct_new.html", {"form": form})
