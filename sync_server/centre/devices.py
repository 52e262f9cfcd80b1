"""Devices: invited by a one-time code, known by a key made on the device, trusted by a person at the centre."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from core.book.rows import Branch, DeviceEpoch, Visiting
from core.canonical import from_base64url, thumbprint
from core.clock import instant
from core.envelope import read_operation
from core.errors import Refusal
from core.ids import Randomness, is_code
from core.operations.bank import DeviceEnrolled, DeviceRevoked, IbanBlockLeased
from sync_server.centre.issue import Centre, issue
from sync_server.centre.leases import renew_lease
from sync_server.centre.one_time import new_one_time_code, one_time_digest
from sync_server.ingest.settle import BANK_FEED
from sync_server.policies import USUAL_LEASE, LeasePolicy
from sync_server.store.home import Home
from sync_server.store.incarnations import is_gathering
from sync_server.store.values import ChainName, Enrolment

INVITATION_MS = 24 * 60 * 60 * 1000
IBAN_BLOCK_SIZE = 1000
_DAY_MS = 24 * 60 * 60 * 1000
_EPOCHS_A_DAY = 10
_FEW_NUMBERS = 500
_MANY = 100_000
_FIRST_ACCOUNT_NUMBER = 1_000_000


@dataclass(frozen=True, slots=True)
class EnrolmentState:
    """An enrolment as the centre keeps it. `fingerprint` is the key's thumbprint."""

    state: Literal["waiting", "trusted", "refused"]
    device: str
    epoch: int
    branch: str
    purpose: str
    public_key: str

    @property
    def fingerprint(self) -> str:
        """What a person compares before trusting."""
        return thumbprint(from_base64url(self.public_key))


def invite_device(
    home: Home, centre: Centre, randomness: Randomness, *, device: str, branch: str, purpose: str
) -> str | Refusal:
    """A one-time code for the device's next epoch. Refusals: `device_code_malformed`, `branch_unknown`."""
    if not is_code(device) or device.startswith("centre"):
        return Refusal("device_code_malformed", "device")
    if home.book(locking=False).get(Branch, branch) is None:
        return Refusal("branch_unknown", "branch")
    code = new_one_time_code(randomness)
    expires_at = instant(centre.clock.now_ms() + INVITATION_MS)
    epoch = _next_epoch(home, centre, device)
    home.enrolments.invite(Enrolment(one_time_digest(code), device, epoch, branch, purpose, expires_at))
    return code


def _next_epoch(home: Home, centre: Centre, device: str) -> int:
    """One that no forgotten enrolment has, after a restore: they begin anew each day."""
    after = home.last_epoch(device) + 1
    if home.incarnations.number() == 1:
        return after
    return max(after, centre.clock.now_ms() // _DAY_MS * _EPOCHS_A_DAY)


def request_enrolment(home: Home, centre: Centre, code: str, public_key: str) -> EnrolmentState | Refusal:
    """A device shows its key under an invitation. The same key may ask again; the code serves no second key.

    Refusals: `enrolment_code_wrong` (unknown, expired, used by another key, or the key used another code).
    """
    enrolment = home.enrolments.lock(one_time_digest(code))
    if enrolment is None:
        return Refusal("enrolment_code_wrong", "code")
    if enrolment.public_key is None:
        expired = enrolment.expires_at < instant(centre.clock.now_ms())
        fingerprint = thumbprint(from_base64url(public_key))
        if expired or not home.enrolments.show_key(enrolment.code_digest, public_key, fingerprint):
            return Refusal("enrolment_code_wrong", "code")
        enrolment = enrolment._replace(public_key=public_key, state="waiting")
    if enrolment.public_key != public_key:
        return Refusal("enrolment_code_wrong", "code")
    return _state_of(enrolment)


def find_enrolment(home: Home, fingerprint: str) -> EnrolmentState | None:
    """The enrolment whose key has that fingerprint."""
    if "\x00" in fingerprint:
        return None
    enrolment = home.enrolments.find(fingerprint)
    return _state_of(enrolment) if enrolment is not None else None


def waiting_enrolments(home: Home) -> list[EnrolmentState]:
    """Devices that wait to be trusted."""
    return [_state_of(enrolment) for enrolment in home.enrolments.waiting()]


def _state_of(enrolment: Enrolment) -> EnrolmentState:
    return EnrolmentState(
        "waiting" if enrolment.state == "issued" else enrolment.state,
        enrolment.device,
        enrolment.epoch,
        enrolment.branch,
        enrolment.purpose,
        enrolment.public_key or "",
    )


def trust_device(
    home: Home, centre: Centre, device: str, fingerprint: str, policy: LeasePolicy = USUAL_LEASE
) -> EnrolmentState | Refusal:
    """A person has compared fingerprints: the epoch begins, with a lease and a block of account numbers of its own.

    Epochs of the same device before it end at the head that the centre has: one device signs on one chain.

    Refusals: `enrolment_unknown`, `fingerprint_differs`, and `centre_recovering` (see `revoke_device`).
    """
    enrolment = home.enrolments.lock_waiting(device)
    if enrolment is None:
        return Refusal("enrolment_unknown", "device")
    state = _state_of(enrolment)
    if state.fingerprint != fingerprint:
        return Refusal("fingerprint_differs", "fingerprint")
    refused = _end_epochs_before(home, centre, device, state.epoch)
    if refused is not None:
        return refused
    body = DeviceEnrolled(
        device=state.device,
        epoch=state.epoch,
        branch=state.branch,
        purpose="kiosk" if state.purpose == "kiosk" else "desktop",
        key=state.public_key,
    )
    issue(home, centre, None, body)
    home.begin_chain((state.device, state.epoch))
    home.incarnations.report((state.device, state.epoch))
    home.enrolments.trust(state.device, state.epoch)
    lease_iban_block(home, centre, state.device, state.epoch)
    enrolled = find_device(home, state.device, state.epoch)
    if enrolled is not None:
        renew_lease(home, centre, enrolled, policy)
    return EnrolmentState("trusted", state.device, state.epoch, state.branch, state.purpose, state.public_key)


def _end_epochs_before(home: Home, centre: Centre, device: str, epoch: int) -> Refusal | None:
    home.lock_chains((device,))
    for before in home.living_epochs(device):
        refused = revoke_device(home, centre, device, before) if before < epoch else None
        if refused is not None:
            return refused
    if any(before < epoch for before in home.living_epochs(device)):
        # It ends once what others gave back of it has its place.
        return Refusal("centre_recovering", "device")
    return None


def lease_iban_block(home: Home, centre: Centre, device: str, epoch: int) -> None:
    """The next account numbers that nobody has, for that device epoch alone."""
    home.lock_feeds((BANK_FEED,))
    last = home.last_account_number()
    first = last + 1 if last is not None else _FIRST_ACCOUNT_NUMBER
    first = max(first, home.incarnations.numbers_from())
    body = IbanBlockLeased(device=device, epoch=epoch, first=first, last=first + IBAN_BLOCK_SIZE - 1)
    issue(home, centre, None, body)


def lease_if_few(home: Home, centre: Centre, device: str, epoch: int) -> None:
    """Another block once the device epoch has few numbers left: a repeated request leases nothing more."""
    home.lock_feeds((BANK_FEED,))
    leased, opened = home.account_numbers((device, epoch))
    if leased - opened < _FEW_NUMBERS:
        lease_iban_block(home, centre, device, epoch)


def revoke_device(home: Home, centre: Centre, device: str, epoch: int) -> Refusal | None:
    """End a device's epoch at the head that the centre has; what it sends from here on is kept, but not booked.

    A centre that was restored ends one that has not reported as soon as what others gave back of its chain has its
    place. Refusals: `device_unknown`; `centre_recovering` while others may have more of its chain (`give_up` ends all
    who have not reported at once).
    """
    chain = home.lock_chain((device, epoch))
    if chain is None:
        return Refusal("device_unknown", "device")
    branches = _branches_of(home, device, epoch)
    awaited = {(row.device, row.epoch) for branch in branches for row in home.incarnations.awaited(branch)}
    if awaited - {(device, epoch)}:
        return Refusal("centre_recovering", "device")
    if awaited:
        home.incarnations.give_up((device, epoch))
    if not _is_whole(home, (device, epoch)):
        return None if awaited else Refusal("centre_recovering", "device")
    _revoke(home, centre, (device, epoch))
    return None


def give_up(home: Home, centre: Centre, branches: Sequence[str]) -> list[DeviceEpoch] | Refusal:
    """Revoke every device that these branches wait for since the centre was restored: they will not report.

    What they hold stays reserved until they are written off. Answers who they were. Refusal: `centre_recovering`
    while devices of another branch, at which one of them has worked, have yet to report.
    """
    waiting = {(row.device, row.epoch): row for branch in branches for row in home.incarnations.awaited(branch)}
    home.lock_chains(device for device, _ in waiting)
    for chain in sorted(waiting):
        for each in _branches_of(home, *chain):
            if any((other.device, other.epoch) not in waiting for other in home.incarnations.awaited(each)):
                return Refusal("centre_recovering", "branch", {"branch": each})
    for chain in sorted(waiting):
        home.incarnations.give_up(chain)
    while revoke_given_up(home, centre):
        pass
    return [waiting[chain] for chain in sorted(waiting)]


def revoke_given_up(home: Home, centre: Centre) -> bool:
    """Revoke one that was given up and of whose chain nothing waits for its place; False if there is none."""
    for device, epoch in home.incarnations.given_up():
        row = find_device(home, device, epoch)
        if row is not None and row.state == "living" and _is_whole(home, (device, epoch)):
            _revoke(home, centre, (device, epoch))
            return True
    return False


def _is_whole(home: Home, chain: ChainName) -> bool:
    """Whether whatever others gave back of a chain has its place."""
    incarnations = home.incarnations
    if any(is_gathering(incarnations, branch) for branch in _branches_of(home, *chain)):
        return False
    waiting = (given for feed in incarnations.given_feeds() for given in incarnations.given(feed, "item", _MANY))
    makers = (read_operation(given.jws).operation for given in waiting)
    return all((maker.device, maker.epoch) != chain for maker in makers)


def _branches_of(home: Home, device: str, epoch: int) -> list[str]:
    """The branches whose feeds the device's operations stand in."""
    book = home.book(locking=False)
    row, visiting = book.get(DeviceEpoch, device, epoch), book.get(Visiting, device, epoch)
    home_branch = row.branch if row is not None else None
    visited = visiting.branches.split() if visiting is not None else []
    return sorted({*visited, home_branch} if home_branch is not None else visited)


def _revoke(home: Home, centre: Centre, chain: ChainName) -> None:
    row = home.lock_chain(chain)
    head_seq = row.seq if row is not None else 0
    issue(home, centre, None, DeviceRevoked(device=chain[0], epoch=chain[1], head_seq=head_seq))
    home.end_chain(chain)


def find_device(home: Home, device: str, epoch: int) -> DeviceEpoch | None:
    """A device epoch as the book has it."""
    return home.book(locking=False).get(DeviceEpoch, device, epoch)
