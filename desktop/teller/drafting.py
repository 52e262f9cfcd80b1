"""Working out what an operation would do, with spending rights fetched from the centre where this desk lacks them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from PySide6.QtCore import QObject, QTimer, Signal

from core.device import Draft
from core.errors import EnvironmentProblem, LineProblem, Refusal
from core.operations.kind import Body
from core.operations.money import debited
from core.operations.reversals import EntryReversed
from core.sync.loop import FetchedRights
from desktop.desk import Desk
from desktop.tasks import Job

PATIENCE_MS = 8000
"""How long a customer is kept waiting for the centre's answer; then the desk goes by what it holds."""


@dataclass(frozen=True, slots=True)
class Intent:
    """An operation to be worked out. `records` are the bytes that the body names, by digest."""

    body: Body
    records: Mapping[str, bytes] = field(default_factory=dict)
    with_drawer: bool = False
    business_date: str | None = None


class Drafting(QObject):
    """One intent at a time. `asking` while the centre is asked for rights; then exactly one of the other three.

    `drafted` carries a `Draft` that nothing speaks against, `refused` a `Refusal`, `failed` an `EnvironmentProblem`.
    """

    asking = Signal()
    drafted = Signal(object)
    refused = Signal(object)
    failed = Signal(object)

    def __init__(self, desk: Desk, *, patience_ms: int = PATIENCE_MS, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self._intent: Intent | None = None
        self._job: Job | None = None
        self._short: Draft | None = None
        self._answer: FetchedRights | None = None
        self.patience = QTimer(self)
        self.patience.setSingleShot(True)
        self.patience.setInterval(patience_ms)
        self.patience.timeout.connect(self._out_of_patience)

    def begin(self, intent: Intent) -> None:
        """Work it out; whatever was under way no longer counts."""
        self.cancel()
        self._intent = intent
        self._work_out(intent)

    def cancel(self) -> None:
        """No answer that is still on its way counts."""
        self.patience.stop()
        if self._job is not None:
            self._job.cancel()
        self._job = self._intent = self._short = self._answer = None

    def _work_out(self, intent: Intent) -> None:
        self._job = self._desk.draft(
            intent.body,
            self._worked_out,
            records=intent.records,
            with_drawer=intent.with_drawer,
            business_date=intent.business_date,
            failed=self._fail,
            owner=self,
        )

    def _worked_out(self, draft: Draft) -> None:
        codes = {finding.code for finding in draft.findings}
        if not codes:
            self.cancel()
            self.drafted.emit(draft)
        elif codes != {"rights_exceeded"} or len(debited(draft.postings)) != 1:
            self._refuse(draft.findings[0])
        elif self._answer is not None:
            self._refuse(shortage(draft, self._answer.payable_here + self._answer.available, line_up=True))
        else:
            self._ask_the_centre(draft)

    def _ask_the_centre(self, draft: Draft) -> None:
        self._short = draft
        ((account, amount),) = debited(draft.postings).items()
        missing = amount - payable_of(draft)
        self.asking.emit()
        self.patience.start()
        self._job = self._desk.tasks.run_network(
            lambda: self._desk.line.fetch_rights(account, missing, missing),
            done=self._granted,
            failed=self._not_granted,
            owner=self,
        )

    def _granted(self, answer: FetchedRights) -> None:
        """Whatever was granted is on this device: the rules say whether it is enough."""
        self.patience.stop()
        if self._intent is not None:
            self._answer = answer
            self._work_out(self._intent)

    def _not_granted(self, problem: EnvironmentProblem) -> None:
        self.patience.stop()
        if self._short is not None:
            down = isinstance(problem, LineProblem)
            self._refuse(shortage(self._short, payable_of(self._short), line_up=not down))

    def _out_of_patience(self) -> None:
        if self._short is not None:
            self._refuse(shortage(self._short, payable_of(self._short), line_up=False))

    def _refuse(self, refusal: Refusal) -> None:
        self.cancel()
        self.refused.emit(refusal)

    def _fail(self, problem: EnvironmentProblem) -> None:
        self.cancel()
        self.failed.emit(problem)


def payable_of(draft: Draft) -> int:
    """What this desk may pay out by itself, by the finding that it is too little."""
    payable = draft.findings[0].detail.get("payable")
    return payable if isinstance(payable, int) else 0


def shortage(draft: Draft, payable: int, *, line_up: bool) -> Refusal:
    """Why the money can't leave the account: `payable` is all that can, here, or with the line up anywhere."""
    currency = draft.findings[0].detail.get("currency", "")
    detail: dict[str, object] = {"payable": payable, "currency": currency}
    if isinstance(draft.body, EntryReversed):
        detail["amount"] = sum(debited(draft.postings).values())
        return Refusal("reversal_not_covered" if line_up else "reversal_rights_exceeded", None, detail)
    if line_up:
        return Refusal("rights_not_granted" if payable else "rights_none_granted", "amount", detail)
    return Refusal("rights_exceeded" if payable else "rights_none", "amount", detail)
