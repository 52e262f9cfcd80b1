"""Where a desk begins the day and comes back to: who are you? The same page, in other words, while it is locked."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout

from core.errors import EnvironmentProblem, Refusal
from core.signing_in import KnownPerson
from desktop.full_page import FullPage
from desktop.login.credential_fields import CredentialFields
from desktop.widgets import Button, Hairline, LineState, LineStatus, Notice, Tone


class SignInPage(FullPage):
    """`submitted` carries `Credentials`; `first_time` the staff code that stands there."""

    submitted = Signal(object)
    first_time = Signal(str)
    somebody_else = Signal()

    def __init__(self, now_ms: Callable[[], int], locale: str = "en_GB") -> None:
        super().__init__(self.tr("Sign in"), locale=locale)
        self.fields = CredentialFields(now_ms)
        self.button = Button(self.tr("Sign in"), "primary", shown_key=self.tr("Enter"))
        self.button.setObjectName("sign_in")
        self.first_time_button = Button(self.tr("First time at this desk"), "plain", shown_key="F4")
        self.other_button = Button(self.tr("Somebody else"), "plain", shown_key="F4")
        self.offline = Notice("", " ", "info")
        self.offline.hide()
        self.earlier = Notice("", " ", "info")
        self.earlier.setObjectName("earlier_lives")
        self.earlier.hide()
        self._locked_for = ""
        self.fields.submitted.connect(self._submit)
        self.button.clicked.connect(self.fields.submit)
        self.first_time_button.clicked.connect(lambda: self.first_time.emit(self.fields.person()))
        self.other_button.clicked.connect(self.somebody_else)
        key = QShortcut(QKeySequence("F4"), self)
        key.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        key.activated.connect(self._second)
        buttons = QHBoxLayout()
        buttons.setSpacing(10)
        buttons.addWidget(self.button)
        buttons.addStretch(1)
        buttons.addWidget(self.first_time_button)
        buttons.addWidget(self.other_button)
        body = self.card.body
        body.addWidget(self.offline)
        body.addWidget(self.earlier)
        body.addSpacing(4)
        body.addWidget(self.fields)
        body.addSpacing(4)
        body.addWidget(Hairline())
        body.addLayout(buttons)
        self.begin()

    def begin(self) -> None:
        """Ask anybody."""
        self._locked_for = ""
        self.set_title(self.tr("Sign in"), "")
        self._show_buttons(locked=False)
        self.fields.begin()

    def begin_locked(self, person: str, name: str, why: str) -> None:
        """Ask the person whose work waits behind this page."""
        self._locked_for = person
        kept = self.tr("The work that was begun is still there.")
        self.set_title(self.tr("Locked for {name}").format(name=name), f"{why} {kept}".strip())
        self._show_buttons(locked=True)
        self.fields.begin(person)

    @property
    def locked_for(self) -> str:
        """The staff code of the person whose work waits, or empty."""
        return self._locked_for

    def show_refusal(self, refusal: Refusal) -> None:
        """Say why not."""
        self._set_busy(busy=False)
        self.fields.show_refusal(refusal)

    def show_problem(self, problem: EnvironmentProblem) -> None:
        """Say what is in the way."""
        self._set_busy(busy=False)
        self.fields.show_problem(self.tr("Not signed in."), problem.message)

    def show_known(self, people: tuple[KnownPerson, ...]) -> None:
        """Help who does not remember their code: the codes of those who work here."""
        ready = [known.person for known in people if known.ready]
        shown = ", ".join(ready[:6]) + (" \u2026" if len(ready) > 6 else "")
        self.fields.staff_code.set_hint(self.tr("Known at this desk: {codes}").format(codes=shown) if ready else "")

    def show_status(self, status: LineStatus) -> None:
        """Without the line signing in works all the same, except for a first time."""
        super().show_status(status)
        absent = status.without_line
        self.first_time_button.setEnabled(not absent and status.state is not LineState.STARTING)
        self.offline.setVisible(absent)
        if absent:
            text = self.tr("Who has worked at this desk before can sign in; a first time needs the line.")
            self.offline.show_notice(self.tr("The line is down."), text, "info")

    def show_earlier(self, lead: str, text: str, tone: Tone) -> None:
        """Say what becomes of the work of the desk's earlier lives; nothing where there is no text."""
        self.earlier.setVisible(bool(text))
        if text:
            self.earlier.show_notice(lead, text, tone)

    def primary(self) -> None:
        """Enter signs in."""
        self.fields.submit()

    def finish(self) -> None:
        """Forget everything that was typed."""
        self._set_busy(busy=False)
        self.fields.forget()

    def _submit(self, credentials: object) -> None:
        self._set_busy(busy=True)
        self.submitted.emit(credentials)

    def _set_busy(self, *, busy: bool) -> None:
        self.fields.set_busy(busy=busy)
        self.button.setEnabled(not busy)
        self.button.set_label(self.tr("Checking\u2026") if busy else self.tr("Sign in"))

    def _show_buttons(self, *, locked: bool) -> None:
        self.first_time_button.setVisible(not locked)
        self.other_button.setVisible(locked)
        self.fields.staff_code.edit.setReadOnly(locked)
        # A field that can't be changed is no stop on the way by Tab.
        self.fields.staff_code.edit.setFocusPolicy(Qt.FocusPolicy.NoFocus if locked else Qt.FocusPolicy.StrongFocus)

    def _second(self) -> None:
        if self._locked_for:
            self.somebody_else.emit()
        elif self.first_time_button.isEnabled():
            self.first_time.emit(self.fields.person())
