"""A million rows open as fast as ten, and what is read never reaches back into the window's thread."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from core.errors import StoreProblem
from desktop.tasks import Tasks
from desktop.widgets import Column, DataTable, EmptyState, PagedModel

ROWS = 1_000_000

COLUMNS = (
    Column[int]("Number", str, align="amount", width=10),
    Column[int]("Half", lambda n: str(n // 2)),
)


class Book:
    """Rows by key, counting how often and where it is asked."""

    def __init__(self, rows: int = ROWS) -> None:
        self.rows, self.asked = rows, []  # type: tuple[int, list[tuple[int | None, str]]]

    def fetch(self, key: int | None, limit: int) -> tuple[Sequence[int], int | None]:
        self.asked.append((key, threading.current_thread().name))
        first = 0 if key is None else key
        last = min(first + limit, self.rows)
        return range(first, last), last if last < self.rows else None


def opened(book: Book, tasks: Tasks, qtbot: QtBot) -> tuple[DataTable, PagedModel[int]]:
    model: PagedModel[int] = PagedModel(COLUMNS, book.fetch, tasks)
    table = DataTable("Numbers", model, empty=EmptyState("No numbers", "They would stand here."))
    qtbot.addWidget(table)
    table.resize(400, 300)
    table.show()
    with qtbot.waitSignal(model.loaded):
        model.reload()
    return table, model


def test_a_million_rows_open_with_one_page_read_on_the_database_thread(tasks: Tasks, qtbot: QtBot) -> None:
    book = Book()
    _table, model = opened(book, tasks, qtbot)
    assert model.rowCount() == 100
    assert all(thread.startswith("database") for _key, thread in book.asked)
    assert len(book.asked) <= 2


def test_scrolling_to_the_end_reads_the_next_page_by_key(tasks: Tasks, qtbot: QtBot) -> None:
    book = Book()
    table, model = opened(book, tasks, qtbot)
    table.scrollToBottom()
    qtbot.waitUntil(lambda: model.rowCount() >= 200)
    assert (100, book.asked[0][1]) in book.asked
    assert [model.row(n) for n in (0, 99, 100, 199)] == [0, 99, 100, 199]


def test_nothing_is_read_after_the_last_page(tasks: Tasks, qtbot: QtBot) -> None:
    book = Book(rows=150)
    table, model = opened(book, tasks, qtbot)
    model.fetchMore()
    qtbot.waitUntil(lambda: model.rowCount() == 150)
    table.scrollToBottom()
    assert not model.canFetchMore()


def test_another_question_replaces_the_rows_and_its_predecessors_answer_is_dropped(tasks: Tasks, qtbot: QtBot) -> None:
    first, second = Book(rows=50), Book(rows=3)
    _table, model = opened(first, tasks, qtbot)
    model.reload(first.fetch)
    with qtbot.waitSignal(model.loaded):
        model.reload(second.fetch)
    qtbot.waitUntil(lambda: not tasks.is_busy())
    assert model.rowCount() == 3


def test_an_empty_table_says_what_would_be_there(tasks: Tasks, qtbot: QtBot) -> None:
    table, _model = opened(Book(rows=0), tasks, qtbot)
    assert table._empty is not None
    assert table._empty.isVisible()


def test_a_failing_read_is_told_and_can_be_repeated(tasks: Tasks, qtbot: QtBot) -> None:
    def broken(_key: int | None, _limit: int) -> tuple[Sequence[int], int | None]:
        raise StoreProblem("The disk does not answer.")

    model: PagedModel[int] = PagedModel(COLUMNS, broken, tasks)
    with qtbot.waitSignal(model.failed) as signal:
        model.reload()
    assert signal.args[0].message == "The disk does not answer."
    with qtbot.waitSignal(model.loaded):
        model.reload(Book(rows=2).fetch)
    assert model.rowCount() == 2


def test_enter_opens_the_chosen_row(tasks: Tasks, qtbot: QtBot) -> None:
    table, _model = opened(Book(rows=5), tasks, qtbot)
    QTest.keyClick(table, Qt.Key.Key_Down)
    with qtbot.waitSignal(table.opened) as signal:
        QTest.keyClick(table, Qt.Key.Key_Return)
    assert signal.args == [1]


def test_amounts_stand_at_the_right_edge(tasks: Tasks, look: QApplication) -> None:
    model: PagedModel[int] = PagedModel(COLUMNS, Book().fetch, tasks)
    alignment = model.headerData(0, Qt.Orientation.Horizontal, Qt.ItemDataRole.TextAlignmentRole)
    assert alignment & int(Qt.AlignmentFlag.AlignRight)


def test_a_figure_is_never_cut_however_narrow_its_column_was_meant(tasks: Tasks, qtbot: QtBot) -> None:
    largest = "9,999,999,999.99"
    columns = (
        Column[int]("Words", str),
        Column[int]("Long words", lambda _n: 4 * largest, width=10),
        Column[int]("Amount", lambda _n: largest, align="amount", width=4),
    )
    model: PagedModel[int] = PagedModel(columns, Book(3).fetch, tasks)
    table = DataTable("Amounts", model)
    qtbot.addWidget(table)
    with qtbot.waitSignal(model.loaded):
        model.reload()
    needed = table.fontMetrics().horizontalAdvance(largest)
    assert table.columnWidth(2) >= needed
    assert table.columnWidth(1) < 4 * needed
