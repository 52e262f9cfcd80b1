"""How a device comes to be trusted: one code, one key, one person who compares the fingerprint."""

from collections.abc import Callable
from itertools import count
from typing import Any

import httpx
import msgspec
import pytest
from nacl.signing import SigningKey

from core.envelope import read_operation
from core.errors import Refusal
from core.ids import system_randomness
from core.people.keys import key_name, new_signing_key, public_text
from core.sync.enrolment import make_enrolment
from sync_server.centre.devices import find_device, invite_device, trust_device
from sync_server.centre.one_time import one_time_digest
from tests.sync_server.centre_bank import CentreBank, at_once

_numbers = count(1)


@pytest.fixture
def device() -> str:
    return f"nor-{next(_numbers)}"


@pytest.fixture
def invited(bank: CentreBank, device: str) -> str:
    """A one-time code for the device."""
    with bank.transaction() as home:
        code = invite_device(home, bank.centre, system_randomness, device=device, branch="nor", purpose="desktop")
    assert isinstance(code, str)
    return code


def show(address: str, code: str, key: SigningKey, /, **changes: object) -> httpx.Response:
    content = msgspec.json.encode(msgspec.structs.replace(make_enrolment(code, key), **changes))
    return httpx.post(
        f"{address}/v1/enrolments", content=content, headers={"content-type": "application/json"}, trust_env=False
    )


def trust(bank: CentreBank, device: str, fingerprint: str) -> object:
    with bank.transaction() as home:
        return trust_device(home, bank.centre, device, fingerprint)


def new_key() -> SigningKey:
    return new_signing_key(system_randomness)


def test_a_device_waits_until_a_person_has_compared_its_fingerprint(
    bank: CentreBank, address: str, device: str, invited: str
) -> None:
    key = new_key()
    waiting = show(address, invited, key).json()
    assert (waiting["state"], waiting["device"], waiting["fingerprint"]) == ("waiting", device, key_name(key))
    assert waiting["centre_key"] is None
    wrong = trust(bank, device, key_name(new_key()))
    assert isinstance(wrong, Refusal)
    assert wrong.code == "fingerprint_differs"
    with bank.transaction() as home:
        assert find_device(home, device, 1) is None
    trust(bank, device, key_name(key))
    trusted = httpx.get(f"{address}/v1/enrolments/{key_name(key)}", trust_env=False).json()
    assert (trusted["state"], trusted["centre_key"]) == ("trusted", bank.keys.public)
    leased = bank.rows("SELECT last - first FROM iban_blocks WHERE device = %s", device)
    assert leased == [(999,)]


def test_a_code_serves_one_key_only(bank: CentreBank, address: str, device: str, invited: str) -> None:
    key, other = new_key(), new_key()
    assert show(address, invited, key).status_code == 200
    assert show(address, invited, key).status_code == 200
    assert show(address, invited, other).json()["code"] == "enrolment_code_wrong"
    trust(bank, device, key_name(key))
    assert show(address, invited, other).json()["code"] == "enrolment_code_wrong"
    assert show(address, invited, key).json()["state"] == "trusted"


def test_of_two_keys_that_race_for_a_code_one_wins(bank: CentreBank, address: str, device: str, invited: str) -> None:
    keys = [new_key() for _ in range(6)]
    statuses = [
        answer.status_code for answer in at_once(*(lambda key=key: show(address, invited, key) for key in keys))
    ]
    assert sorted(statuses) == [200, *[403] * 5]


def test_a_key_enrols_once(bank: CentreBank, address: str, device: str, invited: str) -> None:
    key = new_key()
    assert show(address, invited, key).status_code == 200
    with bank.transaction() as home:
        code = invite_device(home, bank.centre, system_randomness, device=f"{device}b", branch="nor", purpose="desktop")
    assert show(address, str(code), key).json()["code"] == "enrolment_code_wrong"


@pytest.mark.parametrize("typed", [str.lower, lambda code: code.replace("-", ""), lambda code: code.replace("-", " ")])
def test_a_code_may_be_typed_without_its_dashes(address: str, invited: str, typed: Callable[[str], str]) -> None:
    assert show(address, typed(invited), new_key()).status_code == 200


def test_a_code_expires(bank: CentreBank, address: str, device: str, invited: str) -> None:
    with bank.connection() as connection:
        connection.execute(
            b"UPDATE enrolments SET expires_at = '2020-01-01T00:00:00.000Z' WHERE code_digest = %s",
            (one_time_digest(invited),),
        )
    assert show(address, invited, new_key()).json()["code"] == "enrolment_code_wrong"


def test_a_device_invited_again_begins_a_new_epoch(bank: CentreBank, address: str, device: str) -> None:
    first = bank.enrol(device, "nor")
    second = bank.enrol(device, "nor")
    assert (first.epoch, second.epoch) == (1, 2)


def test_a_new_epoch_ends_the_one_before_it_where_the_centre_has_it(bank: CentreBank, address: str) -> None:
    desk = bank.desk("nor-again", "nor")
    settled = len(desk.settle(address))
    bank.enrol("nor-again", "nor")
    states = (
        "SELECT epoch, d.state, c.state, c.seq FROM devices d JOIN chains c USING (device, epoch) WHERE device = %s"
    )
    assert sorted(bank.rows(states, "nor-again")) == [
        (1, "revoked", "quarantined", settled),
        (2, "living", "living", 0),
    ]
    revoked = "SELECT jws FROM operations WHERE kind = 'device.revoked' ORDER BY no DESC LIMIT 1"
    body = msgspec.json.decode(read_operation(bank.rows(revoked)[0][0]).operation.body)
    assert body == {"device": "nor-again", "epoch": 1, "head_seq": settled}
    assert desk.request(address, "GET", "/v1/feeds/nor").json()["code"] == "device_revoked"


def test_nobody_finds_an_enrolment_by_another_fingerprint(address: str, invited: str) -> None:
    key = new_key()
    show(address, invited, key)
    for fingerprint, status in ((key_name(key), 200), (key_name(new_key()), 404), ("%00", 404)):
        assert httpx.get(f"{address}/v1/enrolments/{fingerprint}", trust_env=False).status_code == status


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"proof": "x.y.z"}, 422, "enrolment_proof_wrong"),
        ({"proof": ""}, 422, "enrolment_proof_wrong"),
        ({"key": "AA"}, 422, "enrolment_proof_wrong"),
        ({"key": public_text(new_signing_key(system_randomness))}, 422, "enrolment_proof_wrong"),
        ({"key": "é" * 43}, 422, "enrolment_proof_wrong"),
        ({"code": "WRONG"}, 422, "enrolment_proof_wrong"),
        ({"protocol": 2}, 426, "protocol_unsupported"),
        ({"code": "x" * 65}, 422, "request_malformed"),
    ],
)
def test_a_proof_that_does_not_hold_is_refused(
    address: str, invited: str, changes: dict[str, object], status: int, code: str
) -> None:
    response = show(address, invited, new_key(), **changes)
    assert (response.status_code, response.json()["code"]) == (status, code)


@pytest.mark.parametrize("code", ["", "centre-nor", "UPPER", "a" * 33, "x\x00"])
def test_a_device_has_a_plain_code(bank: CentreBank, code: str) -> None:
    with bank.transaction() as home:
        refusal = invite_device(home, bank.centre, system_randomness, device=code, branch="nor", purpose="desktop")
    assert isinstance(refusal, Refusal)
    assert refusal.code == "device_code_malformed"


def test_who_is_not_enrolled_is_told_so(bank: CentreBank, address: str) -> None:
    chain = bank.enrol(f"nor-{next(_numbers)}", "nor")
    desk = bank.desk(f"nor-{next(_numbers)}", "nor")
    target = "/v1/feeds/nor?after=0"

    def code(**signing: Any) -> str:
        return str(desk.request(address, "GET", target, **signing).json()["code"])

    assert code(device="nobody") == "device_unknown"
    assert code(epoch=9) == "device_unknown"
    assert code(device="\x00") == "device_unknown"
    assert code(epoch=2**70) == "device_unknown"
    assert code(device="centre") == "device_unknown"
    assert code(key=chain.key) == "signature_wrong"
    assert code(now_ms=bank.clock.now_ms() - 400_000) == "clock_wrong"
    assert httpx.get(address + target, trust_env=False).json()["code"] == "signature_missing"
    for header in ("x", "a.b.c", "é.é.é", "." * 5000):
        wrong = httpx.get(
            address + target, headers={b"Counterfoil-Signature": header.encode("latin-1")}, trust_env=False
        )
        assert wrong.json()["code"] == "signature_wrong"
