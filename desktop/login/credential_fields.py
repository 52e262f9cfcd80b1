"""The three fields of a sign-in, checked before they are sent, with what was wrong shown at the field."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from core.errors import Refusal
from desktop.login.credentials import Credentials
from desktop.login.wording import sentence
from desktop.widgets import CodeField, Notice, PasswordField, TextField, column_of

STAFF_CODE_LENGTH_MAX = 32
_TICK_MS = 250


class CredentialFields(QWidget):
    """`submitted` carries `Credentials` when Enter is pressed in the last field, or by `submit`.

    After `show_refusal` the one-time code is always typed anew; the password only where it was wrong.
    """

    submitted = Signal(object)

    def __init__(self, now_ms: Callable[[], int], *, code_hint: str = "", password_label: str = "") -> None:
        super().__init__()
        self._now_ms = now_ms
        self._wait_until_ms = 0
        self._busy = False
        self.staff_code = TextField(self.tr("&Staff code"), length_max=STAFF_CODE_LENGTH_MAX)
        self.staff_code.edit.setObjectName("staff_code")
        self.password = PasswordField(password_label or self.tr("&Password"))
        self.password.edit.setObjectName("password")
        self.code = CodeField(self.tr("&One-time code"), hint=code_hint or self.tr("Six digits from your phone"))
        self.code.edit.setObjectName("code")
        self.notice = Notice("", " ", "danger")
        self.notice.hide()
        self.staff_code.submitted.connect(lambda: _go_to(self.password))
        self.password.submitted.connect(lambda: _go_to(self.code))
        self.code.submitted.connect(self.submit)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        column.addWidget(self.notice)
        column.addLayout(column_of(self.staff_code, self.password, self.code))
        self._ticking = QTimer(self)
        self._ticking.setInterval(_TICK_MS)
        self._ticking.timeout.connect(self._tick)

    def person(self) -> str:
        """The staff code as it is meant: small letters."""
        return self.staff_code.text().lower()

    def begin(self, person: str = "") -> None:
        """Start afresh, with the staff code known or not."""
        self.forget()
        self.staff_code.set_text(person)
        self.notice.hide()
        (self.password if person else self.staff_code).setFocus()

    def forget(self) -> None:
        """Forget the password and the code."""
        self.password.clear()
        self.code.clear()

    def submit(self) -> None:
        """Send what stands there, once everything does and no wait is left."""
        if self._busy or self.waiting_ms():
            return
        missing = [
            (self.staff_code, not self.person(), "staff_code_missing"),
            (self.password, not self.password.text(), "password_missing"),
            (self.code, not self.code.is_complete(), "totp_malformed"),
        ]
        for field, empty, code in missing:
            field.set_error(sentence(Refusal(code)) if empty else None)
        first = next((field for field, empty, _code in missing if empty), None)
        if first is not None:
            first.setFocus()
            return
        self.notice.hide()
        self.submitted.emit(Credentials(self.person(), self.password.text(), self.code.code()))

    def set_busy(self, *, busy: bool) -> None:
        """Nothing can be typed or sent twice while the answer is awaited."""
        self._busy = busy
        for field in (self.staff_code, self.password, self.code):
            field.setEnabled(not busy)

    def show_refusal(self, refusal: Refusal) -> None:
        """Say what was wrong, at the field where it was; and how long to wait, counting down."""
        self.set_busy(busy=False)
        self.code.clear()
        if refusal.field == "password":
            self.password.clear()
        waiting = refusal.detail.get("wait_ms")
        self._wait_until_ms = self._now_ms() + waiting if isinstance(waiting, int) else 0
        named = {"person": self.staff_code, "password": self.password, "totp": self.code}.get(refusal.field or "")
        if named is not None:
            named.set_error(sentence(refusal))
            named.setFocus()
        else:
            self.code.setFocus()
        if self.waiting_ms():
            self._ticking.start()
            self._tick()
        elif named is None:
            self.notice.show_notice(self.tr("Not signed in."), sentence(refusal), "danger")
            self.notice.show()

    def show_problem(self, lead: str, text: str) -> None:
        """Say what is in the way when it is nothing that was typed."""
        self.set_busy(busy=False)
        self.code.clear()
        self.notice.show_notice(lead, text, "warn")
        self.notice.show()
        self.code.setFocus()

    def waiting_ms(self) -> int:
        """How long the next try has to wait still."""
        return max(0, self._wait_until_ms - self._now_ms())

    def _tick(self) -> None:
        left = self.waiting_ms()
        if not left:
            self._ticking.stop()
            self.notice.hide()
            return
        minutes, seconds = divmod(-(-left // 1000), 60)
        time = self.tr("{m} min {s} s").format(m=minutes, s=seconds) if minutes else self.tr("{s} s").format(s=seconds)
        text = self.tr("The next try is possible in {time}.").format(time=time)
        self.notice.show_notice(self.tr("Too many failed tries."), text, "warn")
        self.notice.show()


def _go_to(field: PasswordField | CodeField) -> None:
    """What stands there already is typed over."""
    field.edit.setFocus()
    field.edit.selectAll()
