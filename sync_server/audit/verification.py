"""`counterfoil verify --database`: one consistent view of the centre's database, read once, in streams."""

from __future__ import annotations

from typing import Any

from core.audit.key_set import OwnedKey, keys_named
from core.audit.trust import Trust, Vouched, vouch
from core.book.rows import Bank
from core.canonical import from_base64url, thumbprint
from core.errors import IntegrityFault
from sync_server.audit import beside, comparing
from sync_server.audit.cases import compare_cases, compare_quarantined
from sync_server.audit.faults import Faults
from sync_server.audit.feeds import compare_feed_order
from sync_server.audit.payments import compare_inbound, compare_payments, compare_received
from sync_server.audit.reading import ByNumber, one_view, operations, stream
from sync_server.audit.replay import Replay, ReplayBook
from sync_server.audit.report import DatabaseReport
from sync_server.audit.signatures import Signatures
from sync_server.database import Connection

_POSTINGS = b"SELECT operation_no, line, branch, account, currency, amount FROM postings ORDER BY operation_no, line"
_FEED_ITEMS = b"SELECT operation_no, feed, position FROM feed_items ORDER BY operation_no, feed, position"
_IDS_TWICE = b"SELECT id::text FROM operations GROUP BY id HAVING count(*) > 1"


def verify_database(connection: Connection, trust: Trust) -> DatabaseReport:
    """Replay every operation and compare every table with what follows. The database is only read."""
    with one_view(connection):
        return verify_view(connection, trust)


def verify_view(connection: Connection, trust: Trust) -> DatabaseReport:
    """The same of what the connection's open transaction sees."""
    return _Verification(connection, trust).run()


class _Verification:
    def __init__(self, connection: Connection, trust: Trust) -> None:
        self._connection = connection
        self._trust = trust
        self._faults = Faults()
        self._keys: set[OwnedKey] = set()

    def run(self) -> DatabaseReport:
        with Signatures(self._faults) as signatures:
            replay = Replay(ReplayBook(self._text), self._faults, signatures)
            self._replay(replay)
        for (identifier,) in self._connection.execute(_IDS_TWICE).fetchall():
            self._faults.add("operations", identifier, "id_reused")
        items = compare_feed_order(self._connection, replay.marks, self._faults)
        kept = compare_quarantined(self._connection, replay)
        chains = comparing.compare_chains(self._connection, replay, kept.chains)
        beside.compare_enrolments(self._connection, replay)
        beside.compare_incarnations(self._connection, replay)
        cases = compare_cases(self._connection, replay, kept)
        payments = compare_payments(self._connection, replay)
        compare_received(self._connection, replay)
        compare_inbound(self._connection, replay)
        records = beside.compare_records(self._connection, self._faults, kept.records)
        centre = self._centre(replay)
        vouched = self._vouch()
        return DatabaseReport(
            centre=centre,
            vouched=vouched,
            operations=replay.operations,
            entries=replay.entries,
            # Last: what was made is taken out of the book as it is met.
            rows=comparing.compare_rows(self._connection, replay),
            chains=chains,
            feed_items=items,
            cases=cases,
            payments=payments,
            records=records,
            raced=replay.raced,
            faults=tuple(self._faults.named),
            fault_count=self._faults.count,
        )

    def _replay(self, replay: Replay) -> None:
        postings = ByNumber(stream(self._connection, "postings", _POSTINGS), self._stray_posting)
        feeds = ByNumber(stream(self._connection, "feed_items", _FEED_ITEMS), self._stray_item)
        for stored in operations(self._connection):
            posted, placed = postings.take(stored.no), feeds.take(stored.no)
            settled = replay.take(stored)
            if settled is not None:
                comparing.compare_postings(stored, settled, posted, self._faults)
                comparing.compare_feeds(stored, settled, placed, self._faults)
                self._keys.update(keys_named(settled.decoded))
        postings.finish()
        feeds.finish()

    def _text(self, identifier: str) -> str | None:
        row = self._connection.execute(b"SELECT jws FROM operations WHERE id = %s", (identifier,)).fetchone()
        return str(row[0]) if row else None

    def _stray_posting(self, row: tuple[Any, ...]) -> None:
        self._faults.add("postings", f"no {row[0]} line {row[1]}", "posting_unexpected")

    def _stray_item(self, row: tuple[Any, ...]) -> None:
        self._faults.add("feed_items", f"{row[1]}/{row[2]}", "feed_item_of_nobody", f"no {row[0]}")

    def _centre(self, replay: Replay) -> str:
        bank = replay.book.get(Bank, "bank")
        if bank is None:
            self._faults.add("operations", "of the bank", "bank_missing")
            return "unknown"
        return thumbprint(from_base64url(bank.centre_key))

    def _vouch(self) -> Vouched:
        try:
            return vouch(self._trust, self._keys)
        except IntegrityFault as fault:
            self._faults.add("operations", "of the keys", fault.code, fault.where)
            return Vouched(False, (), (), ())
