"""A small site: two processes, a room of three people, their pages, and everything in between.

Whatever is not held flows by itself: the database answers, doorbells ring, the network carries.
"""

from contextlib import nullcontext

from django.core.cache import cache

from chat import fragments
from chat.actions.messages import post_message
from chat.models import Session, Site
from tests.keeping import everything_kept
from tests.model.clockwork import Clockwork, intruding
from tests.model.pages import Browser, Connection, Page
from tests.model.processes import Layer, Process, killed_after_commit, killed_before_commit
from tests.model.promises import Promises
from tests.model.truth import Truth, copy_of_database, put_back, spare

PROCESSES = 2
PAGES = 5
MAX_ROUNDS = 2_000
KILLS = {"before": killed_before_commit, "after": killed_after_commit}


class World:
    def __init__(self, scene):
        put_back(scene.copy)
        _forget()
        self.scene, self.slug, self.room = scene, scene.room.slug, scene.room
        self.truth = Truth(scene.path, scene.room.pk)
        self.promises = Promises(self.truth)
        self.loop, self.layer = Clockwork(), Layer()
        scene.channel_layer = self.layer
        self.processes = [Process(self.loop, self.layer) for _number in range(PROCESSES)]
        self.browsers = [Browser(person) for person in scene.people]
        self.pages, self.backup = [], None
        self.holds = set()
        self.nonces = 0

    def close(self):
        for process in self.processes:
            process.die()
        self.loop.turn()
        self.loop.close()
        self.truth.close()
        self._forget_backup()

    # --- People ----------------------------------------------------------------------------

    def nonce(self):
        self.nonces += 1
        return f"nonce-of-the-model-{self.nonces:06}"

    def send(self, browser, sent, process, end):
        """Posts as a page does, and gives the status of the answer; None where none came."""
        killed = KILLS.get(end, nullcontext)
        with killed():
            answer = process.run(
                lambda: browser.client.post(
                    f"/rooms/{self.slug}/messages/",
                    {"body": sent.body, "nonce": sent.nonce},
                    headers={"HX-Request": "true", "HX-Target": "box-1"},
                )
            )
        self.loop.turn()
        if end in KILLS:
            self.restart(process)
        return None if end == "lost" else answer.status_code

    def deed(self, process, action, **arguments):
        """A verb, in one process."""
        process.run(lambda: action(**arguments))
        self.loop.turn()

    def intruder(self, deed):
        """Something that another process does while one is reading."""

        def intrude():
            other = self.processes[-1]
            if deed == "post":
                author, nonce = self.scene.people[0], self.nonce()
                sent = self.promises.about_to_send(author, nonce, f"Quick {nonce}")
                other.run(
                    lambda: post_message(author=author, room=self.room, body=sent.body, nonce=nonce)
                )
                self.promises.acknowledged(sent)
            elif deed is not None:
                other.run(deed)

        return intrude

    # --- Pages -----------------------------------------------------------------------------

    def get(self, browser, process, address, deed=None, statement=0, **headers):
        with intruding(self.intruder(deed) if deed else None, statement):
            return process.run(lambda: browser.client.get(address, headers=headers))

    def open_page(self, browser, process, deed=None, statement=0):
        answer = self.get(browser, process, f"/rooms/{self.slug}/", deed, statement)
        if answer.status_code == 200:
            html = answer.content.decode()
            self.pages.append(Page(browser, self.slug, html, len(self.pages)))
            self.promises.page_holds_a_slice(self.pages[-1])
            if len(self.pages) > PAGES:
                self.close_page(self.pages[0])

    def close_page(self, page):
        if page.connection is not None:
            page.connection.drop()
        self.pages.remove(page)

    def connect(self, page, process, laps=0):
        if page.connection is None and not page.stays_away:
            page.connection = Connection(page, process, self.promises.witness, laps)
            self.loop.turn()

    def load_older(self, page, process, deed=None, statement=0):
        if not page.has_older or page.epoch != str(Site.load().epoch):
            return
        address = f"/rooms/{self.slug}/messages/?before={page.shown[0][0]}"
        headers = {"HX-Request": "true"}
        answer = self.get(page.browser, process, address, deed, statement, **headers)
        if answer.status_code == 200:
            page.take_older(answer.content.decode())
            self.promises.page_holds_a_slice(page)

    # --- Flow ------------------------------------------------------------------------------

    def flow(self):
        """Until nothing moves any more but what is held, or waits for time to pass."""
        for _round in range(MAX_ROUNDS):
            if not self._moves():
                self.check_loop()
                return
        raise AssertionError("This never comes to rest")

    def _moves(self):
        self.loop.turn()
        moved = False
        if "database" not in self.holds and self.loop.asked:
            self.loop.answer(0)
            moved = True
        if "rings" not in self.holds and self.layer.rung:
            self.layer.deliver(0)
            moved = True
        for page in list(self.pages):
            moved = self.carry(page) or moved
        return moved

    def carry(self, page, up=None, down=None, *, even_held=False):
        """Moves what is under way between a page and its server; True when there was any."""
        connection, moved = page.connection, False
        if connection is None:
            return False
        if even_held or ("up", page.number) not in self.holds:
            moved = connection.carry_up(up)
        if even_held or ("down", page.number) not in self.holds:
            moved = bool(connection.down) or moved
            for _frame in connection.carry_down(down):
                self.promises.page_holds_a_slice(page)
        self.loop.turn()
        return moved

    def wait(self, seconds):
        self.loop.wait(seconds, self.flow)

    def heal(self, seconds):
        """No more faults: pages come back by themselves, and so long passes."""
        self.holds.clear()
        self.layer.is_dead = False
        self._come_back()
        self.loop.wait(seconds, self._come_back)

    def _come_back(self):
        self.flow()
        for number, page in enumerate(self.pages):
            self.connect(page, self.processes[number % PROCESSES])
        self.flow()

    def check_loop(self):
        assert not self.loop.failures, self.loop.failures

    # --- Faults ----------------------------------------------------------------------------

    def restart(self, process):
        process.die()
        at = self.processes.index(process)
        self.processes[at] = Process(self.loop, self.layer)

    def back_up(self):
        self._forget_backup()
        self.backup = copy_of_database()

    def restore(self):
        """The backup takes the database's place, as the site's owner does it: all is stopped."""
        if self.backup is None:
            return
        for process in self.processes:
            process.die()
        self.promises.old_logs[str(Site.load().epoch)] = self.truth.posts()
        sessions = list(Session.objects.all())
        put_back(self.backup)
        # As chat.backups does: who has signed out since the backup stays signed out.
        Session.objects.all().delete()
        Session.objects.bulk_create(sessions)
        Site.objects.update(epoch=self.scene.next_epoch())
        self.promises.begin_anew()
        _forget()
        self.processes = [Process(self.loop, self.layer) for _number in range(PROCESSES)]

    def _forget_backup(self):
        if self.backup is not None:
            spare(self.backup)


def _forget():
    """What a process remembers for its life."""
    for remembered in (fragments.epoch, fragments.beat, fragments.goodbye):
        remembered.cache_clear()
    for kept in everything_kept():  # of another world, whose log has the same life
        kept.clear()
    cache.clear()
