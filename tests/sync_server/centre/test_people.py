"""Staff with the line up: activated once, signed in online with growing delays, introduced by their older key."""

from collections.abc import Iterator
from itertools import count

import httpx
import msgspec
import pytest

from core.canonical import from_base64url
from core.clock import FixedClock, SystemClock, instant
from core.ids import system_randomness
from core.operations.bank import StaffSuspended
from core.people.keys import new_signing_key
from core.people.passwords import password_matches
from core.people.registration import IntroductionStatement, make_introduction
from core.people.totp import STEP_MS, code_at
from core.sync.messages import Activation, Introduction, SignIn
from sync_server.centre import people
from sync_server.centre.people import ACTIVATION_MS, admit_staff
from tests.sync_server.centre_bank import CentreBank, Desk

PASSWORD = "the gulls are loud today"
_numbers = count(1)


@pytest.fixture(scope="module")
def clock() -> FixedClock:
    """The centre's clock, moved by the tests."""
    return FixedClock(SystemClock().now_ms())


@pytest.fixture(scope="module")
def address(bank: CentreBank, clock: FixedClock) -> Iterator[str]:
    bank.clock = clock
    with bank.served() as address:
        yield address


@pytest.fixture(scope="module")
def desk(bank: CentreBank, address: str) -> Desk:
    made = bank.desk("nor-1", "nor")
    made.settle(address)
    return made


class Person:
    """Somebody admitted at the centre, with what they were handed."""

    def __init__(self, bank: CentreBank, address: str, branch: str = "nor") -> None:
        self.code, self.address = f"person-{next(_numbers)}", address
        self.bank = bank
        with bank.transaction() as home:
            self.activation_code = admit_staff(
                home,
                bank.centre,
                system_randomness,
                person=self.code,
                name="Ane Holm",
                branch=branch,
                role="teller",
                currency="DKK",
                approval_limit=1,
            )

    def activate(self, desk: Desk, password: str = PASSWORD, code: str | None = None) -> httpx.Response:
        message = Activation(self.code, code or self.activation_code, password)
        return desk.request(self.address, "POST", "/v1/staff/activations", msgspec.json.encode(message))

    def sign_in(self, desk: Desk, seed: bytes, password: str = PASSWORD, late_ms: int = 0) -> httpx.Response:
        code = code_at(seed, self.bank.clock.now_ms() + late_ms)
        message = SignIn(self.code, password, code)
        return desk.request(self.address, "POST", "/v1/staff/sign-ins", msgspec.json.encode(message))


def code_of(response: httpx.Response) -> str | None:
    return None if response.status_code == 200 else str(response.json()["code"])


@pytest.fixture
def person(bank: CentreBank, address: str) -> Person:
    return Person(bank, address)


@pytest.fixture
def seed(person: Person, desk: Desk) -> bytes:
    """The seed of a person who has set their password."""
    return from_base64url(person.activate(desk).json()["seed"])


def test_a_password_is_set_once(person: Person, desk: Desk) -> None:
    assert code_of(person.activate(desk, code="WRONG")) == "activation_wrong"
    assert code_of(person.activate(desk, password="short")) == "password_refused"
    activated = person.activate(desk)
    assert (activated.status_code, activated.json()["name"]) == (200, "Ane Holm")
    assert code_of(person.activate(desk)) == "activation_wrong"


def test_an_activation_code_expires(person: Person, desk: Desk, clock: FixedClock) -> None:
    clock.advance(ACTIVATION_MS + 1)
    assert code_of(person.activate(desk)) == "activation_wrong"


def test_nobody_signs_in_where_they_do_not_work(bank: CentreBank, address: str, desk: Desk) -> None:
    assert code_of(Person(bank, address, branch="syd").activate(desk)) == "staff_elsewhere"


def test_a_suspended_person_is_told_so(bank: CentreBank, person: Person, seed: bytes, desk: Desk) -> None:
    bank.issue(None, StaffSuspended(person=person.code))
    assert code_of(person.sign_in(desk, seed)) == "staff_suspended"


def test_the_seed_is_handed_out_after_password_and_code(
    person: Person, seed: bytes, desk: Desk, clock: FixedClock
) -> None:
    answered = person.sign_in(desk, seed)
    assert from_base64url(answered.json()["seed"]) == seed
    assert answered.json()["last_step"] == clock.now_ms() // STEP_MS


def test_a_code_works_once_even_while_it_is_shown(person: Person, seed: bytes, desk: Desk, clock: FixedClock) -> None:
    assert person.sign_in(desk, seed).status_code == 200
    assert code_of(person.sign_in(desk, seed)) == "totp_reused"
    clock.advance(STEP_MS)
    assert person.sign_in(desk, seed).status_code == 200


def test_failures_wait_longer_each_time_and_nothing_says_which_part_was_wrong(
    person: Person, seed: bytes, desk: Desk, clock: FixedClock
) -> None:
    assert code_of(person.sign_in(desk, seed, password="wrong " * 3)) == "sign_in_wrong"
    assert code_of(person.sign_in(desk, seed, late_ms=10**7)) == "sign_in_wrong"
    for _ in range(2):
        assert code_of(person.sign_in(desk, seed, password="wrong " * 3)) == "sign_in_wrong"
    too_soon = person.sign_in(desk, seed)
    assert (too_soon.status_code, too_soon.json()["wait_ms"]) == (429, 5_000)
    clock.advance(5_000)
    assert code_of(person.sign_in(desk, seed, password="wrong " * 3)) == "sign_in_wrong"
    assert person.sign_in(desk, seed).json()["wait_ms"] == 15_000
    clock.advance(15_000)
    assert person.sign_in(desk, seed).status_code == 200
    clock.advance(STEP_MS)
    assert code_of(person.sign_in(desk, seed, password="wrong " * 3)) == "sign_in_wrong"
    assert person.sign_in(desk, seed).status_code == 200


def test_another_branch_does_not_learn_how_somebody_fares(
    bank: CentreBank, address: str, person: Person, seed: bytes, desk: Desk
) -> None:
    far = bank.desk("syd-1", "syd")
    for _ in range(4):
        person.sign_in(desk, seed, password="wrong " * 3)
    assert code_of(person.sign_in(desk, seed)) == "sign_in_too_soon"
    assert code_of(person.sign_in(far, seed)) == "staff_elsewhere"


def test_somebody_unknown_takes_as_long_as_somebody_known(
    address: str, person: Person, seed: bytes, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[str] = []

    def compare(password: str, stored: str) -> bool:
        compared.append(stored.rpartition("$")[0].rpartition("$")[0])
        return password_matches(password, stored)

    monkeypatch.setattr(people, "password_matches", compare)
    person.sign_in(desk, seed)
    for unknown in ("nobody", Person(desk.bank, address).code):
        message = SignIn(unknown, PASSWORD, "123456")
        response = desk.request(address, "POST", "/v1/staff/sign-ins", msgspec.json.encode(message))
        assert code_of(response) == "sign_in_wrong"
    assert len(compared) == 3
    assert len(set(compared)) == 1


def test_who_is_unknown_is_answered_as_who_is_wrong(bank: CentreBank, address: str, desk: Desk) -> None:
    message = SignIn("nobody", PASSWORD, "123456")
    response = desk.request(address, "POST", "/v1/staff/sign-ins", msgspec.json.encode(message))
    assert code_of(response) == "sign_in_wrong"


@pytest.mark.parametrize("path", ["activations", "sign-ins", "introductions"])
@pytest.mark.parametrize(
    "content",
    [b"", b"{}", b"null", b"[" * 5000, b'{"person":"\\u0000","password":"","code":"","activation_code":""}', b"\xff"],
)
def test_malformed_requests_are_answered_in_words(address: str, desk: Desk, path: str, content: bytes) -> None:
    response = desk.request(address, "POST", f"/v1/staff/{path}", content)
    assert response.status_code in {400, 422}
    assert response.json()["code"] in {"json_malformed", "request_malformed"}


def introduce(desk: Desk, address: str, **changes: object) -> httpx.Response:
    key = changes.pop("key", desk.chain.staff_keys[desk.teller.person])
    given = {
        "person": desk.teller.person,
        "device": "nor-2",
        "epoch": 1,
        "expires_at": instant(desk.bank.clock.now_ms() + 60_000),
    }
    token = make_introduction(IntroductionStatement(**{**given, **changes}), key)  # type: ignore[arg-type]
    return desk.request(
        address, "POST", "/v1/staff/introductions", msgspec.json.encode(Introduction(introduction=token))
    )


def test_an_introduction_by_a_living_key_reaches_the_device_it_names(
    bank: CentreBank, address: str, desk: Desk
) -> None:
    other = bank.desk("nor-2", "nor")
    other.settle(address)
    assert introduce(desk, address).status_code == 200
    waiting = other.request(address, "GET", "/v1/staff/introductions").json()
    assert list(waiting["by_person"]) == [desk.teller.person]
    assert desk.request(address, "GET", "/v1/staff/introductions").json()["by_person"] == {}


def test_an_introduction_by_any_other_key_is_refused(bank: CentreBank, address: str, desk: Desk) -> None:
    assert code_of(introduce(desk, address, key=new_signing_key(system_randomness))) == "introduction_unknown_key"
    assert code_of(introduce(desk, address, person=desk.supervisor.person)) == "introduction_unknown_key"
    for token in ("", "a.b.c", "é" * 50):
        content = msgspec.json.encode(Introduction(introduction=token))
        assert code_of(desk.request(address, "POST", "/v1/staff/introductions", content)) == "introduction_malformed"
