"""What this desk knows of people: who may sign in here and how far they have come, and every key in their name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import cast

from sqlalchemy import Connection

from core.book import Book
from core.book.rows import Bank, DeskKeys, DeviceEpoch, PersonKeys, Staff, StaffKey
from core.device import DeviceIdentity
from core.store.rows import RowStore
from core.store.sign_in import LocalPerson


class Stage(StrEnum):
    """How far a person has come at this desk."""

    UNKNOWN = "unknown"
    """No member of staff has this code, as far as this desk has heard."""
    FIRST_HERE = "first-here"
    """Their secrets are not here: the line is needed once."""
    UNCONFIRMED = "unconfirmed"
    """They were shown their QR code and have not typed a code from it yet."""
    UNREGISTERED = "unregistered"
    """Their key is made and waits for a colleague as witness."""
    READY = "ready"


@dataclass(frozen=True, slots=True)
class Standing:
    """A person at this desk. `introduction_needed`: they have a key elsewhere, which must introduce the new one."""

    person: str
    name: str
    stage: Stage
    desk_founded: bool
    introduction_needed: bool


@dataclass(frozen=True, slots=True)
class KnownPerson:
    """Somebody whose secrets are on this desk."""

    person: str
    name: str
    ready: bool


@dataclass(frozen=True, slots=True)
class KeyShown:
    """A key registered in a person's name, as they are shown it. `registered_at` is that device's time."""

    kid: str
    device: str
    epoch: int
    registered_at: str
    witness: str
    living: bool
    here: bool


def book_of(connection: Connection) -> Book:
    """The book as it stands in that view of the file; for reading only."""
    driver = connection.connection.driver_connection
    if driver is None:
        raise RuntimeError("the connection is closed")
    return Book(RowStore(driver.cursor()))


def person_standing(book: Book, identity: DeviceIdentity, person: str, local: LocalPerson | None) -> Standing:
    """How far that person has come here."""
    staff = book.get(Staff, person)
    keys = _keys(book, person)
    elsewhere = any(key.ended_by is None and not _is_here(key, identity) for key in keys)
    return Standing(
        person=person,
        name=name_of(staff, local) or person,
        stage=_stage(staff, [key for key in keys if _is_here(key, identity)], local),
        desk_founded=book.get(DeskKeys, identity.device, identity.epoch) is not None,
        introduction_needed=elsewhere,
    )


def _stage(staff: Staff | None, here: list[StaffKey], local: LocalPerson | None) -> Stage:
    if staff is None:
        return Stage.UNKNOWN
    if local is None or local.sealed is None:
        return Stage.FIRST_HERE
    if here:
        # A key that was ended can't come back: the person begins again with another.
        return Stage.READY if any(key.ended_by is None for key in here) else Stage.FIRST_HERE
    return Stage.UNCONFIRMED if local.last_totp_step is None else Stage.UNREGISTERED


def known_people(book: Book, identity: DeviceIdentity, people: Iterable[LocalPerson]) -> tuple[KnownPerson, ...]:
    """Everybody with secrets here, by name."""
    found = [
        KnownPerson(local.person, standing.name, standing.stage is Stage.READY)
        for local in people
        if (standing := person_standing(book, identity, local.person, local)).stage is not Stage.UNKNOWN
    ]
    return tuple(sorted(found, key=lambda known: (known.name.casefold(), known.person)))


def keys_of(book: Book, identity: DeviceIdentity, person: str) -> tuple[KeyShown, ...]:
    """Every key ever registered in the person's name, the newest first."""
    shown = [
        KeyShown(
            kid=key.kid,
            device=key.device,
            epoch=key.epoch,
            registered_at=key.registered_at,
            witness=_witness_name(book, key),
            living=key.ended_by is None,
            here=_is_here(key, identity),
        )
        for key in _keys(book, person)
    ]
    return tuple(sorted(shown, key=lambda key: (key.registered_at, key.kid), reverse=True))


def desks_of_branch(connection: Connection, identity: DeviceIdentity) -> tuple[DeviceEpoch, ...]:
    """The other living desks of this branch, by code."""
    driver = connection.connection.driver_connection
    rows = RowStore(driver.cursor()).all(DeviceEpoch) if driver is not None else []
    desks = [
        desk
        for desk in cast("list[DeviceEpoch]", rows)
        if (desk.branch, desk.purpose, desk.state) == (identity.branch, "desktop", "living")
        and (desk.device, desk.epoch) != (identity.device, identity.epoch)
    ]
    return tuple(desks)


def bank_name(book: Book) -> str:
    """The bank's name; empty until its books have come."""
    bank = book.get(Bank, "bank")
    return bank.name if bank is not None else ""


def name_of(staff: Staff | None, local: LocalPerson | None) -> str:
    """The person's name as the bank has it, else as it was when they came here."""
    return (staff.name if staff is not None else "") or (local.name if local is not None else "")


def _keys(book: Book, person: str) -> list[StaffKey]:
    known = book.get(PersonKeys, person)
    rows = (book.get(StaffKey, kid) for kid in known.kids.split()) if known is not None else ()
    return [row for row in rows if row is not None]


def _is_here(key: StaffKey, identity: DeviceIdentity) -> bool:
    return (key.device, key.epoch) == (identity.device, identity.epoch)


def _witness_name(book: Book, key: StaffKey) -> str:
    witness = book.get(StaffKey, key.witness)
    if witness is None:
        return ""
    staff = book.get(Staff, witness.person)
    return name_of(staff, None) or witness.person
