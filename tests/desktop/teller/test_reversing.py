"""What an ended desk had done is reversed by the centre; two supervisors ask for it from the journal, elsewhere."""

from __future__ import annotations

import pytest

from core.device import Performed
from core.envelope import Signed
from core.ledger import reversed_postings
from core.operations import rules
from core.operations.bank import DeviceRevoked
from core.operations.requests import RequestCarriedOut
from core.operations.reversals import EntryReversed, lines
from core.people.keys import new_signing_key
from core.store.queries.accounts import account_summary
from desktop.widgets import Button
from tests.core.device.desk import Desk as DeskUnderTest
from tests.desktop.teller.teller_window import TellerWindow


@pytest.fixture
def made(window: TellerWindow) -> Signed:
    """700.00 that another desk of the branch has taken in, and sent."""
    window.open_day()
    account = window.account(window.customer())
    window.bench.sync()
    for person, role in (("freja", "supervisor"), ("karl", "teller")):
        window.centre.admit(person, role, "odense")  # type: ignore[arg-type]
    other = DeskUnderTest(window.papers.parent, window.centre, window.clock, "odense-2", "odense")
    other.read()
    other.found("freja", "karl")
    teller = other.sign_in("karl")
    other.open_day(teller, other.sign_in("freja"), "kasse-2")
    signed = other.perform(teller, other.deposited(account, 700_00), drawer="kasse-2").signed
    other.device.hand_back_surplus(0)
    other.sync()
    other.device.close()
    window.bench.read()
    window.settle()
    return signed


def end_it(window: TellerWindow) -> None:
    window.centre.issue(DeviceRevoked(device="odense-2", epoch=1, head_seq=99))
    window.bench.read()
    window.settle()


def kirsten_beside(window: TellerWindow) -> None:
    """A second supervisor, who signs what Mette asks for."""
    bench = window.bench
    window.centre.admit("kirsten", "supervisor", "odense")
    bench.read()
    key = bench.staff_keys["kirsten"] = new_signing_key(bench.randomness)
    registered = bench.device.register_keys([bench._registration("kirsten", key, bench.staff_keys["mette"])])
    assert isinstance(registered, Performed), registered
    window.second.session = bench.sign_in("kirsten")


def test_a_desk_that_lives_reverses_what_it_did_itself(window: TellerWindow, made: Signed) -> None:
    window.sign_in_supervisor()
    window.open("journal", made.operation.id)
    assert not window.part(Button, "reverse").isEnabled()
    assert window.says("is reversed there")


def test_a_teller_does_not_ask_the_centre(window: TellerWindow, made: Signed) -> None:
    end_it(window)
    window.open("journal", made.operation.id)
    assert not window.part(Button, "reverse").isEnabled()
    assert window.says("Two supervisors ask the centre to reverse it.")


def test_the_centre_is_asked_by_two_and_nothing_is_posted_before_it_answers(window: TellerWindow, made: Signed) -> None:
    end_it(window)
    kirsten_beside(window)
    window.sign_in_supervisor()
    window.open("journal", made.operation.id)
    window.press("reverse")
    assert window.says("Nothing is posted before it has answered.")
    window.fill("reversal_reason", "Wrong account")
    window.confirm()
    (asked,) = window.journal("reversal.requested")
    assert (asked.body["reverses"], asked.details) == (made.operation.id, {"narrative": "Wrong account"})
    assert asked.line.approver is not None
    account = asked.line.account or ""
    summary = window.read(lambda connection: account_summary(connection, account))
    assert summary is not None
    assert summary.posted == 700_00
    window.bench.sync()
    undone = EntryReversed(
        reverses=made.operation.id,
        reverses_hash=made.hash,
        postings=lines(reversed_postings(rules.decode(made).postings)),
    )
    said = window.centre.issue(undone, "odense").operation
    window.centre.issue(RequestCarriedOut(request=asked.line.operation, operation=said.id), "odense")
    window.bench.read()
    window.settle()
    window.open("journal", made.operation.id)
    assert not window.part(Button, "reverse").isEnabled()
    assert window.says("reversed already")
    window.open("journal", asked.line.operation)
    assert window.says("The centre has done it.")
