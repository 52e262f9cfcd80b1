"""Staff as the branch knows them, every key ever registered in somebody's name, and all keys that signatures name."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, text

from core.store.queries.notes import record_fields

_STAFF = text(
    "SELECT code, branch, role, approval_limit, currency, suspended, name FROM staff "
    "WHERE (:branch = '' OR branch = :branch) ORDER BY code"
)
_KEYS = text(
    "SELECT k.*, d.state FROM staff_keys k LEFT JOIN devices d ON d.device = k.device AND d.epoch = k.epoch "
    "WHERE k.person = :person ORDER BY k.registered_at, k.kid"
)
_OPEN = text("SELECT 1 FROM sessions WHERE kid = :kid AND closed_seq IS NULL")
_WITNESS = text("SELECT person FROM staff_keys WHERE kid = :kid")
_ALL_KEYS = text(
    "SELECT kid, public_key, 'device' AS use, device AS owner FROM devices UNION "
    "SELECT kid, public_key, 'staff', person FROM staff_keys UNION "
    "SELECT kid, public_key, 'session', person FROM sessions ORDER BY 1"
)
_BANK = text("SELECT name, country, bank_code, bic, currency FROM bank")
_BRANCHES = text("SELECT code, name, address, currency FROM branches ORDER BY code")


@dataclass(frozen=True, slots=True)
class StaffMember:
    """A member of staff; cash paid out above `approval_limit` (minor units) needs a supervisor.

    `name` is the code where the record that holds the name is not here.
    """

    code: str
    name: str
    branch: str
    role: str
    approval_limit: int
    currency: str
    suspended: bool


@dataclass(frozen=True, slots=True)
class RegisteredStaffKey:
    """A key in a person's name: on which device, since when, before which witness, and whether it was ended.

    `outlived`: it was not, but its device's epoch is over, and the key with it.
    """

    kid: str
    person: str
    device: str
    epoch: int
    registered_at: str
    witness: str | None
    ended: bool
    outlived: bool = False


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that signatures name by `kid`; `use` is `device` (the centre's too), `staff` or `session`."""

    kid: str
    public_key: str
    use: str
    owner: str


@dataclass(frozen=True, slots=True)
class BankName:
    """The bank as papers name it."""

    name: str
    country: str
    bank_code: str
    bic: str
    currency: str


@dataclass(frozen=True, slots=True)
class BranchName:
    """A branch as papers name it."""

    code: str
    name: str
    address: str
    currency: str


def staff(connection: Connection, branch: str = "") -> tuple[StaffMember, ...]:
    """Everybody on the staff, or at one branch."""
    rows = connection.execute(_STAFF, {"branch": branch}).all()
    records = record_fields(connection, (row.name for row in rows))
    return tuple(
        StaffMember(
            code=row.code,
            name=records.get(row.name, {}).get("name") or row.code,
            branch=row.branch,
            role=row.role,
            approval_limit=row.approval_limit,
            currency=row.currency,
            suspended=bool(row.suspended),
        )
        for row in rows
    )


def session_is_open(connection: Connection, kid: str) -> bool:
    """Whether the session with that key is not closed yet."""
    return connection.execute(_OPEN, {"kid": kid}).first() is not None


def keys_of(connection: Connection, person: str) -> tuple[RegisteredStaffKey, ...]:
    """Every key ever registered in the person's name, oldest first: shown to them at each sign-in."""
    rows = connection.execute(_KEYS, {"person": person}).all()
    return tuple(
        RegisteredStaffKey(
            kid=row.kid,
            person=row.person,
            device=row.device,
            epoch=row.epoch,
            registered_at=row.registered_at,
            witness=connection.execute(_WITNESS, {"kid": row.witness}).scalar_one_or_none(),
            ended=row.ended_by is not None,
            outlived=row.ended_by is None and row.state not in (None, "living"),
        )
        for row in rows
    )


def public_keys(connection: Connection) -> tuple[PublicKey, ...]:
    """Every public key that this device knows, once per use and owner."""
    return tuple(PublicKey(*row) for row in connection.execute(_ALL_KEYS))


def bank(connection: Connection) -> BankName | None:
    """The bank; None until the first page of the bank-wide feed is here."""
    row = connection.execute(_BANK).one_or_none()
    return BankName(*row) if row is not None else None


def branches(connection: Connection) -> tuple[BranchName, ...]:
    """The bank's branches."""
    return tuple(BranchName(*row) for row in connection.execute(_BRANCHES))
