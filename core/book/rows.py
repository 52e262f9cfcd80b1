"""The rows of state that rules read and change: frozen structs, each with its table's name and key.

A home (SQLite, PostgreSQL, a dict) has one table for each, with a column for each field, so a row's struct is the one
definition of its shape. Amounts are minor units, instants RFC 3339 UTC, ids UUIDv7 text.
"""

from __future__ import annotations

from typing import ClassVar

import msgspec


class Row(msgspec.Struct, frozen=True):
    """A row of state. `KEY` names the fields of its primary key."""

    TABLE: ClassVar[str] = ""
    KEY: ClassVar[tuple[str, ...]] = ()


class Bank(Row, frozen=True):
    """The bank itself: one row. `bank_code` stands in every IBAN; `centre_key` is base64url."""

    TABLE: ClassVar[str] = "bank"
    KEY: ClassVar[tuple[str, ...]] = ("code",)
    code: str
    name: str
    country: str
    bank_code: str
    bic: str
    currency: str
    centre_key: str


class Branch(Row, frozen=True):
    """A branch and its place."""

    TABLE: ClassVar[str] = "branches"
    KEY: ClassVar[tuple[str, ...]] = ("code",)
    code: str
    name: str
    address: str
    currency: str


class Staff(Row, frozen=True):
    """A member of staff. `approval_limit`: cash paid out above it needs a supervisor's approval."""

    TABLE: ClassVar[str] = "staff"
    KEY: ClassVar[tuple[str, ...]] = ("code",)
    code: str
    branch: str
    role: str
    approval_limit: int
    currency: str
    suspended: bool
    name: str


class StaffKey(Row, frozen=True):
    """A staff key's public half (base64url) on one device epoch; `ended_by` names the operation that ended it."""

    TABLE: ClassVar[str] = "staff_keys"
    KEY: ClassVar[tuple[str, ...]] = ("kid",)
    kid: str
    person: str
    branch: str
    device: str
    epoch: int
    public_key: str
    registered_by: str
    registered_at: str
    witness: str
    ended_by: str | None


class PersonKeys(Row, frozen=True):
    """Every key ever registered in a person's name, as thumbprints with a space between."""

    TABLE: ClassVar[str] = "person_keys"
    KEY: ClassVar[tuple[str, ...]] = ("person",)
    person: str
    kids: str


class DeskKeys(Row, frozen=True):
    """That a device epoch has its first staff keys, which two people registered as each other's witness."""

    TABLE: ClassVar[str] = "desk_keys"
    KEY: ClassVar[tuple[str, ...]] = ("device", "epoch")
    device: str
    epoch: int
    founded_by: str


class LastStep(Row, frozen=True):
    """The one-time code's step that a person's newest session on a device was opened with: no step serves twice."""

    TABLE: ClassVar[str] = "last_steps"
    KEY: ClassVar[tuple[str, ...]] = ("person", "device", "epoch")
    person: str
    device: str
    epoch: int
    step: int


class DeviceEpoch(Row, frozen=True):
    """One life of a device's chain. `state`: `living`, `revoked`, `written_off`; `purpose`: `desktop`, `kiosk`,
    `centre`. `head_seq`: the last `seq` that the centre had when it ended.
    """

    TABLE: ClassVar[str] = "devices"
    KEY: ClassVar[tuple[str, ...]] = ("device", "epoch")
    device: str
    epoch: int
    branch: str | None
    purpose: str
    kid: str
    public_key: str
    state: str
    head_seq: int | None = None


class Session(Row, frozen=True):
    """A session key's public half, valid on one chain after `opened_seq` until closed or `ends_at`."""

    TABLE: ClassVar[str] = "sessions"
    KEY: ClassVar[tuple[str, ...]] = ("kid",)
    kid: str
    device: str
    epoch: int
    person: str
    public_key: str
    opened_seq: int
    opened_by: str
    opened_hash: str
    staff_key: str
    ends_at: str
    closed_seq: int | None


class Customer(Row, frozen=True):
    """A customer. `kyc`: `pending`, `approved`, `refused`; `kyc_keeper`: the device that decides, or `centre`."""

    TABLE: ClassVar[str] = "customers"
    KEY: ClassVar[tuple[str, ...]] = ("id",)
    id: str
    branch: str
    registered_on: str
    kyc: str
    kyc_term: int
    kyc_keeper: str
    kyc_decided_by: str | None


class ProfileValue(Row, frozen=True):
    """One value that a customer's field was given; the greatest (stamp, operation) counts, the rest is its history."""

    TABLE: ClassVar[str] = "profile_values"
    KEY: ClassVar[tuple[str, ...]] = ("customer", "field", "operation")
    customer: str
    field: str
    operation: str
    stamp: str
    record: str


class DepositAccount(Row, frozen=True):
    """A customer's deposit account.

    `posted` is what it holds (the customer's view: credit positive); `rights` the sum that all devices hold; `holds`
    what is held back; `freezes` how many freezes are not lifted, `closings` how many requests to close it are waiting.
    `state`: `open`, `closed`, or `unknown` when money was booked to it before its opening has been heard of.
    `limit_target` is what the overdraft limit is to become once enough rights have come back; `lent_to` the branch at
    which its customer visits, empty for none.
    """

    TABLE: ClassVar[str] = "deposit_accounts"
    KEY: ClassVar[tuple[str, ...]] = ("id",)
    id: str
    branch: str
    currency: str
    customer: str
    product: str
    iban: str
    opened_on: str
    state: str
    posted: int
    rights: int
    overdraft_limit: int
    holds: int
    freezes: int
    limit_target: int = 0
    closings: int = 0
    lent_to: str = ""


class LentFile(Row, frozen=True):
    """The newest loan of an account to a device epoch of another branch, whose customer visits there.

    `branch` keeps the account, `visited` is the device's. `lent_by` names the `file.lent`, at `as_of` its figures were
    those of the centre. It ends at `until`, or with `ended_by`.
    """

    TABLE: ClassVar[str] = "lent_files"
    KEY: ClassVar[tuple[str, ...]] = ("account", "device", "epoch")
    account: str
    device: str
    epoch: int
    branch: str
    visited: str
    lent_by: str
    as_of: str
    until: str
    ended_by: str | None


class Visiting(Row, frozen=True):
    """The branches of which a device epoch has ever been lent a file, with a space between."""

    TABLE: ClassVar[str] = "visiting"
    KEY: ClassVar[tuple[str, ...]] = ("device", "epoch")
    device: str
    epoch: int
    branches: str


class Iban(Row, frozen=True):
    """Which account an IBAN belongs to: the first to have been opened under it."""

    TABLE: ClassVar[str] = "ibans"
    KEY: ClassVar[tuple[str, ...]] = ("iban",)
    iban: str
    account: str


class Right(Row, frozen=True):
    """The four counters of one device epoch's rights on one account, in minor units.

    `released`: the epoch was written off, and counts here no more, for ever.
    """

    TABLE: ClassVar[str] = "rights"
    KEY: ClassVar[tuple[str, ...]] = ("account", "device", "epoch")
    account: str
    device: str
    epoch: int
    granted: int
    minted: int
    used: int
    returned: int
    released: bool = False


class Lease(Row, frozen=True):
    """The newest lease of a device epoch, in minor units of `currency`.

    `per_payment` is the most that one payment takes from rights; `payments_to` and `sum_to` are ceilings of what the
    epoch's chain has ever paid by rights (see `Spending`). `standin_...` are the same for what is paid beyond them.
    `last_end` is the latest end that any lease of the epoch has had.
    """

    TABLE: ClassVar[str] = "leases"
    KEY: ClassVar[tuple[str, ...]] = ("device", "epoch")
    device: str
    epoch: int
    number: int
    ends_at: str
    currency: str
    per_payment: int
    payments_to: int
    sum_to: int
    standin_per_payment: int
    standin_payments_to: int
    standin_sum_to: int
    last_end: str


class Spending(Row, frozen=True):
    """What a device epoch's chain has ever paid out: by rights and by stand-in, in number and in minor units."""

    TABLE: ClassVar[str] = "spending"
    KEY: ClassVar[tuple[str, ...]] = ("device", "epoch")
    device: str
    epoch: int
    payments: int
    paid: int
    standins: int
    stood_in: int


class Recall(Row, frozen=True):
    """What a device epoch is to have paid out and handed back on an account, in all (minor units), and who said so."""

    TABLE: ClassVar[str] = "recalls"
    KEY: ClassVar[tuple[str, ...]] = ("account", "device", "epoch")
    account: str
    device: str
    epoch: int
    gone_to: int
    recalled_by: str


class Hold(Row, frozen=True):
    """Money that is held back on an account, released by naming it. `cause` names the operation that it is for."""

    TABLE: ClassVar[str] = "account_holds"
    KEY: ClassVar[tuple[str, ...]] = ("id",)
    id: str
    account: str
    amount: int
    reason: str
    cause: str | None
    released_by: str | None


class LateAnswer(Row, frozen=True):
    """What became of an operation of an ended epoch (by its hash): booked or refused, once, by which operation."""

    TABLE: ClassVar[str] = "late_answers"
    KEY: ClassVar[tuple[str, ...]] = ("hash",)
    hash: str
    answered_by: str
    booked: bool


class Exposure(Row, frozen=True):
    """What was booked as the bank's risk for a written-off device epoch (minor units), and by which operation."""

    TABLE: ClassVar[str] = "exposures"
    KEY: ClassVar[tuple[str, ...]] = ("device", "epoch")
    device: str
    epoch: int
    currency: str
    amount: int
    booked_by: str


class Request(Row, frozen=True):
    """Something a desk may not decide. `kind` is the asking operation's; `state`: `waiting`, `done`, `declined`.

    `account` and `amount` (minor units) where it concerns one. `reason` is why it was declined.
    """

    TABLE: ClassVar[str] = "requests"
    KEY: ClassVar[tuple[str, ...]] = ("id",)
    id: str
    branch: str
    kind: str
    account: str | None
    currency: str | None
    amount: int
    state: str
    reason: str | None
    decided_by: str | None


class Freeze(Row, frozen=True):
    """A freeze on an account, lifted by naming it; a lift that arrives first leaves `account` known and it lifted."""

    TABLE: ClassVar[str] = "freezes"
    KEY: ClassVar[tuple[str, ...]] = ("id",)
    id: str
    account: str
    reason: str
    lifted_by: str | None


class Drawer(Row, frozen=True):
    """A device epoch's session of a drawer. `state`: `open` or `closed`; `counted` the last count in minor units."""

    TABLE: ClassVar[str] = "drawers"
    KEY: ClassVar[tuple[str, ...]] = ("branch", "drawer", "currency", "device", "epoch")
    branch: str
    drawer: str
    currency: str
    device: str
    epoch: int
    person: str
    state: str
    business_date: str
    opened_by: str
    counted: int | None


class DrawerCode(Row, frozen=True):
    """Which device epochs have a drawer of that code open, as `device/epoch` with a space between, in order."""

    TABLE: ClassVar[str] = "drawer_codes"
    KEY: ClassVar[tuple[str, ...]] = ("branch", "drawer", "currency")
    branch: str
    drawer: str
    currency: str
    open_at: str


class Day(Row, frozen=True):
    """A device's own business day. `state`: `open` or `closed`."""

    TABLE: ClassVar[str] = "days"
    KEY: ClassVar[tuple[str, ...]] = ("device", "epoch", "business_date")
    device: str
    epoch: int
    business_date: str
    branch: str
    state: str


class IbanBlock(Row, frozen=True):
    """Account numbers `first` to `last` (inclusive) that the centre leased to a device epoch and to nobody else."""

    TABLE: ClassVar[str] = "iban_blocks"
    KEY: ClassVar[tuple[str, ...]] = ("first",)
    first: int
    last: int
    device: str
    epoch: int


class Reversal(Row, frozen=True):
    """That an operation was reversed, and by which: once."""

    TABLE: ClassVar[str] = "reversals"
    KEY: ClassVar[tuple[str, ...]] = ("reverses",)
    reverses: str
    reversed_by: str


class Transfer(Row, frozen=True):
    """A transfer that left the branch: `state` is `sent`, `completed`, `settled` or `returned` with a `reason`."""

    TABLE: ClassVar[str] = "transfers"
    KEY: ClassVar[tuple[str, ...]] = ("id",)
    id: str
    branch: str
    account: str
    route: str
    currency: str
    amount: int
    state: str
    reason: str | None
    answered_by: str | None


class LedgerBalance(Row, frozen=True):
    """What an account of the books holds, debit positive. Deposit accounts keep theirs as `DepositAccount.posted`."""

    TABLE: ClassVar[str] = "ledger_balances"
    KEY: ClassVar[tuple[str, ...]] = ("branch", "account", "currency")
    branch: str
    account: str
    currency: str
    balance: int


ROWS: tuple[type[Row], ...] = (
    Bank,
    Branch,
    Staff,
    StaffKey,
    PersonKeys,
    DeskKeys,
    LastStep,
    DeviceEpoch,
    Session,
    Customer,
    ProfileValue,
    DepositAccount,
    LentFile,
    Visiting,
    Iban,
    Right,
    Lease,
    Spending,
    Recall,
    Hold,
    Request,
    LateAnswer,
    Exposure,
    Freeze,
    Drawer,
    DrawerCode,
    Day,
    IbanBlock,
    Reversal,
    Transfer,
    LedgerBalance,
)
