"""Rights, account numbers, enrolment, people, feeds: every other door is as firm as the one for operations."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from core.canonical import base64url
from core.people.keys import new_signing_key, public_text
from core.sync.enrolment import make_enrolment
from tests.sync_server.api.hostility import NOBODYS_ACCOUNT, new_desk, problem, send, work_on
from tests.sync_server.centre_bank import CentreBank, Desk


@pytest.fixture(scope="module")
def desk(bank: CentreBank, address: str) -> Desk:
    """A device of the branch `nor` with money in an account, all that it made settled."""
    return new_desk(bank, address)


@pytest.fixture(autouse=True)
def honest_work_goes_on(bank: CentreBank, address: str, desk: Desk) -> Iterator[None]:
    """Right after anything hostile, the honest device's next operation is applied."""
    yield
    work_on(bank, address, desk)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"account": NOBODYS_ACCOUNT}, "account_unknown"),
        ({"account": "' OR 1=1 --"}, "request_malformed"),
        ({"account": None}, "request_malformed"),
        ({"amount": 0}, "request_malformed"),
        ({"amount": -1}, "request_malformed"),
        ({"amount": 10**12 + 1}, "request_malformed"),
        ({"amount": 1.5}, "request_malformed"),
        ({"amount": "1"}, "request_malformed"),
        ({"amount": True}, "request_malformed"),
        ({"least": -1}, "request_malformed"),
        ({"after": -1}, "request_malformed"),
        ({"after": 2**63}, "request_malformed"),
    ],
)
def test_rights_are_not_asked_for_so(address: str, desk: Desk, changes: dict[str, Any], code: str) -> None:
    wanted = {"account": next(iter(desk.iban_of)), "least": 0, "amount": 1_00, "after": 0, **changes}
    assert problem(desk.request(address, "POST", "/v1/rights", json.dumps(wanted).encode())) == code


@pytest.mark.parametrize("holding", [-1, -(10**30), 2**53, 2**63, 10**30])
def test_whatever_a_device_says_it_holds_it_is_granted_no_more_than_there_is(
    bank: CentreBank, address: str, desk: Desk, holding: int
) -> None:
    account = next(iter(desk.iban_of))
    wanted = {"account": account, "least": 0, "amount": 10**12, "after": 0, "holding": holding}
    response = desk.request(address, "POST", "/v1/rights", json.dumps(wanted).encode())
    if response.status_code != 200:
        assert problem(response) == "request_malformed"
    rights = "SELECT posted + overdraft_limit - rights FROM deposit_accounts WHERE id = %s"
    assert bank.rows(rights, account)[0][0] >= 0


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"after":-1}', b'{"after":1e30}', b'{"after":"0"}', b"[" * 99_999])
def test_account_numbers_are_not_asked_for_so(bank: CentreBank, address: str, desk: Desk, body: bytes) -> None:
    before = bank.rows("SELECT count(*) FROM iban_blocks")
    code = problem(desk.request(address, "POST", "/v1/iban-blocks", body))
    assert code in {"json_malformed", "request_malformed"}
    assert bank.rows("SELECT count(*) FROM iban_blocks") == before


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, "enrolment_code_wrong"),
        ({"code": ""}, "enrolment_proof_wrong"),
        ({"code": "\x00"}, "enrolment_proof_wrong"),
        ({"code": "x" * 65}, "request_malformed"),
        ({"key": "x"}, "enrolment_proof_wrong"),
        ({"key": "é" * 43}, "enrolment_proof_wrong"),
        ({"key": "A" * 43}, "enrolment_proof_wrong"),
        ({"key": base64url(b"x" * 31)}, "enrolment_proof_wrong"),
        ({"proof": ""}, "enrolment_proof_wrong"),
        ({"proof": "a.b.c"}, "enrolment_proof_wrong"),
        ({"proof": "é.é.é"}, "enrolment_proof_wrong"),
        ({"proof": "x" * 2049}, "request_malformed"),
        ({"protocol": 99}, "protocol_unsupported"),
        ({"protocol": -1}, "protocol_unsupported"),
        ({"protocol": 10**30}, "protocol_unsupported"),
        ({"protocol": None}, "request_malformed"),
    ],
)
def test_nobody_enrols_so(bank: CentreBank, address: str, changes: dict[str, Any], code: str) -> None:
    made = make_enrolment("ABCD-EFGH-JKMN-PQRS", new_signing_key(bank.maker.randomness))
    message = {"code": made.code, "key": made.key, "proof": made.proof, "protocol": 1, **changes}
    before = bank.rows("SELECT count(*), count(public_key) FROM enrolments")
    assert problem(send(address, "POST", "/v1/enrolments", json.dumps(message).encode())) == code
    assert bank.rows("SELECT count(*), count(public_key) FROM enrolments") == before


def test_another_keys_proof_enrols_nobody(bank: CentreBank, address: str) -> None:
    mine, theirs = (new_signing_key(bank.maker.randomness) for _ in range(2))
    made = make_enrolment("ABCD-EFGH-JKMN-PQRS", theirs)
    stolen = {"code": made.code, "key": public_text(mine), "proof": made.proof, "protocol": 1}
    assert problem(send(address, "POST", "/v1/enrolments", json.dumps(stolen).encode())) == "enrolment_proof_wrong"


@pytest.mark.parametrize("fingerprint", ["x", "%00", "..%2F..", "A" * 4000, "%F0%9F%92%A9", "'%20OR%201=1"])
def test_no_other_fingerprint_finds_an_enrolment(address: str, fingerprint: str) -> None:
    response = send(address, "GET", f"/v1/enrolments/{fingerprint}", b"")
    assert problem(response) in {"enrolment_unknown", "not_found"}


@pytest.mark.parametrize(
    ("path", "message", "code"),
    [
        ("activations", {"person": "nobody", "activation_code": "x", "password": "y"}, "activation_wrong"),
        ("activations", {"person": "nobody", "activation_code": "\x00", "password": "\x00"}, "activation_wrong"),
        ("activations", {"person": "\x00", "activation_code": "x", "password": "y"}, "request_malformed"),
        ("activations", {"person": "nobody", "activation_code": "x", "password": "y" * 257}, "request_malformed"),
        ("sign-ins", {"person": "nobody", "password": "\x00", "code": "١٢٣٤٥٦"}, "sign_in_wrong"),
        ("sign-ins", {"person": "nobody", "password": "x", "code": "1234567"}, "request_malformed"),
        ("introductions", {"introduction": ""}, "introduction_malformed"),
        ("introductions", {"introduction": "é.é.é"}, "introduction_malformed"),
        ("introductions", {"introduction": "x" * 8193}, "request_malformed"),
    ],
)
def test_nobody_signs_in_so(address: str, desk: Desk, path: str, message: dict[str, str], code: str) -> None:
    response = desk.request(address, "POST", f"/v1/staff/{path}", json.dumps(message).encode())
    assert problem(response) == code


@pytest.mark.parametrize(
    "target",
    [
        "/v1/feeds/nor?after=-1",
        "/v1/feeds/nor?after=1e9",
        "/v1/feeds/nor?after=9223372036854775808",
        "/v1/feeds/nor?limit=0",
        "/v1/feeds/nor?limit=501",
        "/v1/feeds/nor?after=0&after=x",
    ],
)
def test_a_feed_is_not_read_so(address: str, desk: Desk, target: str) -> None:
    assert problem(desk.request(address, "GET", target)) == "request_malformed"


@pytest.mark.parametrize("feed", ["syd", "centre", "BANK", "nor%00", "..%2Fbank", "nor%2F", "%F0%9F%92%A9", "x" * 400])
def test_nobody_reads_anothers_feed(address: str, desk: Desk, feed: str) -> None:
    response = desk.request(address, "GET", f"/v1/feeds/{feed}?after=0")
    assert problem(response) in {"feed_not_yours", "signature_wrong", "not_found"}
