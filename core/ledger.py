"""Double entry: postings, the names of the accounts of the books, and the rule that every entry balances.

A posting's amount is in minor units, debit positive and credit negative. Accounts of the books are named by role
(`vault`, `drawer:kasse-1`); a customer's deposit account by the id of the operation that opened it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

VAULT = "vault"
CASH_IN_TRANSIT = "cash-in-transit"
CLEARING_BRANCHES = "clearing:branches"
CLEARING_PARTNERS = "clearing:partners"
NOSTRO = "nostro"
OVER_SHORT = "over-short"
FEE_INCOME = "income:fees"
RISK_DEVICES = "risk:devices"
PROVISION_DEVICES = "provision:devices"
_DEPOSIT = "deposit:"
_DRAWER = "drawer:"


class Posting(NamedTuple):
    """One line of an entry: `amount` in minor units of `currency`, debit positive, credit negative."""

    branch: str
    account: str
    currency: str
    amount: int


def deposit(account_id: str) -> str:
    """The ledger's name of a customer's deposit account."""
    return _DEPOSIT + account_id


def drawer(code: str) -> str:
    """The ledger's name of a drawer."""
    return _DRAWER + code


def deposit_id(account: str) -> str | None:
    """The customer account's id, if the ledger account is a customer's deposit account."""
    return account[len(_DEPOSIT) :] if account.startswith(_DEPOSIT) else None


def imbalances(postings: Iterable[Posting]) -> dict[tuple[str, str], int]:
    """What is left over per (branch, currency), in minor units; empty when the entry balances."""
    sums: dict[tuple[str, str], int] = {}
    for posting in postings:
        key = (posting.branch, posting.currency)
        sums[key] = sums.get(key, 0) + posting.amount
    return {key: left for key, left in sums.items() if left}


def reversed_postings(postings: Iterable[Posting]) -> tuple[Posting, ...]:
    """The entry that undoes an entry: every line with the other sign."""
    return tuple(posting._replace(amount=-posting.amount) for posting in postings)


def moved_across_branches(
    here: str, there: str, currency: str, amount: int, *, debit_here: str, credit_there: str
) -> tuple[Posting, ...]:
    """Debit an account of one branch and credit one of another, which may be the same branch.

    Between branches the money crosses the inter-branch clearing account, so that each branch's books balance.
    """
    if here == there:
        return (Posting(here, debit_here, currency, amount), Posting(there, credit_there, currency, -amount))
    return (
        Posting(here, debit_here, currency, amount),
        Posting(here, CLEARING_BRANCHES, currency, -amount),
        Posting(there, CLEARING_BRANCHES, currency, amount),
        Posting(there, credit_there, currency, -amount),
    )
