"""The desk: this device's business day, its drawers with what is in them, and the notes as far as they were counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from core.ledger import drawer as drawer_account
from core.store.queries.books import ledger_balance
from core.store.queries.notes import Note, notes, read, standing

_DRAWERS = text(
    "SELECT d.* FROM drawers AS d WHERE d.branch = :branch AND (:state = '' OR d.state = :state) "
    "ORDER BY d.drawer, d.currency, d.device, d.epoch"
)
_DAYS = text(
    "SELECT business_date, state FROM days WHERE device = :device AND epoch = :epoch "
    "ORDER BY business_date DESC LIMIT 1"
)
_MOVEMENTS = text(
    "SELECT o.jws, p.amount FROM postings AS p JOIN operations AS o ON o.no = p.operation "
    "JOIN ledger_accounts AS l ON l.no = p.account WHERE l.branch = :branch AND l.account = :account "
    "AND l.currency = :currency AND p.operation >= :opened ORDER BY p.operation"
)
_COUNTS = text(
    "SELECT o.no, o.jws FROM operations AS o WHERE o.chain = :chain AND o.kind = 'drawer.counted' AND o.no >= :opened "
    "ORDER BY o.no DESC"
)
_LIVES = text("SELECT 1 FROM devices WHERE device = :device AND epoch = :epoch AND state = 'living'")
_NO = text("SELECT no FROM operations WHERE id = :id")


@dataclass(frozen=True, slots=True)
class DrawerState:
    """A drawer: whose, where, since when, what the books say is in it and what was last counted (minor units)."""

    drawer: str
    branch: str
    currency: str
    device: str
    epoch: int
    person: str
    state: str
    business_date: str
    opened: Note | None
    expected: int
    counted: int | None


@dataclass(frozen=True, slots=True)
class DrawerNotes:
    """Pieces by value, from the last count on; `uncounted` is what moved since without its pieces being said."""

    pieces: Mapping[int, int]
    uncounted: int


@dataclass(frozen=True, slots=True)
class DayState:
    """The newest business date that this device has begun; `state` is `open` or `closed`."""

    business_date: str
    state: str


def day_state(connection: Connection) -> DayState | None:
    """This device's day; None if it has never begun one."""
    here = standing(connection)
    row = connection.execute(_DAYS, {"device": here.device, "epoch": here.epoch}).one_or_none()
    return DayState(row.business_date, row.state) if row is not None else None


def drawers(connection: Connection, *, state: str = "") -> tuple[DrawerState, ...]:
    """The branch's drawers as far as this device knows; `state` keeps the `open` or the `closed` ones."""
    here = standing(connection)
    rows = connection.execute(_DRAWERS, {"branch": here.branch, "state": state}).all()
    by_id = notes(connection, (row.opened_by for row in rows))
    return tuple(_drawer(connection, row, by_id.get(row.opened_by)) for row in rows)


def drawer_state(connection: Connection, drawer: str, currency: str) -> DrawerState | None:
    """This device's drawer of that code, or else the one that another living device has open; None without either."""
    here = standing(connection)
    found = [one for one in drawers(connection) if (one.drawer, one.currency) == (drawer, currency)]
    own = (one for one in found if (one.device, one.epoch) == (here.device, here.epoch))
    others = (one for one in found if one.device != here.device and one.state == "open")
    return next(own, next((one for one in others if _lives(connection, one)), None))


def _lives(connection: Connection, drawer: DrawerState) -> bool:
    return connection.execute(_LIVES, {"device": drawer.device, "epoch": drawer.epoch}).first() is not None


def drawer_of(connection: Connection, person: str) -> DrawerState | None:
    """The drawer that the person has open on this device."""
    here = standing(connection)
    mine = (person, here.device, here.epoch)
    return next((one for one in drawers(connection, state="open") if (one.person, one.device, one.epoch) == mine), None)


def _drawer(connection: Connection, row: Any, opened: Note | None) -> DrawerState:
    return DrawerState(
        drawer=row.drawer,
        branch=row.branch,
        currency=row.currency,
        device=row.device,
        epoch=row.epoch,
        person=row.person,
        state=row.state,
        business_date=row.business_date,
        opened=opened,
        expected=ledger_balance(connection, row.branch, drawer_account(row.drawer), row.currency),
        counted=row.counted,
    )


def drawer_notes(connection: Connection, state: DrawerState) -> DrawerNotes:
    """The notes and coins in a drawer of this device, derived from its opening, its counts and what moved since."""
    if state.opened is None or state.state != "open":
        return DrawerNotes({}, 0)
    opened = connection.execute(_NO, {"id": UUID(state.opened.operation).bytes}).scalar_one()
    pieces, since = _last_count(connection, state, opened)
    named = {"branch": state.branch, "account": drawer_account(state.drawer), "currency": state.currency}
    uncounted = 0
    for row in connection.execute(_MOVEMENTS, {**named, "opened": since}):
        counts = getattr(read(row.jws).body, "counts", None)
        if counts is None:
            uncounted += row.amount
            continue
        sign = 1 if row.amount > 0 else -1
        for value, number in counts.items():
            pieces[value] = pieces.get(value, 0) + sign * number
    return DrawerNotes({value: pieces[value] for value in sorted(pieces, reverse=True) if pieces[value]}, uncounted)


def _last_count(connection: Connection, state: DrawerState, opened: int) -> tuple[dict[int, int], int]:
    """What the last count found, and the number of the first operation after it; the opening if nobody counted."""
    values = {"chain": standing(connection).chain, "opened": opened}
    for row in connection.execute(_COUNTS, values):
        decoded = read(row.jws)
        if (decoded.operation.drawer, decoded.body.currency) == (state.drawer, state.currency):
            return dict(decoded.body.counts), row.no + 1
    return {}, opened
