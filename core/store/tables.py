"""Every table of the device's file, as the program knows it; the migrations must end at exactly this.

One table for each row of the book (columns from its struct), and the tables that only a device has. What is written
for every posting is kept lean: the commit is the cost there, and with encryption that is the number of pages touched.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.types import TypeEngine

from core.book.columns import columns_of
from core.book.rows import ROWS, DepositAccount, LedgerBalance, Row

metadata = MetaData()
OWN_RIGHTS = ("granted", "minted", "used", "returned")
"""This device's own rights stand in their account's row: every posting changes both, and one page is less than two."""

_TYPES: dict[type, type[TypeEngine[Any]]] = {str: Text, int: BigInteger, bool: Boolean}


def _row_table(row: type[Row]) -> Table:
    """The table of a row: keyed by the row's key, with no hidden row number beside it."""
    columns = [Column(c.name, _TYPES[c.type](), nullable=c.nullable) for c in columns_of(row)]
    key = PrimaryKeyConstraint(*row.KEY)
    return Table(row.TABLE, metadata, *columns, key, sqlite_with_rowid=False)


ROW_TABLES: dict[type[Row], Table] = {row: _row_table(row) for row in ROWS if row is not LedgerBalance}
"""What an account of the books holds is the balance of its last posting, so it has no table here."""

Index("deposit_accounts_of_customer", ROW_TABLES[DepositAccount].c.customer)
for _counter in OWN_RIGHTS:
    ROW_TABLES[DepositAccount].append_column(
        Column(_counter, BigInteger, nullable=False, server_default=text("0"), comment="of this device's own right")
    )

chains = Table(
    "chains",
    metadata,
    Column("no", Integer, primary_key=True),
    Column("device", Text, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("seq", BigInteger, nullable=False, comment="of the head, or of one a little before it on the own chain"),
    Column("hash", Text),
    UniqueConstraint("device", "epoch"),
)

operations = Table(
    "operations",
    metadata,
    Column("no", Integer, primary_key=True),
    Column("chain", Integer, ForeignKey("chains.no"), nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("id", LargeBinary(16), nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("jws", Text, nullable=False),
    # A page more for each operation, so that the journal of a desk that does little beside many costs a page.
    Index("operations_of_chain", "chain"),
)

ledger_accounts = Table(
    "ledger_accounts",
    metadata,
    Column("no", Integer, primary_key=True),
    Column("branch", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("currency", Text, nullable=False),
    UniqueConstraint("branch", "account", "currency"),
)

postings = Table(
    "postings",
    metadata,
    Column("account", Integer, ForeignKey("ledger_accounts.no"), nullable=False),
    Column("operation", Integer, ForeignKey("operations.no"), nullable=False),
    Column("line", Integer, nullable=False),
    Column("amount", BigInteger, nullable=False, comment="minor units, debit positive"),
    Column("balance", BigInteger, nullable=False, comment="after it, debit positive, in order of arrival"),
    Column("booked_on", Integer, nullable=False, comment="proleptic day number of the business date"),
    PrimaryKeyConstraint("account", "operation", "line"),
    sqlite_with_rowid=False,
)

verdicts = Table(
    "verdicts",
    metadata,
    Column("operation", Integer, ForeignKey("operations.no"), primary_key=True),
    Column("verdict", Text, nullable=False),
    Column("accounting_date", Text),
    Column("received_at", Text, nullable=False),
    Column("exceptions", Text, nullable=False, comment="JSON"),
)

feed_items = Table(
    "feed_items",
    metadata,
    Column("feed", Text, nullable=False),
    Column("operation", Integer, ForeignKey("operations.no"), nullable=False),
    Column("position", BigInteger, nullable=False, comment="where it was last read, to be given back in that order"),
    PrimaryKeyConstraint("feed", "operation"),
    Index("feed_items_in_order", "feed", "position"),
    sqlite_with_rowid=False,
)

records = Table(
    "records",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("data", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

head = Table(
    "head",
    metadata,
    Column("no", Integer, primary_key=True, comment="always 1"),
    Column("device", Text, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("branch", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("kid", Text, nullable=False),
    Column("centre_key", Text, nullable=False),
    Column("centre_url", Text, nullable=False),
    Column("acked_seq", BigInteger, nullable=False),
    Column("acked_no", BigInteger, nullable=False, comment="the operation's number of acked_seq"),
    Column("bank_position", BigInteger, nullable=False),
    Column("branch_position", BigInteger, nullable=False),
    Column("incarnation", BigInteger, nullable=False),
    Column("last_stamp", Text, comment="the greatest stamp of the hybrid logical clock that was seen"),
)

people = Table(
    "people",
    metadata,
    Column("person", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("sealed", LargeBinary),
    Column("last_totp_step", BigInteger),
    Column("failures", Integer, nullable=False),
    Column("last_failure_ms", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

settings = Table(
    "settings",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
    sqlite_with_rowid=False,
)

search_cards = Table(
    "search_cards",
    metadata,
    Column("no", Integer, primary_key=True),
    Column("customer", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("born_on", Text, nullable=False),
    Column("city", Text, nullable=False),
)

search_terms = Table(
    "search_terms",
    metadata,
    Column("term", Text, nullable=False),
    Column("card", Integer, ForeignKey("search_cards.no"), nullable=False),
    PrimaryKeyConstraint("term", "card"),
    Index("search_terms_of_card", "card", "term"),
    sqlite_with_rowid=False,
)
