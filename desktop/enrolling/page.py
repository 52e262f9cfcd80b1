"""The first start: where the centre is, the one-time code, and the fingerprint that a person there compares."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from babel.numbers import format_decimal
from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from core.device import DeviceIdentity
from core.device.keys import DEVICE_KEY
from core.errors import EnvironmentProblem, Refusal
from core.secrets.store import SecretStore
from core.signing_in.enrolling import LineTo, Requested, enrol, in_groups, look_for_trust, waiting
from desktop.enrolling.keeping import KeepingFace
from desktop.full_page import FullPage
from desktop.login.wording import sentence
from desktop.tasks import Tasks
from desktop.theme import current_theme
from desktop.widgets import Button, KeyValueList, Notice, Text, TextField, column_of

POLL_MS = 2000
_WIDTH = 560
_GROUPS_A_LINE = 4


class EnrolmentPage(FullPage):
    """Four faces: asking for address and code, showing the fingerprint until it is trusted, showing the centre's, and
    fetching the books. `papers` is where the sheet of fingerprints is kept; None for the user's documents.

    With `anew` it speaks to a desk that was enrolled before: the new key is made beside the old one, and as long as
    nothing is fetched one may go back (`close_wanted`).
    """

    submitted = Signal(str, str)
    keys_compared = Signal()
    close_wanted = Signal()

    def __init__(self, locale: str = "en_GB", papers: Path | None = None, *, anew: bool = False) -> None:
        super().__init__(self.tr("Set up this desk"), width=_WIDTH, locale=locale)
        self._locale, self._anew = locale, anew
        self.strip.hide()
        self.notice = Notice("", " ", "danger")
        self.notice.hide()
        self.address = TextField(
            self.tr("The centre's &address"), placeholder="https://centre.bank.example", length_max=200
        )
        self.address.edit.setObjectName("centre_address")
        self.code = TextField(
            self.tr("&One-time code"), hint=self.tr("Sixteen characters, from the bank's office"), length_max=40
        )
        self.code.edit.setObjectName("enrolment_code")
        self.button = Button(self.tr("Make the key"), "primary", shown_key=self.tr("Enter"))
        self.button.clicked.connect(self.primary)
        self.back_button = Button(self.tr("Back"), shown_key="Esc")
        self.back_button.clicked.connect(self.back)
        self.back_button.setVisible(anew)
        self.address.submitted.connect(self.code.setFocus)
        self.code.submitted.connect(self.primary)
        self.fingerprint = Text("", "figure")
        self.fingerprint.setObjectName("fingerprint")
        self.fingerprint.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.progress = Text("", "figure")
        self.progress.setObjectName("progress")
        self._asked = KeyValueList()
        self._asking, self._awaiting, self._fetching = self._asking_face(), self._awaiting_face(), self._fetching_face()
        self.card.body.addWidget(self.notice)
        self.card.body.addWidget(self._asking)
        self.card.body.addWidget(self._awaiting)
        self.card.body.addWidget(self._fetching)
        self.keeping = KeepingFace(papers)
        self.keeping.went_on.connect(self.keys_compared)
        self.card.body.addWidget(self.keeping)

    def ask(self, address: str) -> None:
        """Begin: address and code."""
        if self._anew:
            title = self.tr("Enrol this desk anew")
            lead = self.tr(
                "A new key is made beside the old one, and the branch's books are fetched. The old file and key stay: "
                "what was not sent is handed over as it was signed."
            )
        else:
            title = self.tr("Set up this desk")
            lead = self.tr(
                "A key is made on this computer and never leaves it. A person at the bank's office then compares its "
                "fingerprint and trusts it."
            )
        self.set_title(title, lead)
        self._show(self._asking)
        self.address.set_text(address)
        (self.code if address else self.address).setFocus()

    def await_trust(self, requested: Requested) -> None:
        """Show the fingerprint until a person has compared it."""
        self.set_title(
            self.tr("Read this to the bank's office"),
            self.tr("They compare every group. This page goes on by itself as soon as they trust the key."),
        )
        groups = in_groups(requested.fingerprint).split(" ")
        lines = [groups[start : start + _GROUPS_A_LINE] for start in range(0, len(groups), _GROUPS_A_LINE)]
        self.fingerprint.setText("\n".join("  ".join(line) for line in lines))
        self.fingerprint.setAccessibleName(self.tr("Fingerprint: {f}").format(f=" ".join(groups)))
        self._asked.set_rows(
            [
                (self.tr("Desk"), requested.device),
                (self.tr("Branch"), requested.branch),
                (self.tr("Epoch"), str(requested.epoch)),
            ]
        )
        self._show(self._awaiting)
        self.setFocus()

    def show_keys(self, identity: DeviceIdentity) -> None:
        """The key is trusted here; the person now compares the centre's, and keeps both on paper."""
        self.set_title(
            self.tr("Compare the centre's key"),
            self.tr("It must be the one on the bank's own paper. Keep both: they prove later whose work is whose."),
        )
        self.keeping.show_keys(identity)
        self._show(self.keeping)
        self.setFocus()

    def fetch(self) -> None:
        """The key is trusted: say that the branch's books are on their way."""
        self.set_title(
            self.tr("Fetching the branch's books"),
            self.tr("They are checked as they come. If the line goes down, this begins again by itself."),
        )
        self.show_progress(0, 0)
        self._show(self._fetching)
        self.setFocus()

    def show_progress(self, done: int, total: int) -> None:
        """How many operations are here, of how many; `total` is 0 while that is not known."""
        counted = self.tr("{done} of {total}").format(
            done=format_decimal(done, locale=self._locale), total=format_decimal(total, locale=self._locale)
        )
        self.progress.setText(counted if total else "\u2026")

    def set_busy(self, *, busy: bool) -> None:
        """Nothing is sent twice."""
        for widget in (self.button, self.address, self.code):
            widget.setEnabled(not busy)

    def show_refusal(self, refusal: Refusal) -> None:
        """Say why not."""
        self.set_busy(busy=False)
        if refusal.field == "code":
            self.code.set_error(sentence(refusal))
            self.code.setFocus()
        else:
            self.show_problem(sentence(refusal))

    def show_problem(self, text: str) -> None:
        """Say what is in the way."""
        self.set_busy(busy=False)
        self.notice.show_notice(self.tr("Not yet."), text, "warn")
        self.notice.show()

    def primary(self) -> None:
        """Enter makes the key; once it is trusted, Enter goes on."""
        if not self.keeping.isHidden():
            self.keeping.went_on.emit()
            return
        if self._asking.isHidden() or not self.button.isEnabled():
            return
        self.notice.hide()
        for field, text in (
            (self.address, self.tr("Type the centre's address.")),
            (self.code, self.tr("Type the one-time code.")),
        ):
            field.set_error(None if field.text() else text)
        first = next((field for field in (self.address, self.code) if not field.text()), None)
        if first is not None:
            first.setFocus()
            return
        self.submitted.emit(self.address.text(), self.code.text())

    def back(self) -> None:
        """Esc leaves a desk that is enrolled anew as it was; what was asked for goes on when one comes back."""
        if self._anew and self._fetching.isHidden():
            self.close_wanted.emit()

    def _show(self, face: QWidget) -> None:
        for each in (self._asking, self._awaiting, self._fetching, self.keeping):
            each.setVisible(each is face)
        self.notice.hide()
        self.set_busy(busy=False)

    def _asking_face(self) -> QWidget:
        face = QWidget()
        column = QVBoxLayout(face)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        column.addLayout(column_of(self.address, self.code))
        row = QHBoxLayout()
        row.addWidget(self.button)
        row.addStretch(1)
        row.addWidget(self.back_button)
        column.addLayout(row)
        return face

    def _awaiting_face(self) -> QWidget:
        face = QWidget()
        column = QVBoxLayout(face)
        column.setContentsMargins(0, current_theme().px(4), 0, 0)
        column.setSpacing(16)
        column.addWidget(self.fingerprint, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(self._asked)
        column.addWidget(Text(self.tr("Waiting to be trusted\u2026"), "quiet"))
        return face

    def _fetching_face(self) -> QWidget:
        face = QWidget()
        column = QVBoxLayout(face)
        column.setContentsMargins(0, current_theme().px(4), 0, 0)
        column.setSpacing(16)
        column.addWidget(self.progress, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(Text(self.tr("Operations of this branch"), "quiet"), 0, Qt.AlignmentFlag.AlignHCenter)
        return face


class Enrolling(QObject):
    """Leads through the page. `trusted` carries the `DeviceIdentity` that the centre gave."""

    trusted = Signal(object)

    def __init__(
        self,
        page: EnrolmentPage,
        tasks: Tasks,
        secrets: SecretStore,
        line_to: LineTo,
        *,
        key_name: str = DEVICE_KEY,
        remember: Callable[[str], None],
        poll_ms: int = POLL_MS,
    ) -> None:
        super().__init__(page)
        self._page, self._tasks, self._secrets = page, tasks, secrets
        self._line_to, self._remember, self._key_name = line_to, remember, key_name
        self._address = ""
        self._requested: Requested | None = None
        self._polling = QTimer(self)
        self._polling.setInterval(poll_ms)
        self._polling.timeout.connect(self._look)
        self._looking = False
        page.submitted.connect(self._enrol)

    def begin(self, address: str) -> None:
        """Ask; or go on waiting, if this desk's key was shown to that centre before."""
        self._page.ask(address)
        if address:
            self._address = address
            self._run(lambda: waiting(self._line_to(address), self._secrets, self._key_name), self._resume, quiet=True)

    def stop(self) -> None:
        """Ask the centre nothing more."""
        self._polling.stop()

    def _resume(self, requested: Requested | None) -> None:
        if requested is not None and self._requested is None:
            self._await(requested)

    def _enrol(self, address: str, code: str) -> None:
        self._address = address
        self._page.set_busy(busy=True)

        def work() -> Requested | Refusal:
            answer = enrol(self._line_to(address), self._secrets, code, name=self._key_name)
            if not isinstance(answer, Refusal):
                self._remember(address)
            return answer

        self._run(work, self._enrolled)

    def _enrolled(self, answer: Requested | Refusal) -> None:
        if isinstance(answer, Refusal):
            self._page.show_refusal(answer)
        else:
            self._await(answer)

    def _await(self, requested: Requested) -> None:
        self._requested = requested
        self._page.await_trust(requested)
        self._polling.start()
        self._look()

    def _look(self) -> None:
        requested, address = self._requested, self._address
        if requested is None or self._looking:
            return
        self._looking = True
        self._run(lambda: look_for_trust(self._line_to(address), requested, address), self._looked)

    def _looked(self, answer: DeviceIdentity | Refusal | None) -> None:
        self._looking = False
        if isinstance(answer, DeviceIdentity):
            self._polling.stop()
            self.trusted.emit(answer)
        elif isinstance(answer, Refusal):
            self._polling.stop()
            self._page.show_refusal(answer)

    def _run(self, work: Callable[[], object], done: Callable[..., None], *, quiet: bool = False) -> None:
        def failed(problem: EnvironmentProblem) -> None:
            self._looking = False
            if not quiet:
                self._page.show_problem(problem.message)

        self._tasks.run_network(work, done=done, failed=failed, owner=self._page)
