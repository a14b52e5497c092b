"""What the console is spared."""

import logging

from chat.database import is_outage


class Outages(logging.Filter):
    """A database that is away is one line for each request that it fails, not a traceback."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if is_outage(error):
            words = " ".join(str(error).split())
            record.msg, record.args = f"{record.getMessage()} ({words})", ()
            record.exc_info = None
        return True
