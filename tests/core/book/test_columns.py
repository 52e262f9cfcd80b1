"""A row's struct is the one place where its shape is said; tables follow from it."""

from __future__ import annotations

import pytest

from core.book import ROWS, Row
from core.book.columns import Column, columns_of
from core.book.rows import Drawer, Staff


class Malformed(Row, frozen=True):
    """A row that no table can have."""

    codes: list[str]


def test_columns_are_the_fields_in_their_order_with_their_types() -> None:
    assert columns_of(Staff) == (
        Column("code", str, nullable=False),
        Column("branch", str, nullable=False),
        Column("role", str, nullable=False),
        Column("approval_limit", int, nullable=False),
        Column("currency", str, nullable=False),
        Column("suspended", bool, nullable=False),
        Column("name", str, nullable=False),
    )
    assert columns_of(Drawer)[-1] == Column("counted", int, nullable=True)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.TABLE)
def test_every_row_has_a_table_and_a_key_that_is_never_null(row: type[Row]) -> None:
    by_name = {column.name: column for column in columns_of(row)}
    assert row.TABLE
    assert row.KEY
    assert not any(by_name[name].nullable for name in row.KEY)
    assert {column.type for column in by_name.values()} <= {str, int, bool}


def test_no_two_rows_share_a_table() -> None:
    assert len({row.TABLE for row in ROWS}) == len(ROWS)


def test_a_field_that_is_no_column_is_a_mistake_that_shows_at_once() -> None:
    with pytest.raises(TypeError, match="codes"):
        columns_of(Malformed)
