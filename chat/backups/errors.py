"""The one way in which a backup or a restore fails."""


class Unusable(Exception):
    """The message is the sentence for who asked. The site's data is as it was."""
