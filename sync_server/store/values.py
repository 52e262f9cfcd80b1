"""What the centre's home keeps beside the rows of the book, as plain values."""

from __future__ import annotations

from typing import Literal, NamedTuple

from core.sync.messages import Verdict

ChainName = tuple[str, int]
"""A chain: its device and epoch."""

ChainState = Literal["living", "quarantined"]
EnrolmentStep = Literal["issued", "waiting", "trusted", "refused"]
PaymentState = Literal["queued", "sent", "unknown", "accepted", "settled", "rejected", "returned", "completed"]
PAYMENT_FINAL: frozenset[PaymentState] = frozenset({"settled", "returned", "completed"})
"""States that a payment never leaves."""

DOUBTED: frozenset[PaymentState] = frozenset({"queued", "sent", "accepted", "unknown"})
"""States from which a payment may have gone further than a restored database knows."""

HELD_MS = 2**53 - 1
"""The due time of a payment that waits for a person."""


class ChainRow(NamedTuple):
    """How far the centre has a chain: its last operation (0 and None before the first), and whether it takes more."""

    seq: int
    hash: str | None
    state: ChainState


class Unbooked(NamedTuple):
    """An operation that is kept as bytes and not booked, with the code of what speaks against it."""

    seq: int
    hash: str
    jws: str
    reason: str


class CaseRow(NamedTuple):
    """Something that a person must look at. `detail` is JSON; `device` and `epoch` are None where no chain made it."""

    opened_at: str
    code: str
    device: str | None
    epoch: int | None
    operation_id: str | None
    detail: str


class FeedRow(NamedTuple):
    """An operation at its position in a feed, with the digests of the records that it names."""

    position: int
    jws: str
    records: tuple[str, ...]
    verdict: Verdict


class Placed(NamedTuple):
    """Where an operation enters a feed; `number` is what the home calls the operation."""

    feed: str
    position: int
    number: int


class Enrolment(NamedTuple):
    """An invitation of a device's next epoch, and the key (base64url) that was shown under it."""

    code_digest: str
    device: str
    epoch: int
    branch: str
    purpose: str
    expires_at: str
    public_key: str | None = None
    state: EnrolmentStep = "issued"


class NewPayment(NamedTuple):
    """A transfer that left its branch. `amount` in minor units; due at `next_attempt_ms`, in ms since 1970 UTC."""

    transfer_id: str
    branch: str
    account: str
    route: str
    currency: str
    amount: int
    details: str
    updated_at: str
    next_attempt_ms: int
    state: PaymentState = "queued"


class DuePayment(NamedTuple):
    """A payment that somebody must take one step further. `attempts` is how often it was claimed: the claim's name."""

    transfer_id: str
    branch: str
    account: str
    route: str
    currency: str
    amount: int
    details: str
    partner: str | None
    state: PaymentState
    reason: str | None
    attempts: int


class HeldPayment(NamedTuple):
    """A payment that waits for a person; `amount` in minor units."""

    transfer_id: str
    branch: str
    currency: str
    amount: int


class PaymentStep(NamedTuple):
    """What becomes of a claimed payment. Where `reason` or `partner` is None, what stands there stays."""

    state: PaymentState
    reason: str | None
    partner: str | None
    next_attempt_ms: int
    updated_at: str


class InboundPayment(NamedTuple):
    """What a partner has sent in under an end-to-end id: the digest of its content, and the answer given (JSON)."""

    content_digest: str
    answer: str
