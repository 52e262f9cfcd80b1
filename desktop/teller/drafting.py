"""Working out what an operation would do, with spending rights fetched from the centre where this desk lacks them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from PySide6.QtCore import QObject, QTimer, Signal

from core.device import Draft
from core.errors import EnvironmentProblem, LineProblem, Refusal
from core.money import Money
from core.operations.kind import Body
from core.operations.money import STANDIN_KINDS, debited
from core.operations.reversals import EntryReversed
from core.sync.fetched import FetchedRights
from desktop.desk import Desk
from desktop.tasks import Job

PATIENCE_MS = 8000
"""How long a customer is kept waiting for the centre's answer; then the desk goes by what it holds."""

_SHORT = frozenset({"rights_exceeded", "payment_above_lease", "lease_sum_used"})
"""Rights that are lacking, and ceilings that count what is paid by rights: a stand-in may pass both."""


@dataclass(frozen=True, slots=True)
class Intent:
    """An operation to be worked out. `records` are the bytes that the body names, by digest."""

    body: Body
    records: Mapping[str, bytes] = field(default_factory=dict)
    with_drawer: bool = False
    business_date: str | None = None


@dataclass(frozen=True, slots=True)
class Shortage:
    """Money that can't leave the account by this desk's rights, and what is possible instead.

    `payable` is what can: here, or where `line_up` (the centre has answered) anywhere. `missing` is the rest, `coming`
    what other desks were asked to hand back. `beyond` is the draft by which the missing would be paid at the bank's
    own risk; None where that is no question (with the line up, or for anything but cash).
    """

    refusal: Refusal
    account: str
    payable: Money
    missing: Money
    coming: Money
    line_up: bool
    beyond: Draft | None = None

    @property
    def standin(self) -> Draft | None:
        """The draft of the stand-in, where the desk's policy allows it."""
        beyond = self.beyond
        return beyond if beyond is not None and not beyond.findings and at_risk(beyond) else None

    @property
    def why_no_standin(self) -> Refusal | None:
        """What speaks against a stand-in."""
        return self.beyond.findings[0] if self.beyond is not None and self.beyond.findings else None


def at_risk(draft: Draft) -> int:
    """What the draft pays at the bank's own risk, in minor units."""
    return draft.authority.standin if draft.authority is not None else 0


class Drafting(QObject):
    """One intent at a time. `asking` while the centre is asked for rights; then exactly one of the other four.

    `drafted` carries a `Draft` that nothing speaks against, `short` a `Shortage`, `refused` a `Refusal`, `failed` an
    `EnvironmentProblem`.
    """

    asking = Signal()
    drafted = Signal(object)
    short = Signal(object)
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
        self._job = self._draft(intent, self._worked_out)

    def _draft(self, intent: Intent, done: Callable[[Draft], None], *, standin: bool = False) -> Job:
        return self._desk.draft(
            intent.body,
            done,
            records=intent.records,
            with_drawer=intent.with_drawer,
            business_date=intent.business_date,
            standin=standin,
            failed=self._fail,
            owner=self,
        )

    def _worked_out(self, draft: Draft) -> None:
        codes = {finding.code for finding in draft.findings}
        if not codes:
            self.cancel()
            self.drafted.emit(draft)
        elif "rights_exceeded" not in codes or not codes <= _SHORT or len(debited(draft.postings)) != 1:
            self._refuse(draft.findings[0])
        elif self._answer is not None:
            answer = self._answer
            self._fall_short(draft, answer.payable_here + answer.available, coming=answer.coming, line_up=True)
        elif codes == {"rights_exceeded"}:
            self._ask_the_centre(draft)
        elif self._desk.line_status.without_line:
            self._fall_short(draft, payable_of(draft), line_up=False)
        else:
            self._refuse(next(finding for finding in draft.findings if finding.code != "rights_exceeded"))

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
            self._fall_short(self._short, payable_of(self._short), line_up=not down)

    def _out_of_patience(self) -> None:
        if self._short is not None:
            self._fall_short(self._short, payable_of(self._short), line_up=False)

    def _fall_short(self, draft: Draft, payable: int, *, line_up: bool, coming: int = 0) -> None:
        """Say so; for cash and without the line, once it is known whether a supervisor may stand in."""
        intent, found = self._intent, shortage(draft, payable, line_up=line_up, coming=coming)
        self.cancel()
        if line_up or intent is None or draft.kind not in STANDIN_KINDS:
            self.short.emit(found)
            return

        def stood_in(beyond: Draft) -> None:
            self.short.emit(replace(found, beyond=beyond))

        self._job = self._draft(intent, stood_in, standin=True)

    def _refuse(self, refusal: Refusal) -> None:
        self.cancel()
        self.refused.emit(refusal)

    def _fail(self, problem: EnvironmentProblem) -> None:
        self.cancel()
        self.failed.emit(problem)


def payable_of(draft: Draft) -> int:
    """What this desk may pay out by itself, by the finding that it is too little."""
    short = next((finding for finding in draft.findings if finding.code == "rights_exceeded"), None)
    payable = short.detail.get("payable") if short is not None else None
    return payable if isinstance(payable, int) else 0


def shortage(draft: Draft, payable: int, *, line_up: bool, coming: int = 0) -> Shortage:
    """Why the money can't leave the account: `payable` is all that can, here, or with the line up anywhere."""
    ((account, amount),) = debited(draft.postings).items()
    currency = draft.postings[0].currency
    detail: dict[str, object] = {"payable": payable, "currency": currency}
    if coming:
        refusal = Refusal("rights_coming", "amount", {"coming": coming, "currency": currency})
    elif isinstance(draft.body, EntryReversed):
        detail["amount"] = amount
        refusal = Refusal("reversal_not_covered" if line_up else "reversal_rights_exceeded", None, detail)
    elif line_up:
        refusal = Refusal("rights_not_granted" if payable else "rights_none_granted", "amount", detail)
    else:
        refusal = Refusal("rights_exceeded" if payable else "rights_none", "amount", detail)
    return Shortage(
        refusal=refusal,
        account=account,
        payable=Money(payable, currency),
        missing=Money(amount - payable, currency),
        coming=Money(coming, currency),
        line_up=line_up,
    )
