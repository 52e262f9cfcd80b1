"""The card that a money form stands in: what the line's state means, what is in the way, the fields, the way on."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout

from desktop.teller.money.effects import Obstacle
from desktop.teller.money.order import MoneyForm
from desktop.teller.shortage import ShortageNotice
from desktop.widgets import Button, Card, Notice, Text


class FormCard(Card):
    """`review_wanted` by its button, `go_wanted` (a screen's name) where an obstacle can be put right elsewhere."""

    review_wanted = Signal()
    other_account = Signal()
    go_wanted = Signal(str)

    def __init__(self, form: MoneyForm, shortage: ShortageNotice) -> None:
        super().__init__()
        self.shortage = shortage
        self._form, self._go_to = form, ""
        self._obstacle: Obstacle | None = None
        self._waiting = self._asking = self._said_of_line = False
        self._line = Notice("", " ")
        self._line.hide()
        self._go = Button("", small=True)
        self._go.setObjectName("go_there")
        self._barrier = Notice("", " ", "warn", action=self._go)
        self._barrier.setObjectName("obstacle")
        self._problem = Notice("", " ", "danger")
        self._problem.setObjectName("problem")
        self.review_button = Button(self.tr("Review"), "primary", shown_key=self.tr("Enter"))
        self.review_button.setObjectName("review")
        self.review_button.setShortcut(QKeySequence("Ctrl+Return"))
        self.review_button.setAccessibleDescription(self.tr("Key: {key}").format(key="Ctrl+Enter"))
        self.other_button = Button(self.tr("Other account"), key="Ctrl+O", shown_key="Ctrl O")
        self.other_button.setObjectName("other_account")
        self._aside = Text("", "small", right=True, wrap=True)
        notices = QVBoxLayout()
        notices.setSpacing(8)
        for notice in (self._line, self._barrier, self._problem):
            notices.addWidget(notice)
        self.body.addLayout(notices)
        notices.addWidget(shortage)
        self.body.addWidget(form)
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addWidget(self.review_button)
        row.addWidget(self.other_button)
        row.addWidget(self._aside, 1)
        self.body.addLayout(row)
        self._barrier.hide()
        self._problem.hide()
        shortage.changed.connect(self._show_or_hide_line)
        self.review_button.clicked.connect(self.review_wanted)
        self.other_button.clicked.connect(self.other_account)
        self._go.clicked.connect(lambda: self.go_wanted.emit(self._go_to))
        self._settle()

    def show_line(self, said: tuple[str, str] | None) -> None:
        """Say what working without the line means for this account, (lead, text); None says nothing."""
        self._said_of_line = said is not None
        if said is not None:
            self._line.show_notice(*said, "info")
        self._show_or_hide_line()

    def show_obstacle(self, found: Obstacle | None) -> None:
        """Say what is in the way, in the place of the line's notice; nothing can be reviewed until it is gone."""
        self._obstacle = found
        self._show_or_hide_line()
        self._barrier.setVisible(found is not None)
        if found is not None:
            self._go_to = found.go_to
            self._go.set_label(found.go_to_label or " ")
            self._go.setVisible(bool(found.go_to))
            self._barrier.show_notice(found.lead, found.text, "warn")
        self._settle()

    def _show_or_hide_line(self) -> None:
        """What is in the way, or lacking, says it all."""
        self._line.setVisible(self._said_of_line and self._obstacle is None and self.shortage.isHidden())

    def show_problem(self, lead: str, text: str) -> None:
        """Say why it could not be done, where no field is at fault; an empty lead takes it back."""
        self._problem.setVisible(bool(lead))
        if lead:
            self._problem.show_notice(lead, text, "danger")

    def set_waiting(self, *, asking: bool = False) -> None:
        """Something is worked out, perhaps by `asking` the centre: nothing can be asked for twice."""
        self._waiting, self._asking = True, asking
        self._settle()

    def set_ready(self) -> None:
        """The way on is open again, as far as nothing is in it."""
        self._waiting = self._asking = False
        self._settle()

    def is_waiting(self) -> bool:
        """Whether something is being worked out."""
        return self._waiting

    def may_review(self) -> bool:
        """Whether there is a way on."""
        return self._obstacle is None and not self._waiting

    def _settle(self) -> None:
        self.review_button.setEnabled(self.may_review())
        self.review_button.show_key(self._form.review_key or self.tr("Enter"))
        self.review_button.set_label(self.tr("Asking the centre\u2026") if self._asking else self.tr("Review"))
        if self._asking:
            self._aside.setText(self.tr("The centre is asked for more. Esc stops waiting."))
        else:
            self._aside.setText(self.tr("Nothing is posted until you confirm the review."))
