"""Allowances: what desks hold of their customers' money before anybody asks, so that a cut line finds it there.

Asked for by many accounts at a time and granted in one transaction: one conversation, not a storm of grants. What is
granted is never more than the policy has a desk hold, and always leaves the floor at the centre for other desks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from core.book.rows import DepositAccount, DeviceEpoch, Recall, Right
from core.errors import Refusal
from core.operations.rights import RightsGranted, available_on, payable_by, recalled_lately, right_of
from core.rights import USUAL_ALLOWANCE, AllowancePolicy, top_up
from core.sync.messages import AllowanceSkipped
from sync_server.centre.buckets import BUCKET, take_grants
from sync_server.centre.incarnations import RECOVERING
from sync_server.centre.issue import Centre, issue_all
from sync_server.centre.rights import not_granted_on, overdrawn_by
from sync_server.store.home import CentreBook, Home
from sync_server.store.incarnations import is_recovering

ACCOUNTS_PER_GRANT = 10
"""So many accounts are topped up for one grant of the device's bucket: together they cost far less than alone."""
KEPT_FOR_TELLERS = BUCKET // 2
"""What allowances leave in the bucket, for customers who stand at the counter."""


@dataclass(frozen=True, slots=True)
class ToppedUp:
    """On how many accounts something was granted, and what speaks against each of the others.

    `retry_after_ms` is how long to wait before more is asked for, where the device asked for too much.
    """

    granted: int
    skipped: tuple[AllowanceSkipped, ...]
    retry_after_ms: int = 0


def top_up_all(
    home: Home,
    centre: Centre,
    device: DeviceEpoch,
    asked: Sequence[tuple[str, int]],
    policy: AllowancePolicy = USUAL_ALLOWANCE,
) -> ToppedUp | Refusal:
    """Top each account up to the allowance, those that are named first before the others.

    Each is beside the cumulative grant on it that the device knows of, in minor units.
    What speaks against one account skips that one: `account_unknown`, `account_elsewhere`, `account_closing`,
    `account_frozen`, `account_repeated`, `holding_differs`, `recalled`, `not_available`, `allowance_cap_reached`,
    `too_many_grants`. Refusals of all: `grants_stopped`, `centre_recovering`.
    """
    if is_recovering(home.incarnations):
        return Refusal(RECOVERING)
    if overdrawn_by(home, device):
        return Refusal("grants_stopped")
    if not asked:
        return ToppedUp(0, ())
    book = home.book()
    book.prefetch(key for account, _ in asked for key in _rows_of(account, device))
    wanted, skipped = _worth_it(asked, device, book, policy, centre.clock.now_ms())
    if not wanted:
        return ToppedUp(0, _said(skipped))
    # Its bucket's lock lets one request of a device at a time count what it holds.
    grants, retry_after_ms = take_grants(
        home, centre, device, -(-len(wanted) // ACCOUNTS_PER_GRANT), leaving=KEPT_FOR_TELLERS
    )
    may = grants * ACCOUNTS_PER_GRANT
    skipped.update((right.account, "too_many_grants") for right, _ in wanted[may:])
    bodies = list(_within_cap(home, device, wanted[:may], skipped, book, policy))
    if bodies:
        issue_all(home, centre, device.branch or "", bodies, book=book)
    return ToppedUp(len(bodies), _said(skipped), retry_after_ms)


def _said(skipped: Mapping[str, str]) -> tuple[AllowanceSkipped, ...]:
    return tuple(AllowanceSkipped(account, code) for account, code in skipped.items())


def _rows_of(account: str, device: DeviceEpoch) -> Iterable[tuple[type, tuple[object, ...]]]:
    yield DepositAccount, (account,)
    yield Recall, (account, device.device, device.epoch)
    yield Right, (account, device.device, device.epoch)


def _worth_it(
    asked: Sequence[tuple[str, int]], device: DeviceEpoch, book: CentreBook, policy: AllowancePolicy, now_ms: int
) -> tuple[list[tuple[Right, int]], dict[str, str]]:
    """The rights to be topped up, with by how much, and why others are not."""
    wanted: dict[str, tuple[Right, int]] = {}
    skipped: dict[str, str] = {}
    for account, holding in asked:
        if account in wanted or account in skipped:
            skipped.setdefault(account, "account_repeated")
            continue
        right = right_of(account, device.device, device.epoch, book)
        more, why_not = _more(right, holding, device, book, policy, now_ms)
        if more:
            wanted[account] = (right, more)
        else:
            skipped[account] = why_not
    return list(wanted.values()), skipped


def _more(
    right: Right, holding: int, device: DeviceEpoch, book: CentreBook, policy: AllowancePolicy, now_ms: int
) -> tuple[int, str]:
    """What there is to be granted on one account, in minor units; else 0 and why."""
    account = book.get(DepositAccount, right.account)
    refusal = not_granted_on(account, device)
    if refusal is not None or account is None:
        return 0, refusal.code if refusal else "account_unknown"
    if right.granted != holding:
        # It has yet to read what it was granted: it may lack nothing.
        return 0, "holding_differs"
    if recalled_lately(book.get(Recall, right.account, right.device, right.epoch), now_ms):
        return 0, "recalled"
    return top_up(policy, held=payable_by(right), available_amount=available_on(account)), "not_available"


def _within_cap(
    home: Home,
    device: DeviceEpoch,
    wanted: Sequence[tuple[Right, int]],
    skipped: dict[str, str],
    book: CentreBook,
    policy: AllowancePolicy,
) -> Iterable[RightsGranted]:
    """The grants that the device's cap still has room for."""
    held, accounts = home.lookups.allowance_held((device.device, device.epoch), policy.amount)
    for right, more in wanted:
        holds = max(0, payable_by(right))
        granted = min(more, policy.cap - held)
        account = book.get(DepositAccount, right.account)
        if granted <= holds or (not holds and accounts >= policy.accounts) or account is None:
            skipped[right.account] = "allowance_cap_reached"
            continue
        held += granted
        accounts += 0 if holds else 1
        yield RightsGranted(
            account=right.account,
            device=right.device,
            epoch=right.epoch,
            currency=account.currency,
            granted=right.granted + granted,
        )
