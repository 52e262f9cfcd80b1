"""What stands in the way of beginning, and what to do about it: a page, never a traceback."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout

from core.errors import EnvironmentProblem
from desktop.full_page import FullPage
from desktop.widgets import Badge, Button, Text

_WIDTH = 560
_ENDED_BY_ENROLLING = frozenset(
    {"device_key_missing", "device_key_other", "store_damaged", "store_wrong_key", "store_empty"}
)
"""What nobody at the desk can mend, unless the right file or key turns up."""


class ProblemPage(FullPage):
    """`again` asks to try once more, `close_wanted` to end the program, `enrol_wanted` to enrol the desk anew."""

    again = Signal()
    enrol_wanted = Signal()
    close_wanted = Signal()

    def __init__(self, locale: str = "en_GB") -> None:
        super().__init__(self.tr("This desk can't begin"), width=_WIDTH, locale=locale)
        self.strip.hide()
        self.text = Text("", "body", wrap=True)
        self._code = Badge("-", "plain")
        self.again_button = Button(self.tr("Try again"), "primary", shown_key=self.tr("Enter"))
        self.close_button = Button(self.tr("Close"), shown_key="Esc")
        self.enrol_button = Button(self.tr("Enrol this desk anew"))
        self.enrol_button.setObjectName("enrol_anew")
        self.again_button.clicked.connect(self.again)
        self.enrol_button.clicked.connect(self.enrol_wanted)
        self.close_button.clicked.connect(self.close_wanted)
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addWidget(self.again_button)
        row.addWidget(self.enrol_button)
        row.addStretch(1)
        row.addWidget(self.close_button)
        self.card.body.addWidget(self.text)
        self.card.body.addWidget(self._code)
        self.card.body.addSpacing(8)
        self.card.body.addLayout(row)

    def show_problem(self, problem: EnvironmentProblem) -> None:
        """Say what it is, in the problem's own words; its code is for who is telephoned."""
        self.text.setText(problem.message)
        self._code.show_state(problem.code, "plain")
        self.enrol_button.setVisible(problem.code in _ENDED_BY_ENROLLING)
        self.again_button.setFocus()

    def primary(self) -> None:
        """Enter tries again."""
        self.again.emit()

    def back(self) -> None:
        """Esc closes."""
        self.close_wanted.emit()
