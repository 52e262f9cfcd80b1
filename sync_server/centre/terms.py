"""What the centre does to an account by itself: limits, fees, holds, and closing it once all has come back."""

from __future__ import annotations

from core.book.rows import DepositAccount, Hold, Request
from core.errors import Refusal, Refused
from core.operations.holds import HoldPlaced, HoldReleased
from core.operations.requests import RequestDeclined
from core.operations.terms import AccountClosed, FeeCharged, OverdraftLimitSet
from core.rights import free
from sync_server.centre.incarnations import must_not_recover
from sync_server.centre.issue import Centre, Issued, issue
from sync_server.centre.recalls import recall_for
from sync_server.store.home import CentreBook, Home
from sync_server.store.incarnations import is_recovering


def _account(book: CentreBook, account_id: str) -> DepositAccount:
    account = book.get(DepositAccount, account_id)
    if account is None or account.state != "open":
        raise Refused(Refusal("account_unknown", "account"))
    return account


def set_limit(home: Home, centre: Centre, account_id: str, target: int) -> Issued:
    """Set the overdraft limit (minor units), or lower it as far as it goes now; the rest follows as rights come back.

    Raises `Refused`.
    """
    book = home.book()
    account = _account(book, account_id)
    must_not_recover(home)
    short = _lacking(account, target)
    body = OverdraftLimitSet(account=account.id, currency=account.currency, limit=target + short, target=target)
    issued = issue(home, centre, account.branch, body, book=book)
    if short:
        recall_for(home, centre, _account(book, account_id), book, short, besides=None)
    return issued


def _lacking(account: DepositAccount, target: int) -> int:
    """How much of a lower limit has to wait until rights have come back, in minor units."""
    unbound = max(0, free(account.posted, account.overdraft_limit, account.rights))
    return max(0, account.overdraft_limit - target - unbound)


def lower_limit(home: Home, centre: Centre, account_id: str) -> bool:
    """Lower a limit further towards where it is going; False if nothing more has come back."""
    book = home.book()
    account = book.get(DepositAccount, account_id)
    if account is None or account.state != "open" or account.overdraft_limit <= account.limit_target:
        return False
    if is_recovering(home.incarnations):
        return False
    limit = account.limit_target + _lacking(account, account.limit_target)
    if limit >= account.overdraft_limit:
        return False
    body = OverdraftLimitSet(account=account.id, currency=account.currency, limit=limit, target=account.limit_target)
    issue(home, centre, account.branch, body, book=book)
    return True


def charge_fee(home: Home, centre: Centre, account_id: str, amount: int, reason: str) -> Issued:
    """Take a fee (minor units) from what no device holds and no hold binds. Raises `Refused`: `not_available`."""
    book = home.book()
    account = _account(book, account_id)
    must_not_recover(home)
    body = FeeCharged(account=account.id, currency=account.currency, amount=amount, reason=reason)
    return issue(home, centre, account.branch, body, book=book)


def place_hold(
    home: Home, centre: Centre, account_id: str, amount: int, reason: str, *, cause: str | None = None
) -> Issued:
    """Hold `amount` minor units back on the account. Raises `Refused`."""
    book = home.book()
    account = book.get(DepositAccount, account_id)
    if account is None or not account.currency:
        raise Refused(Refusal("account_unknown", "account"))
    body = HoldPlaced(account=account.id, currency=account.currency, amount=amount, reason=reason, cause=cause)
    return issue(home, centre, account.branch, body, book=book)


def release_hold(home: Home, centre: Centre, hold_id: str) -> Issued:
    """Release a hold by naming it. Raises `Refused`: `hold_unknown`, `hold_already_released`."""
    book = home.book()
    hold = book.get(Hold, hold_id)
    account = book.get(DepositAccount, hold.account) if hold is not None else None
    if hold is None or account is None:
        raise Refused(Refusal("hold_unknown", "hold"))
    return issue(home, centre, account.branch, HoldReleased(account=account.id, hold=hold.id), book=book)


def close_account(home: Home, centre: Centre, request_id: str) -> bool:
    """Answer a request to close an account, as soon as all has come back; False if it has to wait longer."""
    book = home.book()
    request = book.get(Request, request_id)
    if request is None or request.state != "waiting":
        return False
    account = book.get(DepositAccount, request.account)
    if account is None or account.state != "open":
        issue(home, centre, request.branch, RequestDeclined(request=request.id, reason="AC04"), book=book)
        return True
    if account.rights:
        _, made = recall_for(home, centre, account, book, account.rights, besides=None)
        return made is not None
    if home.lookups.waiting_on(account.id):
        return False
    if account.posted or account.holds:
        body = RequestDeclined(request=request.id, reason="balance_left")
        issue(home, centre, request.branch, body, book=book)
        return True
    issue(home, centre, request.branch, AccountClosed(account=account.id, request=request.id), book=book)
    return True
