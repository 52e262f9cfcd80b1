"""Where a desk's rights do not cover a payment the teller is told what is possible: less, a stand-in, a request."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest
from PySide6.QtCore import Qt

from core.book.rows import Lease
from core.operations.leases import LeaseRenewed
from core.operations.requests import RequestDeclined
from core.operations.transfers import TransferCarriedOut, TransferRequested
from core.store.queries.requests import RequestLine, request_line
from core.sync.fetched import FetchedRights
from desktop.teller.money.money_screen import MoneyScreen
from desktop.widgets import LineState, LineStatus
from tests.desktop.hands import press
from tests.desktop.teller.money.counter import Counter, texts

PAYEE = "DK50 0040 0440 1162 43"


def short(counter: Counter, kind: str = "withdrawal", amount: str = "2000") -> tuple[MoneyScreen, str]:
    """1,250.00 is this desk's to pay, 9,000.00 more lies on the account, and the line is down."""
    account = counter.customer_account(amount=1_250_00)
    counter.money_from_elsewhere(account, 9_000_00)
    counter.line.down = True
    counter.desk.set_line_status(LineStatus(LineState.OFFLINE))
    screen = counter.open(kind, {"account": account})
    counter.fill("amount", amount)
    if kind == "transfer":
        counter.fill("payee_iban", PAYEE)
        counter.fill("payee_name", "Nordlys")
    counter.enter()
    return screen, account


def policy(counter: Counter, **changes: int) -> None:
    """The centre renews this desk's lease with other limits."""
    book, identity = counter.centre.book, counter.desk.device.identity
    held = book.get(Lease, identity.device, identity.epoch)
    assert held is not None
    fields = {name: getattr(held, name) for name in LeaseRenewed.__struct_fields__}
    counter.bench.sync()
    counter.centre.issue(LeaseRenewed(**{**fields, **changes, "number": held.number + 1}), "odense")
    counter.bench.read()


def asked_of(counter: Counter, screen: MoneyScreen) -> RequestLine:
    """The request that was sent."""
    (made,) = counter.journal("transfer.requested")
    with counter.desk.device.reading() as connection:
        found = request_line(connection, made.line.operation)
    assert found is not None
    assert screen.posted_panel.isVisible()
    return found


def test_without_the_line_what_can_be_paid_is_offered_and_paid(counter: Counter) -> None:
    screen, account = short(counter)
    assert "750.00\u00a0DKK is lacking." in screen.shortage.text()
    assert counter.button("pay_less").label() == "Pay out 1,250.00\u00a0DKK"
    counter.press("pay_less")
    assert screen.review.isVisible()
    counter.enter()
    assert counter.posted(account) == 9_000_00
    assert screen.shortage.isHidden()


def test_what_is_beyond_is_paid_at_the_banks_risk_once_a_supervisor_has_signed_for_it(counter: Counter) -> None:
    screen, account = short(counter)
    assert "at the bank's own risk" in screen.shortage.text()
    counter.press("stand_in")
    assert screen.review.isVisible()
    review = texts(screen.review)
    assert "1,250.00\u00a0DKK" in review
    assert "750.00\u00a0DKK" in review
    counter.enter()
    (request,) = counter.second.asked
    assert request.reason.startswith("750.00\u00a0DKK is beyond what this desk may pay out by itself")
    assert [pair[0] for pair in request.pairs][-2:] == ["By this desk's rights", "At the bank's risk"]
    assert screen.posted_panel.isVisible()
    assert "At the bank's risk" in texts(screen.posted_panel)
    assert "750.00\u00a0DKK" in texts(screen.posted_panel)
    assert counter.posted(account) == 8_250_00
    (made,) = counter.journal("cash.withdrawn")
    assert made.line.approver == "mette"
    assert counter.desk.device.spending().stood_in == 750_00


def test_what_is_possible_is_reached_by_its_keys_and_esc_leads_back_to_what_was_typed(counter: Counter) -> None:
    screen, _account = short(counter)
    assert screen.form.amount.edit.hasFocus()
    assert "Working offline." not in texts(screen.form_card), "what is lacking says it all"
    press(Qt.Key.Key_F4)
    counter.bot.waitUntil(screen.review.confirm_button.hasFocus)
    press(Qt.Key.Key_Escape)
    assert screen.form.amount.edit.hasFocus()
    assert counter.edit("amount").text() == "2,000.00"
    press(Qt.Key.Key_F3)
    counter.bot.waitUntil(screen.review.confirm_button.hasFocus)
    assert "1,250.00" in texts(screen.review)


def test_a_stand_in_that_nobody_signs_pays_nothing(counter: Counter) -> None:
    screen, account = short(counter)
    counter.second.willing = False
    counter.press("stand_in")
    counter.enter()
    assert counter.posted(account) == 10_250_00
    assert "did not approve" in texts(screen.review)


def test_beyond_the_policy_of_its_lease_no_stand_in_is_offered_and_the_reason_is_said(counter: Counter) -> None:
    policy(counter, standin_per_payment=500_00)
    screen, _account = short(counter)
    assert not counter.button("stand_in").isVisible()
    assert "Nobody may stand in for it. At most 500.00 may be paid" in screen.shortage.text()
    assert counter.button("pay_less").isVisible()


def test_a_payment_above_the_leases_own_ceiling_may_still_be_stood_in_for(counter: Counter) -> None:
    policy(counter, per_payment=1_500_00)
    _screen, account = short(counter)
    counter.press("stand_in")
    counter.enter()
    assert counter.posted(account) == 8_250_00


def test_once_the_line_is_back_trying_again_fetches_what_was_lacking(counter: Counter) -> None:
    screen, account = short(counter)
    counter.line.down = False
    counter.desk.set_line_status(LineStatus(LineState.ONLINE))
    counter.press("try_again")
    assert screen.review.isVisible()
    counter.enter()
    assert counter.posted(account) == 8_250_00
    assert counter.desk.device.spending().stood_in == 0


def test_what_other_desks_hand_back_is_said_and_tried_again(counter: Counter) -> None:
    account = counter.customer_account(amount=1_250_00)
    counter.money_from_elsewhere(account, 9_000_00)
    counter.line.answers = lambda: FetchedRights(0, 350_00, 1_250_00, coming=400_00)
    screen = counter.open("withdrawal", {"account": account})
    counter.fill("amount", "2000")
    counter.enter()
    assert "400.00\u00a0DKK is being handed back by other desks; try again in a moment." in screen.shortage.text()
    assert not counter.button("stand_in").isVisible(), "with the line up nobody pays at the bank's risk"
    counter.line.answers = None
    counter.press("try_again")
    assert screen.review.isVisible()


def test_a_withdrawal_that_was_turned_down_shows_no_figures_of_afterwards(counter: Counter) -> None:
    screen, _account = short(counter)
    assert "10,250.00" in texts(screen.effects_card)
    assert "8,250.00" not in texts(screen.effects_card)
    counter.fill("amount", "1000")
    counter.settle()
    assert "9,250.00" in texts(screen.effects_card)
    assert screen.shortage.isHidden(), "another amount is another question"


def test_a_transfer_beyond_rights_waits_for_the_centre_as_a_request(counter: Counter) -> None:
    screen, account = short(counter, "transfer")
    assert not counter.button("pay_less").isVisible()
    counter.press("ask")
    assert screen.review.confirm_button.label() == "Send the request"
    assert "nothing is posted yet" in texts(screen.review)
    assert "Nothing is posted before the centre has answered." in texts(screen.effects_card)
    counter.enter()
    assert asked_of(counter, screen).state == "waiting"
    assert counter.posted(account) == 10_250_00
    shown = texts(screen.posted_panel)
    assert "Asked of the centre" in shown
    assert "Waiting" in shown
    assert not counter.button("undo").isEnabled()
    assert not counter.button("receipt").isEnabled()


def carried_out(request: str, asked: TransferRequested) -> TransferCarriedOut:
    fields = {name: getattr(asked, name) for name in asked.__struct_fields__}
    return TransferCarriedOut(request=request, **fields)


def declined(request: str, _asked: TransferRequested) -> RequestDeclined:
    return RequestDeclined(request=request, reason="AM04")


@pytest.mark.parametrize(
    ("answer", "heading", "said"),
    [(carried_out, "Done by the centre", "The centre has done it."), (declined, "Declined", "was not there")],
)
def test_the_centres_answer_to_a_request_is_shown_as_it_comes(
    counter: Counter, answer: Callable[[str, TransferRequested], msgspec.Struct], heading: str, said: str
) -> None:
    screen, _account = short(counter, "transfer")
    counter.press("ask")
    counter.enter()
    asked = asked_of(counter, screen)
    (made,) = counter.journal("transfer.requested")
    counter.bench.sync()
    counter.centre.issue(answer(asked.request, TransferRequested(**made.body)), "odense")  # type: ignore[arg-type]
    counter.bench.read()
    counter.settle()
    shown = texts(screen.posted_panel)
    assert heading in shown
    assert said in shown
