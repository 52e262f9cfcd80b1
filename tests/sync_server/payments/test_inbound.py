"""Money that a partner bank sends in: credited once, rejected with a reason, never without the partner's token."""

from collections.abc import Iterator
from itertools import count

import httpx
import pytest

from core.canonical import from_base64url
from core.records import read_record
from sync_server.environment import Secret
from sync_server.settings import PartnerSettings
from tests.sync_server.centre_bank import CentreBank, Desk, at_once
from tests.sync_server.serving import Program

TOKEN = "fjord-0123456789-abcdef"
_numbers = count(1)


@pytest.fixture(scope="module")
def address(centre_bank: CentreBank) -> Iterator[str]:
    """A server with two partners, one of which may send money in."""
    partners = (
        PartnerSettings("skov", "SKOVDKKK", "9570", "http://127.0.0.1:9", Secret("x" * 16), Secret(TOKEN)),
        PartnerSettings("mute", "MUTEDKKK", "9571", "http://127.0.0.1:9", Secret("y" * 16)),
    )
    with centre_bank.served(partners=partners) as address:
        yield address


@pytest.fixture(scope="module")
def desk(centre_bank: CentreBank, address: str) -> Desk:
    made = centre_bank.desk("nor-1", "nor")
    made.settle(address)
    return made


@pytest.fixture
def account(desk: Desk, address: str) -> str:
    made = desk.account()
    desk.settle(address)
    return made


def payment(iban: str, **changes: object) -> dict[str, object]:
    given = {
        "end_to_end_id": f"INV-{next(_numbers)}",
        "amount": 125_00,
        "currency": "DKK",
        "debtor": {"name": "Skovby Tømrer", "iban": "DK5095700001400217"},
        "debtor_agent": "SKOVDKKK",
        "creditor": {"name": "Ane Holm", "iban": iban},
        "creditor_agent": "CFOLDKKK",
        "remittance": "Invoice 7",
    }
    return {**given, **changes}


def send(address: str, message: object, token: str | None = TOKEN) -> httpx.Response:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    return httpx.post(f"{address}/v1/partner-payments", json=message, headers=headers, trust_env=False, timeout=30)


def test_money_is_credited_and_says_who_paid(centre_bank: CentreBank, address: str, desk: Desk, account: str) -> None:
    report = send(address, payment(desk.iban_of[account])).json()
    assert (report["status"], report["amount"]) == ("ACSC", 125_00)
    assert centre_bank.balance(account) == 125_00
    item = desk.feed(address, after=desk.feed(address, limit=1).head - 1).items[0]
    (record,) = item.records.values()
    said = read_record(from_base64url(record))
    assert (said["payer_name"], said["remittance"]) == ("Skovby Tømrer", "Invoice 7")


def test_the_same_payment_again_counts_once_also_at_once(
    centre_bank: CentreBank, address: str, desk: Desk, account: str
) -> None:
    message = payment(desk.iban_of[account])
    answers = at_once(*(lambda: send(address, message) for _ in range(6)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert send(address, message).content == answers[0].content
    assert centre_bank.balance(account) == 125_00


def test_the_same_id_for_another_payment_is_refused(
    centre_bank: CentreBank, address: str, desk: Desk, account: str
) -> None:
    message = payment(desk.iban_of[account])
    send(address, message)
    other = send(address, {**message, "amount": 999_00})
    assert (other.status_code, other.json()["code"]) == (409, "end_to_end_id_reused")
    assert centre_bank.balance(account) == 125_00


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"creditor": {"name": "A", "iban": "DK0000000000000000"}}, "AC01"),
        ({"currency": "EUR"}, "AC09"),
        ({"creditor_agent": "SKOVDKKK"}, "RC01"),
    ],
)
def test_what_can_not_be_credited_is_rejected_with_the_reason(
    centre_bank: CentreBank, address: str, desk: Desk, account: str, changes: dict[str, object], reason: str
) -> None:
    message = payment(desk.iban_of[account], **changes)
    report = send(address, message).json()
    assert (report["status"], report["reason"]) == ("RJCT", reason)
    assert send(address, message).json() == report
    assert centre_bank.balance(account) == 0


@pytest.mark.parametrize("token", [None, "wrong", "y" * 16])
def test_nobody_sends_money_in_without_the_token(address: str, desk: Desk, account: str, token: str | None) -> None:
    assert send(address, payment(desk.iban_of[account]), token).status_code == 401


@pytest.mark.parametrize(
    "changes",
    [
        {"amount": 0},
        {"amount": -5},
        {"amount": "5"},
        {"amount": 1.5},
        {"amount": 10**13},
        {"currency": "kr"},
        {"end_to_end_id": ""},
        {"end_to_end_id": "x" * 36},
        {"remittance": "\x00"},
        {"more": 1},
    ],
)
def test_what_is_malformed_is_refused_and_nothing_is_booked(
    centre_bank: CentreBank, address: str, desk: Desk, account: str, changes: dict[str, object]
) -> None:
    refused = send(address, payment(desk.iban_of[account], **changes))
    assert (refused.status_code, refused.json()["code"]) == (422, "request_malformed")
    assert centre_bank.balance(account) == 0


def test_the_partner_bank_sends_money(
    centre_bank: CentreBank, bank: Program, admin: httpx.Client, address: str, desk: Desk, account: str
) -> None:
    message = {
        "url": address,
        "token": TOKEN,
        "end_to_end_id": f"INV-{next(_numbers)}",
        "amount": 40_00,
        "currency": "DKK",
        "creditor": {"name": "Ane Holm", "iban": desk.iban_of[account]},
        "creditor_agent": "CFOLDKKK",
    }
    assert admin.post("/admin/send", json=message).json() == {"outcome": "settled", "reason": None}
    assert admin.post("/admin/send", json=message).json() == {"outcome": "settled", "reason": None}
    assert centre_bank.balance(account) == 40_00
    unknown = {**message, "end_to_end_id": "INV-X", "creditor": {"name": "A", "iban": "DK0000000000000000"}}
    assert admin.post("/admin/send", json=unknown).json() == {"outcome": "rejected", "reason": "AC01"}
