"""The delivery rules, as a machine that Hypothesis drives through whatever may happen.

The real actions write to a real database file, the real views answer, the real consumers and
hubs of two processes push; the pages, the network, the channel layer and the time are ours.
"""

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from chat.actions.rooms import change_room, invite_into_room, leave_room, remove_from_room
from tests.model.world import PROCESSES, World

people = st.integers(0, 2)
members = st.integers(1, 2)
processes = st.integers(0, PROCESSES - 1)
pages = st.integers(0, 4)
places = st.integers(0, 6)
statements = st.integers(0, 25)
intrusions = st.sampled_from([None, None, "post", "remove", "rename"])
held = st.sampled_from([(), (), ("up",), ("down",), ("up", "down")])


def is_connected(page):
    return page.connection is not None


def may_connect(page):
    return page.connection is None and not page.stays_away


def has_older(page):
    return page.has_older


def has_connections(machine):
    return any(map(is_connected, machine.world.pages))


class Delivery(RuleBasedStateMachine):
    scene = None
    steps = 0  # of all examples together

    def __init__(self):
        super().__init__()
        self.world = World(self.scene)
        self.promises = self.world.promises
        self.names = 0

    def teardown(self):
        self.world.close()

    @initialize(posts=st.integers(0, 5), open_pages=st.sets(people))
    def begin(self, posts, open_pages):
        for number in range(posts):
            self.post(number % 3, number % PROCESSES, "answered")
        for who in sorted(open_pages):
            self.open_a_page(who, who % PROCESSES, None, 0, connects=True)

    # --- Sending ---------------------------------------------------------------------------

    @rule(who=people, at=processes, end=st.sampled_from(["answered", "lost", "before", "after"]))
    def post(self, who, at, end):
        nonce = self.world.nonce()
        sent = self.promises.about_to_send(self.scene.people[who], nonce, f"Text of {nonce}")
        self._send(who, sent, at, end)

    @precondition(lambda self: self.promises.sent)
    @rule(which=places, at=processes, end=st.sampled_from(["answered", "lost", "after"]))
    def retry(self, which, at, end):
        sent = self.promises.sent[-1 - which % len(self.promises.sent)]
        self._send(self._index(sent.person_id), sent, at, end)

    @precondition(lambda self: self.promises.sent)
    @rule(which=places, at=processes)
    def use_a_nonce_for_another_text(self, which, at):
        sent = self.promises.sent[-1 - which % len(self.promises.sent)]
        if found := self.promises.stored(sent.person_id, sent.nonce):
            browser = self.world.browsers[self._index(sent.person_id)]
            other = type(sent)(sent.person_id, sent.nonce, "Another text", 0)
            status = self.world.send(browser, other, self.world.processes[at], "answered")
            assert status in (401, 404, 409)
            assert self.promises.stored(sent.person_id, sent.nonce) == found

    @precondition(has_connections)
    @rule(which=pages)
    def post_through_the_socket(self, which):
        page, nonce = self._page(which, is_connected), self.world.nonce()
        page.say(type="post", body=f"Frame of {nonce}", nonce=nonce)
        self.world.flow()
        if page.browser.session_key in self.promises.revoked:
            assert not self.promises.stored(page.browser.person.pk, nonce)

    def _send(self, who, sent, at, end):
        browser = self.world.browsers[who]
        status = self.world.send(browser, sent, self.world.processes[at], end)
        if status in (200, 303):
            self.promises.acknowledged(sent)
        elif end == "answered":
            assert status in (401, 403, 404), status
            assert not self.promises.may_listen(browser), "refused, and may write"
        self.world.flow()

    # --- Pages -----------------------------------------------------------------------------

    @rule(who=people, at=processes, deed=intrusions, statement=statements, connects=st.booleans())
    def open_a_page(self, who, at, deed, statement, connects):
        process, count = self.world.processes[at], len(self.world.pages)
        deed = self._intrusion(deed)
        self.world.open_page(self.world.browsers[who], process, deed, statement)
        if connects and len(self.world.pages) > count:
            self.world.connect(self.world.pages[-1], process)
            self.world.flow()

    @precondition(lambda self: self._pages(may_connect))
    @rule(which=pages, at=processes, laps=st.sampled_from([0, 0, 1, 3]), held=held)
    def connect(self, which, at, laps, held):
        page = self._page(which, may_connect)
        self.world.holds |= {(direction, page.number) for direction in held}
        self.world.connect(page, self.world.processes[at], laps)
        self.world.flow()

    @precondition(has_connections)
    @rule(which=pages, server_knows=st.booleans())
    def lose_the_connection(self, which, server_knows):
        page = self._page(which, is_connected)
        page.connection.drop(server_knows=server_knows)
        self.world.flow()

    @precondition(lambda self: self._pages(has_older))
    @rule(which=pages, at=processes, deed=intrusions, statement=statements)
    def load_an_older_page(self, which, at, deed, statement):
        page, process = self._page(which, has_older), self.world.processes[at]
        self.world.load_older(page, process, self._intrusion(deed), statement)
        self.world.flow()

    @precondition(has_connections)
    @rule(which=pages)
    def read(self, which):
        self._page(which, is_connected).report_read()
        self.world.flow()

    # --- Who belongs -----------------------------------------------------------------------

    @rule(who=members, at=processes, by_themselves=st.booleans())
    def leave(self, who, at, by_themselves):
        person, process = self.scene.people[who], self.world.processes[at]
        if self.world.truth.removed_at(person.pk) is None:
            if by_themselves:
                self.world.deed(process, leave_room, person=person, room=self.world.room)
            else:
                self.world.deed(process, remove_from_room, **self._removal(person))
            self.world.flow()

    @rule(who=members, at=processes)
    def come_back(self, who, at):
        self.world.deed(
            self.world.processes[at],
            invite_into_room,
            inviter=self.scene.people[0],
            room=self.world.room,
            people=[self.scene.people[who]],
        )
        self.world.flow()

    @rule(who=people, at=processes)
    def sign_out_and_in_again(self, who, at):
        browser = self.world.browsers[who]
        self.world.processes[at].run(lambda: browser.client.post("/logout/"))
        if not self.world.truth.holds_session(browser.session_key):
            self.promises.revoke(browser.session_key)
        self.world.browsers[who] = type(browser)(browser.person)
        self.world.flow()

    @rule(at=processes)
    def rename(self, at):
        self.world.deed(self.world.processes[at], change_room, **self._renaming())
        self.world.flow()

    # --- What goes wrong -------------------------------------------------------------------

    @rule(at=processes)
    def kill(self, at):
        self.world.restart(self.world.processes[at])
        self.world.flow()

    @rule(is_dead=st.booleans())
    def lose_the_channel_layer(self, is_dead):
        self.world.layer.is_dead = is_dead

    @rule(hold=st.sampled_from(["database", "rings"]))
    def hold(self, hold):
        self.world.holds ^= {hold}
        self.world.flow()

    @precondition(has_connections)
    @rule(direction=st.sampled_from(["up", "down"]), which=pages)
    def hold_the_network(self, direction, which):
        self.world.holds ^= {(direction, self._page(which, is_connected).number)}
        self.world.flow()

    @precondition(has_connections)
    @rule(which=pages, up=st.integers(0, 2), down=st.integers(0, 3))
    def carry(self, which, up, down):
        self.world.carry(self._page(which, is_connected), up, down, even_held=True)

    @precondition(lambda self: self.world.loop.asked)
    @rule(which=places, ends=st.sampled_from(["looks", "tells", "tells", "fails"]),
          deed=intrusions, statement=st.integers(0, 4))  # fmt: skip
    def answer_a_question(self, which, ends, deed, statement):
        """One of those that wait for the database; it may look now and tell later."""
        asked = self.world.loop.asked
        question = asked[which % len(asked)]
        deed = self._intrusion(deed)
        if ends == "fails":
            question.fail()
        else:
            question.look(self.world.intruder(deed) if deed else None, statement)
        if ends != "looks":
            asked.remove(question)
            question.tell()
        self.world.flow()

    @precondition(lambda self: self.world.layer.rung)
    @rule(which=places, times=st.integers(0, 2))
    def ring(self, which, times):
        """A doorbell arrives out of turn, twice, or not at all."""
        rung = self.world.layer.rung
        self.world.layer.deliver(which % len(rung), times)
        self.world.flow()

    @rule(seconds=st.sampled_from([0.3, 1.1, 2.1]))
    def wait(self, seconds):
        self.world.wait(seconds)

    @rule()
    def back_up(self):
        self.world.back_up()

    @precondition(lambda self: self.world.backup)
    @rule()
    def restore(self):
        self.world.restore()
        self.world.flow()

    @rule(for_long=st.booleans())
    def heal(self, for_long):
        """P6: five seconds after the last fault every page is up to date, or knows why not."""
        self.world.heal(4.9)
        for page in self._settled():
            self.promises.page_is_up_to_date(page)
        if for_long:
            self.world.heal(8)
            for page in self._settled():
                self.promises.sidebar_is_right(page)

    def _settled(self):
        """The pages that may listen; the others were sent away."""
        for page in self.world.pages:
            self.promises.page_holds_a_slice(page)
            if self.promises.may_listen(page.browser):
                if not page.stays_away:
                    assert page.connection, f"{page} is not connected"
                    yield page
            else:
                assert page.stays_away, f"{page} still listens"

    # --- Always ----------------------------------------------------------------------------

    @invariant()
    def the_log_is_whole(self):
        Delivery.steps += 1
        self.promises.log_has_no_gap()
        self.promises.nothing_is_stored_twice()
        self.promises.nobody_reads_backwards()
        self.world.check_loop()

    # --- Helpers ---------------------------------------------------------------------------

    def _pages(self, which_are):
        return [page for page in self.world.pages if which_are(page)]

    def _page(self, which, which_are):
        found = self._pages(which_are)
        return found[which % len(found)]

    def _index(self, person_id):
        return [person.pk for person in self.scene.people].index(person_id)

    def _removal(self, person):
        return {"remover": self.scene.people[0], "room": self.world.room, "person": person}

    def _renaming(self):
        self.names += 1
        name = f"Pond {self.names}"
        return {"editor": self.scene.people[0], "room": self.world.room, "name": name,
                "purpose": ""}  # fmt: skip

    def _intrusion(self, deed):
        if deed == "remove":
            return lambda: remove_from_room(**self._removal(self.scene.people[1]))
        if deed == "rename":
            return lambda: change_room(**self._renaming())
        return deed
