"""What this desk knows of people: who may sign in here and how far they have come, and every key in their name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, cast

from sqlalchemy import Connection

from core.book import Book
from core.book.rows import DeskKeys, DeviceEpoch
from core.device import DeviceIdentity
from core.store.queries import people
from core.store.queries.people import RegisteredStaffKey, StaffMember
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
    role: str
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
    """A key registered in a person's name, as they are shown it. `registered_at` is that device's time.

    `outlived`: nobody has ended it, but that life of its desk is over.
    """

    kid: str
    device: str
    epoch: int
    registered_at: str
    witness: str
    living: bool
    here: bool
    outlived: bool = False


def staff_member(connection: Connection, person: str) -> StaffMember | None:
    """The member of staff with that code."""
    return next((member for member in people.staff(connection) if member.code == person), None)


def person_standing(
    connection: Connection, identity: DeviceIdentity, person: str, local: LocalPerson | None
) -> Standing:
    """How far that person has come here."""
    member = staff_member(connection, person)
    keys = people.keys_of(connection, person)
    here = [key for key in keys if _is_here(key, identity)]
    return Standing(
        person=person,
        name=member.name if member is not None else person,
        role=member.role if member is not None else "",
        stage=_stage(member, here, local),
        desk_founded=is_founded(connection, identity),
        introduction_needed=any(not key.ended and not key.outlived and key not in here for key in keys),
    )


def is_founded(connection: Connection, identity: DeviceIdentity) -> bool:
    """Whether this desk has its first keys, so that a newcomer needs one witness."""
    return Book(_rows(connection)).get(DeskKeys, identity.device, identity.epoch) is not None


def _stage(member: StaffMember | None, here: list[RegisteredStaffKey], local: LocalPerson | None) -> Stage:
    if member is None:
        return Stage.UNKNOWN
    if local is None or local.sealed is None:
        return Stage.FIRST_HERE
    if here:
        # A key that was ended can't come back: the person begins again with another.
        return Stage.READY if any(not key.ended for key in here) else Stage.FIRST_HERE
    return Stage.UNCONFIRMED if local.last_totp_step is None else Stage.UNREGISTERED


def known_people(
    connection: Connection, identity: DeviceIdentity, locals_: Iterable[LocalPerson]
) -> tuple[KnownPerson, ...]:
    """Everybody with secrets here, by name."""
    standings = (person_standing(connection, identity, local.person, local) for local in locals_)
    found = [
        KnownPerson(standing.person, standing.name, standing.stage is Stage.READY)
        for standing in standings
        if standing.stage is not Stage.UNKNOWN
    ]
    return tuple(sorted(found, key=lambda known: (known.name.casefold(), known.person)))


def keys_of(connection: Connection, identity: DeviceIdentity, person: str) -> tuple[KeyShown, ...]:
    """Every key ever registered in the person's name, the newest first."""
    names = {member.code: member.name for member in people.staff(connection)}
    shown = [
        KeyShown(
            kid=key.kid,
            device=key.device,
            epoch=key.epoch,
            registered_at=key.registered_at,
            witness=names.get(key.witness or "", key.witness or ""),
            living=not key.ended and not key.outlived,
            outlived=key.outlived,
            here=_is_here(key, identity),
        )
        for key in people.keys_of(connection, person)
    ]
    return tuple(sorted(shown, key=lambda key: (key.registered_at, key.kid), reverse=True))


def desks_of_branch(connection: Connection, identity: DeviceIdentity) -> tuple[DeviceEpoch, ...]:
    """The other living desks of this branch, by code."""
    return tuple(
        desk
        for desk in cast("list[DeviceEpoch]", _rows(connection).all(DeviceEpoch))
        if (desk.branch, desk.purpose, desk.state) == (identity.branch, "desktop", "living")
        and (desk.device, desk.epoch) != (identity.device, identity.epoch)
    )


def _rows(connection: Connection) -> RowStore:
    driver: Any = connection.connection.driver_connection
    return RowStore(driver.cursor())


def _is_here(key: RegisteredStaffKey, identity: DeviceIdentity) -> bool:
    return (key.device, key.epoch) == (identity.device, identity.epoch)
