"""Who works here signs in with the line down too; who does not, can't, however often they try."""

import pytest

from core.envelope import read_operation
from core.errors import LineProblem, Refusal
from core.people.sealing import unseal
from core.people.totp import code_at
from core.signing_in import NewSeed, SignedIn, Stage
from tests.core.signing_in.conftest import Founded
from tests.signing_bank import PASSWORD, STEP_MS


@pytest.fixture
def offline(founded: Founded) -> Founded:
    """The line is cut for good."""
    founded.desk.cut_the_line()
    return founded


def code_of(answer: object) -> str:
    assert isinstance(answer, Refusal), answer
    return answer.code


def test_a_person_signs_in_without_the_line_and_is_shown_every_key_in_their_name(offline: Founded) -> None:
    signed_in = offline.desk.sign_in(offline.teller)
    assert (signed_in.session.person, signed_in.session.role) == (offline.teller, "teller")
    assert signed_in.name == offline.teller.title()
    (key,) = signed_in.keys
    assert (key.device, key.here, key.living, key.witness) == (
        offline.desk.code,
        True,
        True,
        offline.supervisor.title(),
    )


def test_a_wrong_password_and_a_wrong_code_are_told_apart_and_neither_opens_a_session(offline: Founded) -> None:
    desk, phone = offline.desk, offline.desk.phones[offline.teller]
    before = desk.device.chain_head()
    assert code_of(desk.signing_in.sign_in(offline.teller, "not the password", phone.next_code())) == "password_wrong"
    wrong = f"{(int(phone.code()) + 1) % 10**6:06}"
    assert code_of(desk.signing_in.sign_in(offline.teller, PASSWORD, wrong)) == "totp_wrong"
    assert desk.device.chain_head() == before


def test_a_code_works_once_even_while_the_phone_still_shows_it(offline: Founded) -> None:
    desk, phone = offline.desk, offline.desk.phones[offline.teller]
    session = desk.sign_in(offline.teller).session
    desk.signing_in.end(session, "signed-out")
    assert code_of(desk.signing_in.sign_in(offline.teller, PASSWORD, phone.code())) == "totp_reused"
    desk.reopen()
    assert code_of(desk.signing_in.sign_in(offline.teller, PASSWORD, phone.code())) == "totp_reused"
    assert isinstance(desk.signing_in.sign_in(offline.teller, PASSWORD, phone.next_code()), SignedIn)


def test_after_three_failures_each_try_waits_longer_and_a_restart_does_not_help(offline: Founded) -> None:
    desk, phone, clock = offline.desk, offline.desk.phones[offline.teller], offline.bank.clock
    for _ in range(4):
        assert code_of(desk.signing_in.sign_in(offline.teller, "not the password", phone.next_code()))
    desk.reopen()
    answer = desk.signing_in.sign_in(offline.teller, PASSWORD, phone.code())
    assert isinstance(answer, Refusal)
    assert (answer.code, answer.detail["wait_ms"]) == ("sign_in_too_soon", 5_000)
    clock.advance(5_000)
    failed = desk.signing_in.sign_in(offline.teller, "not the password", phone.code())
    assert isinstance(failed, Refusal)
    assert (failed.code, failed.detail["wait_ms"]) == ("password_wrong", 15_000)
    clock.advance(STEP_MS)
    assert isinstance(desk.signing_in.sign_in(offline.teller, PASSWORD, phone.next_code()), SignedIn)
    assert code_of(desk.signing_in.sign_in(offline.teller, "not the password", phone.next_code())) == "password_wrong"


def test_a_failure_is_on_the_disk_before_the_password_is_tried(
    offline: Founded, monkeypatch: pytest.MonkeyPatch
) -> None:
    def power_cut(*_arguments: object, **_more: object) -> None:
        raise SystemExit

    monkeypatch.setattr("core.signing_in.proving.unseal", power_cut)
    with pytest.raises(SystemExit):
        offline.desk.signing_in.sign_in(offline.teller, PASSWORD, "123456")
    offline.desk.reopen()
    kept = offline.desk.device.local_person(offline.teller)
    assert kept is not None
    assert kept.failures == 1


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "12 34 5", "abcdef", "١٢٣٤٥٦"])
def test_what_is_no_code_is_refused_without_counting_as_a_try(offline: Founded, typed: str) -> None:
    assert code_of(offline.desk.signing_in.sign_in(offline.teller, PASSWORD, typed)) == "totp_malformed"
    kept = offline.desk.device.local_person(offline.teller)
    assert kept is not None
    assert kept.failures == 0


@pytest.mark.parametrize("person", ["", "nobody", "AH", "a b", "ah\u202e", "x" * 400, "ah\n"])
def test_a_person_unknown_here_is_told_so(offline: Founded, person: str) -> None:
    assert code_of(offline.desk.signing_in.sign_in(person, PASSWORD, "123456")) == "staff_unknown"


def test_a_first_time_needs_the_line(offline: Founded) -> None:
    with pytest.raises(LineProblem):
        offline.desk.signing_in.activate("ah", "AAAA-BBBB-CCCC-DDDD", PASSWORD)
    with pytest.raises(LineProblem):
        offline.desk.signing_in.fetch_seed(offline.teller, PASSWORD, "123456")


def test_who_is_known_is_listed_by_name(founded: Founded) -> None:
    people = founded.desk.signing_in.known_people()
    assert [known.person for known in people] == [founded.teller, founded.supervisor]
    assert all(known.ready for known in people)
    newcomer = f"jj-{founded.branch}"
    founded.bank.admit(newcomer, founded.branch)
    founded.desk.sync()
    assert founded.desk.signing_in.standing(newcomer).stage is Stage.FIRST_HERE
    assert code_of(founded.desk.signing_in.sign_in(newcomer, PASSWORD, "123456")) == "sign_in_first_here"


def test_locking_destroys_the_session_and_the_chain_says_so(offline: Founded) -> None:
    desk = offline.desk
    session = desk.sign_in(offline.teller).session
    desk.signing_in.end(session, "idle")
    head = desk.device.chain_head()
    desk.signing_in.end(session, "signed-out")
    assert desk.device.chain_head() == head
    last = list(desk.device.export_chain(desk.code, 1))[-1]
    operation = read_operation(last).operation
    assert (operation.kind, operation.actor) == ("session.closed", f"staff:{offline.teller}")
    assert b'"idle"' in bytes(operation.body)


def test_nothing_secret_is_in_a_repr(founded: Founded) -> None:
    desk = founded.desk
    proven = desk.prove(founded.teller)
    newcomer = f"jj-{founded.branch}"
    code = founded.bank.admit(newcomer, founded.branch)
    desk.sync()
    seed = desk.signing_in.activate(newcomer, code, PASSWORD)
    assert isinstance(seed, NewSeed)
    shown = repr((proven, seed, desk.sign_in(founded.supervisor)))
    secret = bytes(proven.staff_key).hex()
    assert seed.uri not in shown
    assert PASSWORD not in shown
    assert secret not in shown
    assert code_at(seed.contents.totp_seed, founded.bank.clock.now_ms()) not in shown


def test_a_stolen_disk_yields_neither_seed_nor_key(founded: Founded) -> None:
    """Everything but the device secret is in the thief's hands, the file's key and the password even."""
    kept = founded.desk.device.local_person(founded.teller)
    assert kept is not None
    assert kept.sealed is not None
    answer = unseal(kept.sealed, password=PASSWORD, device_secret=bytes(32), person=founded.teller)
    assert code_of(answer) == "password_wrong"
    proven = founded.desk.prove(founded.teller)
    founded.desk.close()
    stolen = b"".join(path.read_bytes() for path in founded.desk.folder.iterdir() if path.is_file())
    founded.desk.reopen()
    assert bytes(proven.staff_key) not in stolen
    assert founded.teller.encode() not in stolen
