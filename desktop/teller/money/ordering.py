"""From an order to an entry: worked out, asked of the centre where rights are lacking, confirmed, posted once."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from core.device import Draft, Performed
from core.errors import EnvironmentProblem, Refusal
from desktop.desk import ApprovalRequest, Desk
from desktop.tasks import Job
from desktop.teller.drafting import PATIENCE_MS, Drafting, Intent
from desktop.teller.money.order import Order


class Ordering(QObject):
    """One order at a time. Nothing is posted before `confirm`, and a confirmed order is posted once.

    `asking` while the centre is asked for more rights; then `drafted` with the `Draft` to be looked at, or `short` with
    a `Shortage`, or `refused` with a `Refusal`, or `failed` with an `EnvironmentProblem`. `renewed` carries
    a later draft of the same order. After `confirm`: `posted` with `Performed`, or `refused`, or `failed`.
    """

    asking = Signal()
    drafted = Signal(object)
    short = Signal(object)
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
        self._posting = False
        self.drafting = Drafting(desk, patience_ms=patience_ms, parent=self)
        self.drafting.asking.connect(self.asking)
        self.drafting.drafted.connect(self._drafted)
        self.drafting.short.connect(self.short)
        self.drafting.refused.connect(self._refuse)
        self.drafting.failed.connect(self._failed)

    def begin(self, order: Order) -> None:
        """Work out what the order would do."""
        self.abandon()
        self._order = order
        self.drafting.begin(Intent(order.body, order.records, with_drawer=order.with_drawer))

    def begin_standin(self, order: Order, draft: Draft) -> None:
        """Look at the draft that pays what is lacking at the bank's own risk."""
        self.abandon()
        self._order = order
        self._drafted(draft)

    def abandon(self) -> None:
        """Back to the form: no answer that is still on its way counts. What is being posted is posted."""
        self.drafting.cancel()
        if self._job is not None:
            self._job.cancel()
        self._job = self._order = self._draft = None

    def is_posting(self) -> bool:
        """Whether a confirmed order is under way."""
        return self._posting

    def renew(self) -> None:
        """Work the reviewed order out again, because the figures it rests on have changed."""
        order = self._order
        if order is None or self._draft is None or self._posting:
            return
        standin = self._draft.standin

        def again(draft: Draft) -> None:
            if self._order is order and not self._posting and not draft.findings:
                self._draft = draft
                self.renewed.emit(draft)

        self._job = self._desk.draft(
            order.body, again, records=order.records, with_drawer=order.with_drawer, standin=standin, owner=self
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

    def _drafted(self, draft: Draft) -> None:
        self._draft = draft
        self.drafted.emit(draft)

    def _refuse(self, refusal: Refusal) -> None:
        self._order = self._draft = None
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
