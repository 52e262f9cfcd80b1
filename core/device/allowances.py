"""The allowance: what this device holds of its branch's accounts before anybody asks, so that a cut line finds it here.

The same rule (`core.rights.top_up`) is held to by the centre, which decides; here it picks what is worth asking for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from core.book.rows import DepositAccount, Recall, Right
from core.device.surplus import AT_ONCE, hand_back_all
from core.device.workings import Workings
from core.operations.rights import available_on, payable_by, recalled_lately, right_of
from core.rights import AllowancePolicy, top_up


class Allowances:
    """What there is to pick from, from any thread. Amounts in minor units."""

    def __init__(self, workings: Workings) -> None:
        self._workings = workings

    def recent(self, limit: int) -> list[str]:
        """Up to `limit` accounts of the branch, the one with the latest business first; nobody waits meanwhile."""
        return self._workings.store.recent_accounts(self._workings.head.branch, limit)

    def wanting(self, accounts: Sequence[str], policy: AllowancePolicy) -> list[tuple[str, int]]:
        """Those of the accounts that are worth topping up, beside what was granted here altogether."""
        with self._workings.lock:
            return _wanting(self._workings, accounts, policy)

    def make_room(self, recent: Iterable[str], policy: AllowancePolicy, keeping: frozenset[str] = frozenset()) -> int:
        """Hand back what is held of accounts that had no business for longest, where the cap has no room for others.

        `recent` are the accounts by their last business, the latest first; none of `keeping` is handed back from.
        Answers how many were.
        """
        with self._workings.lock:
            return _make_room(self._workings, recent, policy, keeping)


def _wanting(workings: Workings, accounts: Sequence[str], policy: AllowancePolicy) -> list[tuple[str, int]]:
    own, now_ms, book = (workings.head.device, workings.head.epoch), workings.clock.now_ms(), workings.book
    book.prefetch((table, (account, *own)) for table in (Right, Recall) for account in accounts)
    book.prefetch((DepositAccount, (account,)) for account in accounts)
    return [
        (account, right_of(account, *own, book).granted)
        for account in accounts
        if _more(workings, account, policy) and not recalled_lately(book.get(Recall, account, *own), now_ms)
    ]


def _more(workings: Workings, account: str, policy: AllowancePolicy) -> int:
    """What the device would be granted more of the account, as far as is known here."""
    row = workings.book.get(DepositAccount, account)
    if row is None or row.state != "open" or row.freezes or row.closings or row.branch != workings.head.branch:
        return 0
    return top_up(policy, held=_held(workings, account), available_amount=available_on(row))


def _held(workings: Workings, account: str) -> int:
    return max(0, payable_by(right_of(account, workings.head.device, workings.head.epoch, workings.book)))


def _make_room(workings: Workings, recent: Iterable[str], policy: AllowancePolicy, keeping: frozenset[str]) -> int:
    staying, held = set(keeping), 0
    for account in recent:
        held += min(policy.amount, _held(workings, account) or _more(workings, account, policy))
        if held > policy.cap or len(staying) >= policy.accounts:
            break
        staying.add(account)
    leaving = [each for each in sorted(workings.store.rows.rights_above(0) - staying) if _is_ours(workings, each)]
    return sum(hand_back_all(workings, account) for account in leaving[:AT_ONCE])


def _is_ours(workings: Workings, account: str) -> bool:
    """What is lent to this branch for a visit goes back when the visit ends."""
    row = workings.book.get(DepositAccount, account)
    return row is not None and row.branch == workings.head.branch
