"""Sending money: the payee's IBAN decides which way it goes, and every word of it reaches the centre's payment jobs."""

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication

from core.iban import grouped, make_iban
from core.operations.kind import Body
from core.operations.transfers import TransferReturned, TransferSettled
from desktop.teller.returns import RETURN_REASONS, return_reason
from sync_server.payments.queue import Payee
from tests.bank import BANK_CODE
from tests.desktop.hands import press
from tests.desktop.teller.money.counter import Counter, texts

ELSEWHERE = "NO9386011117947"


def fill(counter: Counter, amount: str, iban: str, name: str = "Ola Nordmann") -> None:
    """The fields that every transfer needs."""
    counter.fill("amount", amount)
    counter.edit("payee_iban").setText(iban)
    counter.settle()
    counter.fill("payee_name", name)


def test_within_the_branch_the_payee_has_it_at_once(counter: Counter) -> None:
    payer, payee = counter.customer_account(amount=1_000_00), counter.customer_account("Ane", "Holm")
    screen = counter.open("transfer", {"account": payer})
    counter.fill("amount", "250")
    counter.edit("payee_iban").setText(grouped(counter.iban(payee)).lower())
    counter.settle()
    assert counter.edit("payee_name").text() == "Ane Holm", "the branch knows its own customers"
    counter.edit("amount").setFocus()
    counter.enter()
    assert screen.review.isVisible()
    counter.enter()
    assert (counter.posted(payer), counter.posted(payee)) == (750_00, 250_00)
    (made,) = counter.journal("transfer.made")
    assert made.details["payee_iban"] == counter.iban(payee)


def test_another_branch_and_another_bank_are_reached_through_clearing(counter: Counter) -> None:
    payer = counter.customer_account(amount=1_000_00)
    counter.open("transfer", {"account": payer})
    fill(counter, "100", make_iban("DK", BANK_CODE, 9_999_999))
    counter.enter()
    counter.enter()
    counter.open("transfer", {"account": payer})
    fill(counter, "200", ELSEWHERE)
    counter.edit("remittance").setText("Rent November")
    counter.edit("payee_address").setText("Storgata 1, Oslo")
    counter.enter()
    counter.enter()
    partner, branch = counter.journal("transfer.sent")
    assert (branch.body["route"], partner.body["route"]) == ("branch", "partner")
    assert counter.posted(payer) == 700_00
    assert partner.details == {
        "payee_iban": ELSEWHERE,
        "payee_name": "Ola Nordmann",
        "payee_address": "Storgata 1, Oslo",
        "remittance": "Rent November",
        "payer_name": "Søren Ørsted",
    }
    assert not counter.button("undo").isEnabled(), "what has left the branch is given back by the centre"


def test_the_record_has_the_names_that_the_payment_jobs_read() -> None:
    read = {name for name in Payee.__dataclass_fields__ if name != "payer_iban"}
    assert {"payee_" + name if name in {"iban", "name", "address"} else name for name in read} == {
        "payee_iban",
        "payee_name",
        "payee_address",
        "remittance",
        "payer_name",
    }


def test_a_transfer_within_rights_works_without_the_line(counter: Counter) -> None:
    payer = counter.customer_account(amount=1_000_00)
    counter.line.down = True
    counter.open("transfer", {"account": payer})
    fill(counter, "1000", ELSEWHERE)
    counter.enter()
    counter.enter()
    assert counter.posted(payer) == 0
    counter.open("transfer", {"account": payer})
    fill(counter, "0.01", ELSEWHERE)
    counter.enter()
    assert len(counter.journal("transfer.sent")) == 1


@pytest.mark.parametrize(
    ("iban", "said"),
    [
        ("", "Type or paste"),
        ("NO93 8601 1117 94", "has 15 characters; this has 14"),
        ("XX12 3456", "No country"),
        ("NO93 8601 1117 948", "check digits 93"),
        ("NO93 8601 1117 9A7", "letter or a digit"),
        ("NO93\u202e 8601 1117 947", "letters A to Z"),
    ],
)
def test_an_iban_that_is_none_is_refused_with_the_part_that_is_wrong(counter: Counter, iban: str, said: str) -> None:
    payer = counter.customer_account(amount=1_000_00)
    screen = counter.open("transfer", {"account": payer})
    fill(counter, "10", iban)
    counter.enter()
    field = screen.form.field_of("payee")
    assert field is not None
    assert said in field.error()
    assert counter.edit("payee_iban").text() == iban
    assert not screen.review.isVisible()


def test_nobody_pays_themselves_on_the_same_account(counter: Counter) -> None:
    payer = counter.customer_account(amount=1_000_00)
    screen = counter.open("transfer", {"account": payer})
    fill(counter, "10", counter.iban(payer))
    counter.enter()
    field = screen.form.field_of("payee")
    assert field is not None
    assert "the money comes from" in field.error()
    assert counter.journal("transfer.made") == []


@pytest.mark.parametrize("field", ["payee_name", "remittance", "payee_address"])
def test_words_with_hidden_marks_are_refused_at_their_field(counter: Counter, field: str) -> None:
    payer = counter.customer_account(amount=1_000_00)
    screen = counter.open("transfer", {"account": payer})
    fill(counter, "10", ELSEWHERE)
    counter.edit(field).setText("Ola \u2066Nord\u2069mann")
    counter.edit("amount").setFocus()
    counter.enter()
    found = screen.form.field_of(field)
    assert found is not None
    assert "turns text round" in found.error()
    assert counter.journal("transfer.sent") == []


def test_the_keyboard_goes_as_the_eye_does(counter: Counter) -> None:
    payer = counter.customer_account(amount=1_000_00)
    screen = counter.open("transfer", {"account": payer})
    names = ("amount", "payee_iban", "payee_name", "remittance", "payee_address")
    fields = [counter.edit(name) for name in names]
    fields[0].setFocus()
    for following in fields[1:]:
        press(Qt.Key.Key_Tab)
        assert following.hasFocus(), following.objectName()
    places = [field.mapTo(screen, QPoint(0, 0)) for field in fields]
    assert sorted(places, key=lambda place: (place.y() // 40, place.x())) == places


def test_abroad_it_says_beforehand_that_the_money_may_come_back(counter: Counter) -> None:
    payer = counter.customer_account(amount=1_000_00)
    screen = counter.open("transfer", {"account": payer})
    fill(counter, "10", ELSEWHERE)
    assert "Bank abroad (NO\u00a08601); comes back if it can't be reached" in texts(screen.form_card)


def answer_transfer(counter: Counter, reason: str | None) -> None:
    """The centre says how the newest transfer ended: given back for a reason, or settled."""
    (sent,) = counter.journal("transfer.sent")
    counter.bench.sync()
    operation, account = sent.line.operation, str(sent.line.account)
    body: Body = TransferSettled(transfer=operation, currency="DKK", amount=100_00)
    if reason is not None:
        body = TransferReturned(
            account=account, route="partner", transfer=operation, currency="DKK", amount=100_00, reason=reason
        )
    counter.centre.issue(body, "odense")
    counter.bench.read()
    QApplication.processEvents()
    counter.settle()
    # What was put into a layout is shown when Qt next has time.
    QApplication.processEvents()


def test_a_transfer_that_comes_back_says_so_and_why_where_the_teller_stands(counter: Counter) -> None:
    payer = counter.customer_account(amount=1_000_00)
    screen = counter.open("transfer", {"account": payer})
    fill(counter, "100", ELSEWHERE)
    counter.enter()
    counter.enter()
    assert "900.00" in texts(screen.standing_card)
    answer_transfer(counter, "AC04")
    said = texts(screen.posted_panel)
    assert "Returned: the payee's account is closed" in said
    assert "Tell the customer." in said
    assert "1,000.00" in said, "the balance as it is now"
    assert "1,000.00" in texts(screen.standing_card), "and beside it the same"
    assert "Before" not in texts(screen)


def test_a_transfer_that_ends_well_says_so_too(counter: Counter) -> None:
    payer = counter.customer_account(amount=1_000_00)
    screen = counter.open("transfer", {"account": payer})
    fill(counter, "100", ELSEWHERE)
    counter.enter()
    counter.enter()
    answer_transfer(counter, None)
    assert "Settled" in texts(screen.posted_panel)


def test_a_reason_without_words_is_named_by_its_code() -> None:
    assert return_reason("ZZ99") == "reason ZZ99"
    assert {"AC01", "AC04", "AC06", "AC09", "AM02", "AM03", "AM04", "BE04", "RC01"} <= set(RETURN_REASONS)


def test_a_payee_needs_a_name(counter: Counter) -> None:
    payer = counter.customer_account(amount=1_000_00)
    screen = counter.open("transfer", {"account": payer})
    fill(counter, "10", ELSEWHERE, name=" ")
    counter.enter()
    found = screen.form.field_of("payee_name")
    assert found is not None
    assert found.error()
