"""Staff at the centre: admission with an activation code, the first password, online sign-in, introductions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from core.book import Book
from core.book.rows import DeviceEpoch, Staff, StaffKey
from core.clock import instant
from core.envelope import read_header
from core.errors import IntegrityFault, Refusal
from core.ids import Randomness, system_randomness
from core.operations.bank import StaffAdmitted
from core.operations.sessions import living_keys
from core.people.delays import wait_ms
from core.people.passwords import hash_password, password_matches, password_refusal
from core.people.registration import IntroductionStatement
from core.people.sealing import seal_for_centre, unseal_at_centre
from core.people.statements import verify_statement
from core.people.totp import new_seed, verify_code
from core.records import make_record
from sync_server.centre.issue import Centre, issue
from sync_server.centre.one_time import new_one_time_code, one_time_digest
from sync_server.database import Connection
from sync_server.store.postgres import PostgresHome
from sync_server.store.rows import PostgresStore

ACTIVATION_MS = 14 * 24 * 60 * 60 * 1000


@dataclass(frozen=True, slots=True)
class Seed:
    """A person's one-time-code seed, their name, and the last step that was used at the centre."""

    person: str
    name: str
    seed: bytes
    last_step: int | None


def admit_staff(
    home: PostgresHome,
    centre: Centre,
    randomness: Randomness,
    *,
    person: str,
    name: str,
    branch: str,
    role: str,
    currency: str,
    approval_limit: int,
) -> str:
    """Admit a person; answers the activation code to hand to them. Raises `Refused`."""
    digest, record = make_record({"name": name}, randomness)
    body = StaffAdmitted(
        person=person,
        branch=branch,
        role="supervisor" if role == "supervisor" else "teller",
        currency=currency,
        approval_limit=approval_limit,
        record=digest,
    )
    issue(home, centre, None, body, records={digest: record})
    code = new_one_time_code(randomness)
    home.connection.execute(
        b"INSERT INTO credentials (person, name, activation_digest, activation_expires_at) VALUES (%s, %s, %s, %s)",
        (person, name, one_time_digest(code), instant(centre.clock.now_ms() + ACTIVATION_MS)),
    )
    return code


def activate(
    connection: Connection,
    centre: Centre,
    randomness: Randomness,
    device: DeviceEpoch,
    *,
    person: str,
    code: str,
    password: str,
) -> Seed | Refusal:
    """A person's own password, given once under the activation code; the seed is theirs from here on.

    Refusals: `activation_wrong`, `staff_elsewhere`, and those of the password's rules.
    """
    row = connection.execute(
        b"SELECT name, activation_digest, activation_expires_at FROM credentials WHERE person = %s FOR UPDATE",
        (person,),
    ).fetchone()
    expired = row is None or row[1] is None or row[2] < instant(centre.clock.now_ms())
    if row is None or expired or row[1] != one_time_digest(code):
        return Refusal("activation_wrong", "activation_code")
    refusal = _elsewhere(connection, person, device) or password_refusal(password, code=person, name=row[0])
    if refusal is not None:
        return refusal
    seed = new_seed(randomness)
    sealed = seal_for_centre(seed, server_key=centre.keys.sealing, person=person, randomness=randomness)
    connection.execute(
        b"UPDATE credentials SET activation_digest = NULL, password_hash = %s, sealed_seed = %s, last_step = NULL "
        b"WHERE person = %s",
        (hash_password(password, randomness), sealed, person),
    )
    return Seed(person, str(row[0]), seed, None)


def sign_in_online(
    connection: Connection, centre: Centre, device: DeviceEpoch, *, person: str, password: str, code: str
) -> Seed | Refusal:
    """Password and one-time code, checked at the centre. The failure is counted, so commit whatever is answered.

    Refusals: `sign_in_wrong`, `sign_in_too_soon` (`wait_ms`), `staff_elsewhere`, `totp_reused`.
    """
    row = connection.execute(
        b"SELECT name, password_hash, sealed_seed, last_step, failures, last_failure_ms FROM credentials "
        b"WHERE person = %s FOR UPDATE",
        (person,),
    ).fetchone()
    if row is None or row[1] is None:
        password_matches(password, _nobodys_hash())
        return Refusal("sign_in_wrong")
    elsewhere = _elsewhere(connection, person, device)
    if elsewhere is not None:
        return elsewhere
    now_ms = centre.clock.now_ms()
    waiting = wait_ms(row[4], row[5], now_ms)
    if waiting:
        return Refusal("sign_in_too_soon", detail={"wait_ms": waiting})
    step: int | Refusal = Refusal("sign_in_wrong")
    seed = unseal_at_centre(bytes(row[2]), server_key=centre.keys.sealing, person=person)
    if password_matches(password, row[1]):
        step = verify_code(seed, code, now_ms, row[3])
    if isinstance(step, Refusal):
        _count_failure(connection, person, now_ms)
        return step if step.code == "totp_reused" else Refusal("sign_in_wrong")
    connection.execute(
        b"UPDATE credentials SET failures = 0, last_step = %s WHERE person = %s",
        (step, person),
    )
    return Seed(person, str(row[0]), seed, step)


@cache
def _nobodys_hash() -> str:
    """What the password of somebody unknown is compared with, so that the time taken does not tell who is known."""
    return hash_password("nobody has this password", system_randomness)


def _count_failure(connection: Connection, person: str, now_ms: int) -> None:
    connection.execute(
        b"UPDATE credentials SET failures = failures + 1, last_failure_ms = %s WHERE person = %s", (now_ms, person)
    )


def _elsewhere(connection: Connection, person: str, device: DeviceEpoch) -> Refusal | None:
    staff = Book(PostgresStore(connection, locking=False)).get(Staff, person)
    if staff is None or staff.branch != device.branch:
        return Refusal("staff_elsewhere", "person")
    return Refusal("staff_suspended", "person") if staff.suspended else None


def keep_introduction(connection: Connection, device: DeviceEpoch, token: str) -> Refusal | None:
    """Keep an introduction signed by a living key of the person on the device that sends it.

    Refusals: `introduction_malformed`, `introduction_unknown_key`.
    """
    book = Book(PostgresStore(connection, locking=False))
    try:
        kid = read_header(token).kid
        key = book.get(StaffKey, kid)
        if key is None or key.ended_by is not None or (key.device, key.epoch) != (device.device, device.epoch):
            return Refusal("introduction_unknown_key")
        statement = verify_statement(token, IntroductionStatement, key.public_key)
    except IntegrityFault:
        return Refusal("introduction_malformed")
    if statement.person != key.person or key not in living_keys(key.person, book):
        return Refusal("introduction_unknown_key")
    connection.execute(
        b"INSERT INTO introductions (person, device, epoch, token) VALUES (%s, %s, %s, %s) "
        b"ON CONFLICT (person, device, epoch) DO UPDATE SET token = excluded.token",
        (statement.person, statement.device, statement.epoch, token),
    )
    return None


def introductions_for(connection: Connection, device: DeviceEpoch) -> dict[str, str]:
    """The introductions that wait for this device, by person."""
    rows = connection.execute(
        b"SELECT person, token FROM introductions WHERE device = %s AND epoch = %s", (device.device, device.epoch)
    )
    return {person: token for person, token in rows}  # noqa: C416 - typed
