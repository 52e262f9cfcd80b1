"""The centre's own words that it has forgotten, and of which nobody has what lies before them on their chain.

A device of another branch may have heard of an account what no desk of its own branch had yet: it said so in its own
branch's feed. Where somebody counts on such a word it is said once more; the rest is kept as bytes.
"""

from __future__ import annotations

from typing import Any

import msgspec

from core.book.rows import DepositAccount, DeviceEpoch
from core.clock import instant
from core.errors import Refused
from core.operations.kind import Body, Decoded
from core.operations.rights import RightsGranted, right_of
from core.operations.transfers import TransferReceived
from core.operations.visits import FileLent
from sync_server.centre.issue import Centre, issue
from sync_server.ingest.cases import Case, open_cases
from sync_server.payments.inbound import recover_inbound
from sync_server.store.home import Home
from sync_server.store.values import CaseRow, Unbooked

FORGOTTEN = "forgotten_entry"
"""The case of an entry that is not booked again by itself, and the reason that is kept with the bytes."""


def say_again(home: Home, centre: Centre, decoded: Decoded[Any]) -> None:
    """A file that was lent is lent, money that a partner was told is here is credited, a grant counts."""
    body, operation = decoded.body, decoded.operation
    chain, hash_ = (operation.device, operation.epoch), decoded.signed.hash
    if home.hashes_of([operation.id]) or home.unbooked_since(chain, [hash_]):
        return
    kept = Unbooked(operation.seq, hash_, decoded.signed.jws, FORGOTTEN)
    home.keep_unbooked(chain, [kept], instant(centre.clock.now_ms()))
    match body:
        case RightsGranted():
            count_grant(home, centre, body, in_its_place=True)
        case FileLent():
            _issue_despite_all(home, centre, operation.branch, body)
        case TransferReceived(transfer=None):
            if recover_inbound(home, decoded):
                _issue_despite_all(home, centre, operation.branch, body)
        case TransferReceived():
            pass  # What completes a transfer is done by its job once more.
        case _ if decoded.postings:
            cases = [Case(FORGOTTEN, decoded, {"kind": decoded.kind.name})]
            open_cases(home, cases, instant(centre.clock.now_ms()))
        case _:
            pass


def count_grant(home: Home, centre: Centre, body: RightsGranted, *, in_its_place: bool = False) -> None:
    """Count what a grant that has not come back has promised: the device may have paid it out.

    It counts whatever is there by now, with a case if that is too little. Raises `Gathering` as `issue` does.
    """
    book = home.book()
    account, device = book.get(DepositAccount, body.account), book.get(DeviceEpoch, body.device, body.epoch)
    if device is None or device.state == "written_off":
        return
    if account is None:
        detail = msgspec.json.encode({"account": body.account, "granted": body.granted}).decode()
        at = instant(centre.clock.now_ms())
        home.open_cases([CaseRow(at, "echo_of_unknown_account", body.device, body.epoch, None, detail)])
    elif body.granted > right_of(body.account, body.device, body.epoch, book).granted:
        _issue_despite_all(home, centre, account.branch, body, in_its_place=in_its_place)


def _issue_despite_all(
    home: Home, centre: Centre, branch: str | None, body: Body, *, in_its_place: bool = True
) -> None:
    """Say what has been said once already, whatever speaks against it by now: that opens its cases."""
    despite: frozenset[str] = frozenset()
    while True:
        try:
            issue(home, centre, branch, body, despite=despite, in_its_place=in_its_place)
        except Refused as refused:
            despite |= {refused.refusal.code}
        else:
            return
