"""Tables: hairlines, amounts at the right edge, states as badges, the whole row chosen by key or mouse."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QEvent, QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFont, QFontMetrics, QKeyEvent, QPainter, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStackedLayout,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
)

from core.errors import EnvironmentProblem
from desktop.theme import current_theme, ui_font
from desktop.widgets.paged_model import STRONG_ROLE, TONE_ROLE, PagedModel
from desktop.widgets.panels import EmptyState

_BADGE_TOKENS = {
    "ok": ("accent", "accent_soft"),
    "warn": ("warn", "warn_soft"),
    "danger": ("danger", "danger_soft"),
    "info": ("info", "info_soft"),
    "machine": ("machine", "machine_soft"),
    "plain": ("quiet", "raised"),
}
_SIDE = 8
_ROW_HEIGHT = 34
_HEADER_HEIGHT = 30
_MEASURED_ROWS = 500


class _CellDelegate(QStyledItemDelegate):
    """Draws a cell: the ground of a chosen row, a hairline below, plain text or a badge."""

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        theme = current_theme()
        area: QRect = option.rect
        state: QStyle.StateFlag = option.state
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        chosen = bool(state & QStyle.StateFlag.State_Selected)
        if chosen:
            painter.fillRect(area, theme.colour("accent_soft"))
        if chosen and index.column() == 0:
            # A bar as well as a ground: never colour alone.
            painter.fillRect(QRect(area.left(), area.top(), 3, area.height()), theme.colour("accent"))
        painter.fillRect(QRect(area.left(), area.bottom(), area.width(), 1), theme.colour("line"))
        inner = area.adjusted(theme.px(_SIDE), 0, -theme.px(_SIDE), -1)
        text, tone = str(index.data() or ""), index.data(TONE_ROLE)
        if tone is not None and text:
            _paint_badge(painter, inner, text, tone, edged=chosen or theme.name == "contrast" or tone == "plain")
        else:
            weight = QFont.Weight.DemiBold if index.data(STRONG_ROLE) else QFont.Weight.Normal
            font = ui_font(theme.px(13), weight)
            painter.setFont(font)
            painter.setPen(theme.colour("ink"))
            shown = QFontMetrics(font).elidedText(text, Qt.TextElideMode.ElideRight, inner.width())
            painter.drawText(inner.translated(0, -1), index.data(Qt.ItemDataRole.TextAlignmentRole), shown)
        painter.restore()

    def sizeHint(self, _option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        theme = current_theme()
        metrics = QFontMetrics(ui_font(theme.px(13)))
        return QSize(metrics.horizontalAdvance(str(index.data() or "")) + 2 * theme.px(_SIDE), theme.px(_ROW_HEIGHT))


def _paint_badge(painter: QPainter, area: QRect, text: str, tone: str, *, edged: bool) -> None:
    theme = current_theme()
    ink, ground = _BADGE_TOKENS[tone]
    font = ui_font(theme.px(11), QFont.Weight.DemiBold)
    metrics = QFontMetrics(font)
    width = min(area.width(), metrics.horizontalAdvance(text) + 2 * theme.px(7))
    height = metrics.height() + theme.px(4)
    box = QRect(area.left(), area.center().y() - height // 2, width, height)
    painter.setPen(QPen(theme.colour(ink), 1) if edged else Qt.PenStyle.NoPen)
    painter.setBrush(theme.colour(ground))
    painter.drawRoundedRect(QRectF(box).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
    painter.setPen(theme.colour(ink))
    painter.setFont(font)
    painter.drawText(
        box, Qt.AlignmentFlag.AlignCenter, metrics.elidedText(text, Qt.TextElideMode.ElideRight, width - 8)
    )


class DataTable(QTableView):
    """A table over a `PagedModel`. `opened` carries the row that Enter or a double click chose."""

    opened = Signal(object)
    chosen = Signal(object)

    def __init__(self, name: str, model: PagedModel[Any], *, empty: EmptyState | None = None) -> None:
        super().__init__()
        self._paged = model
        self.setModel(model)
        self.setAccessibleName(name)
        self.setItemDelegate(_CellDelegate(self))
        self.setShowGrid(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.horizontalHeader().setHighlightSections(False)
        self.horizontalHeader().setSectionsClickable(False)
        self._least = (0, 0)
        self._lay_out_columns()
        self._empty = empty
        if empty is not None:
            layer = QStackedLayout(self.viewport())
            layer.addWidget(empty)
            empty.hide()
        model.loaded.connect(self._loaded)
        self.doubleClicked.connect(self._open)
        self.selectionModel().currentRowChanged.connect(lambda index, _old: self.chosen.emit(self._paged.row(index)))

    def current_row(self) -> Any:
        """The chosen row, or None."""
        return self._paged.row(self.currentIndex())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter opens the chosen row."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.current_row() is not None:
            self._open(self.currentIndex())
        else:
            super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        """Lay out anew for another text size."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange) and hasattr(self, "_least"):
            self._lay_out_columns()

    def set_least(self, *, width: int = 0, height: int = 0) -> None:
        """Be no smaller than this, in lengths of the design; 0 leaves it open."""
        self._least = (width, height)
        self._lay_out_columns()

    def show_problem(self, problem: EnvironmentProblem) -> None:
        """Say in the table's place why it can't be filled."""
        if self._empty is not None:
            self._empty.show_text(self.tr("This list can't be read"), problem.message)
            self._empty.show()

    def fit_rows(self, least: int, most: int) -> None:
        """Be as high as the rows need, within limits."""
        theme = current_theme()
        rows = max(least, min(most, self._paged.rowCount()))
        self.setFixedHeight(theme.px(_HEADER_HEIGHT) + rows * theme.px(_ROW_HEIGHT) + 2)
        enough = self._paged.rowCount() <= most
        off, needed = Qt.ScrollBarPolicy.ScrollBarAlwaysOff, Qt.ScrollBarPolicy.ScrollBarAsNeeded
        self.setVerticalScrollBarPolicy(off if enough else needed)

    def _lay_out_columns(self) -> None:
        theme = current_theme()
        for least, keep in zip(self._least, (self.setMinimumWidth, self.setMinimumHeight), strict=True):
            if least:
                keep(theme.px(least))
        character = QFontMetrics(ui_font(theme.px(13))).horizontalAdvance("0")
        self.verticalHeader().setDefaultSectionSize(theme.px(_ROW_HEIGHT))
        header = self.horizontalHeader()
        header.setMinimumSectionSize(theme.px(32))
        for number, column in enumerate(self._paged.columns):
            if column.width is None:
                header.setSectionResizeMode(number, QHeaderView.ResizeMode.Stretch)
            else:
                header.setSectionResizeMode(number, QHeaderView.ResizeMode.Fixed)
                most = column.width * character + 2 * theme.px(_SIDE)
                needed = self._needed_width(number)
                # A figure is never cut.
                header.resizeSection(number, needed if column.align == "amount" else min(most, needed))

    def _needed_width(self, number: int) -> int:
        """What a column's title and its first rows need: what is left over goes to the column that stretches."""
        theme, column = current_theme(), self._paged.columns[number]
        badge, side = column.tone is not None, 2 * theme.px(_SIDE)
        weight = QFont.Weight.DemiBold if badge or column.strong else QFont.Weight.Normal
        metrics = QFontMetrics(ui_font(theme.px(11 if badge else 13), weight))
        padding = side + (2 * theme.px(7) + 2 if badge else 2)
        title = QFontMetrics(ui_font(theme.px(12), QFont.Weight.DemiBold)).horizontalAdvance(column.title) + side
        rows = range(min(self._paged.rowCount(), _MEASURED_ROWS))
        texts = {str(self._paged.index(row, number).data() or "") for row in rows}
        return max([title, *(metrics.horizontalAdvance(text) + padding for text in texts)])

    def _loaded(self, any_rows: bool) -> None:
        if any_rows:
            self._lay_out_columns()
        if self._empty is not None:
            self._empty.setVisible(not any_rows)
        if any_rows and not self.currentIndex().isValid():
            self.setCurrentIndex(self._paged.index(0, 0))

    def _open(self, index: QModelIndex) -> None:
        row = self._paged.row(index)
        if row is not None:
            self.opened.emit(row)
