"""What signing in keeps on the device: sealed secrets of people, failures to count delays by, the last code's step."""

from __future__ import annotations

from typing import Any

import msgspec

_LOAD = "SELECT person, name, sealed, last_totp_step, failures, last_failure_ms FROM people WHERE person = ?"
_ALL = "SELECT person, name, sealed, last_totp_step, failures, last_failure_ms FROM people ORDER BY person"
_SAVE = (
    "INSERT OR REPLACE INTO people (person, name, sealed, last_totp_step, failures, last_failure_ms) "
    "VALUES (?, ?, ?, ?, ?, ?)"
)


class LocalPerson(msgspec.Struct, frozen=True):
    """A person as this device knows them; `sealed` is None until their secrets are here."""

    person: str
    name: str
    sealed: bytes | None = None
    last_totp_step: int | None = None
    failures: int = 0
    last_failure_ms: int = 0


def load_person(cursor: Any, person: str) -> LocalPerson | None:
    """The person, if this device knows them."""
    row = cursor.execute(_LOAD, (person,)).fetchone()
    return LocalPerson(*row) if row else None


def load_people(cursor: Any) -> tuple[LocalPerson, ...]:
    """Everybody whom this device knows, by code."""
    return tuple(LocalPerson(*row) for row in cursor.execute(_ALL).fetchall())


def save_person(cursor: Any, person: LocalPerson) -> None:
    """Keep the person, in place of what was known of them."""
    cursor.execute(_SAVE, msgspec.structs.astuple(person))


def forget_person(cursor: Any, person: str) -> None:
    """Forget the person's secrets here."""
    cursor.execute("DELETE FROM people WHERE person = ?", (person,))
