"""The book reads each row once, in an order that cannot deadlock, and hands its home only what changed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.book import Book, DictStore, Key, Row
from core.book.rows import Branch, Day, IbanBlock, LedgerBalance


class CountingStore(DictStore):
    """A dict that notes what it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[str, list[tuple[object, ...]]]] = []

    def load(self, table: type[Row], keys: list[tuple[object, ...]]) -> list[Row]:
        self.asked.append((table.TABLE, keys))
        return super().load(table, keys)


def branch(code: str, name: str = "Odense") -> Branch:
    return Branch(code, name, "Vestergade 1", "DKK")


@pytest.fixture
def store() -> CountingStore:
    made = CountingStore()
    book = Book(made)
    for code in ("odense", "aarhus", "ribe"):
        book.put(branch(code))
    made.write(book)
    return made


@given(
    order=st.permutations(
        [(Branch, ("b",)), (Branch, ("a",)), (Day, ("x", 2, "d")), (Day, ("x", 1, "d")), (IbanBlock, (5,))]
    )
)
def test_rows_are_asked_for_in_one_order_however_they_are_named(order: list[Key]) -> None:
    store = CountingStore()
    Book(store).prefetch([*order, *order])
    assert store.asked == [
        ("branches", [("a",), ("b",)]),
        ("days", [("x", 1, "d"), ("x", 2, "d")]),
        ("iban_blocks", [(5,)]),
    ]


def test_what_was_fetched_is_not_asked_for_again_be_it_there_or_not(store: CountingStore) -> None:
    book = Book(store)
    book.prefetch([(Branch, ("odense",)), (Branch, ("nowhere",))])
    assert book.get(Branch, "odense") == branch("odense")
    assert book.get(Branch, "nowhere") is None
    book.prefetch([(Branch, ("odense",)), (Branch, ("nowhere",))])
    assert len(store.asked) == 1
    assert book.get(Branch, "ribe") is not None
    assert len(store.asked) == 2


def test_a_changed_row_is_seen_at_once_and_nowhere_else_until_it_is_written(store: CountingStore) -> None:
    book, other = Book(store), Book(store)
    book.put(branch("odense", "Odense C"))
    assert book.get(Branch, "odense") == branch("odense", "Odense C")
    assert other.get(Branch, "odense") == branch("odense")
    assert book.changes == {Branch: {("odense",): branch("odense", "Odense C")}}
    store.write(book)
    assert Book(store).get(Branch, "odense") == branch("odense", "Odense C")


def test_what_was_written_is_a_cache_without_changes(store: CountingStore) -> None:
    book = Book(store)
    book.put(branch("odense", "Odense C"))
    book.note("01a2", "a.b.c")
    book.move("odense", "vault", "DKK", 5)
    store.write(book)
    asked = len(store.asked)
    assert (book.changes, book.differences, book.applied) == ({}, {}, {})
    assert book.get(Branch, "odense") == branch("odense", "Odense C")
    assert len(store.asked) == asked


@given(moves=st.lists(st.tuples(st.integers(-(10**9), 10**9), st.booleans()), max_size=20), looked=st.booleans())
def test_an_account_of_the_books_holds_the_sum_of_what_was_moved(moves: list[tuple[int, bool]], looked: bool) -> None:
    store = DictStore()
    book = Book(store)
    if looked:
        assert book.balance("odense", "vault", "DKK") == 0
    total = 0
    for amount, write in moves:
        book.move("odense", "vault", "DKK", amount)
        total += amount
        assert book.balance("odense", "vault", "DKK") == total
        if write:
            store.write(book)
            assert book.balance("odense", "vault", "DKK") == total
    store.write(book)
    assert Book(store).balance("odense", "vault", "DKK") == total
    assert book.balance("odense", "vault", "EUR") == 0


def test_two_books_over_one_home_add_up_their_differences(store: CountingStore) -> None:
    first, second = Book(store), Book(store)
    for book, amount in ((first, 100), (second, -30)):
        assert book.balance("odense", "vault", "DKK") == 0
        book.move("odense", "vault", "DKK", amount)
    store.write(first)
    store.write(second)
    assert Book(store).get(LedgerBalance, "odense", "vault", "DKK") == LedgerBalance("odense", "vault", "DKK", 70)


def test_an_operation_is_found_before_and_after_it_is_in_its_home(store: CountingStore) -> None:
    book = Book(store)
    assert book.operation("01a2") is None
    book.note("01a2", "a.b.c")
    assert book.operation("01a2") == "a.b.c"
    assert Book(store).operation("01a2") is None
    store.write(book)
    assert book.operation("01a2") == "a.b.c"
    assert Book(store).operation("01a2") == "a.b.c"


def test_a_home_that_fails_has_not_said_that_there_is_no_row(
    store: CountingStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = Book(store)
    with monkeypatch.context() as patch:
        patch.setattr(store, "load", lambda *_: (_ for _ in ()).throw(OSError("unreadable")))
        with pytest.raises(OSError, match="unreadable"):
            book.get(Branch, "odense")
    assert book.get(Branch, "odense") == branch("odense")
