"""How a staff key is made known: signed by itself, by a colleague as witness, by an older key of its owner.

Nobody else, not the centre, not an administrator, can make a key in a person's name that passes here.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

import msgspec
from nacl.signing import SigningKey

from core.canonical import thumbprint
from core.envelope import read_header
from core.errors import IntegrityFault
from core.people.keys import RegisteredKey, public_bytes, public_text
from core.people.statements import (
    BranchCode,
    DeviceCode,
    Instant,
    Key,
    Number,
    PersonCode,
    Statement,
    Token,
    sign_statement,
    verify_statement,
)

WITNESS_TYP = "counterfoil-witness+jws"


class RegistrationStatement(Statement, frozen=True, kw_only=True):
    """That this key is this person's on this device and epoch; `key` is base64url, `at` device time."""

    TYP: ClassVar[str] = "counterfoil-registration+jws"
    INSTANTS: ClassVar[tuple[str, ...]] = ("at",)
    person: PersonCode
    branch: BranchCode
    device: DeviceCode
    epoch: Number
    key: Key
    at: Instant


class IntroductionStatement(Statement, frozen=True, kw_only=True):
    """By an older key: that this person means to work on that device too, until `expires_at`."""

    TYP: ClassVar[str] = "counterfoil-introduction+jws"
    INSTANTS: ClassVar[tuple[str, ...]] = ("expires_at",)
    person: PersonCode
    device: DeviceCode
    epoch: Number
    expires_at: Instant


class Registration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The signatures that register a key, each a compact JWS."""

    statement: Token
    witness: Token
    introduction: Token | None


def make_registration(statement: RegistrationStatement, new_key: SigningKey) -> str:
    """The statement signed by the key that it is about. Raises ValueError for another key."""
    if statement.key != public_text(new_key):
        raise ValueError("a registration is signed by the key that it registers")
    return sign_statement(statement, new_key)


def make_witness(statement: RegistrationStatement, witness_key: SigningKey) -> str:
    """The same statement signed by a colleague, under a type of its own."""
    return sign_statement(statement, witness_key, WITNESS_TYP)


def make_introduction(introduction: IntroductionStatement, older_key: SigningKey) -> str:
    """The introduction signed on a device where the person has a key already."""
    return sign_statement(introduction, older_key)


def verify_registration(
    registration: Registration,
    *,
    key: str,
    witness: RegisteredKey,
    older: Iterable[RegisteredKey],
) -> RegistrationStatement:
    """What is registered, if every signature holds.

    `key` is the key to be registered (base64url), `witness` the living key of the colleague, `older` the
    person's living keys on other devices: if there are any, one of them must have made the introduction.

    Raises `IntegrityFault` with the codes of `verify_statement`, or `registration_of_other_key`,
    `witness_same_person`, `witness_elsewhere`, `witness_statement_differs`, `introduction_missing`,
    `introduction_unknown_key`, `introduction_of_other`, `introduction_expired`, `key_registered_already`.
    """
    statement = _verify_own(registration, key)
    _verify_witness(registration.witness, statement, witness)
    verify_introduction(registration.introduction, statement, tuple(older))
    return statement


def verify_founding(
    first: Registration,
    first_key: str,
    second: Registration,
    second_key: str,
    older: Iterable[RegisteredKey],
) -> tuple[RegistrationStatement, RegistrationStatement]:
    """The first two keys of a device, registered in one operation, each the witness of the other.

    `older` are the living keys of both people: who has one elsewhere must be introduced by it here too.
    Raises what `verify_registration` raises.
    """
    statements = (_verify_own(first, first_key), _verify_own(second, second_key))
    known = tuple(older)
    verify_introduction(first.introduction, statements[0], known)
    verify_introduction(second.introduction, statements[1], known)
    _verify_witness(first.witness, statements[0], _NewKey(statements[1]))
    _verify_witness(second.witness, statements[1], _NewKey(statements[0]))
    return statements


class _NewKey:
    """A key that is being registered, seen as the witness of another."""

    def __init__(self, statement: RegistrationStatement) -> None:
        self.person: str = statement.person
        self.branch: str = statement.branch
        self.device: str = statement.device
        self.epoch: int = statement.epoch
        self.public_key: str = statement.key


def _verify_own(registration: Registration, key: str) -> RegistrationStatement:
    statement = verify_statement(registration.statement, RegistrationStatement, key)
    if statement.key != key:
        raise IntegrityFault("registration_of_other_key", statement.person)
    return statement


def _verify_witness(token: str, statement: RegistrationStatement, witness: RegisteredKey) -> None:
    if witness.person == statement.person:
        raise IntegrityFault("witness_same_person", statement.person)
    there = (statement.branch, statement.device, statement.epoch)
    if (witness.branch, witness.device, witness.epoch) != there:
        raise IntegrityFault("witness_elsewhere", witness.person)
    if verify_statement(token, RegistrationStatement, witness.public_key, WITNESS_TYP) != statement:
        raise IntegrityFault("witness_statement_differs", witness.person)


def verify_introduction(token: str | None, statement: RegistrationStatement, older: tuple[RegisteredKey, ...]) -> None:
    """Whether one of the person's `older` keys introduces the registration, as it must where there is any.

    Raises `IntegrityFault` with the codes of `verify_statement`, or `key_registered_already`, `introduction_missing`,
    `introduction_unknown_key`, `introduction_of_other`, `introduction_expired`.
    """
    if any(known.public_key == statement.key for known in older):
        raise IntegrityFault("key_registered_already", statement.person)
    own = {thumbprint(public_bytes(known.public_key)): known for known in older if known.person == statement.person}
    if token is None:
        if own:
            raise IntegrityFault("introduction_missing", statement.person)
        return
    introducer = own.get(read_header(token).kid)
    if introducer is None:
        raise IntegrityFault("introduction_unknown_key", statement.person)
    introduction = verify_statement(token, IntroductionStatement, introducer.public_key)
    named = (introduction.person, introduction.device, introduction.epoch)
    if named != (statement.person, statement.device, statement.epoch):
        raise IntegrityFault("introduction_of_other", statement.person)
    if introduction.expires_at < statement.at:
        raise IntegrityFault("introduction_expired", statement.person)
