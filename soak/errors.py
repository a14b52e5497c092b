"""Why a scenario could not do its work."""


class Unable(Exception):
    """The machine or the server did not let it: nothing is known about the property."""
