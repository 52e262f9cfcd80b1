"""Recalls: asking devices to hand rights back that somebody else needs."""

from __future__ import annotations

from core.book.rows import DepositAccount, Recall, Right
from core.errors import Refusal, Refused
from core.operations.rights import RightsRecalled, payable_by, recalled_beyond, right_of, still_recalled
from sync_server.centre.issue import Centre, Issued, issue
from sync_server.store.home import CentreBook, Home


def recall_for(
    home: Home,
    centre: Centre,
    account: DepositAccount,
    book: CentreBook,
    needed: int,
    *,
    besides: tuple[str, int] | None,
) -> tuple[int, Issued | None]:
    """Recall `needed` minor units on the account from devices other than `besides`, those that hold most first.

    Answers how much is on its way by this and by recalls that stand already, and the last recall, if any was made.
    """
    coming, last = 0, None
    for right in home.lookups.holders(account.id):
        if (right.device, right.epoch) == besides:
            continue
        if coming >= needed:
            break
        held = payable_by(right)
        keep = held - still_recalled(book.get(Recall, account.id, right.device, right.epoch), right)
        # What stands at nothing already can't be recalled any further, whoever asks again.
        if keep and coming + held - keep < needed:
            keep = max(0, held - (needed - coming))
            last = _recall(home, centre, account, right, keep, book)
        coming += held - keep
    return coming, last


def recall(home: Home, centre: Centre, account_id: str, device: str, epoch: int, keep: int = 0) -> Issued:
    """Recall by hand what that device epoch holds on the account beyond `keep` (minor units), as far as is known here.

    Raises `Refused`.
    """
    book = home.book()
    account = book.get(DepositAccount, account_id)
    if account is None or not account.currency:
        raise Refused(Refusal("account_unknown", "account"))
    return _recall(home, centre, account, right_of(account_id, device, epoch, book), keep, book)


def _recall(home: Home, centre: Centre, account: DepositAccount, right: Right, keep: int, book: CentreBook) -> Issued:
    body = RightsRecalled(
        account=account.id,
        device=right.device,
        epoch=right.epoch,
        currency=account.currency,
        gone_to=recalled_beyond(right, keep),
    )
    return issue(home, centre, account.branch, body, book=book)
