"""What is said in a room that has hooks, and what its worker does about it."""

from chat import deliveries
from chat.actions.messages import post_message
from chat.models import Delivery, Message


def say(author, room, body, **more):
    nonce = f"nonce-{Message.objects.count():06}"
    return post_message(author=author, room=room, body=body, nonce=nonce, **more)


def work():
    """One look of a worker's, in this thread."""
    for hook_id in deliveries.due_hooks():
        if token := deliveries.claim(hook_id):
            deliveries.send_due(hook_id, token)


def states():
    return [*Delivery.objects.order_by("pk").values_list("state", flat=True)]
