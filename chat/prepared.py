"""Queries that are put into words once a process: what every request and every post asks.

To put a query into SQL takes Django ten times as long as SQLite takes to answer it. So such a query
is written as any other, with places for its values, and the SQL that comes of it is kept. Who may
see what is still said once, in the scope that every other query uses too. And rows are stored
without a look at each of their values.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from itertools import accumulate
from typing import Any, Generic, NamedTuple, TypeVar

from django.db import connection
from django.db.models import Expression, Model, QuerySet
from django.db.models.query import ModelIterable, NamedValuesListIterable
from django.db.models.utils import create_namedtuple_class

_Row = TypeVar("_Row")
_M = TypeVar("_M", bound=Model)


class Prepared(Generic[_Row]):
    """A query of `make`, which gets a place for each value. Called with the values: its rows.

    A value is a number, a text or a moment; or a list of some, which is not empty, for `__in`.
    `make` is called once for each length of these, rounded up to a power of two. The rows are
    objects of one model, with all of its fields or those of `only`, or tuples of `values_list`,
    which may be `named`.
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


def columns(model: type[Model]) -> list[str]:
    """What `values_list` has to give for `made`."""
    return [field.attname for field in model._meta.concrete_fields]


def made(model: type[_M], values: Sequence[Any]) -> _M:
    """The row as its model: of all of the model's columns."""
    return model.from_db(connection.alias, columns(model), values)


def insert(objects: Sequence[Model]) -> None:
    """Stores new objects of one model, which get their keys in their order.

    As `bulk_create`, which takes longer to look at each value than the database to store it. So
    each has to be what its column holds: text, a number, a moment, and no member of an Enum.
    """
    if not objects:
        return
    meta = objects[0]._meta
    fields = [field for field in meta.concrete_fields if not field.primary_key]
    size = connection.ops.bulk_batch_size(fields, objects)
    for start in range(0, len(objects), size):
        _insert(meta.db_table, fields, objects[start : start + size])


def _insert(table: str, fields: list[Any], objects: Sequence[Model]) -> None:
    names = ", ".join(f'"{field.column}"' for field in fields)
    rows = ", ".join([f"({', '.join(['%s'] * len(fields))})"] * len(objects))
    values: list[Any] = [
        _adapted(getattr(each, field.attname)) for each in objects for field in fields
    ]
    with connection.cursor() as cursor:
        # Names of our own tables and columns; what anybody says is among the values.
        statement = f'INSERT INTO "{table}" ({names}) VALUES {rows} RETURNING id'  # noqa: S608
        cursor.execute(statement, values)
        keys = cursor.fetchall()
    for each, (key,) in zip(objects, keys, strict=True):
        each.pk = key
        each._state.adding, each._state.db = False, connection.alias


class _Number(int):
    """Stands among a statement's parameters for the value of this number."""


class _Place(Expression):
    """Stands in a query for the value that it gets when it is asked, or for a list of `length`."""

    def __init__(self, first: int, length: int | None) -> None:
        super().__init__()
        self.first, self.length = first, length

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        numbers = [_Number(self.first + place) for place in range(self.length or 1)]
        signs = ", ".join(["%s"] * len(numbers))
        return f"({signs})" if self.length else signs, numbers


class _Statement(NamedTuple):
    """`converters` by the column that they are for, with what that is, each as `_of_nobody` has it;
    `read` makes a row's object of its values."""

    sql: str
    params: Sequence[object]
    converters: Sequence[tuple[int, Any, Callable[..., Any] | str]]
    read: Callable[[list[Any]], Any]


def _rounded_up(values: list[Any]) -> list[Any]:
    """The same values, some of them twice."""
    length = 1 << (len(values) - 1).bit_length()
    return values + values[-1:] * (length - len(values))


def _places(lengths: list[int | None]) -> list[_Place]:
    firsts = accumulate((length or 1 for length in lengths), initial=0)
    return [_Place(first, length) for first, length in zip(firsts, lengths, strict=False)]


def _statement(queryset: QuerySet[Any, Any]) -> _Statement:
    compiler = queryset.query.get_compiler(connection=connection)
    sql, params = compiler.as_sql()
    columns = [column for column, _sql, _alias in compiler.select]
    converters = [
        (index, column, _of_nobody(converter))
        for index, (each, column) in compiler.get_converters(columns).items()
        for converter in each
    ]
    if queryset._iterable_class is NamedValuesListIterable:
        row = create_namedtuple_class(*queryset.query.selected or ())
        return _Statement(sql, params, converters, row._make)
    if queryset._iterable_class is not ModelIterable:
        return _Statement(sql, params, converters, tuple)
    names = [column.target.attname for column in columns]
    return _Statement(sql, params, converters, partial(queryset.model.from_db, queryset.db, names))


def _of_nobody(converter: Callable[..., Any]) -> Callable[..., Any] | str:
    """The converter, or its name where it is the connection's own: kept here, the connection of the
    thread that has made the statement would still be open when the process ends."""
    is_its_own = getattr(converter, "__self__", None) is connection.ops
    return getattr(converter, "__name__", "") if is_its_own else converter


def _ask(statement: _Statement, groups: list[Any]) -> list[Any]:
    values = [value for each in groups for value in (each if isinstance(each, list) else [each])]
    params: list[Any] = [
        _adapted(values[each]) if isinstance(each, _Number) else each for each in statement.params
    ]
    with connection.cursor() as cursor:
        cursor.execute(statement.sql, params)
        rows = [list(row) for row in cursor.fetchall()]
    for index, column, each in statement.converters:
        convert = getattr(connection.ops, each) if isinstance(each, str) else each
        for row in rows:
            row[index] = convert(row[index], column, connection)
    return [statement.read(row) for row in rows]


def _adapted(value: object) -> object:
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    return value
