"""What it costs to count what somebody has not seen. Runs in `manage.py shell`."""

import json
from time import perf_counter

from bench.history import UNREAD, leave_unread
from chat.models import Membership, Person
from chat.sidebar import lines_for


def ask(count: int) -> None:
    """Prints, as JSON, how many milliseconds each of so many sidebars took that say what is new.

    In each room of theirs it is one message. Raises ValueError when the sidebar says otherwise.
    The first tenth is warm-up.
    """
    leave_unread()
    person = Person.objects.get(username=UNREAD)
    rooms = Membership.objects.filter(person=person).exclude(room__message_count=0).count()
    milliseconds = []
    for _ in range(count + count // 10):
        start = perf_counter()
        lines = lines_for([person.pk])[person.pk]
        milliseconds.append((perf_counter() - start) * 1000)
        if [line.count for line in lines if line.unread] != [1] * rooms:
            raise ValueError("the sidebar does not say that each room has one new message")
    print(json.dumps(milliseconds[count // 10 :]))
