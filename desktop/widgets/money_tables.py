"""Notes and coins counted against an amount."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QGridLayout, QLineEdit, QVBoxLayout, QWidget

from core.money import Money, format_amount
from desktop.widgets.before_after import NOTHING
from desktop.widgets.text import Hairline, Text, set_look

COUNT_MAX = 99_999
_BLOCK_COLUMNS = 5
_HELD_COLUMN = 1
_TYPED_LENGTH_MAX = 40
"""What a count takes before it cuts off: far more than is allowed, so that what is too much is refused, not cut."""
_SAID_LENGTH_MAX = 16


@dataclass(frozen=True, slots=True)
class Denomination:
    """A note or coin of `value` and how many lie in the drawer; None when they are being counted blind."""

    value: Money
    in_drawer: int | None = None


def _read_count(typed: str) -> int | None:
    """The count that was typed, 0 where nothing was; None for what is no whole number from 0 to `COUNT_MAX`."""
    text = typed.strip()
    if not text:
        return 0
    if not (text.isascii() and text.isdigit()):
        return None
    count = int(text)
    return count if count <= COUNT_MAX else None


def _shown(typed: str) -> str:
    """What was typed, cut where it is too long to be said in a sentence."""
    return typed if len(typed) <= _SAID_LENGTH_MAX else typed[: _SAID_LENGTH_MAX - 1] + "\u2026"


class _CountEdit(QLineEdit):
    moved = Signal(int)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_Return: 1, Qt.Key.Key_Enter: 1}
        step = steps.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
        else:
            self.moved.emit(step)


class DenominationTable(QWidget):
    """Notes and coins, how many of each, and their total, checked against an expected amount.

    Up, Down and Enter go from count to count; Enter in the last one emits `finished`. `changed` after each count. With
    `blocks` the rows stand in that many columns side by side, so that notes and coins fit on a low screen.
    """

    changed = Signal()
    finished = Signal()

    def __init__(
        self,
        denominations: Sequence[Denomination],
        count_title: str,
        locale: str = "en_GB",
        *,
        blind: bool = False,
        blocks: int = 1,
    ) -> None:
        super().__init__()
        if not denominations:
            raise ValueError("a table of notes and coins needs at least one")
        self._denominations, self._locale = tuple(denominations), locale
        self._expected: Money | None = None
        self._edits: list[_CountEdit] = []
        self._values: list[Text] = []
        self._held: list[Text | None] = []
        self._held_titles: list[Text] = []
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        grid = QGridLayout()
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(4)
        self._build(grid, count_title, blind=blind, blocks=blocks)
        column.addLayout(grid)
        self._verdict = Text("", "small", right=True)
        column.addWidget(self._verdict)
        self.setFocusProxy(self._edits[0])
        self._show_held()
        self._sum_up()

    def counts(self) -> dict[int, int]:
        """How many of each, by value in minor units; those of which there are none are left out.

        What was typed and is no count is never counted: see `check`.
        """
        read = ((each, _read_count(edit.text())) for each, edit in self._pairs())
        return {each.value.minor: count for each, count in read if count}

    def check(self) -> bool:
        """Whether everything typed is a count; else go to the first that is none, whose error stands at the table."""
        wrong = self._first_wrong()
        if wrong is None:
            return True
        _each, edit = wrong
        edit.setFocus(Qt.FocusReason.OtherFocusReason)
        edit.selectAll()
        return False

    def is_empty(self) -> bool:
        """Whether nothing was typed, not even what is no count."""
        return not any(edit.text() for edit in self._edits)

    def set_counts(self, counts: Mapping[int, int]) -> None:
        """Put counts in, by value in minor units."""
        for each, edit in self._pairs():
            count = counts.get(each.value.minor, 0)
            edit.setText(str(count) if count else "")

    def total(self) -> Money:
        """The sum of what was counted."""
        return Money(
            sum(value * count for value, count in self.counts().items()), self._denominations[0].value.currency
        )

    def set_expected(self, expected: Money | None) -> None:
        """The amount that the sum is checked against; None checks nothing."""
        self._expected = expected
        self._sum_up()

    def agrees(self) -> bool:
        """Whether nothing was counted, or the sum is the expected amount."""
        if self._first_wrong() is not None:
            return False
        return self._expected is None or not self.counts() or self.total() == self._expected

    def short_in_drawer(self) -> list[Denomination]:
        """Those of which more are counted than lie in the drawer."""
        counts = self.counts()
        return [
            d for d in self._denominations if d.in_drawer is not None and counts.get(d.value.minor, 0) > d.in_drawer
        ]

    def show_in_drawer(self, held: Mapping[int, int | None]) -> None:
        """Say how many lie in the drawer, by value in minor units; what was counted stays."""
        self._denominations = tuple(replace(each, in_drawer=held.get(each.value.minor)) for each in self._denominations)
        for each, label in zip(self._denominations, self._held, strict=True):
            if label is not None:
                label.setText(NOTHING if each.in_drawer is None else str(each.in_drawer))
        self._show_held()
        self._sum_up()

    def _show_held(self) -> None:
        """A column in which nothing is known says nothing, and is left out."""
        known = any(each.in_drawer is not None for each in self._denominations)
        for part in (*self._held_titles, *self._held):
            if part is not None:
                part.setVisible(known)

    def _build(self, grid: QGridLayout, count_title: str, *, blind: bool, blocks: int) -> None:
        titles = (self.tr("Note or coin"), "" if blind else self.tr("In drawer"), count_title, self.tr("Value"))
        rows = -(-len(self._denominations) // blocks)
        for block in range(blocks):
            left = block * _BLOCK_COLUMNS
            for column, title in enumerate(titles):
                heading = Text(title, "column", right=column > 0)
                grid.addWidget(heading, 0, left + column)
                grid.setColumnStretch(left + column, 1)
                if column == _HELD_COLUMN and not blind:
                    self._held_titles.append(heading)
            grid.addWidget(Hairline(), 1, left, 1, 4)
            if block:
                grid.setColumnMinimumWidth(left - 1, 8)
        for number, each in enumerate(self._denominations):
            block, row = divmod(number, rows)
            self._build_row(grid, row + 2, block * _BLOCK_COLUMNS, each, count_title, blind=blind)
        last, width = rows + 2, blocks * _BLOCK_COLUMNS - 1
        grid.addWidget(Hairline(strong=True), last, 0, 1, width)
        grid.addWidget(Text(self.tr("Total"), "total"), last + 1, 0)
        self._total = Text("", "total", right=True)
        grid.addWidget(self._total, last + 1, width - 1)

    def _build_row(
        self, grid: QGridLayout, row: int, left: int, each: Denomination, count_title: str, *, blind: bool
    ) -> None:
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        name = self._name(each.value)
        grid.addWidget(Text(name, "cell"), row, left)
        held = None
        if not blind:
            held = Text(NOTHING if each.in_drawer is None else str(each.in_drawer), "cell", right=True)
            grid.addWidget(held, row, left + 1)
        edit = self._count_edit(len(self._edits), f"{count_title}, {name}")
        grid.addWidget(edit, row, left + 2, right)
        value = Text(NOTHING, "cell", right=True)
        grid.addWidget(value, row, left + 3)
        self._edits.append(edit)
        self._values.append(value)
        self._held.append(held)

    def _count_edit(self, index: int, name: str) -> _CountEdit:
        edit = _CountEdit()
        edit.setProperty("count", True)
        edit.setAlignment(Qt.AlignmentFlag.AlignRight)
        edit.setMaxLength(_TYPED_LENGTH_MAX)
        edit.setPlaceholderText("0")
        edit.setAccessibleName(name)
        edit.textChanged.connect(self._sum_up)
        edit.textEdited.connect(lambda _text: self.changed.emit())
        edit.moved.connect(lambda step: self._move(index, step))
        return edit

    def _name(self, value: Money) -> str:
        text = format_amount(value, self._locale)
        whole = format_amount(Money(0, value.currency), self._locale)[1:]
        return text.removesuffix(whole) if whole and value.minor >= 0 else text

    def _pairs(self) -> Iterable[tuple[Denomination, _CountEdit]]:
        return zip(self._denominations, self._edits, strict=True)

    def _first_wrong(self) -> tuple[Denomination, _CountEdit] | None:
        return next((pair for pair in self._pairs() if _read_count(pair[1].text()) is None), None)

    def _move(self, index: int, step: int) -> None:
        target = index + step
        if target >= len(self._edits):
            self.finished.emit()
        elif target >= 0:
            self._edits[target].setFocus(Qt.FocusReason.TabFocusReason)
            self._edits[target].selectAll()

    def _sum_up(self) -> None:
        counts = self.counts()
        for edit in self._edits:
            set_look(edit, error=_read_count(edit.text()) is None)
        for each, value in zip(self._denominations, self._values, strict=True):
            count = counts.get(each.value.minor, 0)
            sum_minor = Money(each.value.minor * count, each.value.currency)
            value.setText(format_amount(sum_minor, self._locale) if count else NOTHING)
        total = self.total()
        self._total.setText(format_amount(total, self._locale))
        self._judge(total, counted=bool(counts))

    def _judge(self, total: Money, *, counted: bool) -> None:
        text, tone = "", ""
        wrong, short = self._first_wrong(), self.short_in_drawer()
        if wrong is not None:
            each, edit = wrong
            sentence = self.tr("{value}: \u201c{typed}\u201d is no count. Type a whole number up to {most}.")
            text = sentence.format(value=self._name(each.value), typed=_shown(edit.text()), most=COUNT_MAX)
            tone = "danger"
        elif short:
            text, tone = (
                self.tr("The drawer holds fewer of {value}.").format(value=self._name(short[0].value)),
                "danger",
            )
        elif counted and self._expected is not None and total != self._expected:
            gap = total - self._expected
            sentence = self.tr("{gap} more than the amount.") if gap.minor > 0 else self.tr("{gap} still to count.")
            text = sentence.format(gap=format_amount(Money(abs(gap.minor), gap.currency), self._locale))
            tone = "danger" if gap.minor > 0 else "warn"
        elif counted and self._expected is not None:
            text, tone = self.tr("\u2713 The sum agrees with the amount."), "ok"
        # A blank keeps the line's height, so that nothing below moves when the sum is judged.
        self._verdict.setText(text or " ")
        set_look(self._verdict, tone=tone)
