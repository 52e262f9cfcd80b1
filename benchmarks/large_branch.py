"""A branch with many customers and entries at a centre, written straight into its tables: for what reads it.

Every operation has its place on its chain and says what its entry is; only its signature is none, because signing a
hundred thousand would take longer than what is measured.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
import psycopg

from core.book.columns import columns_of
from core.book.rows import Customer, DepositAccount, Iban, LedgerBalance, ProfileValue, Right, Row
from core.canonical import base64url, digest
from core.clock import instant
from core.envelope import OPERATION_TYPE, Header, Operation, Seen, encode_body, operation_hash
from core.iban import make_iban
from core.ids import Identifiers, system_randomness
from core.ledger import Posting
from core.operations import accounts, cash, customers
from core.operations.checkpoints import running_hashes
from core.operations.kind import Body
from core.operations.registry import KINDS
from core.records import make_record
from tests.bank import BANK_CODE
from tests.sync_server.centre_bank import CentreBank

ENTRIES_PER_CUSTOMER = 10
DEPOSIT = 250_00
_KINDS = {kind.body: kind for kind in KINDS.values()}
_DATE, _DRAWER = "2026-11-20", "kasse-1"
_FIELDS: tuple[customers.FieldName, ...] = ("given_name", "family_name", "born_on")
_HEADER = base64url(msgspec.json.encode(Header(alg="Ed25519", kid=digest(b"nobody"), typ=OPERATION_TYPE)))
_SIGNATURE = base64url(bytes(64))


class LargeBranch:
    """Customers with an account each, and deposits to all of them in turn, by one device of the branch."""

    def __init__(self, bank: CentreBank, branch: str, first_number: int) -> None:
        """`first_number` is where its operations and account numbers begin: two branches share none."""
        self._bank, self._branch, self._first = bank, branch, first_number
        self._device = f"{branch}-1"
        bank.enrol(self._device, branch)
        self._ids = Identifiers(bank.clock)
        self._seq = 0
        self._prev: str | None = None
        self._now = instant(bank.clock.now_ms())
        self._operations: list[tuple[Any, ...]] = []
        self._postings: list[tuple[Any, ...]] = []
        self._records: list[tuple[str, bytes]] = []
        self._rows: dict[type[Row], list[Row]] = {}
        self._accounts: list[str] = []

    def fill(self, customers_count: int) -> int:
        """Make that many customers, ten entries each, at the centre; answers how many entries there are."""
        for number in range(customers_count):
            self._accounts.append(self._customer(number))
        for _ in range(ENTRIES_PER_CUSTOMER):
            for account in self._accounts:
                body = cash.CashDeposited(account=account, account_branch=self._branch, currency="DKK", amount=DEPOSIT)
                self._make(body)
        entries = ENTRIES_PER_CUSTOMER * customers_count
        total = DEPOSIT * entries
        self._put(LedgerBalance(self._branch, f"drawer:{_DRAWER}", "DKK", total))
        self._write()
        return entries

    def _customer(self, number: int) -> str:
        fields = {"given_name": f"Ane{number % 97}", "family_name": f"Holm{number}", "born_on": "1970-01-31"}
        record, data = make_record(fields, system_randomness)
        self._records.append((record, data))
        stamp = f"{1_700_000_000_000 + number}-0000-{self._device}"
        customer = self._make(customers.CustomerRegistered(fields=_FIELDS, stamp=stamp, record=record), (record,))
        evidence, seen = make_record({"document": "passport"}, system_randomness)
        self._records.append((evidence, seen))
        decided = customers.KycDecided(customer=customer, decision="approved", term=1, evidence=evidence)
        decision = self._make(decided, (evidence,))
        iban = make_iban("DK", BANK_CODE, self._first + number)
        opened = accounts.AccountOpened(
            customer=customer, product="current", currency="DKK", iban=iban, block=self._first
        )
        account = self._make(opened)
        held = DEPOSIT * ENTRIES_PER_CUSTOMER
        self._put(Customer(customer, self._branch, _DATE, "approved", 1, self._device, decision))
        for field in _FIELDS:
            self._put(ProfileValue(customer, field, customer, stamp, record))
        self._put(
            DepositAccount(
                id=account,
                branch=self._branch,
                currency="DKK",
                customer=customer,
                product="current",
                iban=iban,
                opened_on=_DATE,
                state="open",
                posted=held,
                rights=held,
                overdraft_limit=0,
                holds=0,
                freezes=0,
            )
        )
        self._put(Iban(iban, account))
        self._put(Right(account, self._device, 1, 0, held, 0, 0))
        return account

    def _put(self, row: Row) -> None:
        self._rows.setdefault(type(row), []).append(row)

    def _make(self, body: Body, records: Iterable[str] = ()) -> str:
        kind = _KINDS[type(body)]
        self._seq += 1
        operation = Operation(
            v=1,
            id=self._ids.new(),
            device=self._device,
            epoch=1,
            seq=self._seq,
            prev=self._prev,
            kind=kind.name,
            kind_version=kind.version,
            at=self._now,
            seen=Seen(0, 0, 1),
            business_date=_DATE,
            branch=self._branch,
            drawer=_DRAWER,
            actor=f"staff:{self._device}-t",
            approver=None,
            authority=None,
            body=msgspec.Raw(encode_body(body)),
        )
        jws = f"{_HEADER}.{base64url(msgspec.json.encode(operation))}.{_SIGNATURE}"
        self._prev = operation_hash(jws)
        no = self._first + self._seq
        self._operations.append((no, operation.id, self._seq, self._prev, kind.name, list(records) or None, jws))
        postings: tuple[Posting, ...] = kind.entries(operation, body)
        self._postings.extend((no, line, *posting) for line, posting in enumerate(postings))
        return operation.id

    def _write(self) -> None:
        with self._bank.connection(as_owner=True) as connection:
            # The guards look at each entry; these are whole.
            connection.execute(b"SET session_replication_role = replica")
            head = (self._device, 1)
            said = (_DATE, _DATE, self._now, "applied")
            _copy(
                connection,
                b"operations (no, id, device, epoch, seq, hash, kind, business_date, accounting_date, received_at, "
                b"verdict, records, jws)",
                ((no, id_, *head, seq, hash_, kind, *said, records, jws)
                 for no, id_, seq, hash_, kind, records, jws in self._operations),
            )  # fmt: skip
            _copy(connection, b"postings (operation_no, line, branch, account, currency, amount)", self._postings)
            _copy(connection, b"records (digest, data)", self._records)
            for table, rows in self._rows.items():
                names = [column.name for column in columns_of(table)]
                columns = f"{table.TABLE} ({', '.join(names)})".encode()
                _copy(connection, columns, ([getattr(row, name) for name in names] for row in rows))
            position, running = connection.execute(
                b"SELECT coalesce(max(position), 0), coalesce(max(hash), '') FROM feed_heads WHERE feed = %s",
                (self._branch,),
            ).fetchall()[0]
            items = ((self._branch, place, row[0]) for place, row in enumerate(self._operations, start=position + 1))
            _copy(connection, b"feed_items (feed, position, operation_no)", items)
            last = running_hashes(running, (row[3] for row in self._operations))[-1]
            connection.execute(
                b"INSERT INTO feed_heads (feed, position, hash) VALUES (%s, %s, %s) ON CONFLICT (feed) DO UPDATE "
                b"SET position = excluded.position, hash = excluded.hash",
                (self._branch, position + len(self._operations), last),
            )
            connection.execute(
                b"UPDATE chains SET seq = %s, hash = %s WHERE device = %s AND epoch = 1",
                (self._seq, self._prev, self._device),
            )
        with self._bank.connection(as_owner=True) as connection:
            connection.autocommit = True
            connection.execute(b"VACUUM ANALYZE")


def _copy(connection: psycopg.Connection[Any], columns: bytes, rows: Iterable[Any]) -> None:
    with connection.cursor().copy(b"COPY " + columns + b" FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
