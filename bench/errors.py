"""Why there is no figure to show."""


class Invalid(Exception):
    """The results are wrong, or the scenario could not be carried through."""


class Unreached(Invalid):
    """A load or a rest that a figure needs did not come about; what was seen was right."""
