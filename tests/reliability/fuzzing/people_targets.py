"""Targets for what people sign: approvals, session statements, registrations, introductions."""

from __future__ import annotations

from typing import Any

import msgspec
from nacl.signing import SigningKey

from core.canonical import from_base64url
from core.clock import instant, instant_ms
from core.envelope import read_header, sign_compact
from core.people.approvals import ApprovalStatement, make_approval, session_opened_of, verify_approval
from core.people.keys import key_name, new_signing_key, public_text
from core.people.registration import (
    IntroductionStatement,
    Registration,
    RegistrationStatement,
    make_introduction,
    make_registration,
    make_witness,
    verify_registration,
)
from core.people.sessions import SessionStatement, make_session, verify_session
from tests.bank import counted_randomness
from tests.reliability.fuzzing.choices import Choices
from tests.reliability.fuzzing.mutations import changed_spelling, changed_token, changed_value
from tests.reliability.fuzzing.world import World

_AT = "2026-11-20T12:00:00.000Z"
_LATER = instant(instant_ms(_AT) + 60_000)


class _Known(msgspec.Struct, frozen=True):
    """A registered key."""

    person: str
    branch: str
    device: str
    epoch: int
    public_key: str


class PeopleTargets:
    """The targets over one world."""

    def __init__(self, world: World) -> None:
        self._world = world
        randomness = counted_randomness("people")
        self._own, self._session, self._witness, self._new = (new_signing_key(randomness) for _ in range(4))
        self._key = _Known("jens", "odense", "odense-1", 1, public_text(self._own))
        self._colleague = _Known("mette", "odense", "odense-2", 1, public_text(self._witness))
        self._opened = SessionStatement(
            person="jens",
            device="odense-1",
            epoch=1,
            seq=7,
            prev=world.words["digest"][0],
            session_key=public_text(self._session),
            ends_at="2026-11-20T20:00:00.000Z",
            totp_step=59_000_000,
            checkpoint=None,
        )
        self._registered = RegistrationStatement(
            person="jens", branch="odense", device="odense-2", epoch=1, key=public_text(self._new), at=_AT
        )

    def session(self, choices: Choices) -> str:
        """The statement that opens a session."""
        token = self._changed(choices, make_session(self._opened, self._own), self._own)
        statement = verify_session(
            token,
            staff_key=self._key,
            device="odense-1",
            epoch=1,
            seq=7,
            prev=self._opened.prev,
            at=_AT,
            last_totp_step=choices.pick((None, 58_999_999)),
        )
        assert (statement.person, statement.seq, statement.prev) == ("jens", 7, self._opened.prev)
        assert statement.ends_at > _AT
        return "read"

    def approval(self, choices: Choices) -> str:
        """A second person's approval."""
        said = ApprovalStatement(
            id="01939c3e-7c00-7000-8000-000000000001",
            kind="cash.withdrawn",
            body_hash=self._world.words["digest"][0],
            maker="mette",
            device="odense-1",
            epoch=1,
            expires_at=_LATER,
            session_opened=self._world.words["token"][0],
        )
        token = self._changed(choices, make_approval(said, self._session), self._session)
        session_opened_of(token)
        found = verify_approval(
            token,
            session=self._opened,
            operation_id=said.id,
            kind=said.kind,
            body_hash=said.body_hash,
            maker=said.maker,
            device=said.device,
            epoch=said.epoch,
            at=_AT,
        )
        assert (found.id, found.body_hash, found.maker) == (said.id, said.body_hash, said.maker)
        return "read"

    def registration(self, choices: Choices) -> str:
        """A key's registration: its own statement, the witness's, the introduction by an older key."""
        introduction = IntroductionStatement(person="jens", device="odense-2", epoch=1, expires_at=_LATER)
        tokens: list[Any] = [
            make_registration(self._registered, self._new),
            make_witness(self._registered, self._witness),
            make_introduction(introduction, self._own),
        ]
        place = choices.below(3)
        keys = (self._new, self._witness, self._own)
        tokens[place] = self._changed(choices, tokens[place], keys[place])
        if choices.one_in(8):
            tokens[place] = choices.pick([*tokens, *self._world.words["token"]])
        signatures = Registration(*tokens)
        found = verify_registration(signatures, key=self._registered.key, witness=self._colleague, older=(self._key,))
        assert found.key == self._registered.key
        assert signatures.introduction is not None, "nobody introduced it"
        return "read"

    def _changed(self, choices: Choices, token: str, key: SigningKey) -> str:
        if choices.below(3) == 0:
            return changed_token(choices, token)
        payload = msgspec.json.encode(
            changed_value(choices, msgspec.json.decode(from_base64url(token.split(".")[1])), self._world.pool)
        )
        if choices.one_in(6):
            payload = changed_spelling(choices, payload)
        return sign_compact(payload, key, key_name(key), read_header(token).typ)
