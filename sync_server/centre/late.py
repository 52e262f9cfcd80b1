"""What an ended epoch still brought: two people decide over the whole run, then each is booked verbatim, or refused.

Nothing is dropped: what is not booked stays kept as bytes, with a case for each credit that was refused.
"""

from __future__ import annotations

from collections.abc import Sequence

from core.book.rows import Exposure, Request, Reversal
from core.clock import instant
from core.envelope import read_operation
from core.errors import IntegrityFault, Refused
from core.ledger import deposit_id, reversed_postings
from core.operations import rules
from core.operations.ended import LateDecided, LateSettled, OperationBooked
from core.operations.reversals import EntryReversed, lines
from core.operations.rights import right_of
from sync_server.centre.issue import Centre, issue
from sync_server.centre.requests import decline
from sync_server.ingest.cases import Case, open_cases
from sync_server.ingest.doubting import doubtful_credits, hold_back
from sync_server.store.home import Home
from sync_server.store.lookups import LateOperation

BOOKED_AT_ONCE = 20
"""Operations booked in one transaction, so that no branch's feed is held for long."""


def settle_late(home: Home, centre: Centre, request_id: str) -> bool:
    """Carry a `late.decided` some operations further; False if nothing is to be done."""
    book = home.book()
    found = book.get(Request, request_id)
    jws = book.operation(request_id)
    if found is None or found.state != "waiting" or jws is None:
        return False
    body = rules.decode(read_operation(jws)).body
    if not isinstance(body, LateDecided):
        return False
    run = _run_of(home, body)
    if run is None:
        decline(home, centre, found, "late_run_differs")
        return True
    if body.accept and _book_some(home, centre, found, run):
        return True
    _finish(home, centre, found, body, run)
    return True


def _run_of(home: Home, body: LateDecided) -> list[LateOperation] | None:
    """The run that the two people have seen; None if it is another by now, or something undecided lies beside it."""
    kept = home.lookups.late((body.device, body.epoch))
    run = [late for late in kept if body.first_seq <= late.seq <= body.last_seq]
    beside = [late for late in kept if not late.booked and late not in run]
    if not run or beside or (run[0].seq, run[-1].seq, run[-1].hash) != (body.first_seq, body.last_seq, body.last_hash):
        return None
    return run


def _book_some(home: Home, centre: Centre, request: Request, run: Sequence[LateOperation]) -> bool:
    """Book the next ones; False if none was booked, because none is left or none can be."""
    done = 0
    for late in run:
        if late.booked:
            continue
        try:
            issued = issue(home, centre, request.branch, OperationBooked(request=request.id, jws=late.jws))
        except (IntegrityFault, Refused):
            continue
        hold_back(home, centre, home.book(), doubtful_credits([issued.settled]))
        done += 1
        if done == BOOKED_AT_ONCE:
            break
    return done > 0


def _finish(
    home: Home,
    centre: Centre,
    request: Request,
    body: LateDecided,
    run: Sequence[LateOperation],
) -> None:
    refused = [late for late in run if not late.booked]
    _open_cases(home, centre, refused, accepted=body.accept)
    settled = LateSettled(
        request=request.id,
        device=body.device,
        epoch=body.epoch,
        first_seq=body.first_seq,
        last_seq=body.last_seq,
        booked=len(run) - len(refused),
    )
    issue(home, centre, request.branch, settled)
    _release_exposure(home, centre, body, request.branch)


def _open_cases(home: Home, centre: Centre, refused: Sequence[LateOperation], *, accepted: bool) -> None:
    """A case for each that could not be booked, and for each refused credit with what was drawn on it."""
    book = home.book(locking=False)
    cases: list[Case] = []
    for late in refused:
        decoded = rules.decode(read_operation(late.jws))
        if accepted:
            cases.append(Case("late_not_booked", decoded, {"seq": late.seq}))
        for posting in decoded.postings:
            account = deposit_id(posting.account)
            if account is not None and posting.amount < 0:
                right = right_of(account, decoded.operation.device, decoded.operation.epoch, book)
                detail = {"account": account, "amount": -posting.amount, "drawn": right.used}
                cases.append(Case("late_credit_refused", decoded, detail))
    open_cases(home, cases, instant(centre.clock.now_ms()))


def _release_exposure(home: Home, centre: Centre, body: LateDecided, branch: str) -> None:
    """The chain's end is in hand: what was booked as the bank's risk is none any more."""
    book = home.book()
    exposure = book.get(Exposure, body.device, body.epoch)
    jws = book.operation(exposure.booked_by) if exposure is not None else None
    if jws is None or exposure is None or book.get(Reversal, exposure.booked_by) is not None:
        return
    booked = rules.decode(read_operation(jws))
    undone = EntryReversed(
        reverses=exposure.booked_by,
        reverses_hash=booked.signed.hash,
        postings=lines(reversed_postings(booked.postings)),
    )
    issue(home, centre, branch, undone, book=book)
