"""From an order to an entry: worked out, asked of the centre where rights are lacking, confirmed, posted once."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QWidget

from core.device import Draft, Performed
from core.errors import EnvironmentProblem, LineProblem, Refusal
from desktop.desk import ApprovalRequest, Desk
from desktop.tasks import Job
from desktop.teller.money.order import Order

PATIENCE_MS = 8000
"""How long a customer is kept waiting for the centre's answer; then the desk goes by what it holds."""


class Ordering(QObject):
    """One order at a time. Nothing is posted before `confirm`, and a confirmed order is posted once.

    `asking` while the centre is asked for more rights; then `drafted` with the `Draft` to be looked at, or `refused`
    with a `Refusal`, or `failed` with an `EnvironmentProblem`. `renewed` carries a later draft of the same order.
    After `confirm`: `posted` with `Performed`, or `refused`, or `failed`.
    """

    asking = Signal()
    drafted = Signal(object)
    renewed = Signal(object)
    refused = Signal(object)
    failed = Signal(object)
    posted = Signal(object)

    def __init__(self, desk: Desk, *, patience_ms: int = PATIENCE_MS, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self._order: Order | None = None
        self._draft: Draft | None = None
        self._job: Job | None = None
        self._asked = False
        self._posting = False
        self._shortage = Refusal("rights_exceeded", "amount")
        self._patience = QTimer(self)
        self._patience.setSingleShot(True)
        self._patience.setInterval(patience_ms)
        self._patience.timeout.connect(self._out_of_patience)

    def begin(self, order: Order) -> None:
        """Work out what the order would do."""
        self.abandon()
        self._order = order
        self._work_out(order)

    def abandon(self) -> None:
        """Back to the form: no answer that is still on its way counts. What is being posted is posted."""
        self._patience.stop()
        if self._job is not None:
            self._job.cancel()
        self._job = self._order = self._draft = None
        self._asked = False

    def is_posting(self) -> bool:
        """Whether a confirmed order is under way."""
        return self._posting

    def renew(self) -> None:
        """Work the reviewed order out again, because the figures it rests on have changed."""
        order = self._order
        if order is None or self._draft is None or self._posting:
            return

        def again(draft: Draft) -> None:
            if self._order is order and not self._posting and not draft.findings:
                self._draft = draft
                self.renewed.emit(draft)

        self._job = self._desk.draft(
            order.body, again, records=order.records, with_drawer=order.with_drawer, owner=self
        )

    def confirm(self, parent: QWidget, request: ApprovalRequest) -> None:
        """Post the draft that was looked at. A second call while the first is under way does nothing."""
        draft = self._draft
        if draft is None or self._posting:
            return
        self._posting = True
        if self._job is not None:
            self._job.cancel()
        self._desk.post(parent, draft, request, done=self._posted, refused=self._not_posted, failed=self._failed)

    def _work_out(self, order: Order) -> None:
        self._job = self._desk.draft(
            order.body,
            self._worked_out,
            records=order.records,
            with_drawer=order.with_drawer,
            failed=self._failed,
            owner=self,
        )

    def _worked_out(self, draft: Draft) -> None:
        if not draft.findings:
            self._draft = draft
            self.drafted.emit(draft)
            return
        finding = draft.findings[0]
        if finding.code == "rights_exceeded" and len(draft.findings) == 1 and not self._asked:
            self._ask_the_centre(finding)
        elif finding.code == "rights_exceeded" and self._asked:
            self._refuse(Refusal("rights_not_granted", "amount", finding.detail))
        else:
            self._refuse(finding)

    def _ask_the_centre(self, shortage: Refusal) -> None:
        order = self._order
        payable = shortage.detail.get("payable")
        if order is None or not isinstance(payable, int):
            self._refuse(shortage)
            return
        self._asked, self._shortage = True, shortage
        missing = order.amount.minor - payable
        self.asking.emit()
        self._patience.start()
        self._job = self._desk.tasks.run_network(
            lambda: self._desk.line.fetch_rights(order.account, missing, missing),
            done=self._granted,
            failed=self._not_granted,
            owner=self,
        )

    def _granted(self, _granted: int) -> None:
        """Whatever was granted is on this device: the rules say whether it is enough."""
        self._patience.stop()
        if self._order is not None:
            self._work_out(self._order)

    def _not_granted(self, problem: EnvironmentProblem) -> None:
        self._patience.stop()
        if isinstance(problem, LineProblem):
            self._refuse(self._shortage)
        else:
            self._refuse(Refusal("rights_not_granted", "amount", self._shortage.detail))

    def _out_of_patience(self) -> None:
        if self._job is not None:
            self._job.cancel()
        self._refuse(self._shortage)

    def _refuse(self, refusal: Refusal) -> None:
        self._order = self._draft = None
        self._asked = False
        self.refused.emit(refusal)

    def _posted(self, performed: Performed) -> None:
        self._posting = False
        self._order = self._draft = None
        self.posted.emit(performed)

    def _not_posted(self, refusal: Refusal) -> None:
        """The review stays: whoever made it may try again or change something."""
        self._posting = False
        self.refused.emit(refusal)

    def _failed(self, problem: EnvironmentProblem) -> None:
        self._posting = False
        self.failed.emit(problem)
