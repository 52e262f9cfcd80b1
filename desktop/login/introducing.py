"""Introducing oneself to another desk: the key here signs that one means to work there too."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QComboBox, QDialog, QHBoxLayout, QVBoxLayout, QWidget

from core.book.rows import DeviceEpoch
from core.errors import EnvironmentProblem, Refusal
from core.signing_in import SigningIn
from desktop.login.credential_fields import CredentialFields
from desktop.login.credentials import Credentials
from desktop.tasks import Tasks
from desktop.theme import current_theme
from desktop.widgets import Button, Field, Text


class IntroduceDialog(QDialog):
    """Asks for the desk, and for password and code once more: it is a signature by the person's own key."""

    def __init__(
        self,
        signing_in: SigningIn,
        tasks: Tasks,
        person: str,
        desks: Sequence[DeviceEpoch],
        now_ms: Callable[[], int],
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._signing_in, self._tasks, self._desks = signing_in, tasks, tuple(desks)
        title = self.tr("Introduce me to another desk")
        self.setWindowTitle(title)
        self.setAccessibleName(title)
        self.setMinimumWidth(current_theme().px(460))
        lead = self.tr(
            "Your key here signs that you mean to work at that desk too, within the next three days. There you sign "
            "in for the first time, with a colleague as witness."
        )
        self.choice = QComboBox()
        self.choice.setObjectName("desk")
        self.choice.addItems([desk.device for desk in self._desks])
        self.fields = CredentialFields(now_ms)
        self.fields.staff_code.hide()
        self.done_text = Text("", "body", wrap=True)
        self.done_text.hide()
        self.button = Button(self.tr("Introduce me"), "primary", shown_key=self.tr("Enter"))
        self.cancel_button = Button(self.tr("Cancel"), shown_key="Esc")
        self.fields.submitted.connect(self._submit)
        self.button.clicked.connect(self.fields.submit)
        self.cancel_button.clicked.connect(self.reject)
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addWidget(self.button)
        row.addStretch(1)
        row.addWidget(self.cancel_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 20, 24, 20)
        column.setSpacing(12)
        column.addWidget(Text(title, "title", wrap=True))
        column.addWidget(Text(lead, "quiet", wrap=True))
        column.addWidget(Field(self.tr("&Desk"), self.choice))
        column.addWidget(self.fields)
        column.addWidget(self.done_text)
        column.addLayout(row)
        self.fields.begin(person)
        self.choice.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter introduces, or closes once that is done."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not event.isAutoRepeat():
            if self.done_text.isVisible():
                self.accept()
            else:
                self.fields.submit()
        else:
            super().keyPressEvent(event)

    def done(self, result: int) -> None:
        """Forget what was typed, whatever the end was."""
        self.fields.forget()
        super().done(result)

    def _submit(self, typed: Credentials) -> None:
        desk = self._desks[self.choice.currentIndex()]
        self._set_busy(busy=True)
        introduce = self._signing_in.introduce
        self._tasks.run_network(
            lambda: introduce(typed.person, typed.password, typed.code, device=desk.device, epoch=desk.epoch),
            done=self._answered,
            failed=self._failed,
            owner=self,
        )

    def _answered(self, refusal: Refusal | None) -> None:
        self._set_busy(busy=False)
        if refusal is not None:
            self.fields.show_refusal(refusal)
            return
        for widget in (self.fields, self.choice, self.button):
            widget.hide()
        self.done_text.setText(
            self.tr("Done. Go to {desk} and choose \u201cFirst time at this desk\u201d.").format(
                desk=self._desks[self.choice.currentIndex()].device
            )
        )
        self.done_text.show()
        self.cancel_button.set_label(self.tr("Close"))
        self.cancel_button.setFocus()

    def _failed(self, problem: EnvironmentProblem) -> None:
        self._set_busy(busy=False)
        self.fields.show_problem(self.tr("Not sent."), problem.message)

    def _set_busy(self, *, busy: bool) -> None:
        self.fields.set_busy(busy=busy)
        self.choice.setEnabled(not busy)
        self.button.setEnabled(not busy)
