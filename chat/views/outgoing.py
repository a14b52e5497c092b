"""The pages of a room's hooks that tell other programs: who may change the room sees them."""

from django.conf import settings
from django.contrib import messages as flash
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from chat import limits, permissions
from chat.actions import outgoing as verbs
from chat.errors import Invalid, Refused
from chat.models import OutgoingHook, Person, Room
from chat.outgoing_forms import NewOutgoingHookForm, OutgoingHookForm, values_of
from chat.views.answers import Request, done, go, show_form
from chat.views.decorators import for_people
from chat.views.rooms import find

LOG_SIZE = 50


@require_http_methods(["GET", "HEAD", "POST"])
@for_people
def hooks(request: Request, person: Person, slug: str) -> HttpResponse:
    """All of them; POST makes one and shows its secret, this once."""
    room = _room(person, slug)
    form = NewOutgoingHookForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        _spend(person)
        try:
            hook = verbs.create_hook(maker=person, room=room, **form.cleaned_data)
        except Invalid as error:
            form.add_error(None, str(error.sentence))
        else:
            return _show(request, hook, secret=hook.secret)
    context = {
        "room": room,
        "label": room.label_for(person),
        "hooks": room.outgoing.select_related("bot"),
        "form": form,
    }
    return show_form(request, "chat/hooks/outgoing.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@for_people
def hook(request: Request, person: Person, slug: str, hook_id: int) -> HttpResponse:
    found = _hook(person, slug, hook_id)
    form = OutgoingHookForm(request.POST or None, initial=values_of(found))
    if request.method == "POST" and form.is_valid():
        verbs.change_hook(editor=person, hook=found, **form.cleaned_data)
        flash.success(request, _("Saved."))
        return done(request, go(request, "outgoing_hook", slug, hook_id))
    return _show(request, found, form=form)


@require_POST
@for_people
def secret(request: Request, person: Person, slug: str, hook_id: int) -> HttpResponse:
    """A new secret, shown this once."""
    found = _hook(person, slug, hook_id)
    renewed = verbs.renew_secret(renewer=person, hook=found)
    return _show(request, _hook(person, slug, hook_id), secret=renewed)


@require_POST
@for_people
def ping(request: Request, person: Person, slug: str, hook_id: int) -> HttpResponse:
    _spend(person)
    verbs.send_ping(sender=person, hook=_hook(person, slug, hook_id))
    flash.success(request, _("A test is on its way. Reload to see what became of it."))
    return done(request, go(request, "outgoing_log", slug, hook_id))


@require_POST
@for_people
def switch(request: Request, person: Person, slug: str, hook_id: int) -> HttpResponse:
    verb = verbs.enable_hook if request.POST.get("to") == "on" else verbs.disable_hook
    verb(switcher=person, hook=_hook(person, slug, hook_id))
    flash.success(request, _("Saved."))
    return done(request, go(request, "outgoing_hook", slug, hook_id))


@require_POST
@for_people
def delete(request: Request, person: Person, slug: str, hook_id: int) -> HttpResponse:
    verbs.delete_hook(deleter=person, hook=_hook(person, slug, hook_id))
    flash.success(request, _("The webhook is deleted."))
    return done(request, go(request, "outgoing", slug))


@require_GET
@for_people
def log(request: Request, person: Person, slug: str, hook_id: int) -> HttpResponse:
    """What was sent and what waits, the newest first."""
    found = _hook(person, slug, hook_id)
    deliveries = Paginator(found.deliveries.select_related("event"), LOG_SIZE)
    context = {
        "room": found.room,
        "label": found.room.label_for(person),
        "hook": found,
        "deliveries": deliveries.get_page(request.GET.get("page")),
    }
    return render(request, "chat/hooks/outgoing_log.html", context)


@require_POST
@for_people
def again(
    request: Request, person: Person, slug: str, hook_id: int, delivery_id: int
) -> HttpResponse:
    found = _hook(person, slug, hook_id)
    delivery = get_object_or_404(found.deliveries.select_related("hook"), pk=delivery_id)
    _spend(person)
    verbs.send_again(sender=person, delivery=delivery)
    flash.success(request, _("It is on its way again. Reload to see what became of it."))
    return done(request, go(request, "outgoing_log", slug, hook_id))


def _spend(person: Person) -> None:
    """Each makes an account, or asks somebody else's machine for something: not too often."""
    limits.spend(settings.LIMIT_POSTS, "manage", person.pk)


def _room(person: Person, slug: str) -> Room:
    room = find(person, slug)
    if not permissions.can_change_room(person, room):
        raise Refused(_("Only administrators and who created this room can change its webhooks."))
    return room


def _hook(person: Person, slug: str, hook_id: int) -> OutgoingHook:
    room = _room(person, slug)
    found = get_object_or_404(room.outgoing.select_related("bot", "made_by"), pk=hook_id)
    found.room = room
    return found


def _show(
    request: Request, hook: OutgoingHook, form: OutgoingHookForm | None = None, secret: str = ""
) -> HttpResponse:
    """A hook's page; `secret` stands in the one answer that made it."""
    context = {
        "room": hook.room,
        "label": hook.room.name,
        "hook": hook,
        "form": form or OutgoingHookForm(initial=values_of(hook)),
        "secret": secret,
    }
    return show_form(request, "chat/hooks/outgoing_hook.html", context)
