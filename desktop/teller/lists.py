"""Tables that are read again while they are looked at: the chosen row, the scroll and the pages read so far stay."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, Generic, TypeVar

from PySide6.QtGui import QKeyEvent, QMouseEvent
from sqlalchemy import Connection

from desktop.desk import Desk
from desktop.widgets import Column, DataTable, EmptyState, PagedModel

Row = TypeVar("Row")
Query = Callable[[Connection, Any, int], tuple[Sequence[Row], Any]]
"""(connection, key after which to read or None, how many) → (rows, next key or None at the end)."""

ROWS_AGAIN_MAX = 2_000
"""How many rows are read again at once; who has scrolled further sees the list from its beginning."""


def _nothing(_connection: Connection, _key: Any, _limit: int) -> tuple[Sequence[Row], Any]:
    return (), None


class LiveList(DataTable, Generic[Row]):
    """A table over a query of `core.store.queries`. `identity` tells rows apart, so that the chosen one stays.

    In a list whose first row is the newest, that one is chosen until somebody has chosen another.
    """

    def __init__(
        self,
        desk: Desk,
        name: str,
        columns: Sequence[Column[Row]],
        identity: Callable[[Row], Hashable],
        *,
        empty: EmptyState | None = None,
        newest_first: bool = False,
    ) -> None:
        self._desk, self._identity = desk, identity
        self._newest_first = newest_first
        self._was_chosen = False
        self._query: Query[Row] = _nothing
        self._again = 0
        self._kept: Hashable = None
        self._scrolled = 0
        self.model_of_rows: PagedModel[Row] = PagedModel(columns, self._fetch, desk.tasks)
        super().__init__(name, self.model_of_rows, empty=empty)
        self.model_of_rows.setParent(self)
        self.model_of_rows.modelReset.connect(self._put_back)
        self.model_of_rows.failed.connect(self.show_problem)

    def show_rows(self, query: Query[Row]) -> None:
        """Show other rows, from their beginning."""
        self._query, self._again, self._kept, self._scrolled = query, 0, None, 0
        self._was_chosen = False
        self.model_of_rows.reload()

    def refresh(self) -> None:
        """Read the same rows again and leave everything where it is."""
        row = self.current_row()
        keeps = row is not None and (self._was_chosen or not self._newest_first)
        self._kept = self._identity(row) if keeps else None
        self._again = min(self.model_of_rows.rowCount(), ROWS_AGAIN_MAX)
        self._scrolled = self.verticalScrollBar().value()
        self.model_of_rows.reload()

    def choose(self, wanted: Hashable) -> bool:
        """Choose the row of that identity, if it is among those read."""
        for number in range(self.model_of_rows.rowCount()):
            row = self.model_of_rows.row(number)
            if row is not None and self._identity(row) == wanted:
                self._was_chosen = True
                self.setCurrentIndex(self.model_of_rows.index(number, 0))
                return True
        return False

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """A key pressed in the list is a choice."""
        self._was_chosen = True
        super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """So is a click."""
        self._was_chosen = True
        super().mousePressEvent(event)

    def _fetch(self, key: Any, limit: int) -> tuple[Sequence[Row], Any]:
        with self._desk.device.reading() as connection:
            return self._query(connection, key, max(limit, self._again) if key is None else limit)

    def _put_back(self) -> None:
        if self._kept is not None:
            self.choose(self._kept)
            self.verticalScrollBar().setValue(self._scrolled)
