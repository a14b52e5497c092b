"""Queries that are put into words once a process: what every request and every post asks.

To put a query into SQL takes Django ten times as long as SQLite takes to answer it. So such a query
is written as any other, with places for its values, and the SQL that comes of it is kept. Who may
see what is still said once, in the scope that every other query uses too.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from itertools import count
from typing import Any, Generic, NamedTuple, TypeVar

from django.db import connection
from django.db.models import Expression, QuerySet
from django.db.models.query import ModelIterable

_Row = TypeVar("_Row")


class Prepared(Generic[_Row]):
    """A query of `make`, which gets a place for each value. Called with the values: its rows.

    A value is a number, a text or a moment; or a list of some, which is not empty, for `__in`.
    `make` is called once for each length of these, rounded up to a power of two. The rows are
    objects of one model, with all of its fields or those of `only`, or tuples of `values_list`.
    """

    def __init__(self, make: Callable[..., QuerySet[Any, _Row]]) -> None:
        self._make = make
        self._statements: dict[tuple[object, ...], _Statement] = {}

    def __call__(self, *values: object) -> list[_Row]:
        groups = [_rounded_up(each) if isinstance(each, list) else each for each in values]
        lengths = [len(each) if isinstance(each, list) else None for each in groups]
        key = (connection.vendor, *lengths)
        statement = self._statements.get(key)
        if statement is None:
            statement = self._statements[key] = _statement(self._make(*_places(lengths)))
        return _ask(statement, groups)

    def first(self, *values: object) -> _Row | None:
        return next(iter(self(*values)), None)


class _Place(Expression):
    """Stands in a query for the value that it gets when it is asked."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        return "%s", (self,)


class _Statement(NamedTuple):
    """`converters` by the column that they are for; `read` makes a row's object of its values."""

    sql: str
    params: Sequence[object]
    converters: Sequence[tuple[int, Callable[[Any], Any]]]
    read: Callable[[list[Any]], Any]


def _rounded_up(values: list[Any]) -> list[Any]:
    """The same values, some of them twice."""
    length = 1 << (len(values) - 1).bit_length()
    return values + values[-1:] * (length - len(values))


def _places(lengths: list[int | None]) -> list[_Place | list[_Place]]:
    numbers = count()
    return [
        _Place(next(numbers)) if length is None else [_Place(next(numbers)) for _ in range(length)]
        for length in lengths
    ]


def _statement(queryset: QuerySet[Any, Any]) -> _Statement:
    compiler = queryset.query.get_compiler(connection=connection)
    sql, params = compiler.as_sql()
    columns = [column for column, _sql, _alias in compiler.select]
    converters = [
        (index, partial(converter, expression=column, connection=connection))
        for index, (each, column) in compiler.get_converters(columns).items()
        for converter in each
    ]
    if queryset._iterable_class is not ModelIterable:
        return _Statement(sql, params, converters, tuple)
    names = [column.target.attname for column in columns]
    return _Statement(sql, params, converters, partial(queryset.model.from_db, queryset.db, names))


def _ask(statement: _Statement, groups: list[Any]) -> list[Any]:
    values = [value for each in groups for value in (each if isinstance(each, list) else [each])]
    params: list[Any] = [
        _adapted(values[each.number]) if isinstance(each, _Place) else each
        for each in statement.params
    ]
    with connection.cursor() as cursor:
        cursor.execute(statement.sql, params)
        rows = [list(row) for row in cursor.fetchall()]
    for index, convert in statement.converters:
        for row in rows:
            row[index] = convert(row[index])
    return [statement.read(row) for row in rows]


def _adapted(value: object) -> object:
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    return value
