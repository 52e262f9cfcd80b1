"""What was asked of the centre for a customer, and its answers."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from core.money import Money, format_money
from core.store.queries.requests import RequestLine
from desktop.desk import Desk
from desktop.teller.answers import answer_sentence, answer_tone, answer_word
from desktop.teller.saying import date_text, kind_title
from desktop.widgets import Badge, Card, Text
from desktop.widgets.panels import empty_layout

SHOWN_MAX = 3


class RequestsCard(Card):
    """The newest requests; hidden while there is none."""

    def __init__(self, desk: Desk) -> None:
        super().__init__("", padding=16)
        self.set_title(self.tr("Asked of the centre"))
        self.setObjectName("requests")
        self._desk = desk
        self._lines = QVBoxLayout()
        self._lines.setSpacing(12)
        self.body.addLayout(self._lines)
        self.hide()

    def show_requests(self, lines: Sequence[RequestLine]) -> None:
        """Show these, the newest first."""
        empty_layout(self._lines)
        for line in lines[:SHOWN_MAX]:
            self._lines.addWidget(self._line(line))
        self.setVisible(bool(lines))

    def _line(self, line: RequestLine) -> QWidget:
        locale = self._desk.place.locale
        box = QWidget()
        column = QVBoxLayout(box)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        heading = QHBoxLayout()
        heading.setSpacing(8)
        heading.addWidget(Text(kind_title(line.kind), "strong", wrap=True), 1)
        heading.addWidget(Badge(answer_word(line.state), answer_tone(line.state)))
        column.addLayout(heading)
        payee = line.details.get("payee_name", "")
        amount = format_money(Money(line.amount, line.currency), locale) if line.amount and line.currency else ""
        when = date_text(line.note.at[:10], locale) if line.note is not None else ""
        column.addWidget(Text(" \u00b7 ".join(part for part in (amount, payee, when) if part), "cell", wrap=True))
        column.addWidget(Text(answer_sentence(line.kind, line.state, line.reason, locale), "small", wrap=True))
        return box
