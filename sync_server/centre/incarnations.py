"""A new life of the centre's database: begun once, and over as a wait when every device has said what it knows."""

from __future__ import annotations

import msgspec
from nacl.signing import VerifyKey

from core.book.rows import Bank, DepositAccount, DeviceEpoch
from core.canonical import from_base64url, thumbprint
from core.clock import instant
from core.envelope import check_signature, read_operation
from core.errors import IntegrityFault, Refusal, Refused
from core.operations import rules
from core.operations.bank import DeviceEnrolled
from core.operations.checkpoints import FeedMark
from core.operations.incarnations import BEGUN, FIRST, IncarnationBegun
from core.operations.money import is_centres
from core.operations.rights import RightsGranted, right_of
from core.sync.messages import IncarnationAnswer, Reported, ReportedAnswer
from sync_server.centre.issue import Centre, Issued, issue
from sync_server.store.home import CentreBook, Home
from sync_server.store.incarnations import is_recovering
from sync_server.store.values import CaseRow

NUMBERS_PASSED_OVER = 10_000_000
"""Account numbers that the forgotten past may have leased: ten thousand blocks."""

_ECHOED_DESPITE = frozenset({"not_available", "device_revoked", "account_elsewhere"})
"""What a device was granted once stays granted, whatever is there by now (the loan to it may be forgotten): a case."""

RECOVERING = "centre_recovering"


def begin_incarnation(home: Home, centre: Centre) -> Issued:
    """Begin the next incarnation, in the caller's transaction: nothing is granted, drawn or sent for a branch until
    its devices have reported.

    For a database that was restored, or a server that took over behind what the last one had said. The number is
    the time in seconds, or one more than the last: two lives that begin from one backup have different numbers.
    """
    now_ms = centre.clock.now_ms()
    now = instant(now_ms)
    number = max(home.incarnations.number() + 1, now_ms // 1000)
    home.incarnations.begin(number, now, (home.last_account_number() or 0) + 1 + NUMBERS_PASSED_OVER)
    home.payments.doubt_all(now)
    body = IncarnationBegun(
        incarnation=number,
        branches=tuple(home.lookups.branches()),
        feeds=tuple(FeedMark(*mark) for mark in home.feed_marks()),
    )
    return issue(home, centre, None, body)


def must_not_recover(home: Home, branch: str | None) -> None:
    """Raises `Refused("centre_recovering")` while a device of the branch has yet to say what the centre forgot."""
    if is_recovering(home.incarnations, branch):
        raise Refused(Refusal(RECOVERING))


def incarnation_for(home: Home, branch: str) -> IncarnationAnswer:
    """What a device of the branch compares with what it has."""
    number = home.incarnations.number()
    begun = next(iter(home.newest_of_kind(BEGUN, 1)), None) if number > 1 else None
    return IncarnationAnswer(number, begun, tuple(home.incarnations.chain_ends(branch)))


def forgotten_device(home: Home, enrolment: str | None) -> DeviceEpoch | None:
    """The device that an enrolment of an earlier incarnation trusts, if the centre's own key has signed it."""
    bank = home.book(locking=False).get(Bank, "bank")
    if enrolment is None or bank is None or home.incarnations.number() == FIRST:
        return None
    try:
        check_signature(enrolment, VerifyKey(from_base64url(bank.centre_key)))
        decoded = rules.decode(read_operation(enrolment))
    except IntegrityFault:
        return None
    body = decoded.body
    if not isinstance(body, DeviceEnrolled) or not is_centres(decoded.operation):
        return None
    kid = thumbprint(from_base64url(body.key))
    return DeviceEpoch(body.device, body.epoch, body.branch, body.purpose, kid, body.key, "living")


def take_report(home: Home, centre: Centre, device: DeviceEpoch, reported: Reported) -> ReportedAnswer | Refusal:
    """The device has given back all that it keeps, and holds these grants. Repeated, it changes nothing more.

    Where it holds more than the centre counts, the centre's count is raised by a grant of this incarnation, with a case
    if that is not there. Refusal: `incarnation_differs`.
    """
    number = home.incarnations.number()
    if reported.incarnation != number:
        return Refusal("incarnation_differs", detail={"incarnation": number})
    chain = (device.device, device.epoch)
    if not home.incarnations.has_reported(chain):
        book = home.book()
        home.incarnations.report(chain)
        for account, granted in sorted(reported.granted.items()):
            if granted > right_of(account, *chain, book).granted:
                _raise_count(home, centre, device, account, granted, book)
    return ReportedAnswer(number, is_recovering(home.incarnations, device.branch))


def _raise_count(home: Home, centre: Centre, device: DeviceEpoch, account: str, granted: int, book: CentreBook) -> None:
    """Count what no grant that came back covers: the device may have paid it out. Somebody has to look at it."""
    row = book.get(DepositAccount, account)
    code = "echo_of_unknown_account" if row is None else "echo_without_grant"
    detail = msgspec.json.encode({"account": account, "granted": granted}).decode()
    now = instant(centre.clock.now_ms())
    home.open_cases([CaseRow(now, code, device.device, device.epoch, None, detail)])
    if row is None:
        return
    body = RightsGranted(
        account=account, device=device.device, epoch=device.epoch, currency=row.currency, granted=granted
    )
    issue(home, centre, row.branch, body, book=book, despite=_ECHOED_DESPITE)
