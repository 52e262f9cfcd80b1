"""A table model that reads by key, page after page, so that a million rows open as fast as ten."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal

from core.errors import EnvironmentProblem
from desktop.tasks import Job, Tasks
from desktop.widgets.badges import Tone

Row = TypeVar("Row")

Index = QModelIndex | QPersistentModelIndex

PAGE_ROWS = 100

TONE_ROLE = int(Qt.ItemDataRole.UserRole) + 1
"""The tone of a badge cell; absent for plain text."""
STRONG_ROLE = int(Qt.ItemDataRole.UserRole) + 2


# Without slots: `Column[Row](…)` writes the type it was made for to the instance, which slots would break.
@dataclass(frozen=True)
class Column(Generic[Row]):
    """One column: its title and how a row is said in it.

    `amount` right-aligns in tabular figures. With `tone` the text is shown as a badge where it is not empty. `width` is
    in characters of the body text and at most taken: what the rows don't need goes to the column with None.
    """

    title: str
    text: Callable[[Row], str]
    align: Literal["left", "amount"] = "left"
    width: int | None = None
    tone: Callable[[Row], Tone] | None = None
    strong: bool = False


Fetch = Callable[[Any, int], tuple[Sequence[Row], Any]]
"""(key after which to read or None, how many) → (rows, next key or None at the end). Runs on the database thread."""


class PagedModel(QAbstractTableModel, Generic[Row]):
    """Rows by key page through `fetch`, on the database thread of `tasks`.

    `loaded` after each page with whether there are any rows; `failed` carries an `EnvironmentProblem`.
    """

    loaded = Signal(bool)
    failed = Signal(object)

    def __init__(
        self,
        columns: Sequence[Column[Row]],
        fetch: Fetch[Row] | None,
        tasks: Tasks,
        *,
        page_rows: int = PAGE_ROWS,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.columns = tuple(columns)
        self._fetch, self._tasks, self._page_rows = fetch, tasks, page_rows
        self._rows: list[Row] = []
        self._next_key: Any = None
        self._more = False
        self._fresh = False
        self._job: Job | None = None

    def reload(self, fetch: Fetch[Row] | None = None) -> None:
        """Read from the beginning, perhaps by another question. The old rows stay until the new ones are there."""
        if fetch is not None:
            self._fetch = fetch
        if self._job is not None:
            self._job.cancel()
        self._fresh = True
        self._ask(None)

    def row(self, index: Index | int) -> Row | None:
        """The row at an index or number, if there is one."""
        number = index if isinstance(index, int) else index.row()
        return self._rows[number] if 0 <= number < len(self._rows) else None

    def is_loading(self) -> bool:
        """Whether a page is on its way."""
        return self._job is not None

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        """How many rows are here so far."""
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        """How many columns there are."""
        return 0 if parent.isValid() else len(self.columns)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """What a cell says and how."""
        row = self.row(index)
        if row is None:
            return None
        column = self.columns[index.column()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return column.text(row)
        if role == Qt.ItemDataRole.ToolTipRole:
            # The column that takes what is left may be cut: pointed at, it says all.
            return column.text(row) if column.width is None else None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(column)
        if role == TONE_ROLE:
            return column.tone(row) if column.tone is not None else None
        return column.strong if role == STRONG_ROLE else None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """A column's title."""
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self.columns[section].title
        return _alignment(self.columns[section]) if role == Qt.ItemDataRole.TextAlignmentRole else None

    def canFetchMore(self, parent: Index = QModelIndex()) -> bool:  # noqa: B008 - Qt's own signature
        """Whether more rows are behind the last one."""
        return not parent.isValid() and self._more and self._job is None

    def fetchMore(self, parent: Index = QModelIndex()) -> None:  # noqa: B008 - Qt's own signature
        """Ask for the next page; the view calls this when it nears the end."""
        if self.canFetchMore(parent):
            self._ask(self._next_key)

    def _ask(self, key: Any) -> None:
        if self._fetch is None:
            return
        self._job = self._tasks.run(self._fetch, key, self._page_rows, done=self._take, failed=self._fail, owner=self)

    def _take(self, page: tuple[Sequence[Row], Any]) -> None:
        self._job = None
        rows, self._next_key = page
        self._more = self._next_key is not None
        if self._fresh:
            self._fresh = False
            self.beginResetModel()
            self._rows = list(rows)
            self.endResetModel()
        elif rows:
            first = len(self._rows)
            self.beginInsertRows(QModelIndex(), first, first + len(rows) - 1)
            self._rows.extend(rows)
            self.endInsertRows()
        self.loaded.emit(bool(self._rows))

    def _fail(self, problem: EnvironmentProblem) -> None:
        self._job = None
        self._more = False
        self.failed.emit(problem)


def _alignment(column: Column[Any]) -> int:
    side = Qt.AlignmentFlag.AlignRight if column.align == "amount" else Qt.AlignmentFlag.AlignLeft
    return int(side | Qt.AlignmentFlag.AlignVCenter)
