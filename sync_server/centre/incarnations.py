"""A new life of the centre's database: begun once, and over as a wait when every device has said what it knows."""

from __future__ import annotations

from nacl.signing import VerifyKey

from core.book.rows import Bank, DeviceEpoch
from core.canonical import from_base64url, thumbprint
from core.clock import instant
from core.envelope import check_signature, read_operation
from core.errors import IntegrityFault, Refusal, Refused
from core.operations import rules
from core.operations.bank import DeviceEnrolled
from core.operations.checkpoints import FeedMark
from core.operations.incarnations import BEGUN, FIRST, IncarnationBegun
from core.operations.money import is_centres
from core.operations.rights import RightsGranted
from core.sync.messages import IncarnationAnswer, Reported, ReportedAnswer
from sync_server.centre.issue import Centre, Issued, issue
from sync_server.store.home import Home
from sync_server.store.incarnations import Given, is_recovering

NUMBERS_PASSED_OVER = 10_000_000
"""Account numbers that the forgotten past may have leased: ten thousand blocks."""

RECOVERING = "centre_recovering"


def begin_incarnation(home: Home, centre: Centre) -> Issued:
    """Begin the next incarnation, in the caller's transaction: nothing is granted, drawn or sent until
    every device has reported or is written off.

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


def must_not_recover(home: Home) -> None:
    """Raises `Refused("centre_recovering")` while a device has yet to say what the centre forgot."""
    if is_recovering(home.incarnations):
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
    """The device has given back all that it has read, and holds these grants. Repeated, it changes nothing more.

    A grant that the centre's key has not signed for this device counts nothing. Where one has not come back, the
    centre's count is raised as soon as everybody of the branch has reported. Refusals: `incarnation_differs`,
    `device_revoked` (it was given up).
    """
    number = home.incarnations.hold()
    if reported.incarnation != number:
        return Refusal("incarnation_differs", detail={"incarnation": number})
    chain = (device.device, device.epoch)
    if chain in home.incarnations.given_up():
        return Refusal("device_revoked")
    if number > FIRST and not home.incarnations.has_reported(chain):
        kept = [given for jws in reported.grants if (given := _grant(jws, device, centre)) is not None]
        if kept:
            home.incarnations.keep_given(kept)
        if not reported.more:
            home.incarnations.report(chain)
    return ReportedAnswer(number, is_recovering(home.incarnations))


def _grant(jws: str, device: DeviceEpoch, centre: Centre) -> Given | None:
    """The grant as it is kept, if the centre has given it to this device."""
    try:
        check_signature(jws, centre.keys.signing.verify_key)
        decoded = rules.decode(read_operation(jws))
    except IntegrityFault:
        return None
    body, branch = decoded.body, decoded.operation.branch
    mine = isinstance(body, RightsGranted) and (body.device, body.epoch) == (device.device, device.epoch)
    if branch is None or not mine or not is_centres(decoded.operation):
        return None
    return Given(branch, "grant", body.granted, decoded.signed.hash, jws)
