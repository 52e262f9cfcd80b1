"""Nobody gets a key on a desk without a colleague as witness, nor a second one without the first one's word."""

from pathlib import Path

import pytest

from core.errors import Refusal
from core.signing_in import NewSeed, Proven, SignedIn, Stage
from tests.core.signing_in.conftest import Founded
from tests.signing_bank import PASSWORD, Phone, SigningBank, issuer_of


def code_of(answer: object) -> str:
    assert isinstance(answer, Refusal), answer
    return answer.code


@pytest.fixture
def newcomer(founded: Founded) -> tuple[str, str]:
    """Somebody new at the branch: staff code and activation code."""
    person = f"jj-{founded.branch}"
    activation = founded.bank.admit(person, founded.branch, name="Jens Jørgensen")
    founded.desk.sync()
    return person, activation


def test_the_qr_code_names_bank_and_person(founded: Founded, newcomer: tuple[str, str]) -> None:
    person, activation = newcomer
    seed = founded.desk.signing_in.activate(person, activation, PASSWORD)
    assert isinstance(seed, NewSeed)
    assert seed.name == "Jens Jørgensen"
    assert issuer_of(seed.uri) == "Counterfoil Bank"
    assert person in seed.uri


def test_a_newcomer_works_once_a_colleague_has_been_witness(founded: Founded, newcomer: tuple[str, str]) -> None:
    desk = founded.desk
    proven = desk.arrive(*newcomer)
    assert code_of(desk.signing_in.open(proven)) == "witness_needed"
    assert desk.signing_in.register(proven, desk.prove(founded.teller)) is None
    signed_in = desk.signing_in.open(proven)
    assert isinstance(signed_in, SignedIn)
    assert signed_in.keys[0].witness == founded.teller.title()
    desk.sync()


def test_nobody_is_their_own_witness_nor_is_a_stranger(founded: Founded, newcomer: tuple[str, str]) -> None:
    desk = founded.desk
    proven = desk.arrive(*newcomer)
    assert code_of(desk.signing_in.register(proven, proven)) == "witness_same_person"
    other = f"mm-{founded.branch}"
    activation = founded.bank.admit(other, founded.branch)
    desk.sync()
    stranger = desk.arrive(other, activation)
    assert code_of(desk.signing_in.register(proven, stranger)) == "witness_unknown"


def test_an_activation_code_works_once_and_only_with_a_good_password(
    founded: Founded, newcomer: tuple[str, str]
) -> None:
    person, activation = newcomer
    activate = founded.desk.signing_in.activate
    assert code_of(activate(person, activation, "short")) == "password_too_short"
    assert code_of(activate(person, activation, "jørgensen is my name")) == "password_names_person"
    assert code_of(activate(person, "AAAA-BBBB-CCCC-DDDD", PASSWORD)) == "activation_wrong"
    assert isinstance(activate(person, f" {activation.lower()} ", PASSWORD), NewSeed)
    assert code_of(activate(person, activation, PASSWORD)) == "activation_wrong"


def test_who_was_interrupted_before_the_first_code_sees_the_same_qr_code_again(
    founded: Founded, newcomer: tuple[str, str]
) -> None:
    person, activation = newcomer
    desk = founded.desk
    first = desk.signing_in.activate(person, activation, PASSWORD)
    desk.reopen()
    assert desk.signing_in.standing(person).stage is Stage.UNCONFIRMED
    assert code_of(desk.signing_in.show_again(person, "not the password")) == "password_wrong"
    again = desk.signing_in.show_again(person, PASSWORD)
    assert isinstance(first, NewSeed)
    assert isinstance(again, NewSeed)
    assert again.uri == first.uri
    phone = Phone(again.uri, founded.bank.clock)
    assert isinstance(desk.signing_in.confirm(again, phone.next_code()), Proven)
    assert code_of(desk.signing_in.confirm(again, phone.code())) == "totp_reused"
    assert code_of(desk.signing_in.show_again(person, PASSWORD)) == "seed_confirmed"


def test_who_was_interrupted_before_the_witness_goes_on_with_password_and_code(
    founded: Founded, newcomer: tuple[str, str]
) -> None:
    desk = founded.desk
    desk.arrive(*newcomer)
    desk.reopen()
    assert desk.signing_in.standing(newcomer[0]).stage is Stage.UNREGISTERED
    answer = desk.signing_in.sign_in(newcomer[0], PASSWORD, desk.phones[newcomer[0]].next_code())
    assert code_of(answer) == "witness_needed"
    assert desk.signing_in.register(desk.prove(newcomer[0]), desk.prove(founded.supervisor)) is None


def test_a_key_at_another_desk_must_introduce_the_new_one(founded: Founded, tmp_path: Path) -> None:
    old, person = founded.desk, founded.teller
    with founded.bank.desk(tmp_path, f"{founded.branch}-2", founded.branch) as new:
        old.sync()
        (there,) = old.signing_in.other_desks()
        assert there.device == new.code
        fetched = new.signing_in.fetch_seed(person, PASSWORD, old.phones[person].next_code())
        colleague = new.signing_in.fetch_seed(founded.supervisor, PASSWORD, old.phones[founded.supervisor].next_code())
        assert isinstance(fetched, Proven)
        assert isinstance(colleague, Proven)
        missing = new.signing_in.register(fetched, colleague)
        assert isinstance(missing, Refusal)
        assert (missing.code, missing.detail["person"]) == ("introduction_missing", person)
        for each in (person, founded.supervisor):
            code = old.phones[each].next_code()
            assert old.signing_in.introduce(each, PASSWORD, code, device=there.device, epoch=there.epoch) is None
        assert new.signing_in.register(fetched, colleague) is None
        signed_in = new.signing_in.open(fetched)
        assert isinstance(signed_in, SignedIn)
        assert {key.device for key in signed_in.keys} == {old.code, new.code}
        new.sync()
        old.sync()
        assert {key.device for key in old.signing_in.keys_of(person)} == {old.code, new.code}


def test_the_centre_hands_a_seed_only_to_who_signs_in_there(founded: Founded) -> None:
    fetch = founded.desk.signing_in.fetch_seed
    phone = founded.desk.phones[founded.teller]
    assert code_of(fetch(founded.teller, "not the password", phone.next_code())) == "sign_in_wrong"
    assert code_of(fetch("nobody", PASSWORD, phone.code())) == "sign_in_wrong"
    assert code_of(fetch(founded.teller, PASSWORD, "12345")) == "totp_malformed"
    assert isinstance(fetch(founded.teller, PASSWORD, phone.next_code()), Proven)
    assert code_of(fetch(founded.teller, PASSWORD, phone.code())) == "totp_reused"


def test_a_desk_of_another_branch_does_not_take_a_person(bank: SigningBank, founded: Founded, tmp_path: Path) -> None:
    branch = bank.found_branch()
    with bank.desk(tmp_path, f"{branch}-1", branch) as elsewhere:
        phone = founded.desk.phones[founded.teller]
        assert (
            code_of(elsewhere.signing_in.fetch_seed(founded.teller, PASSWORD, phone.next_code())) == "staff_elsewhere"
        )
