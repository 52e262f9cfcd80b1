"""The partner bank rejects for the reasons that a bank has, by the codes of ISO 20022."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from schwifty import IBAN

from core.clock import FixedClock
from sync_server.environment import Secret
from sync_server.partner_bank.bank import Bank
from sync_server.partner_bank.customers import iban_of, seeded_customers
from sync_server.partner_bank.messages import Party, Payment, end_to_end_id
from sync_server.partner_bank.reasons import REASONS
from sync_server.partner_bank.rules import reason_to_reject
from sync_server.partner_bank.settings import PartnerBankSettings
from sync_server.partner_bank.state import BankFile

NOW = 1_763_631_720_000
SETTINGS = PartnerBankSettings(database=Path("unused"), token=Secret("unused"))
OPEN = iban_of(SETTINGS, 12345)
ELSEWHERE = str(IBAN.generate("DK", bank_code="0040", account_code="12345"))


def payment(**changes: object) -> Payment:
    base = Payment(
        end_to_end_id="0193a5c07c1e7abc8def0123456789ab",
        amount=125_000,
        currency="DKK",
        debtor=Party("Ane Holm", "DK5000400440116243"),
        debtor_agent="CFOLDKKK",
        creditor=Party("Ingrid Lindqvist", OPEN),
        creditor_agent="SKOVDKKK",
    )
    return msgspec.structs.replace(base, **changes)


def to(iban: str, address: str = "") -> Party:
    return Party("Ingrid Lindqvist", iban, address)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, None),
        ({"creditor_agent": "SKOVDKKKXXX"}, None),
        ({"creditor_agent": "CFOLDKKK"}, "RC01"),
        ({"currency": "USD"}, "AM03"),
        ({"creditor": to("DK5100400440116243")}, "AC01"),
        ({"creditor": to(OPEN[:-1])}, "AC01"),
        ({"creditor": to(ELSEWHERE)}, "AC01"),
        ({"amount": 100_000_001, "creditor": to(OPEN, "Havnegade 3, Aarhus")}, "AM02"),
        ({"amount": 100_000_000, "creditor": to(OPEN, "Havnegade 3, Aarhus")}, None),
        ({"amount": 10_000_000}, "BE04"),
        ({"amount": 10_000_000, "creditor": to(OPEN, "   ")}, "BE04"),
        ({"amount": 9_999_999}, None),
    ],
)
def test_a_payment_is_rejected_by_its_reason(changes: dict[str, object], reason: str | None) -> None:
    assert reason_to_reject(payment(**changes), SETTINGS, lambda _: "open") == reason
    assert reason is None or reason in REASONS


def test_an_account_that_is_closed_blocked_or_nobodys_takes_no_money() -> None:
    assert reason_to_reject(payment(), SETTINGS, lambda _: "closed") == "AC04"
    assert reason_to_reject(payment(), SETTINGS, lambda _: "blocked") == "AC06"
    assert reason_to_reject(payment(), SETTINGS, lambda _: None) == "AC01"


@pytest.fixture
def bank_of(tmp_path: Path) -> Callable[..., Bank]:
    def bank(**changes: object) -> Bank:
        settings = PartnerBankSettings(
            database=tmp_path / "bank.sqlite",
            token=Secret("t"),
            **changes,  # type: ignore[arg-type]
        )
        bank = Bank(settings, BankFile(settings.database), FixedClock(NOW))
        bank.open()
        return bank

    return bank


def test_the_banks_own_customers_have_valid_accounts_some_of_them_closed(bank_of: Callable[..., Bank]) -> None:
    bank = bank_of(only_listed=True)
    met = set()
    for number, customer in enumerate(seeded_customers(bank.settings)):
        assert IBAN(customer.iban).bank_code == bank.settings.bank_code
        report = bank.take(payment(end_to_end_id=f"p{number}", creditor=Party(customer.name, customer.iban)))
        assert report is not None
        met.add((customer.status, report.reason))
    assert met == {("open", None), ("closed", "AC04"), ("blocked", "AC06")}


def test_the_settings_say_which_accounts_are_closed_or_nobodys(bank_of: Callable[..., Bank]) -> None:
    closed, nobody = iban_of(SETTINGS, 777), iban_of(SETTINGS, 778)
    bank = bank_of(closed=(closed,), unknown=(nobody,))
    for key, iban, reason in (("c", closed, "AC04"), ("n", nobody, "AC01"), ("o", OPEN, None)):
        report = bank.take(payment(end_to_end_id=key, creditor=to(iban)))
        assert report is not None
        assert report.reason == reason
    strict = bank_of(only_listed=True)
    report = strict.take(payment(end_to_end_id="listed", creditor=to(OPEN)))
    assert report is not None
    assert report.reason == "AC01"


def test_the_end_to_end_id_of_an_operation_fits_the_field() -> None:
    assert payment(end_to_end_id=end_to_end_id("0193a5c0-7c1e-7abc-8def-0123456789ab")) == payment()
    msgspec.json.decode(msgspec.json.encode(payment()), type=Payment)


def test_what_settled_on_a_day_adds_up_to_its_closing_balance(bank_of: Callable[..., Bank]) -> None:
    bank = bank_of(settle_after_ms=1000)
    clock = bank.clock
    assert isinstance(clock, FixedClock)
    for key, amount in (("a", 100), ("b", 250)):
        bank.take(payment(end_to_end_id=key, amount=amount))
    clock.advance(86_400_000)
    bank.take(payment(end_to_end_id="c", amount=7))
    bank.take(payment(end_to_end_id="d", amount=9, currency="EUR"))
    clock.advance(1000)
    bank.take(payment(end_to_end_id="e", amount=1))
    first = bank.file.statement("2025-11-20", "DKK", clock.now_ms())
    second = bank.file.statement("2025-11-21", "DKK", clock.now_ms())
    assert (first.opening, [line.amount for line in first.lines], first.closing) == (0, [100, 250], 350)
    assert (second.opening, [line.end_to_end_id for line in second.lines], second.closing) == (350, ["c"], 357)
