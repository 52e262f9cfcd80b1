"""Statements of the hot path: written once in SQLAlchemy Core, compiled once, then run on the driver's own cursor."""

from __future__ import annotations

from functools import lru_cache

from sqlalchemy import ClauseElement, and_, bindparam, select
from sqlalchemy.dialects import sqlite

from core.book.rows import DepositAccount, Row
from core.store.tables import ROW_TABLES

INDEXED: dict[type[Row], tuple[str, ...]] = {DepositAccount: ("customer",)}

_dialect = sqlite.dialect(paramstyle="qmark")


def compiled(statement: ClauseElement) -> str:
    """The statement's text with question marks, in the order in which its parameters were named."""
    return str(statement.compile(dialect=_dialect))


@lru_cache(maxsize=64)
def load_row(row: type[Row]) -> str:
    """Takes the values of the row's key, in the key's order; gives its fields, in theirs."""
    table = ROW_TABLES[row]
    fields = (table.c[name] for name in row.__struct_fields__)
    return compiled(select(*fields).where(and_(*(table.c[name] == bindparam(name) for name in row.KEY))))


@lru_cache(maxsize=64)
def write_row(row: type[Row]) -> str:
    """Takes the row's fields in their order; adds the row or replaces the one of its key.

    Fields of `INDEXED` are left as they are in a row that is there: setting one, even to what it is, would write its
    index too.
    """
    table = ROW_TABLES[row]
    insert = sqlite.insert(table).values({name: bindparam(name) for name in row.__struct_fields__})
    rest = {
        name: insert.excluded[name] for name in row.__struct_fields__ if name not in {*row.KEY, *INDEXED.get(row, ())}
    }
    if not rest:
        return compiled(insert.on_conflict_do_nothing())
    return compiled(insert.on_conflict_do_update(index_elements=list(row.KEY), set_=rest))
