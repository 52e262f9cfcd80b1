"""What the device hands out: drafts, what was performed or refused, open sessions, what changed, the outbox."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from nacl.signing import SigningKey

from core.envelope import Authority, Signed
from core.errors import Refusal
from core.ledger import Posting
from core.operations.kind import Body


@dataclass(frozen=True, slots=True)
class DeviceIdentity:
    """Who this device is in its living epoch. `kid` names its key; `centre_key` (base64url) is pinned at enrolment."""

    device: str
    epoch: int
    branch: str
    purpose: str
    kid: str
    centre_key: str
    centre_url: str


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A person at work: the session key is here, in memory, and nowhere else. `opened` is their `session.opened`."""

    kid: str
    person: str
    role: str
    ends_at: str
    opened: str
    key: SigningKey = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class BalanceChange:
    """What an entry does to one account, in minor units.

    A customer's account (`customer_account` is its id) is told in the customer's view (credit positive) with what this
    device may pay out of it; an account of the books debit positive, with no payable amounts.
    """

    branch: str
    account: str
    currency: str
    customer_account: str | None
    before: int
    after: int
    payable_before: int | None = None
    payable_after: int | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """An operation with its id, exactly as it will be signed but for its place on the chain and its time.

    `findings` is what speaks against it at this moment; `needs_second_person` whether `perform` wants an approval;
    `standin` whether what exceeds this device's rights is to be paid at the bank's own risk.
    """

    id: str
    kind: str
    kind_version: int
    body: Body
    body_bytes: bytes
    business_date: str | None
    drawer: str | None
    session: OpenSession | None
    authority: Authority | None
    postings: tuple[Posting, ...]
    changes: tuple[BalanceChange, ...]
    records: Mapping[str, bytes]
    findings: tuple[Refusal, ...]
    needs_second_person: bool
    standin: bool = False

    @property
    def may_be_performed(self) -> bool:
        """Whether nothing speaks against it; an approval may still be needed."""
        return not self.findings


@dataclass(frozen=True, slots=True)
class Performed:
    """It is done: signed, on the disk, in the outbox."""

    signed: Signed
    postings: tuple[Posting, ...]

    @property
    def id(self) -> str:
        """The operation's id."""
        return self.signed.operation.id


@dataclass(frozen=True, slots=True)
class Refusals:
    """It was not done, and nothing of it was kept; why, in the order in which it was found."""

    findings: tuple[Refusal, ...]

    @property
    def first(self) -> Refusal:
        """What to say first."""
        return self.findings[0]


@dataclass(frozen=True, slots=True)
class Changed:
    """What an operation or a page of a feed changed, so that screens know what to read again."""

    kinds: frozenset[str] = frozenset()
    accounts: frozenset[str] = frozenset()
    customers: frozenset[str] = frozenset()
    own: bool = False


@dataclass(frozen=True, slots=True)
class Outbox:
    """What the centre has not acknowledged: how many operations, and the device's clock at the oldest of them."""

    length: int
    oldest_at: str | None


@dataclass(frozen=True, slots=True)
class PushRun:
    """The next run of the outbox, oldest first, and the bytes of the records that its operations name, by digest."""

    device: str
    epoch: int
    operations: tuple[str, ...]
    records: Mapping[str, bytes]
