"""Lifting and deciding change nothing where role and approval do not hold, at the centre and at every desk alike."""

from __future__ import annotations

import pytest

from core.book.rows import Customer, DepositAccount, Freeze, Row
from core.ids import system_randomness
from core.operations import accounts, bank, customers
from core.operations.kind import Body
from core.records import make_record
from tests.core.signing_in.conftest import Founded
from tests.core.signing_in.test_handing_over import at_work
from tests.core.signing_in.worked_desk import WorkedDesk


def rows(founded: Founded, table: type[Row], key: str) -> list[Row | None]:
    """The row at the centre and at this desk."""
    device = founded.desk.device
    with founded.bank.centre.transaction() as home:
        there = home.book(locking=False).get(table, key)
    return [there, device._workings.book.get(table, key)]


def demoted(founded: Founded) -> None:
    """The centre takes the supervisor's role away; the desk does not hear of it."""
    body = bank.StaffChanged(
        person=founded.supervisor, branch=founded.branch, role="teller", currency="DKK", approval_limit=0
    )
    founded.bank.centre.issue(None, body)


def registered(work: WorkedDesk) -> str:
    fields = {"given_name": "Signe", "family_name": "Lund", "born_on": "1970-01-31"}
    digest, data = make_record(fields, system_randomness)
    body = customers.CustomerRegistered(fields=tuple(fields), stamp=work.desk.device.next_stamp(), record=digest)  # type: ignore[arg-type]
    return work.perform(body, records={digest: data}).id


def test_a_decision_by_somebody_who_is_no_supervisor_any_more_changes_nothing_anywhere(founded: Founded) -> None:
    work = at_work(founded)
    customer = registered(work)
    founded.desk.sync()
    demoted(founded)
    evidence, seen = make_record({"document": "passport"}, system_randomness)
    decided = customers.KycDecided(customer=customer, decision="approved", term=1, evidence=evidence)
    work.perform(decided, by=work.supervisor, records={evidence: seen})
    here = rows(founded, Customer, customer)[1]
    assert isinstance(here, Customer)
    assert here.kyc == "approved"
    founded.desk.loop.step()
    there, here = rows(founded, Customer, customer)
    assert isinstance(here, Customer)
    assert (here.kyc, here.kyc_decided_by) == ("pending", None)
    assert here == there


@pytest.mark.parametrize("freeze_too", [False, True])
def test_a_lift_that_no_supervisor_approved_lifts_nothing_while_a_freeze_counts(
    founded: Founded, *, freeze_too: bool
) -> None:
    work = at_work(founded)
    account = work.account(work.customer("Signe", "Lund"))
    frozen: Body = accounts.AccountFrozen(account=account, reason="lost-card")
    freeze = work.perform(frozen).id
    founded.desk.sync()
    demoted(founded)
    if freeze_too:
        founded.bank.centre.issue(None, bank.StaffSuspended(person=founded.teller))
        freeze = work.perform(frozen).id
    work.perform(accounts.FreezeLifted(account=account, freeze=freeze), approved=True)
    founded.desk.loop.step()
    there, here = rows(founded, DepositAccount, account)
    assert isinstance(here, DepositAccount)
    assert isinstance(there, DepositAccount)
    assert here.freezes == there.freezes == 1 + freeze_too
    lifted = rows(founded, Freeze, freeze)
    assert lifted[0] == lifted[1]
    assert [getattr(row, "lifted_by", "") for row in lifted] == [None, None]
