"""Reversing what an ended epoch had done, as two supervisors have asked: by the centre, once, from what is there."""

from __future__ import annotations

from core.errors import Refused
from core.operations.money import debited
from core.operations.requests import RequestCarriedOut
from core.operations.reversals import EntryReversed, ReversalRequested, postings_of
from sync_server.centre.issue import Centre, issue
from sync_server.centre.requests import decline_as_found, waiting_request, waits_for_rights
from sync_server.store.home import Home
from sync_server.store.incarnations import is_recovering


def reverse_ended(home: Home, centre: Centre, request_id: str) -> bool:
    """Answer a `reversal.requested`; False if it waits, for rights that were recalled or for devices to report.

    Taking a credit back draws on what no device holds, so what is held is recalled first, and holds bite.
    """
    book = home.book()
    asked = waiting_request(book, request_id, ReversalRequested)
    if asked is None:
        return False
    found, made = asked
    body = made.body
    postings = postings_of(body)
    if is_recovering(home.incarnations):
        return False
    waiting = waits_for_rights(home, centre, made.operation.at, debited(postings), book)
    if waiting is not None:
        return waiting
    undone = EntryReversed(
        reverses=body.reverses, reverses_hash=body.reverses_hash, postings=body.postings, details=body.details
    )
    try:
        issued = issue(home, centre, found.branch, undone, book=book)
    except Refused as refused:
        return decline_as_found(home, centre, request_id, refused.refusal.code)
    issue(home, centre, found.branch, RequestCarriedOut(request=request_id, operation=issued.id), book=book)
    return True
