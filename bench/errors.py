"""Why a measurement does not count."""


class Invalid(Exception):
    """Wrong results, or a load that was not reached: there is no figure to show."""
