"""What the centre keeps in memory: a dict for each table, its values immutable."""

from __future__ import annotations

from typing import Any, Generic, NamedTuple, TypeVar

from core.ledger import Posting
from core.sync.messages import Verdict
from sync_server.store.incarnations import Given
from sync_server.store.lookups import Bucket
from sync_server.store.values import (
    CaseRow,
    ChainName,
    ChainRow,
    DuePayment,
    Enrolment,
    InboundPayment,
    Unbooked,
)

K = TypeVar("K")
V = TypeVar("V")
Lock = tuple[Any, Any]
"""What a transaction holds against the others: a table (or a row's type) and a key."""
Place = tuple[str, int, int]
"""Device, epoch and `seq` of an operation."""


class Table(Generic[K, V]):
    """A table by its name; the type says what its keys and values are."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name


class Kept(NamedTuple):
    """An operation as the centre keeps it."""

    id: str
    place: Place
    kind: str
    jws: str
    records: tuple[str, ...]
    postings: tuple[Posting, ...]
    verdict: Verdict


class KeptUnbooked(NamedTuple):
    """An operation that is kept as bytes only, and since when."""

    operation: Unbooked
    received_at: str


class KeptPayment(NamedTuple):
    """A payment as it stands."""

    due: DuePayment
    next_attempt_ms: int
    updated_at: str


class KeptIncarnation(NamedTuple):
    """A life of the database: when it began, and the first account number that it may lease."""

    begun_at: str
    numbers_from: int


class KeptReport(NamedTuple):
    """To which incarnation a device epoch has reported, or in which it was given up."""

    incarnation: int
    given_up: bool = False


CHAINS: Table[ChainName, ChainRow] = Table("chains")
HEARD: Table[ChainName, str] = Table("heard")
OPERATIONS: Table[int, Kept] = Table("operations")
NUMBERS: Table[str, int] = Table("operation numbers by id")
PLACES: Table[Place, int] = Table("operation numbers by place")
UNBOOKED: Table[tuple[str, int, str], KeptUnbooked] = Table("quarantined_operations")
RECORDS: Table[str, bytes] = Table("records")
CASES: Table[int, CaseRow] = Table("cases")
OPEN_CASES: Table[int, CaseRow] = Table("cases that are open")
CASE_DECISIONS: Table[int, str] = Table("operations that close and reopen cases")
FEED_HEADS: Table[str, int] = Table("feed_heads")
FEED_HASHES: Table[str, str] = Table("feed_hashes")
FEED_ITEMS: Table[tuple[str, int], int] = Table("feed_items")
ENROLMENTS: Table[str, Enrolment] = Table("enrolments")
FINGERPRINTS: Table[str, str] = Table("enrolments by fingerprint")
PAYMENTS: Table[str, KeptPayment] = Table("payments")
BUCKETS: Table[ChainName, Bucket] = Table("grant_buckets")
INCARNATIONS: Table[int, KeptIncarnation] = Table("incarnations")
REPORTS: Table[ChainName, KeptReport] = Table("incarnation_reports")
GIVEN: Table[tuple[str, str, str], Given] = Table("given_back")
RECEIVED: Table[str, bool] = Table("received_transfers")
INBOUND: Table[tuple[str, str], InboundPayment] = Table("inbound_payments")
