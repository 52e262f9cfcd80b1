"""Files of other branches that are lent to this device: given back when the customer has gone or the time is up."""

from __future__ import annotations

from core.book.rows import LentFile
from core.clock import instant
from core.device.performing import act
from core.device.surplus import hand_back_all
from core.device.values import Performed, Refusals
from core.device.workings import Workings
from core.errors import Refusal
from core.operations.lending import is_lent, loan_of
from core.operations.visits import FileReturned


def loan_here(workings: Workings, account: str) -> LentFile | None:
    """The loan of the account to this device, if its file is lent to it now."""
    loan = loan_of(account, workings.head.device, workings.head.epoch, workings.book)
    return loan if is_lent(loan, instant(workings.now_ms())) else None


def give_back(workings: Workings, account: str) -> Performed | Refusals:
    """End the loan of the account to this device: its rights go back first. Signed by the device."""
    loan = loan_of(account, workings.head.device, workings.head.epoch, workings.book)
    if loan is None or loan.ended_by is not None:
        return Refusals((Refusal("file_not_lent", "account"),))
    hand_back_all(workings, account)
    body = FileReturned(account=account, device=loan.device, epoch=loan.epoch, loan=loan.lent_by)
    return act(workings, "file.returned", body)


def give_back_what_is_over(workings: Workings) -> int:
    """Give back what is lent no more, by its time or by the centre's word; answers from how many accounts."""
    now = instant(workings.now_ms())
    over = [loan for loan in workings.store.rows.files_here() if not is_lent(loan, now)]
    return sum(_finish(workings, loan) for loan in over)


def _finish(workings: Workings, loan: LentFile) -> bool:
    if loan.ended_by is None:
        return isinstance(give_back(workings, loan.account), Performed)
    return hand_back_all(workings, loan.account)
