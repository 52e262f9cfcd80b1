"""Whatever a body says, its entry balances per branch and currency, and is the one that the page describes."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.ledger import imbalances
from core.operations.kind import Kind
from tests.core.operations.bodies import CARRYING, WITH_ENTRIES, bodies, operation_of
from tests.core.operations_page import read_page

PAGE = read_page()


@pytest.mark.parametrize("kind", [kind for kind in WITH_ENTRIES if kind is not CARRYING], ids=lambda kind: kind.name)
@settings(max_examples=60, deadline=None, derandomize=True)
@given(data=st.data())
def test_every_entry_balances_and_is_the_documented_one(kind: Kind[Any], data: st.DataObject) -> None:
    body = data.draw(bodies(kind))
    operation = operation_of(kind, body)
    entry = kind.entries(operation, body)
    assert imbalances(entry) == {}
    assert all(posting.amount for posting in entry)
    documented = PAGE[kind.name, kind.version].postings(
        {"branch": operation.branch, "drawer": operation.drawer}, msgspec.to_builtins(body)
    )
    assert sorted(documented) == sorted(tuple(posting) for posting in entry)


def test_kinds_with_entries_are_those_with_postings_on_the_page() -> None:
    documented = {name for (name, _), kind in PAGE.items() if kind.lines or kind.carries_postings}
    assert {kind.name for kind in WITH_ENTRIES} == documented | {CARRYING.name}
    assert len(WITH_ENTRIES) == 16
