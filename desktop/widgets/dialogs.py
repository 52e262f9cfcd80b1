"""The two windows that stand before everything else: a question that can't wait, and a second person's approval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget

from desktop.theme import current_theme
from desktop.widgets.buttons import Button, Kind
from desktop.widgets.fields import CodeField, PasswordField, TextField
from desktop.widgets.panels import KeyValueList, Notice
from desktop.widgets.text import Hairline, Text


class _FittedDialog(QDialog):
    """Takes the height that its wrapped text needs at its width, which Qt leaves to chance."""

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        layout = self.layout()
        if layout is not None:
            layout.activate()
            width = max(self.minimumWidth(), layout.minimumSize().width())
            self.resize(width, layout.heightForWidth(width) if layout.hasHeightForWidth() else self.sizeHint().height())


class ConfirmDialog(_FittedDialog):
    """One question with two answers that say what they do. Esc is the harmless one, and it has the focus."""

    def __init__(
        self,
        title: str,
        text: str,
        confirm: str,
        *,
        kind: Kind = "danger",
        cancel: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setMinimumWidth(current_theme().px(420))
        heading = Text(title, "title", wrap=True)
        body = Text(text, "body", wrap=True)
        self.confirm_button = Button(confirm, kind)
        self.cancel_button = Button(cancel or self.tr("Cancel"), shown_key="Esc")
        self.confirm_button.clicked.connect(self.accept)
        self.cancel_button.clicked.connect(self.reject)
        buttons = QHBoxLayout()
        buttons.setSpacing(10)
        buttons.addStretch(1)
        buttons.addWidget(self.cancel_button)
        buttons.addWidget(self.confirm_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 20, 24, 20)
        column.setSpacing(12)
        column.addWidget(heading)
        column.addWidget(body)
        column.addSpacing(8)
        column.addLayout(buttons)
        self.cancel_button.setFocus()
        self.setAccessibleName(title)
        self.setAccessibleDescription(text)


@dataclass(frozen=True, slots=True, repr=False)
class ApproverAnswer:
    """What an approver typed. Has no repr, so that a password never reaches a log."""

    staff_code: str
    password: str
    code: str


class ApprovalDialog(_FittedDialog):
    """A second person looks at exactly what will be done, and signs in for this one approval.

    `submitted` carries an `ApproverAnswer`; whoever handles it calls `accept` or `show_error`. `declined` when the
    approver says no, before `rejected`; `rejected` alone when the question is taken back.
    """

    submitted = Signal(object)
    declined = Signal()

    def __init__(
        self,
        title: str,
        reason: str,
        pairs: Sequence[tuple[str, str | QWidget]],
        *,
        maker: str,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setMinimumWidth(current_theme().px(580))
        who_may = self.tr("A supervisor of this branch, and not {maker}").format(maker=maker)
        self.staff_code = TextField(self.tr("Approver's &staff code"), hint=who_may, length_max=32)
        self.password = PasswordField(self.tr("&Password"))
        self.code = CodeField(self.tr("&One-time code"), hint=self.tr("Six digits from the approver's own phone"))
        self._notice = Notice("", " ", "danger")
        self._notice.hide()
        self.approve_button = Button(self.tr("Approve"), "primary", shown_key=self.tr("Enter"))
        self.decline_button = Button(self.tr("Decline"), "danger")
        self.cancel_button = Button(self.tr("Cancel"), shown_key="Esc")
        self.approve_button.clicked.connect(self._submit)
        self.decline_button.clicked.connect(self._decline)
        self.cancel_button.clicked.connect(self.reject)
        self.staff_code.submitted.connect(self.password.edit.setFocus)
        self.password.submitted.connect(self.code.edit.setFocus)
        self.code.submitted.connect(self._submit)
        self._lay_out(title, reason, pairs, maker)
        self.staff_code.edit.setFocus()

    def show_error(self, lead: str, text: str, *, field: str | None = None) -> None:
        """Say why the approval did not work; `field` is staff_code, password or code. The one-time code is cleared."""
        named = {"staff_code": self.staff_code, "password": self.password, "code": self.code}.get(field or "")
        self.set_busy(busy=False)
        self.code.clear()
        if named is not None:
            named.set_error(text)
            named.setFocus()
        else:
            self._notice.show_notice(lead, text, "danger")
            self._notice.show()

    def set_busy(self, *, busy: bool) -> None:
        """Nothing can be pressed twice while the answer is awaited."""
        for widget in (self.approve_button, self.decline_button, self.staff_code, self.password, self.code):
            widget.setEnabled(not busy)

    def done(self, result: int) -> None:
        """Forget what was typed, whatever the end was."""
        self.password.clear()
        self.code.clear()
        super().done(result)

    def _lay_out(self, title: str, reason: str, pairs: Sequence[tuple[str, str | QWidget]], maker: str) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 20, 24, 20)
        column.setSpacing(12)
        column.addWidget(Text(title, "title", wrap=True))
        column.addWidget(Notice(self.tr("A second person decides."), reason, "warn"))
        column.addWidget(KeyValueList([*pairs, (self.tr("Made by"), maker)]))
        column.addWidget(Hairline())
        column.addWidget(self._notice)
        column.addWidget(self.staff_code)
        pair = QHBoxLayout()
        pair.setSpacing(12)
        pair.addWidget(self.password, 1, Qt.AlignmentFlag.AlignTop)
        pair.addWidget(self.code, 1, Qt.AlignmentFlag.AlignTop)
        column.addLayout(pair)
        buttons = QHBoxLayout()
        buttons.setSpacing(10)
        buttons.addWidget(self.approve_button)
        buttons.addWidget(self.decline_button)
        buttons.addStretch(1)
        buttons.addWidget(self.cancel_button)
        column.addSpacing(4)
        column.addLayout(buttons)

    def _submit(self) -> None:
        missing = (
            (self.staff_code, not self.staff_code.text(), self.tr("Type the approver's staff code.")),
            (self.password, not self.password.text(), self.tr("Type the approver's password.")),
            (self.code, not self.code.is_complete(), self.tr("Type the six digits.")),
        )
        first = next((field for field, empty, _text in missing if empty), None)
        for field, empty, text in missing:
            field.set_error(text if empty else None)
        if first is not None:
            first.setFocus()
            return
        self._notice.hide()
        self.set_busy(busy=True)
        self.submitted.emit(ApproverAnswer(self.staff_code.text(), self.password.text(), self.code.code()))

    def _decline(self) -> None:
        self.declined.emit()
        self.reject()
