"""A room's webhooks: what there are, and the address at which programs speak."""

from django import forms
from django.conf import settings
from django.contrib import messages as flash
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from chat import incoming, limits, permissions, problems
from chat.actions import hooks as verbs
from chat.errors import Invalid, Refused
from chat.forms import NameField
from chat.models import IncomingHook, Person, Room
from chat.views.answers import Request, done, go, show_form
from chat.views.decorators import for_people
from chat.views.rooms import find
from chat.views.site import absolute


class HookForm(forms.Form):
    """A new incoming webhook."""

    name = NameField(
        label=_lazy("Name"),
        help_text=_lazy("Who speaks, as people will read it: Deployments, say."),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@for_people
def hooks(request: Request, person: Person, slug: str) -> HttpResponse:
    """A room's webhooks, for who may change it; POST makes one, whose address is shown once."""
    found = find_to_change(person, slug)
    form, address = HookForm(request.POST or None), ""
    if request.method == "POST" and form.is_valid():
        limits.spend(settings.LIMIT_POSTS, "manage", person.pk)  # each makes an account
        try:
            _hook, key = verbs.create_hook(maker=person, room=found, **form.cleaned_data)
        except Invalid as error:
            form.add_error(None, str(error.sentence))
        else:
            form, address = HookForm(), absolute(request, reverse("incoming", args=[key]))
    in_use = IncomingHook.objects.in_use().filter(room=found)
    context = {
        "room": found,
        "label": found.label_for(person),
        "can_change": True,
        "can_make": permissions.can_make_hooks(person, found),
        "hooks": in_use.select_related("person", "made_by"),
        "form": form,
        "address": address,
    }
    return show_form(request, "chat/hooks.html", context)


@require_POST
@for_people
def revoke(request: Request, person: Person, slug: str, incoming_id: int) -> HttpResponse:
    found = find_to_change(person, slug)
    hook = get_object_or_404(IncomingHook, pk=incoming_id, room=found)
    verbs.revoke_hook(revoker=person, hook=hook)
    flash.success(request, _("The webhook is revoked."))
    return done(request, go(request, "room_hooks", slug))


def find_to_change(person: Person, slug: str) -> Room:
    """The room, for who may change it: others don't even see what webhooks it has."""
    found = find(person, slug)
    if not permissions.can_change_room(person, found):
        raise Refused(_("Only administrators and who created this room see its webhooks."))
    return found


@csrf_exempt  # no cookie counts here: who knows the key may speak
def receive(request: HttpRequest, key: str) -> HttpResponse:
    """Says in its room what comes to an incoming webhook. Answers in the sender's own way."""
    if request.method != "POST":
        answer = problems.problem(405, _("Send what is to be said with POST."))
        answer["Allow"] = "POST"
        return answer
    hook = IncomingHook.objects.by_key(key)
    if hook is None:
        return problems.problem(404, _("There is no such webhook, or not any more."))
    try:
        limits.spend(settings.LIMIT_HOOKS, "hook", hook.pk)
        said = incoming.read(request)
        message = verbs.post_from_hook(hook=hook, body=said.body, nonce=said.nonce)
    except Refused as error:
        return problems.refused(error)
    if said.is_for_slack:
        return HttpResponse("ok", "text/plain; charset=utf-8")
    return JsonResponse({"message": message.pk, "seq": message.seq})
