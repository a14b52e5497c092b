"""What docs/reliability.md promises, as checks against the database."""

from dataclasses import dataclass

from chat.models import EventKind
from tests.model.pages import posts_in


@dataclass
class Sent:
    """A message that somebody sent. `floor`: the last place that had been acknowledged before;
    `seq`: the place that was acknowledged for it, 0 until then."""

    person_id: int
    nonce: str
    body: str
    floor: int
    seq: int = 0


class Promises:
    """Remembers what was said to whom, and asks whether it still holds."""

    def __init__(self, truth):
        self.truth = truth
        self.sent = []
        self.revoked = {}
        self.old_logs = {}
        self.places = {}

    # --- What was sent ---------------------------------------------------------------------

    def about_to_send(self, person, nonce, body):
        floor = max([each.seq for each in self.sent], default=0)
        self.sent.append(Sent(person.pk, nonce, body, floor))
        return self.sent[-1]

    def acknowledged(self, sent):
        """P1, P2, P4: durable, one entry, the same for each retry, behind all older ones."""
        found = self.stored(sent.person_id, sent.nonce)
        assert len(found) == 1, f"acknowledged, and stored {len(found)} times: {sent}"
        ((_key, seq, _author, _nonce, body),) = found
        assert body == sent.body, f"{sent} is stored with another text"
        assert seq > sent.floor, f"{sent} is at {seq}, before what was acknowledged before it"
        assert sent.seq in (0, seq), f"{sent} moved to {seq}"
        sent.seq = seq

    def stored(self, person_id, nonce):
        return [row for row in self.truth.messages() if row[2:4] == (person_id, nonce)]

    # --- Who may hear what -------------------------------------------------------------------

    def revoke(self, session_key):
        self.revoked[session_key] = self.truth.heads()[0]

    def witness(self, connection, text):
        """P7, P9: called for every frame in the moment in which it is written."""
        person = connection.page.browser.person
        removed = self.truth.removed_at(person.pk)
        revoked = self.revoked.get(connection.page.browser.session_key)
        for seq, _message in posts_in(text):
            assert removed is None or seq < removed, (
                f"{connection.page} heard {seq} after {removed}"
            )
            assert revoked is None or seq <= revoked, (
                f"{connection.page} is signed out and heard {seq}"
            )

    def may_listen(self, browser):
        is_in = self.truth.removed_at(browser.person.pk) is None
        return is_in and self.truth.holds_session(browser.session_key)

    # --- Pages -----------------------------------------------------------------------------

    def page_holds_a_slice(self, page):
        """P5: consecutive posts that end at the cursor in the same page, each once, in order."""
        log = self.old_logs.get(page.epoch) or self.truth.posts()
        until = [post for post in log if post[0] <= page.cursor]
        shown = page.shown
        expected = until[len(until) - len(shown) :] if page.has_older else until
        assert shown == expected, f"{page} at {page.cursor} shows {shown}, not {expected}"
        assert shown or not until, f"{page} at {page.cursor} shows nothing"

    def page_is_up_to_date(self, page):
        """P6: at the head, as a page that is loaded now."""
        assert page.cursor == self.truth.heads()[0], f"{page} stands at {page.cursor}"
        name, members = self.truth.name(), len(self.truth.read_places())
        assert page.room_name == name, f"{page} says {page.room_name}, not {name}"
        assert page.member_count == members, f"{page} counts {page.member_count}, not {members}"

    def sidebar_is_right(self, page):
        """P11: unread is what has messages above the place that was read."""
        _membership, read = self.truth.read_places()[page.browser.person.pk]
        expected = self.truth.heads()[1] > read
        assert page.says_unread(page.slug) == expected, f"{page}: unread is {expected}"

    # --- The log ---------------------------------------------------------------------------

    def log_has_no_gap(self):
        """P3."""
        entries = self.truth.entries()
        assert [entry[0] for entry in entries] == list(range(1, self.truth.heads()[0] + 1))
        posts = {key: seq for seq, kind, _who, key in entries if kind == EventKind.MESSAGE_POSTED}
        assert posts == {row[0]: row[1] for row in self.truth.messages()}

    def nothing_is_stored_twice(self):
        """P2; and P1 for everything that was acknowledged before."""
        rows = self.truth.messages()
        nonces = [row[2:4] for row in rows]
        assert len(nonces) == len(set(nonces)), "a nonce is stored twice"
        places = {row[2:4]: row[1] for row in rows}
        for sent in self.sent:
            if sent.seq:
                assert places.get((sent.person_id, sent.nonce)) == sent.seq, f"{sent} is gone"

    def nobody_reads_backwards(self):
        """P11: as long as somebody is in the room, their mark only moves forward."""
        places = dict(self.truth.read_places().values())
        for key, seq in places.items():
            assert seq >= self.places.get(key, 0), "a read mark went back"
        self.places = places

    def begin_anew(self):
        """A backup has been restored: what came after it is gone, and was said to be."""
        self.sent, self.places = [], {}
