"""Deciding requests: what a desk's rights did not cover is carried out when it is there, waited for, or declined."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from core.book.rows import DepositAccount, Request
from core.clock import instant_ms
from core.envelope import read_operation
from core.errors import Refused
from core.operations import rules
from core.operations.kind import Body, Decoded
from core.operations.requests import RequestDeclined
from core.operations.rights import lacking_on
from core.operations.transfers import TransferCarriedOut, TransferRequested
from sync_server.centre.issue import Centre, issue
from sync_server.centre.recalls import recall_for
from sync_server.store.home import CentreBook, Home

B = TypeVar("B", bound=Body)
WAIT_MS = 24 * 60 * 60 * 1000
"""How long a transfer waits for rights to come back."""

_REASONS = {
    "account_unknown": "AC01",
    "account_closed": "AC04",
    "account_closing": "AC04",
    "account_frozen": "AC06",
    "not_available": "AM04",
    "currency_differs": "AM03",
}
_ANY_OTHER = "MS03"
"""Reason not specified by the agent (ISO 20022)."""


def waiting_request(book: CentreBook, request_id: str, of: type[B]) -> tuple[Request, Decoded[B]] | None:
    """A request that has no answer yet, with what was signed; None if it has one, or asks for something else."""
    found = book.get(Request, request_id)
    jws = book.operation(request_id)
    if found is None or found.state != "waiting" or jws is None:
        return None
    made = rules.decode(read_operation(jws))
    return (found, made) if isinstance(made.body, of) else None


def decide_transfer(home: Home, centre: Centre, request_id: str) -> bool:
    """Answer a `transfer.requested`; False if it waits for rights that were recalled."""
    book = home.book()
    asked = waiting_request(book, request_id, TransferRequested)
    if asked is None:
        return False
    found, made = asked
    body = made.body
    waiting = waits_for_rights(home, centre, made.operation.at, {body.account: body.amount}, book)
    if waiting is not None:
        return waiting
    _answer(home, centre, found, body, book)
    return True


def waits_for_rights(
    home: Home, centre: Centre, asked_at: str, debits: Mapping[str, int], book: CentreBook
) -> bool | None:
    """Whether rights were recalled just now for these debits (minor units by account); False if what was is awaited.

    None where nothing is to be waited for: it is there, or it will not come, or has not come for too long.
    """
    late = centre.clock.now_ms() > instant_ms(asked_at) + WAIT_MS
    for account_id, amount in debits.items():
        account = book.get(DepositAccount, account_id)
        short = lacking_on(account, amount) if account is not None else 0
        if account is not None and short > 0 and not late:
            coming, recalled = recall_for(home, centre, account, book, short, besides=None)
            if coming >= short:
                return recalled is not None
    return None


def _answer(home: Home, centre: Centre, request: Request, body: TransferRequested, book: CentreBook) -> None:
    granted = TransferCarriedOut(
        request=request.id,
        account=body.account,
        route=body.route,
        payee_account=body.payee_account,
        currency=body.currency,
        amount=body.amount,
        details=body.details,
    )
    try:
        issue(home, centre, request.branch, granted, book=book)
    except Refused as refused:
        decline(home, centre, request, _REASONS.get(refused.refusal.code, _ANY_OTHER))


def decline_as_found(home: Home, centre: Centre, request_id: str, code: str) -> bool:
    """Say no to a request that something spoke against; False if it has its answer."""
    request = home.book().get(Request, request_id)
    if request is None or request.state != "waiting":
        return False
    decline(home, centre, request, _REASONS.get(code, code))
    return True


def decline(home: Home, centre: Centre, request: Request, reason: str) -> None:
    """Say no. `reason` is of ISO 20022, or a code of the bank's own."""
    issue(home, centre, request.branch, RequestDeclined(request=request.id, reason=reason))
