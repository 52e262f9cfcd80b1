"""A second person at the desk: asked in a window of their own, they sign in for one operation and are gone again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from core.device import Draft
from core.errors import EnvironmentProblem, Refusal
from core.signing_in import Approval, SigningIn
from desktop.desk import ApprovalRequest
from desktop.login.wording import sentence
from desktop.tasks import Tasks
from desktop.widgets import ApprovalDialog, ApproverAnswer
from desktop.wording import short_age

_FIELDS = {"person": "staff_code", "password": "password", "totp": "code"}


class SecondPerson:
    """Asks for approvals (`desktop.desk.Approving`).

    `approved` puts the operation into the database thread; the end of the approver's session follows it there, and
    so never comes before it.
    """

    def __init__(self, signing_in: SigningIn, tasks: Tasks, maker_name: Callable[[], str]) -> None:
        self._signing_in = signing_in
        self._tasks = tasks
        self._maker_name = maker_name

    def ask(
        self,
        parent: QWidget,
        draft: Draft,
        request: ApprovalRequest,
        *,
        approved: Callable[[str], None],
        declined: Callable[[], None],
        cancelled: Callable[[], None],
    ) -> None:
        """Open the window; exactly one of `approved`, `declined` and `cancelled` is called."""
        dialog = ApprovalDialog(
            request.title, request.reason, request.pairs, maker=self._maker_name(), parent=parent.window()
        )
        dialog.setObjectName("approval")
        asking = _Asking(self._signing_in, self._tasks, dialog, draft, approved)
        dialog.submitted.connect(asking.submit)
        # Before `rejected`, which follows it.
        dialog.declined.connect(lambda: asking.give_up(declined))
        dialog.rejected.connect(lambda: asking.give_up(cancelled))
        dialog.open()


class _Asking(QObject):
    """One question, until it is answered. Lives as long as its window."""

    def __init__(
        self,
        signing_in: SigningIn,
        tasks: Tasks,
        dialog: ApprovalDialog,
        draft: Draft,
        approved: Callable[[str], None],
    ) -> None:
        super().__init__(dialog)
        self._signing_in, self._tasks, self._dialog, self._draft = signing_in, tasks, dialog, draft
        self._approved = approved
        self._over = False

    def submit(self, answer: ApproverAnswer) -> None:
        """Check who it is and have them sign."""
        person = answer.staff_code.lower()
        draft, approve = self._draft, self._signing_in.approve
        self._tasks.run_network(
            lambda: approve(draft, person, answer.password, answer.code), done=self._answered, failed=self._failed
        )

    def give_up(self, tell: Callable[[], None]) -> None:
        """Declined; or cancelled by hand, or because the desk was locked."""
        if not self._over:
            self._over = True
            self._dialog.deleteLater()
            tell()

    def _answered(self, answer: Approval | Refusal) -> None:
        if isinstance(answer, Refusal):
            if not self._over:
                self._show(answer)
            return
        if self._over:
            # Cancelled while the password was being checked: the approval is not used.
            self._tasks.run(self._signing_in.conclude, answer)
            return
        self._over = True
        self._dialog.accept()
        self._dialog.deleteLater()
        self._approved(answer.jws)
        self._tasks.run(self._signing_in.conclude, answer)

    def _show(self, refusal: Refusal) -> None:
        text = sentence(refusal)
        waiting = refusal.detail.get("wait_ms")
        if isinstance(waiting, int) and waiting:
            text += " " + self._dialog.tr("The next try is possible in {time}.").format(
                time=short_age(timedelta(milliseconds=max(waiting, 5_000)))
            )
        field = _FIELDS.get(refusal.field or "")
        if field == "password":
            self._dialog.password.clear()
        self._dialog.show_error(self._dialog.tr("Not approved."), text, field=field)

    def _failed(self, problem: EnvironmentProblem) -> None:
        if not self._over:
            self._dialog.show_error(self._dialog.tr("Not approved."), problem.message)
