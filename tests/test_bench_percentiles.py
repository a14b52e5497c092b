"""A percentile by the nearest rank."""

import pytest

from bench.percentiles import percentile


@pytest.mark.parametrize(
    ("values", "percent", "found"),
    (
        ([3.0, 1.0, 2.0], 50, 2.0),
        ([1.0, 2.0], 50, 1.0),
        ([float(number) for number in range(1, 101)], 99, 99.0),
        ([float(number) for number in range(1, 100)], 99, 99.0),
        ([7.0], 99, 7.0),
        ([7.0, 8.0], 0, 7.0),
    ),
)
def test_a_percentile_is_the_smallest_value_that_so_many_do_not_exceed(values, percent, found):
    assert percentile(values, percent) == found
