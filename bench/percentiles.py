"""One meaning of a percentile for all that is shown and drawn."""


def percentile(values: list[float], percent: int) -> float:
    """The smallest value that is at least as large as `percent` of them (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]
