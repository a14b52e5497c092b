"""Queries that Django puts into words once, for what is asked with every page.

To word one takes up to four milliseconds, and the database's answer a tenth of one. The words are
the same for everybody but for a few values, so they are kept with stand-ins for these.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from django.db import connection
from django.db.models import Model, QuerySet
from django.db.models.utils import create_namedtuple_class

_M = TypeVar("_M", bound=Model)
Value = int | str | datetime


class Question:
    """`word` makes a queryset with `values_list(…)`, given as many values as are asked with later:
    numbers, texts or times. With the same number of them it is always the same query."""

    def __init__(self, word: Callable[..., QuerySet[Any, Any]]) -> None:
        self._word = word
        self._worded: dict[tuple[str, int], _Words] = {}

    def ask(self, *values: Value) -> list[Any]:
        """The rows, named by their columns."""
        stand_ins = [_stand_in(number, value) for number, value in enumerate(values)]
        words = self._worded.get((connection.vendor, len(values)))
        if words is None:
            words = _Words(self._word(*stand_ins))
            self._worded[connection.vendor, len(values)] = words
        return words.rows(dict(zip(map(_sent, stand_ins), map(_sent, values), strict=True)))


def columns(model: type[Model]) -> list[str]:
    """What `values_list` has to give for `made`."""
    return [field.attname for field in model._meta.concrete_fields]


def made(model: type[_M], values: Sequence[Any]) -> _M:
    """The row as its model: of all of the model's columns."""
    return model.from_db(connection.alias, columns(model), values)


class _Words:
    def __init__(self, queryset: QuerySet[Any, Any]) -> None:
        compiler = queryset.query.get_compiler(connection=connection)
        self._sql, self._params = compiler.as_sql()
        columns = [column for column, _sql, _alias in compiler.select]
        self._converters = compiler.get_converters(columns)
        self._named = create_namedtuple_class(*queryset.query.selected or ())._make

    def rows(self, given: Mapping[Any, Any]) -> list[Any]:
        with connection.cursor() as cursor:
            cursor.execute(self._sql, [given.get(value, value) for value in self._params])
            rows = cursor.fetchall()
        return [self._named(self._converted(row)) for row in rows]

    def _converted(self, row: tuple[Any, ...]) -> Any:
        """As the columns' fields have them: SQLite knows neither times nor truth."""
        if not self._converters:
            return row
        values = list(row)
        for place, (converters, column) in self._converters.items():
            for convert in converters:
                values[place] = convert(values[place], column, connection)
        return values


def _stand_in(number: int, value: Value) -> Value:
    """What stands in no query of ours, and may be compared with any column of its type."""
    if isinstance(value, datetime):
        return datetime(1900, 1, 1, microsecond=number, tzinfo=UTC)
    return f"stand-in-{number}" if isinstance(value, str) else 2**62 + number


def _sent(value: Value) -> Any:
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    return value
