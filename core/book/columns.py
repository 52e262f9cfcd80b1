"""The columns that a row's fields become in a table, worked out from its struct, so that each shape is said once."""

from __future__ import annotations

from functools import lru_cache
from types import NoneType, UnionType
from typing import NamedTuple, get_args, get_type_hints

from core.book.rows import Row


class Column(NamedTuple):
    """A column: its name, its Python type (`str`, `int` or `bool`) and whether it may be null."""

    name: str
    type: type
    nullable: bool


@lru_cache(maxsize=64)
def columns_of(table: type[Row]) -> tuple[Column, ...]:
    """The columns of a row's table, in the order of its fields."""
    hints = get_type_hints(table)
    return tuple(_column(name, hints[name]) for name in table.__struct_fields__)


def _column(name: str, hint: object) -> Column:
    if isinstance(hint, UnionType):
        kinds = [kind for kind in get_args(hint) if kind is not NoneType]
        return Column(name, kinds[0], nullable=True)
    if not isinstance(hint, type):
        raise TypeError(f"{name}: a row's field is str, int or bool, perhaps or None")
    return Column(name, hint, nullable=False)
