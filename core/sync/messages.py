"""Wire messages of protocol version 1, as msgspec structs over JSON.

Fields are only ever added, with defaults; an unknown field is passed over. Records travel as base64url of their exact
bytes, by digest. Positions of a feed begin at 1 and have no gaps.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from core.rights import AllowancePolicy

PROTOCOL_VERSION = 1
BATCH_MAX = 500
"""The most operations in one push, and the most items in one page of a feed."""

VerdictName = Literal["applied", "applied_with_exception", "recorded", "quarantined"]
Code = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?\Z")]
"""A device, branch or person (see `core.ids.is_code`)."""
Identifier = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")]
Position = Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)]
Stamp = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{13}-[0-9]{4}-[a-z0-9-]{1,32}\Z")]
"""Of a hybrid logical clock, as bodies have it."""
Jws = Annotated[str, msgspec.Meta(max_length=48 * 1024)]
PublicKey = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]\Z")]
"""32 bytes as canonical base64url."""
Epoch = Annotated[int, msgspec.Meta(ge=1, le=2**53 - 1)]
Records = dict[Annotated[str, msgspec.Meta(max_length=43)], Annotated[str, msgspec.Meta(max_length=24 * 1024)]]


class Exceptional(msgspec.Struct, frozen=True):
    """A finding at the centre: a stable code and its parameters."""

    code: str
    detail: dict[str, str | int | None] = {}


class Verdict(msgspec.Struct, frozen=True):
    """What the centre said of an operation, once and for ever. `accounting_date` is where its entry counts.

    `stamp` counts in place of the body's own, where that lay after the centre's receipt.
    """

    seq: Position
    hash: str
    verdict: VerdictName
    accounting_date: str | None = None
    received_at: str = ""
    exceptions: tuple[Exceptional, ...] = ()
    stamp: Stamp | None = None


class Push(msgspec.Struct, frozen=True):
    """A contiguous run of one chain, oldest first, with the records that its operations name."""

    device: Code
    epoch: Epoch
    operations: Annotated[tuple[Jws, ...], msgspec.Meta(min_length=1, max_length=BATCH_MAX)]
    records: Records = {}


class Refused(msgspec.Struct, frozen=True):
    """An operation that did not verify: nothing of it was kept, and nothing behind it was read."""

    seq: int
    code: str


class PushAnswer(msgspec.Struct, frozen=True):
    """A verdict for each operation taken (or taken before), the chain's head at the centre, and what was refused.

    In an incarnation of which the device has not heard, nothing is taken until it has reported.
    """

    verdicts: tuple[Verdict, ...]
    head_seq: Position
    head_hash: str | None
    refused: Refused | None = None
    incarnation: Position = 0


class ChainEnd(msgspec.Struct, frozen=True):
    """A chain and the last operation that the centre has of it."""

    device: Code
    epoch: Epoch
    seq: Position
    hash: str | None


class IncarnationWanted(msgspec.Struct, frozen=True):
    """Ask for the centre's incarnation. `enrolment`: the device's own `device.enrolled`, should it be forgotten."""

    enrolment: Jws | None = None


class IncarnationAnswer(msgspec.Struct, frozen=True):
    """The life that the centre's database is in, and what a device may have that it lacks.

    `begun` is the `incarnation.begun` with the restored heads (None in the first incarnation), `ends` where the chains
    stand that are at home in the device's feeds.
    """

    incarnation: Position
    begun: str | None
    ends: tuple[ChainEnd, ...]


class GivenItem(msgspec.Struct, frozen=True):
    """An operation that stood in a feed, at that position of it, before the centre was restored."""

    position: Position
    jws: Jws


class GivenBack(msgspec.Struct, frozen=True):
    """What the device has read in a feed of its own behind the restored head, in order, whoever made it.

    `enrolment` is as in `IncarnationWanted`.
    """

    incarnation: Position
    feed: Code
    items: Annotated[tuple[GivenItem, ...], msgspec.Meta(min_length=1, max_length=BATCH_MAX)]
    records: Records = {}
    enrolment: Jws | None = None


class GivenBackAnswer(msgspec.Struct, frozen=True):
    """How many of them the centre keeps now, in their place or until it is their turn."""

    incarnation: Position
    here: int


class Reported(msgspec.Struct, frozen=True):
    """The device has given back all that it has read, unless there is `more` to say.

    `grants` are the newest grants of rights that it holds, one for each account, as the centre signed them.
    """

    incarnation: Position
    grants: Annotated[tuple[Jws, ...], msgspec.Meta(max_length=BATCH_MAX)] = ()
    more: bool = False


class ReportedAnswer(msgspec.Struct, frozen=True):
    """The device is reported. `recovering`: the bank waits for others yet."""

    incarnation: Position
    recovering: bool


class FeedItem(msgspec.Struct, frozen=True):
    """An operation at its place in a feed, exactly as it was signed, with the centre's verdict."""

    position: Position
    jws: str
    verdict: Verdict
    records: Records = {}


class FeedPage(msgspec.Struct, frozen=True):
    """Items after a position. `head` is the feed's last position; `read_bank_to` must be read first (keys, staff).

    `now` is the centre's time as it answered (an instant), by which a device judges its own clock. `hash` is the
    feed's running hash (`core.operations.checkpoints`) where the page reaches the feed's head. `recovering`: the
    centre waits for devices of that branch to give back what it forgot.
    """

    feed: str
    items: tuple[FeedItem, ...]
    head: Position
    read_bank_to: Position
    incarnation: Position
    now: str | None = None
    hash: str | None = None
    recovering: bool = False


class RightsWanted(msgspec.Struct, frozen=True):
    """Ask for spending rights: `amount` more minor units on the account, at least `least`; read the feed from there.

    `holding` is what the device knows it was granted altogether, so that the same request twice grants once.
    """

    account: Identifier
    least: Annotated[int, msgspec.Meta(ge=0, le=10**12)]
    amount: Annotated[int, msgspec.Meta(ge=1, le=10**12)]
    after: Position
    holding: int | None = None


class IbanBlockWanted(msgspec.Struct, frozen=True):
    """Ask for another block of account numbers; read the bank-wide feed from there."""

    after: Position


class LeaseWanted(msgspec.Struct, frozen=True):
    """Ask for the next lease, if the one there is half used up; read the branch's feed from there."""

    after: Position


class RightsAnswer(msgspec.Struct, frozen=True):
    """`granted` more minor units (0 where nothing is available), and the branch's feed up to that grant.

    `coming` is what other devices have been asked to hand back for it, in minor units.
    """

    granted: int
    available: int
    page: FeedPage
    coming: int = 0


ALLOWANCES_MAX = 100
"""The most accounts whose allowance is asked for at once."""


class AllowancesWanted(msgspec.Struct, frozen=True):
    """Ask for the allowance on these accounts, the most wanted first; read the branch's feed from there.

    Each account is beside what the device knows it was granted on it altogether.
    """

    after: Position
    accounts: Annotated[tuple[tuple[Identifier, Position], ...], msgspec.Meta(max_length=ALLOWANCES_MAX)]


class AllowanceSkipped(msgspec.Struct, frozen=True):
    """An account on which nothing was granted, and the stable code of why."""

    account: str
    code: str


class AllowancesAnswer(msgspec.Struct, frozen=True):
    """On how many accounts something was granted, what was skipped, and the branch's feed up to the last grant.

    `policy` is what the device holds by allowance; `retry_after_ms` is how long to wait where it asked for too much.
    """

    granted: int
    skipped: tuple[AllowanceSkipped, ...]
    policy: AllowancePolicy
    page: FeedPage
    retry_after_ms: int = 0


class VisitWanted(msgspec.Struct, frozen=True):
    """Ask for the file of the account with that IBAN, which another branch keeps; read the branch's feed from there."""

    iban: Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}\Z")]
    after: Position


class VisitAnswer(msgspec.Struct, frozen=True):
    """The account (its id) that is lent to the device, and the branch's feed up to that."""

    account: str
    page: FeedPage


class BranchDevice(msgspec.Struct, frozen=True):
    """A device epoch of the branch as the centre has it.

    `exposure` (minor units of `currency`) is what it may have paid out without having said so; `late` how many of its
    operations came after its end and are not decided.
    """

    device: str
    epoch: int
    state: str
    head_seq: int
    currency: str
    exposure: int
    late: int


class BranchDevices(msgspec.Struct, frozen=True):
    """Every device epoch of a branch, by device and epoch."""

    devices: tuple[BranchDevice, ...]


class LateRun(msgspec.Struct, frozen=True):
    """What an ended epoch still brought, as far as it is decided over at once: exact signed texts, in order."""

    device: str
    epoch: int
    operations: tuple[str, ...]


class Enrolment(msgspec.Struct, frozen=True):
    """A new device's request: the one-time code, its public key (base64url), and the key's proof (compact JWS)."""

    code: Annotated[str, msgspec.Meta(max_length=64)]
    key: Annotated[str, msgspec.Meta(max_length=43)]
    proof: Annotated[str, msgspec.Meta(max_length=2048)]
    protocol: int = PROTOCOL_VERSION


class EnrolmentAnswer(msgspec.Struct, frozen=True):
    """`state` is `waiting` until a person at the centre trusts the key, then `trusted`, with the rest filled in."""

    state: Literal["waiting", "trusted", "refused"]
    device: Code
    epoch: Epoch
    branch: Code
    purpose: Annotated[str, msgspec.Meta(max_length=32)]
    fingerprint: PublicKey
    centre_key: PublicKey | None = None


class Activation(msgspec.Struct, frozen=True):
    """A member of staff's first sign-in: the activation code that the centre gave them, and their own password."""

    person: Code
    activation_code: Annotated[str, msgspec.Meta(max_length=64)]
    password: Annotated[str, msgspec.Meta(max_length=256)]


class SignIn(msgspec.Struct, frozen=True):
    """An online sign-in, which alone makes the centre hand the one-time-code seed to another device."""

    person: Code
    password: Annotated[str, msgspec.Meta(max_length=256)]
    code: Annotated[str, msgspec.Meta(max_length=6)]


class SeedAnswer(msgspec.Struct, frozen=True):
    """The person's TOTP seed (base64url), over the line's own encryption, to be sealed at once."""

    person: Code
    seed: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{26}[AEIMQUYcgkosw048]\Z")]
    name: Annotated[str, msgspec.Meta(max_length=1000)]
    last_step: Position | None = None


class Introduction(msgspec.Struct, frozen=True):
    """A person's older key says that they mean to work on another device too (compact JWS)."""

    introduction: Annotated[str, msgspec.Meta(max_length=8192)]


class Introductions(msgspec.Struct, frozen=True):
    """Introductions waiting for this device, by person."""

    by_person: dict[str, str]


class ProblemDocument(msgspec.Struct, frozen=True):
    """RFC 9457, with a stable code and whether the same request may work later."""

    code: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    title: Annotated[str, msgspec.Meta(max_length=1000)] = ""
    status: int = 0
    detail: Annotated[str, msgspec.Meta(max_length=10_000)] = ""
    retry: bool = False
