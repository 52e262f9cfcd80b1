"""Which places of a chain belong to one person's work, and which others are needed to check them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from core.envelope import Signed, read_header, read_operation
from core.operations import rules
from core.operations.sessions import SessionClosed, SessionOpened, key_thumbprint

_SESSIONS = frozenset({"session.opened", "session.closed"})


@dataclass(slots=True)
class _Session:
    person: str
    seq: int
    staff_key: str


@dataclass(frozen=True, slots=True)
class Selected:
    """The part of a chain from `first` to `last`, which places of it stand in full, and staff keys named there."""

    first: int
    last: int
    full: frozenset[int]
    staff_keys: frozenset[str]


@dataclass(slots=True)
class Selection:
    """Goes through one chain from its beginning. Keeps a few numbers for each thing the person signed."""

    person: str
    first_day: str | None
    last_day: str | None
    _sessions: dict[str, _Session] = field(default_factory=dict)
    _needs: dict[int, tuple[_Session, ...]] = field(default_factory=dict)
    _in_period: list[int] = field(default_factory=list)

    def select(self, chain: Iterable[str]) -> Selected | None:
        """None if the person signed nothing on it in that period."""
        for jws in chain:
            self._look_at(read_operation(jws))
        if not self._in_period:
            return None
        first, last = self._in_period[0], self._in_period[-1]
        # A session that began before pulls the beginning forward, and with it perhaps another session's.
        while (earlier := min((s.seq for s in self._within(first, last)), default=first)) < first:
            first = earlier
        sessions = self._within(first, last)
        signed = {seq for seq in self._needs if first <= seq <= last}
        return Selected(
            first,
            last,
            frozenset(signed | {session.seq for session in sessions}),
            frozenset(session.staff_key for session in sessions),
        )

    def _within(self, first: int, last: int) -> list[_Session]:
        return [session for seq, needed in self._needs.items() if first <= seq <= last for session in needed]

    def _look_at(self, signed: Signed) -> None:
        operation = signed.operation
        needed = self._of_person(signed)
        if needed is None:
            return
        self._needs[operation.seq] = needed
        day = operation.business_date or operation.at[:10]
        if (self.first_day or day) <= day <= (self.last_day or day):
            self._in_period.append(operation.seq)

    def _of_person(self, signed: Signed) -> tuple[_Session, ...] | None:
        """The sessions that an operation of this person, or approved by them, rests on; None for any other."""
        operation = signed.operation
        if operation.kind in _SESSIONS:
            return self._session(signed)
        approving = self._sessions.get(read_header(operation.approver).kid) if operation.approver else None
        making = self._sessions.get(signed.kid)
        if f"staff:{self.person}" != operation.actor and (approving is None or approving.person != self.person):
            return None
        return tuple(session for session in (making, approving) if session is not None)

    def _session(self, signed: Signed) -> tuple[_Session, ...] | None:
        body = rules.decode(signed).body
        if isinstance(body, SessionOpened):
            session = _Session(body.person, signed.operation.seq, body.staff_key)
            self._sessions[key_thumbprint(body.session_key)] = session
            return (session,) if body.person == self.person else None
        closed = self._sessions.get(body.session) if isinstance(body, SessionClosed) else None
        return (closed,) if closed is not None and closed.person == self.person else None
