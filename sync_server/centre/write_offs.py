"""Writing a device off: its exposure shown beforehand, booked, and its rights released in pieces."""

from __future__ import annotations

from dataclasses import dataclass

from core.book.rows import Branch, DepositAccount, DeviceEpoch
from core.operations.ended import DeviceWriteOffRequested, DeviceWrittenOff, ExposureBooked
from core.operations.rights import RELEASED_AT_ONCE, RightsReleased
from sync_server.centre.issue import Centre, issue
from sync_server.centre.requests import decline, waiting_request
from sync_server.store.home import CentreBook, Home


@dataclass(frozen=True, slots=True)
class Exposure:
    """What a device epoch may have paid out without having said so, in minor units; `head_seq` is its last one here."""

    device: str
    epoch: int
    branch: str
    state: str
    head_seq: int
    currency: str
    amount: int
    late: int


def exposure_of(home: Home, device: str, epoch: int) -> Exposure | None:
    """What is to be shown before a device epoch is written off; None if there is no such device."""
    book = home.book(locking=False)
    row = book.get(DeviceEpoch, device, epoch)
    chain = home.chain((device, epoch))
    if row is None or row.branch is None or chain is None:
        return None
    branch = book.get(Branch, row.branch)
    return Exposure(
        device=device,
        epoch=epoch,
        branch=row.branch,
        state=row.state,
        head_seq=chain.seq,
        currency=branch.currency if branch else "",
        amount=home.lookups.exposure((device, epoch)),
        late=sum(late.answered_by is None for late in home.lookups.late((device, epoch))),
    )


def write_off(home: Home, centre: Centre, request_id: str) -> bool:
    """Carry out a `device.write_off_requested` that two people have signed; declined if the device is at work again.

    The head that they were shown must still be the centre's: a device that has spoken since is not lost.
    """
    book = home.book()
    asked = waiting_request(book, request_id, DeviceWriteOffRequested)
    if asked is None:
        return False
    found, body = asked[0], asked[1].body
    chain = home.lock_chain((body.device, body.epoch))
    exposure = exposure_of(home, body.device, body.epoch)
    if chain is None or exposure is None or exposure.state == "written_off":
        decline(home, centre, found, "device_unknown")
        return True
    if chain.seq != body.head_seq:
        decline(home, centre, found, "device_has_reported")
        return True
    if exposure.amount > body.exposure:
        # The two people signed for less: they are to see what it is now.
        decline(home, centre, found, "exposure_has_grown")
        return True
    said = DeviceWrittenOff(
        request=request_id,
        device=body.device,
        epoch=body.epoch,
        head_seq=chain.seq,
        currency=exposure.currency,
        exposure=exposure.amount,
    )
    issue(home, centre, None, said)
    home.end_chain((body.device, body.epoch))
    if exposure.amount:
        booked = ExposureBooked(
            device=body.device, epoch=body.epoch, currency=exposure.currency, amount=exposure.amount
        )
        issue(home, centre, exposure.branch, booked)
    return True


def release_some(home: Home, centre: Centre, device: DeviceEpoch) -> bool:
    """Take some accounts of a written-off epoch out of the sum of rights; False if none is left."""
    rights = home.lookups.rights_of((device.device, device.epoch), RELEASED_AT_ONCE)
    if not rights:
        return False
    book = home.book()
    book.prefetch((DepositAccount, (right.account,)) for right in rights)
    keepers = {right.account: _keeper(right.account, device, book) for right in rights}
    keeper = keepers[rights[0].account]
    # Those of accounts that were lent to it from elsewhere are released where they are kept.
    accounts = tuple(account for account in keepers if keepers[account] == keeper)
    body = RightsReleased(device=device.device, epoch=device.epoch, accounts=accounts)
    issue(home, centre, keeper, body, book=book)
    return True


def _keeper(account_id: str, device: DeviceEpoch, book: CentreBook) -> str:
    account = book.get(DepositAccount, account_id)
    return account.branch if account is not None else device.branch or ""
