"""Why something was not done, in a sentence for the person who asked for it.

The verbs raise these; pages, sockets and the API turn them into their own kind of answer: `status`
is HTTP's, and `code` the word that programs know it by (docs/protocol.md).
"""

from traceback import format_exception_only

from django.utils.functional import Promise
from django.utils.translation import gettext as _

Sentence = str | Promise


class Refused(Exception):
    """Something that this person may see but not do."""

    status = 403
    code = "forbidden"

    def __init__(self, sentence: Sentence) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class WrongScope(Refused):
    """What a token is not for; `scope` is what it would have to be for."""

    def __init__(self, scope: str) -> None:
        sentence = _("This token is not for that: it lacks the scope “%(scope)s”.")
        super().__init__(sentence % {"scope": scope})
        self.scope = scope


class Unreadable(Refused):
    """A request that is not what its header says that it is. Of frames no socket says this, nor
    what is below it."""

    status = 400
    code = "bad_request"


class TooLarge(Unreadable):
    """More than one request may hold."""

    status = 413
    code = "too_large"


class Unsupported(Unreadable):
    """A request of a kind that nothing here reads."""

    status = 415
    code = "unsupported"


class SignedOut(Refused):
    """What somebody came in with holds no more."""

    status = 401
    code = "signed_out"


class NotFound(Refused):
    """Something that is not there, or not for this person: nobody learns which."""

    status = 404
    code = "not_found"


class Invalid(Refused):
    """Something that can't be stored as it is."""

    status = 422
    code = "invalid"


class Conflict(Refused):
    """A nonce that has already been used for something else."""

    status = 409
    code = "conflict"


class TooMany(Refused):
    """More than `limit`, where that is counted; `retry_after` is in seconds."""

    status = 429
    code = "too_many"

    def __init__(self, sentence: Sentence, retry_after: int, limit: int = 0) -> None:
        super().__init__(sentence)
        self.retry_after, self.limit = retry_after, limit


def in_words(error: Exception) -> str:
    """One line for the log: of which type it is, and what it says, which not each `repr` does."""
    return " ".join("".join(format_exception_only(error)).split())
