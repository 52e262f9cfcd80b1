"""What a money screen knows of an account, its holder, its latest movements and the drawer: read at once, frozen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from core.iban import bank_of, grouped
from core.money import Money
from core.operations.transfers import Route
from core.store.queries.accounts import (
    AccountSummary,
    ActivityLine,
    account_activity,
    account_by_iban,
    account_summary,
    accounts_of,
)
from core.store.queries.customers import HitKey, customer_file, find_customers
from core.store.queries.drawers import day_state, drawer_notes, drawer_state
from core.store.queries.people import staff
from core.store.queries.visits import VisitNote, visit_of

LATEST_LINES = 3


@dataclass(frozen=True, slots=True)
class DrawerFacts:
    """The desk's drawer. `pieces` are the notes and coins in it by value; None where they are not known for certain."""

    person: str
    is_open: bool
    holds: Money
    pieces: Mapping[int, int] | None


@dataclass(frozen=True, slots=True)
class HolderFacts:
    """Whose account it is. `kyc` is `pending`, `approved` or `refused`; dates are ISO 8601."""

    customer: str
    name: str
    known_since: str
    kyc: str


@dataclass(frozen=True, slots=True)
class CounterFacts:
    """Everything beside the form.

    `drawer` is None where the desk's drawer was never opened in that currency; `limits` says by staff code how much
    each may pay out alone; `visit` is the loan of another branch's account to this desk.
    """

    account: AccountSummary
    holder: HolderFacts
    latest: tuple[ActivityLine, ...]
    drawer: DrawerFacts | None
    day: str | None
    limits: Mapping[str, Money]
    visit: VisitNote | None = None

    @property
    def posted(self) -> Money:
        """What the account holds."""
        return Money(self.account.posted, self.account.currency)

    @property
    def payable(self) -> Money:
        """What this desk may pay out of it without asking."""
        return Money(self.account.payable_here, self.account.currency)


def counter_facts(connection: Connection, account: str, drawer: str) -> CounterFacts | None:
    """The facts about an account as seen from that drawer; None if this device does not know the account."""
    summary = account_summary(connection, account)
    if summary is None:
        return None
    file = customer_file(connection, summary.customer)
    day = day_state(connection)
    return CounterFacts(
        account=summary,
        holder=HolderFacts(
            summary.customer, summary.holder, file.registered_on if file else "", file.kyc if file else "pending"
        ),
        latest=account_activity(connection, account, limit=LATEST_LINES).lines,
        drawer=_drawer_facts(connection, drawer, summary.currency),
        day=day.business_date if day is not None and day.state == "open" else None,
        limits={one.code: Money(one.approval_limit, one.currency) for one in staff(connection)},
        visit=visit_of(connection, account),
    )


def _drawer_facts(connection: Connection, drawer: str, currency: str) -> DrawerFacts | None:
    state = drawer_state(connection, drawer, currency)
    if state is None:
        return None
    held = drawer_notes(connection, state)
    return DrawerFacts(
        person=state.person,
        is_open=state.state == "open",
        holds=Money(state.expected, currency),
        pieces=None if held.uncounted else held.pieces,
    )


@dataclass(frozen=True, slots=True)
class AccountChoice:
    """A line of the account picker: an account, or a customer who has none (`account` is None)."""

    customer: str
    name: str
    born_on: str
    account: AccountSummary | None


def find_accounts(
    connection: Connection, typed: str, after: HitKey | None, limit: int
) -> tuple[Sequence[AccountChoice], Any]:
    """Accounts by their holder's name or telephone, or by IBAN, with the key of the next page."""
    page = find_customers(connection, typed, limit=limit, after=after)
    compact = "".join(typed.split()).upper()
    choices: list[AccountChoice] = []
    for hit in page.hits:
        accounts = accounts_of(connection, hit.customer)
        named = [one for one in accounts if len(compact) > 4 and compact in one.iban]
        choices += [AccountChoice(hit.customer, hit.name, hit.born_on, one) for one in named or accounts or (None,)]
    return choices, page.next_key


def accounts_of_customer(connection: Connection, customer: str) -> Sequence[AccountChoice]:
    """One customer's accounts as the picker shows them."""
    accounts = accounts_of(connection, customer)
    return [AccountChoice(customer, one.holder, "", one) for one in accounts]


@dataclass(frozen=True, slots=True)
class PayeeFacts:
    """Where an IBAN leads: an account of this branch (`here`), another branch of this bank, or a partner bank."""

    iban: str
    route: Route | None
    account: AccountSummary | None

    @property
    def here(self) -> bool:
        """Whether the payee's account is kept at this branch."""
        return self.route is None


def find_payee(connection: Connection, payer: AccountSummary, iban: str) -> PayeeFacts:
    """Where a valid IBAN leads, seen from the payer's account, which is one of this bank."""
    known = account_by_iban(connection, iban)
    if known is not None and known.branch == payer.branch and known.state != "unknown":
        return PayeeFacts(iban, None, known)
    return PayeeFacts(iban, "branch" if bank_of(iban) == bank_of(payer.iban) else "partner", known)


def short_iban(iban: str) -> str:
    """The IBAN in groups, held together so that it does not break across lines."""
    return grouped(iban).replace(" ", "\u00a0")
