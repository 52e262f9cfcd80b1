"""Undoing what was posted: a new entry the other way round, which a second person approves."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QWidget

from core.device import Draft, Performed
from core.errors import EnvironmentProblem, Refusal
from core.ledger import Posting, reversed_postings
from core.operations.reversals import REVERSIBLE, EntryReversed, lines
from desktop.desk import ApprovalRequest, Desk
from desktop.teller.drafting import Drafting, Intent, Shortage
from desktop.teller.standing_in import risk_pairs, risk_reason


def _tr(text: str) -> str:
    return QCoreApplication.translate("money", text)


def may_be_undone(kind: str) -> bool:
    """Whether a counter may undo operations of the kind by itself."""
    return kind in REVERSIBLE


def reversal_of(operation: str, operation_hash: str, postings: Iterable[Posting]) -> EntryReversed:
    """The entry the other way round, naming the operation and its hash."""
    return EntryReversed(reverses=operation, reverses_hash=operation_hash, postings=lines(reversed_postings(postings)))


def undo(
    desk: Desk,
    parent: QWidget,
    body: EntryReversed,
    pairs: Iterable[tuple[str, str]],
    *,
    done: Callable[[Performed], None],
    refused: Callable[[Refusal], None],
    failed: Callable[[EnvironmentProblem], None],
) -> None:
    """Have a second person look at it and sign, then post it. `pairs` say what is undone."""
    request = ApprovalRequest(
        _tr("Reverse what was posted"),
        _tr("The entry is posted the other way round. Both stay in the books and on the statement."),
        tuple(pairs),
    )

    drafting = Drafting(desk, parent=parent)

    def drafted(draft: Draft) -> None:
        risk = risk_reason(draft, desk.place.locale)
        shown = (*request.pairs, *risk_pairs(draft, desk.place.locale))
        asked = replace(request, reason=risk or request.reason, pairs=shown)
        desk.post(parent, draft, asked, done=done, refused=refused, failed=failed)

    def short(shortage: Shortage) -> None:
        if shortage.standin is not None:
            drafted(shortage.standin)
        else:
            refused(shortage.refusal)

    answers = ((drafting.drafted, drafted), (drafting.short, short), (drafting.refused, refused))
    for ended, answer in (*answers, (drafting.failed, failed)):
        ended.connect(answer)
        ended.connect(drafting.deleteLater)
    drafting.begin(Intent(body))
