"""Wrong rules about accounts: cases, holds, freezes, reversals, closing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec

from core import rights
from core.book import Book
from core.book.rows import DepositAccount, Request
from core.errors import Refusal
from core.ledger import Posting, deposit_id
from core.operations import money
from core.operations.accounts import FreezeLifted
from core.operations.kind import Decoded
from core.operations.registry import KINDS
from core.operations.terms import AccountClosed
from counterfoil.simulation.replacing import replaced, ruled
from counterfoil.simulation.variants.variant import Variant
from sync_server.centre import terms
from sync_server.centre.issue import Centre, issue
from sync_server.store.home import Home


@contextmanager
def case_when_overdrawn() -> Iterator[None]:
    """A case is opened when the balance is below zero, not when more is promised than is there."""

    def posted(postings: Iterable[Posting], book: Book, _promised: Iterable[str] = ()) -> dict[str, int]:
        named = (name for posting in postings if (name := deposit_id(posting.account)) is not None)
        found = ((name, book.get(DepositAccount, name)) for name in named)
        return {name: account.posted if account is not None else 0 for name, account in found}

    with replaced(money.frees, posted):
        yield


@contextmanager
def hold_ignored() -> Iterator[None]:
    """What a hold binds is granted and drawn all the same."""

    def available(free_amount: int, _holds: int) -> int:
        return max(0, free_amount)

    with replaced(rights.available, available):
        yield


@contextmanager
def freeze_lifted_unnamed() -> Iterator[None]:
    """Lifting one freeze lifts all that stand on the account."""
    true = KINDS["account.freeze_lifted", 1].apply

    def lift(decoded: Decoded[FreezeLifted], book: Book) -> None:
        true(decoded, book)
        account = book.get(DepositAccount, decoded.body.account)
        if account is not None and account.freezes > 0:
            book.put(msgspec.structs.replace(account, freezes=0))

    with ruled("account.freeze_lifted", "apply", lift):
        yield


@contextmanager
def reversed_twice() -> Iterator[None]:
    """Nobody looks whether it was undone before."""
    with _unfound("entry.reversed", "already_reversed"):
        yield


@contextmanager
def closed_while_out() -> Iterator[None]:
    """An account is closed at once, while devices still hold rights there."""
    true = terms.close_account

    def close(home: Home, centre: Centre, request_id: str) -> bool:
        request = home.book().get(Request, request_id)
        account = home.book().get(DepositAccount, request.account) if request is not None else None
        if account is None or request is None or not account.rights or account.posted:
            return true(home, centre, request_id)
        issue(home, centre, account.branch, AccountClosed(account=account.id, request=request_id))
        return True

    with _unfound("account.closed", "balance_left"), replaced(true, close):
        yield


@contextmanager
def _unfound(kind: str, code: str) -> Iterator[None]:
    """Inside, the check of that kind finds everything but this."""
    true = KINDS[kind, 1].check

    def check(decoded: Decoded[Any], book: Book) -> Iterable[Refusal]:
        return (finding for finding in true(decoded, book) if finding.code != code)

    with ruled(kind, "check", check):
        yield


VARIANTS = (
    Variant("case-when-overdrawn", "the case opens only when posted is below zero", 60, case_when_overdrawn),
    Variant("hold-ignored", "holds do not bite", 100, hold_ignored),
    Variant("freeze-lifted-unnamed", "a freeze is lifted without naming it", 150, freeze_lifted_unnamed),
    Variant("reversed-twice", "an operation is reversed twice", 100, reversed_twice),
    Variant("closed-while-out", "an account is closed while rights are out", 200, closed_while_out),
)
