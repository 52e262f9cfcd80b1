"""What the centre books for a transfer: credit at another branch, settlement with a partner, or a return."""

from __future__ import annotations

from core.book.rows import DepositAccount, Iban, Transfer
from core.operations.bank import centre_chain
from core.operations.transfers import (
    Route,
    TransferCompleted,
    TransferReceived,
    TransferReturned,
    TransferSettled,
)
from sync_server.centre.issue import Centre, issue
from sync_server.payments.queue import Payee
from sync_server.payments.states import Outcome
from sync_server.store.home import Home
from sync_server.store.incarnations import is_recovering
from sync_server.store.values import DuePayment

UNKNOWN_ACCOUNT = "AC01"
CLOSED_ACCOUNT = "AC04"
OTHER_CURRENCY = "AC09"
UNKNOWN_BANK = "RC01"


_COMPLETED_ALREADY = frozenset({"transfer_already_answered", "account_closed", "account_closing"})
"""What the sending branch was told stands; where nobody gave the credit back it is booked anew, with a case."""


def complete_at_branch(home: Home, centre: Centre, payment: DuePayment, payee: Payee) -> Outcome:
    """Credit the payee at their own branch and tell the sending one, or return the money with the reason.

    After a restore either half may have been given back already; it waits until every device has reported.
    """
    book = home.book()
    known = book.get(Iban, payee.iban)
    account = book.get(DepositAccount, known.account) if known else None
    if is_recovering(home.incarnations):
        return Outcome(payment.state)
    reason = why_not(account, payment.currency)
    was_received = home.payments.was_received(payment.transfer_id)
    transfer = book.get(Transfer, payment.transfer_id)
    was_completed = transfer is not None and transfer.state == "completed"
    if account is not None and (was_received or was_completed):
        reason = None
    if account is None or reason is not None:
        return Outcome("rejected", reason or UNKNOWN_ACCOUNT)
    _lock_in_order(home, {payment.branch, account.branch})
    received = TransferReceived(
        account=account.id,
        route="branch",
        transfer=payment.transfer_id,
        currency=payment.currency,
        amount=payment.amount,
        details=payment.details,
    )
    if not was_received:
        issue(home, centre, account.branch, received, despite=_COMPLETED_ALREADY if was_completed else frozenset())
    if not was_completed:
        issue(home, centre, payment.branch, TransferCompleted(transfer=payment.transfer_id))
    return Outcome("completed")


def why_not(account: DepositAccount | None, currency: str) -> str | None:
    """The reason why money can't be credited there (ISO 20022); None if it can."""
    if account is None or account.state == "unknown":
        return UNKNOWN_ACCOUNT
    if account.state != "open" or account.closings:
        return CLOSED_ACCOUNT
    return OTHER_CURRENCY if account.currency != currency else None


def _lock_in_order(home: Home, branches: set[str]) -> None:
    """Chains, then feeds, each sorted: transfers in both directions at once must not wait for one another."""
    home.lock_chains(centre_chain(branch) for branch in branches)
    home.lock_feeds(branches)


def settle_with_partner(home: Home, centre: Centre, payment: DuePayment) -> None:
    """The partner has settled: the money leaves clearing."""
    body = TransferSettled(transfer=payment.transfer_id, currency=payment.currency, amount=payment.amount)
    issue(home, centre, payment.branch, body)


def give_back(home: Home, centre: Centre, payment: DuePayment, reason: str) -> None:
    """Return the money to the account it came from, with the reason."""
    route: Route = "partner" if payment.route == "partner" else "branch"
    body = TransferReturned(
        account=payment.account,
        route=route,
        transfer=payment.transfer_id,
        currency=payment.currency,
        amount=payment.amount,
        reason=reason,
    )
    issue(home, centre, payment.branch, body)
