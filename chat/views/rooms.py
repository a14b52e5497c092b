"""Rooms: the list of them, the room itself, who is in it."""

from datetime import datetime, time
from typing import Any

from csp.constants import SELF
from csp.decorators import csp_update
from django.contrib import messages as flash
from django.core.validators import slug_re
from django.db.models import Count, Exists, F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from chat import history, permissions
from chat.actions import rooms as verbs
from chat.actions.reading import open_again, set_level
from chat.database import in_passing
from chat.errors import Invalid, Refused
from chat.forms import DateForm, LevelForm, NewRoomForm, PeopleForm, RoomForm, first_error
from chat.history import Page
from chat.models import Level, Membership, Message, Person, Room
from chat.views.answers import Request, done, go, number, one_page, show_form
from chat.views.decorators import for_pages, for_people
from chat.views.room_page import show, show_newest


def find(person: Person, slug: str) -> Room:
    """The room that this person may see; for all others it does not exist."""
    if not slug_re.match(slug):  # a form names rooms too, and PostgreSQL can't look for a NUL
        raise Http404
    if (room := Room.objects.named(slug, person)) is None:
        raise Http404
    return room


def _look(person: Person, slug: str) -> tuple[Room, Membership | None]:
    """The same, and what they are in it."""
    sight = permissions.sight(person, slug) if slug_re.match(slug) else None
    if sight is None:
        raise Http404
    return sight


@require_GET
@for_people
def home(request: Request, person: Person) -> HttpResponse:
    rooms = Room.objects.open().visible_to(person)
    last = rooms.filter(pk=person.last_room_id).first() if person.last_room_id else None
    last = last or rooms.filter(is_lobby=True).first()
    return redirect(go(request, "room", last.slug) if last else go(request, "rooms"))


@require_http_methods(["GET", "HEAD", "POST"])
@for_people
def rooms(request: Request, person: Person) -> HttpResponse:
    """Browse and search; POST creates."""
    form = NewRoomForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        room = verbs.create_room(creator=person, **form.cleaned_data)
        return done(request, go(request, "room", room.slug))
    query = request.GET.get("q", "").strip()[:80]
    context = {
        "rooms": _listed(person, query),
        "query": query,
        "form": form,
        "can_create": permissions.can_create_rooms(person),
    }
    return show_form(request, "chat/rooms.html", context)


def _listed(person: Person, query: str) -> QuerySet[Room]:
    own = Membership.objects.filter(room=OuterRef("pk"), person=person)
    found = Room.objects.visible_to(person).exclude(kind="direct")
    if query:
        found = found.filter(name__icontains=query) | found.filter(purpose__icontains=query)
    everybody = Membership.objects.filter(room=OuterRef("pk")).order_by().values("room")
    # Archived rooms come last, the newest of them first.
    return found.annotate(
        is_member=Exists(own),
        is_hidden=Exists(own.filter(level=Level.HIDDEN)),
        member_count=Coalesce(Subquery(everybody.annotate(count=Count("pk")).values("count")), 0),
    ).order_by(F("archived_at").desc(nulls_first=True), "-is_member", "name")


@require_GET
@csp_update({"frame-src": [SELF]})
@for_people
def room(request: Request, person: Person, slug: str) -> HttpResponse:
    """The room at its newest messages, with `?at=<seq>` around an older one, or with
    `?date=2026-01-31` sent on to the first one of that day."""
    found, membership = _look(person, slug)
    if request.GET.get("date"):
        return _to_day(request, person, found)
    at = number(request, "at")
    if person.last_room_id != found.pk:
        with in_passing():
            Person.objects.filter(pk=person.pk).update(last_room=found)
    if membership and membership.is_kept_unread:
        with in_passing():
            open_again(membership=membership)
    if at is not None:
        page = history.around(found, at)
        return show(request, person, found, page, membership=membership)
    return show_newest(request, person, found, membership)


def _to_day(request: Request, person: Person, found: Room) -> HttpResponse:
    """To the day's first message in the reader's time zone; without one, to the next after it."""
    form = DateForm(request.GET)
    if not form.is_valid():
        raise Invalid(first_error(form))
    start = datetime.combine(form.cleaned_data["date"], time.min, tzinfo=person.zone)
    first = history.first_since(found, start)
    if first is None:  # later than everything
        return redirect(go(request, "room", found.slug))
    key, seq = first
    return redirect(f"{go(request, 'room', found.slug, at=seq)}#message-{key}")


@require_GET
@for_pages
def socket(request: Request, person: Person, slug: str = "") -> HttpResponse:
    """A fresh socket element: the dead man's switch of a page that hears nothing asks for it."""
    if slug:
        find(person, slug)
    context = {
        "slug": slug,
        "is_live": request.GET.get("list") != "off",
        "title": request.GET.get("title", ""),
        "root": number(request, "thread"),
    }
    return render(request, "chat/fragments/live.html", context)


@require_POST
@for_people
def join(request: Request, person: Person, slug: str) -> HttpResponse:
    verbs.join_room(person=person, room=find(person, slug))
    return done(request, go(request, "room", slug))


@require_POST
@for_people
def leave(request: Request, person: Person, slug: str) -> HttpResponse:
    verbs.leave_room(person=person, room=find(person, slug))
    return done(request, go(request, "rooms"))


@require_http_methods(["GET", "HEAD", "POST"])
@for_people
def settings(request: Request, person: Person, slug: str) -> HttpResponse:
    """Rename, describe, close, leave."""
    found = find(person, slug)
    form = RoomForm(request.POST or None, instance=Room(name=found.name, purpose=found.purpose))
    if request.method == "POST" and form.is_valid():
        verbs.change_room(editor=person, room=found, **form.cleaned_data)
        flash.success(request, _("Saved."))
        return done(request, go(request, "room", slug))
    membership = permissions.membership(person, found)
    level = LevelForm(membership=membership, zone=person.zone) if membership else None
    return _show_settings(request, person, found, form=form, level_form=level)


@require_POST
@for_people
def level(request: Request, person: Person, slug: str) -> HttpResponse:
    """What one wants to hear of the room."""
    found = find(person, slug)
    membership = permissions.membership(person, found)
    if membership is None:
        raise Refused(_("Only people in this room can do that."))
    form = LevelForm(request.POST, membership=membership, zone=person.zone)
    if not form.is_valid():
        room_form = RoomForm(instance=Room(name=found.name, purpose=found.purpose))
        more = {"level_form": form, "status": 422}
        return _show_settings(request, person, found, form=room_form, **more)
    set_level(person=person, room=found, **form.cleaned_data)
    flash.success(request, _("Saved."))
    return done(request, go(request, "room_settings", slug))


def _show_settings(request: Request, person: Person, found: Room, **more: Any) -> HttpResponse:
    context = more | {
        "room": found,
        "label": found.label_for(person),
        "can_change": permissions.can_change_room(person, found),
        "can_change_kind": permissions.can_change_kind(person, found),
        "can_archive": permissions.can_archive(person, found),
        "can_leave": permissions.can_leave(person, found) and more["level_form"] is not None,
    }
    answer = show_form(request, "chat/room_settings.html", context)
    answer.status_code = more.get("status", answer.status_code)
    return answer


@require_POST
@for_people
def kind(request: Request, person: Person, slug: str) -> HttpResponse:
    """Who may read it: its members alone, or everybody."""
    verb = verbs.make_public if request.POST.get("kind") == "public" else verbs.make_private
    verb(editor=person, room=find(person, slug))
    flash.success(request, _("Saved."))
    return done(request, go(request, "room_settings", slug))


@require_POST
@for_people
def archive(request: Request, person: Person, slug: str) -> HttpResponse:
    verbs.archive_room(archiver=person, room=find(person, slug))
    return done(request, go(request, "room", slug))


@require_POST
@for_people
def unarchive(request: Request, person: Person, slug: str) -> HttpResponse:
    verbs.unarchive_room(archiver=person, room=find(person, slug))
    return done(request, go(request, "room", slug))


@require_http_methods(["GET", "HEAD", "POST"])
@for_people
def members(request: Request, person: Person, slug: str) -> HttpResponse:
    """Who is in the room; POST puts others into it."""
    found = find(person, slug)
    can_invite = permissions.can_invite_into(person, found)
    # Who may let nobody in is not told either which names there are.
    others = Person.objects.filter(is_active=True).exclude(memberships__room=found)
    others = others if can_invite else others.none()
    form = PeopleForm(request.POST or None, queryset=others)
    if request.method == "POST" and (form.is_valid() or not can_invite):
        chosen = form.cleaned_data.get("people", [])
        verbs.invite_into_room(inviter=person, room=found, people=chosen)
        return done(request, go(request, "room_members", slug))
    context = {
        "room": found,
        "label": found.label_for(person),
        "members": one_page(request, found.members.all()),
        "form": form,
        "can_invite": can_invite,
        "can_change": permissions.can_change_room(person, found),
    }
    return show_form(request, "chat/members.html", context)


@require_POST
@for_people
def remove(request: Request, person: Person, slug: str, username: str) -> HttpResponse:
    found = find(person, slug)
    member = get_object_or_404(found.members, username=username)
    verbs.remove_from_room(remover=person, room=found, person=member)
    return done(request, go(request, "room_members", slug))


def asked_page(request: Request, of: Room | Message) -> Page:
    """Around, before or after the place that the address names; without one the newest."""
    at, before, after = (number(request, name) for name in ("at", "before", "after"))
    if at is not None:
        return history.around(of, at)
    return history.before(of, before) if after is None else history.after(of, after)
