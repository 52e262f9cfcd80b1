"""Finding customers, and the file of one: who they are, how that came to be known, and their accounts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, text

from core.store.queries.accounts import AccountSummary, accounts_of
from core.store.queries.notes import Note, notes, record_fields
from core.store.search import asked, fold

_LAST = "\U0010ffff"
_HITS = """
SELECT t.term, c.no, c.customer, c.name, c.born_on, c.city
FROM search_terms AS t JOIN search_cards AS c ON c.no = t.card
WHERE t.term >= :low AND t.term < :high AND (t.term, t.card) > (:after_term, :after_card)
AND NOT EXISTS (SELECT 1 FROM search_terms AS s WHERE s.card = t.card AND s.term >= :low AND s.term < t.term)
"""
_ALSO = (
    "AND EXISTS (SELECT 1 FROM search_terms AS s WHERE s.card = t.card AND s.term >= :low{n} AND s.term < :high{n})\n"
)
_ORDER = "ORDER BY t.term, t.card LIMIT :limit"
_AWAITING = text(
    "SELECT c.id, coalesce(s.name, '') AS name, c.registered_on FROM customers AS c "
    "LEFT JOIN search_cards AS s ON s.customer = c.id "
    "WHERE c.kyc = 'pending' AND c.kyc_keeper = :keeper AND c.kyc_decided_by IS NULL ORDER BY c.registered_on, c.id"
)
_CUSTOMER = text("SELECT * FROM customers WHERE id = :customer")
_VALUES = text(
    "SELECT field, operation, stamp, record FROM profile_values WHERE customer = :customer "
    "ORDER BY field, stamp DESC, operation DESC"
)


@dataclass(frozen=True, slots=True)
class HitKey:
    """Where a page of hits ended."""

    term: str
    card: int


@dataclass(frozen=True, slots=True)
class CustomerHit:
    """A line in a list of customers."""

    customer: str
    name: str
    born_on: str
    city: str


@dataclass(frozen=True, slots=True)
class CustomerHits:
    """A page of hits, and where the next begins (None at the end)."""

    hits: tuple[CustomerHit, ...]
    next_key: HitKey | None


@dataclass(frozen=True, slots=True)
class KycWaiting:
    """A customer whose identity has not been decided on."""

    customer: str
    name: str
    registered_on: str


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A value that a field was given, by whom and when; `current` for the one that counts."""

    field: str
    value: str | None
    note: Note | None
    current: bool


@dataclass(frozen=True, slots=True)
class CustomerFile:
    """A customer's file. `profile` holds the current values; `history` all, newest first within each field."""

    customer: str
    name: str
    branch: str
    registered_on: str
    kyc: str
    kyc_term: int
    kyc_keeper: str
    kyc_decision: Note | None
    profile: Mapping[str, str]
    history: tuple[FieldChange, ...]
    accounts: tuple[AccountSummary, ...]


def find_customers(connection: Connection, typed: str, *, limit: int = 30, after: HitKey | None = None) -> CustomerHits:
    """Customers with every typed word at the beginning of a name, telephone number or IBAN; diacritics don't matter.

    Pages follow the terms found; each page stands in the order of family names.
    """
    words = asked(typed)
    if not words:
        return CustomerHits((), None)
    first = words[0]
    values: dict[str, object] = {
        "low": first,
        "high": first + _LAST,
        "after_term": after.term if after else "",
        "after_card": after.card if after else 0,
        "limit": limit + 1,
    }
    statement = _HITS
    for number, word in enumerate(words[1:]):
        statement += _ALSO.format(n=number)
        values |= {f"low{number}": word, f"high{number}": word + _LAST}
    rows = connection.execute(text(statement + _ORDER), values).all()
    hits = tuple(CustomerHit(row.customer, row.name, row.born_on, row.city) for row in rows[:limit])
    key = HitKey(rows[limit - 1].term, rows[limit - 1].no) if len(rows) > limit else None
    return CustomerHits(tuple(sorted(hits, key=_by_family_name)), key)


def _by_family_name(hit: CustomerHit) -> tuple[str, str, str]:
    name = fold(hit.name)
    return name.rpartition(" ")[2], name, hit.customer


def awaiting_kyc(connection: Connection, keeper: str) -> tuple[KycWaiting, ...]:
    """Customers on whom nobody has decided yet, of those who are decided on at that device, longest waiting first."""
    return tuple(KycWaiting(*row) for row in connection.execute(_AWAITING, {"keeper": keeper}))


def customer_file(connection: Connection, customer: str) -> CustomerFile | None:
    """Everything that the counter may know of a customer; None if there is no such file here."""
    row = connection.execute(_CUSTOMER, {"customer": customer}).one_or_none()
    if row is None:
        return None
    history = _history(connection, customer)
    profile = {change.field: change.value for change in history if change.current and change.value is not None}
    decided = notes(connection, [row.kyc_decided_by] if row.kyc_decided_by else [])
    return CustomerFile(
        customer=customer,
        name=" ".join(profile[field] for field in ("given_name", "family_name") if profile.get(field)),
        branch=row.branch,
        registered_on=row.registered_on,
        kyc=row.kyc,
        kyc_term=row.kyc_term,
        kyc_keeper=row.kyc_keeper,
        kyc_decision=decided.get(row.kyc_decided_by),
        profile=profile,
        history=history,
        accounts=accounts_of(connection, customer),
    )


def _history(connection: Connection, customer: str) -> tuple[FieldChange, ...]:
    rows = connection.execute(_VALUES, {"customer": customer}).all()
    records = record_fields(connection, (row.record for row in rows))
    by_id = notes(connection, (row.operation for row in rows))
    changes: list[FieldChange] = []
    for place, row in enumerate(rows):
        current = place == 0 or rows[place - 1].field != row.field
        value = records.get(row.record, {}).get(row.field)
        changes.append(FieldChange(row.field, value, by_id.get(row.operation), current))
    return tuple(changes)
