"""The site itself: one row."""

import uuid

from django.db import models
from django.db.models import F
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.safestring import SafeString

from chat import markup
from chat.models.people import Person
from chat.prepared import Prepared


class Site(models.Model):
    """Name, welcome text and `epoch`: the life of this log. A restored backup starts another.

    `revocations` counts how often somebody lost a right to listen, in the transactions that take
    it: whoever reads it in one snapshot with something else knows whether that was still theirs.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    name = models.CharField(max_length=80, default="Natterjack")
    welcome = models.TextField(max_length=2000, blank=True)
    edit_minutes = models.PositiveIntegerField(null=True, blank=True)
    has_presence = models.BooleanField(default=True)
    has_typing = models.BooleanField(default=True)
    epoch = models.UUIDField(default=uuid.uuid4)
    revocations = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = (models.CheckConstraint(condition=models.Q(id=1), name="there_is_one_site"),)

    def __str__(self) -> str:
        return self.name

    @classmethod
    def load(cls) -> "Site":
        return _site.first() or cls.objects.get_or_create(id=1)[0]

    @classmethod
    def revocation_count(cls) -> int:
        """`revocations` alone: it is asked for with all that is sent."""
        return next((count for (count,) in _revocations()), 0)

    @classmethod
    def count_revocation(cls) -> None:
        """Called last in a transaction: everybody's revocations meet at this row's lock."""
        cls.load()
        cls.objects.filter(id=1).update(revocations=F("revocations") + 1)

    @property
    def welcome_html(self) -> SafeString:
        """The welcome text, which is Markdown, as safe HTML; empty when there is none."""
        return markup.render(self.welcome).html if self.welcome else SafeString()

    @property
    def is_claimed(self) -> bool:
        return Person.objects.exists()

    @property
    def setup_key(self) -> str:
        """The first run's one-time key: derived, so that nothing has to be stored or cleared."""
        return salted_hmac("natterjack.setup", str(self.epoch), algorithm="sha256").hexdigest()[:40]

    def opens_setup(self, key: str) -> bool:
        return not self.is_claimed and constant_time_compare(key, self.setup_key)


_revocations = Prepared(lambda: Site.objects.filter(id=1).values_list("revocations"))
_site = Prepared(lambda: Site.objects.filter(id=1))
