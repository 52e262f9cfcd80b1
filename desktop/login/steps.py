"""The steps of a first time at a desk, each a part of one card: they ask, check what is missing, and show errors."""

from __future__ import annotations

import re
from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from core.errors import Refusal
from core.signing_in import NewSeed
from desktop.login.credential_fields import STAFF_CODE_LENGTH_MAX, CredentialFields
from desktop.login.qr_view import QrView
from desktop.login.wording import sentence
from desktop.widgets import Button, CodeField, Field, Notice, PasswordField, Text, TextField, column_of

_SECRET = re.compile(r"[?&]secret=([A-Z2-7]+)")


class Step(QWidget):
    """One step. `answered` carries what was typed; `other` asks for the other way of doing it."""

    answered = Signal(object)
    other = Signal()

    def __init__(self, button: str, other: str = "") -> None:
        super().__init__()
        self.notice = Notice("", " ", "danger")
        self.notice.hide()
        self.button = Button(button, "primary", shown_key=self.tr("Enter"))
        self.button.clicked.connect(self.submit)
        self.other_button = Button(other, "plain", key="F6")
        self._has_other = bool(other)
        self.other_button.clicked.connect(self.other)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.column.setSpacing(12)
        self.column.addWidget(self.notice)

    def finish_layout(self) -> None:
        """Put the buttons below everything else."""
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addWidget(self.button)
        row.addStretch(1)
        row.addWidget(self.other_button)
        self.column.addSpacing(4)
        self.column.addLayout(row)
        # Only once it has a parent: showing a button that has none opens a window.
        self.other_button.setVisible(self._has_other)

    def fields(self) -> dict[str, Field]:
        """The fields by the names that refusals have for them."""
        return {}

    def begin(self) -> None:
        """Empty, with the focus in the first field."""

    def forget(self) -> None:
        """Keep nothing secret."""

    def submit(self) -> None:
        """Answer, if nothing is missing."""

    def set_busy(self, *, busy: bool) -> None:
        """Nothing can be pressed twice."""
        self.button.setEnabled(not busy)
        for field in self.fields().values():
            field.setEnabled(not busy)

    def show_refusal(self, refusal: Refusal) -> None:
        """Say what was wrong, at its field if it has one."""
        self.set_busy(busy=False)
        field = self.fields().get(refusal.field or "")
        if field is not None:
            field.set_error(sentence(refusal))
            field.setFocus()
        else:
            self.show_notice(self.tr("Not yet."), sentence(refusal))

    def show_notice(self, lead: str, text: str) -> None:
        """Say what is in the way."""
        self.set_busy(busy=False)
        self.notice.show_notice(lead, text, "warn")
        self.notice.show()

    def is_missing(self, *checks: tuple[Field, bool, str]) -> bool:
        """Show what is missing; the focus goes to the first."""
        self.notice.hide()
        for field, empty, code in checks:
            field.set_error(sentence(Refusal(code)) if empty else None)
        first = next((field for field, empty, _code in checks if empty), None)
        if first is not None:
            first.setFocus()
        return first is not None


class WhoStep(Step):
    """Answers with a staff code."""

    def __init__(self) -> None:
        super().__init__(self.tr("Go on"))
        self.staff_code = TextField(
            self.tr("&Staff code"), hint=self.tr("The bank's office gave it to you"), length_max=STAFF_CODE_LENGTH_MAX
        )
        self.staff_code.edit.setObjectName("first_staff_code")
        self.staff_code.submitted.connect(self.submit)
        self.column.addWidget(self.staff_code)
        self.finish_layout()

    def fields(self) -> dict[str, Field]:
        return {"person": self.staff_code}

    def begin(self) -> None:
        self.staff_code.clear()
        self.staff_code.setFocus()

    def submit(self) -> None:
        person = self.staff_code.text().lower()
        if not self.is_missing((self.staff_code, not person, "staff_code_missing")):
            self.answered.emit(person)


class ActivationStep(Step):
    """Answers with activation code and password (a tuple of two)."""

    def __init__(self) -> None:
        super().__init__(self.tr("Set the password"), self.tr("I sign in at another desk"))
        self.activation = TextField(
            self.tr("&Activation code"), hint=self.tr("Sixteen characters, from the bank's office"), length_max=40
        )
        self.activation.edit.setObjectName("activation_code")
        self.password = PasswordField(
            self.tr("Your own &password"), hint=self.tr("At least 12 characters; nobody else knows it")
        )
        self.password.edit.setObjectName("new_password")
        self.again = PasswordField(self.tr("The password a&gain"))
        self.again.edit.setObjectName("new_password_again")
        self.activation.submitted.connect(self.password.setFocus)
        self.password.submitted.connect(self.again.setFocus)
        self.again.submitted.connect(self.submit)
        self.column.addLayout(column_of(self.activation, self.password, self.again))
        self.finish_layout()

    def fields(self) -> dict[str, Field]:
        return {"activation_code": self.activation, "password": self.password, "again": self.again}

    def begin(self) -> None:
        self.activation.clear()
        self.forget()
        self.activation.setFocus()

    def forget(self) -> None:
        self.password.clear()
        self.again.clear()

    def submit(self) -> None:
        if self.is_missing(
            (self.activation, not self.activation.text(), "activation_missing"),
            (self.password, not self.password.text(), "password_missing"),
            (self.again, self.again.text() != self.password.text(), "password_differs"),
        ):
            return
        self.answered.emit((self.activation.text(), self.password.text()))


class PasswordStep(Step):
    """Answers with a password, for who left before confirming the QR code."""

    def __init__(self) -> None:
        super().__init__(self.tr("Show the QR code"))
        self.password = PasswordField(self.tr("Your &password"))
        self.password.edit.setObjectName("own_password")
        self.password.submitted.connect(self.submit)
        self.column.addWidget(self.password)
        self.finish_layout()

    def fields(self) -> dict[str, Field]:
        return {"password": self.password}

    def begin(self) -> None:
        self.forget()
        self.password.setFocus()

    def forget(self) -> None:
        self.password.clear()

    def submit(self) -> None:
        if not self.is_missing((self.password, not self.password.text(), "password_missing")):
            self.answered.emit(self.password.text())


class QrStep(Step):
    """Shows the QR code, and answers with the first code that the authenticator gives."""

    def __init__(self) -> None:
        super().__init__(self.tr("Confirm"))
        self.qr = QrView()
        self.key = Text("", "value", wrap=True)
        self.key.setObjectName("authenticator_key")
        self.key.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.code = CodeField(self.tr("The &code that it shows"), hint=self.tr("Six digits, new every 30 seconds"))
        self.code.edit.setObjectName("confirm_code")
        self.code.submitted.connect(self.submit)
        self.uri = ""
        side = QVBoxLayout()
        side.setSpacing(6)
        side.addWidget(Text(self.tr("Scan it with the authenticator on your phone."), "body", wrap=True))
        side.addSpacing(6)
        side.addWidget(Text(self.tr("Or type this key into it:"), "label", wrap=True))
        side.addWidget(self.key)
        side.addStretch(1)
        side.addWidget(self.code)
        row = QHBoxLayout()
        row.setSpacing(20)
        row.addWidget(self.qr, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(side, 1)
        self.column.addLayout(row)
        self.finish_layout()

    def fields(self) -> dict[str, Field]:
        return {"totp": self.code}

    def show_seed(self, seed: NewSeed) -> None:
        """The code of this seed, and its key as it is typed by hand."""
        self.uri = seed.uri
        self.qr.show_uri(seed.uri)
        found = _SECRET.search(seed.uri)
        secret = found[1] if found else ""
        self.key.setText(" ".join(secret[start : start + 4] for start in range(0, len(secret), 4)))
        self.code.clear()
        self.code.setFocus()

    def forget(self) -> None:
        self.uri = ""
        self.qr.clear()
        self.key.setText("")
        self.code.clear()

    def submit(self) -> None:
        if not self.is_missing((self.code, not self.code.is_complete(), "totp_malformed")):
            self.answered.emit(self.code.code())


class CredentialStep(Step):
    """Answers with `Credentials`: of the person, or of the colleague who is the witness."""

    def __init__(self, now_ms: Callable[[], int], button: str, other: str = "", *, code_hint: str = "") -> None:
        super().__init__(button, other)
        self.credentials = CredentialFields(now_ms, code_hint=code_hint)
        self.credentials.submitted.connect(self.answered)
        self.column.addWidget(self.credentials)
        self.finish_layout()

    def begin(self) -> None:
        self.credentials.begin()

    def begin_for(self, person: str) -> None:
        """The person is known already."""
        self.credentials.begin(person)

    def forget(self) -> None:
        self.credentials.forget()

    def submit(self) -> None:
        self.credentials.submit()

    def set_busy(self, *, busy: bool) -> None:
        self.button.setEnabled(not busy)
        self.credentials.set_busy(busy=busy)

    def show_refusal(self, refusal: Refusal) -> None:
        self.set_busy(busy=False)
        self.credentials.show_refusal(refusal)


class WaitStep(Step):
    """Says what has to happen elsewhere; answers with None when the person says that it has."""

    def __init__(self) -> None:
        super().__init__(self.tr("Look again"))
        self.text = Text("", "body", wrap=True)
        self.column.addWidget(self.text)
        self.finish_layout()

    def begin(self) -> None:
        self.button.setFocus()

    def submit(self) -> None:
        self.answered.emit(None)
