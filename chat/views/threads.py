"""A thread: its page, which is a pane beside the room where there is space for both."""

from dataclasses import dataclass

from csp.constants import SELF
from csp.decorators import csp_update
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect

from chat import fragments, history, permissions
from chat.actions.threads import follow_thread, mark_thread_read
from chat.context import is_plain
from chat.database import in_passing
from chat.fragments import THREAD, Kind
from chat.history import Page
from chat.models import Following, Message, Person
from chat.views.answers import Request, done, go, is_at_head, number, place_of
from chat.views.decorators import for_people
from chat.views.messages import send
from chat.views.room_page import composer_ring, show
from chat.views.rooms import asked_page
from chat.views.slots import find_message

# What htmx may ask for besides a pane: all its answers anew, or one more page of them.
PARTS = (
    ("list", "chat/swaps/answers.html"),
    ("before", "chat/swaps/earlier.html"),
    ("after", "chat/swaps/later.html"),
)


@dataclass(frozen=True)
class Thread:
    """What the pane shows to one person."""

    root: Message
    page: Page
    root_fragment: SafeString
    fragments: list[SafeString]
    may_follow: bool
    is_following: bool
    may_answer: bool
    is_live: bool
    address: str
    boxes: list[tuple[str, str]]


@require_http_methods(["GET", "HEAD", "POST"])
@csp_update({"frame-src": [SELF]})
@for_people
def thread(request: Request, person: Person, message_id: int) -> HttpResponseBase:
    """A page, with its room beside it where there is space for both; POST answers.

    The page of an answer is that of its thread, at its place. Links to threads stand in messages,
    and these on all kinds of pages: one that has no live room to open a pane beside goes there too.
    """
    message = find_message(person, message_id)
    if request.method == "POST":
        return _answer(request, person, message)
    if request.htmx and not is_at_head(request, message.room):
        return HttpResponseClientRedirect(_place(request, message))
    if message.root is not None:
        return redirect(_place(request, message))
    if request.htmx:
        return _beside(request, person, message)
    shown = _thread(request, person, message)
    if not shown.page.messages and not shown.page.is_all:  # beyond an end
        return redirect(_place(request, message))
    room_page = history.latest(message.room)
    return show(request, person, message.room, room_page, thread=shown)


@require_POST
@for_people
def follow(request: Request, person: Person, message_id: int) -> HttpResponse:
    """Its answers are news to this person from now on, or no longer."""
    root = find_message(person, message_id)
    root = root.root or root
    follows = request.POST.get("follow") == "1"
    follow_thread(person=person, root=root, follows=follows)
    if request.htmx:
        context = {"thread": {"root": root, "is_following": follows}, "autofocus": True}
        return render(request, "chat/parts/follow.html", context)
    return done(request, go(request, "thread", root.pk))


def _answer(request: Request, person: Person, message: Message) -> HttpResponseBase:
    root_id = message.root_id or message.pk
    where = go(request, "thread", root_id)
    is_for_all = request.POST.get("also") == "1"
    slug = message.room.slug
    return send(request, person, slug, where=where, root=root_id, in_room=is_for_all)


def _place(request: Request, message: Message) -> str:
    if message.root is None:
        return go(request, "thread", message.pk)
    return place_of(request, message, message.root)


def _beside(request: Request, person: Person, root: Message) -> HttpResponse:
    """The pane; nothing in its place with `?close=1`; or a part of it, see `PARTS`."""
    if "close" in request.GET:
        return render(request, "chat/swaps/closed.html", {"root": root})
    shown = _thread(request, person, root)
    context = {
        "thread": shown,
        "room": root.room,
        "epoch": fragments.epoch(),
        "from_menu": "menu" in request.GET,
    }
    if part := next((template for name, template in PARTS if name in request.GET), None):
        return render(request, part, context)
    response = render(request, "chat/swaps/thread.html", context)
    response["HX-Retarget"], response["HX-Reswap"] = "#thread", "outerHTML"
    at = number(request, "at")
    for answer in shown.page.messages:
        if answer.seq == at:  # a page would scroll to it by the anchor, which htmx never sees
            response["HX-Reswap"] += f" show:#{THREAD}message-{answer.pk}:top"
    return response


def _thread(request: Request, person: Person, root: Message) -> Thread:
    kind = Kind.of(person, "plain" if is_plain(request) else "html")
    page = asked_page(request, root)
    following = Following.objects.filter(root=root, person=person).first()
    if following is not None and not page.has_newer and following.read_seq < page.seq:
        with in_passing():
            mark_thread_read(person_id=person.pk, root_id=root.pk, seq=page.seq)
    return Thread(
        root=root,
        page=page,
        root_fragment=fragments.message_fragment(root, kind, THREAD),
        fragments=fragments.page_fragments(page, kind, THREAD),
        may_follow=permissions.is_member(person, root.room),
        is_following=following is not None and following.is_following,
        may_answer=permissions.can_answer(person, root),
        is_live=not page.has_newer,
        address=reverse("thread", args=[root.pk]),
        boxes=composer_ring(THREAD),
    )
