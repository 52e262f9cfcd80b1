"""A key in a person's name needs that person, a colleague at the same desk, and any older key of theirs."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from joserfc import jws
from joserfc.jwk import OKPKey

from core.errors import IntegrityFault
from core.people.keys import key_name
from core.people.registration import (
    IntroductionStatement,
    Registration,
    RegistrationStatement,
    make_introduction,
    make_registration,
    make_witness,
    verify_founding,
    verify_registration,
)
from tests.core.people.people_on_devices import Person

AT = "2026-11-20T09:42:00.000Z"
LATER = "2026-11-20T09:52:00.000Z"
EARLIER = "2026-11-20T09:41:59.999Z"
METTE = Person("mette")
JENS = Person("jens")
METTE_ELSEWHERE = Person("mette", branch="aarhus", device="aarhus-1")


def _statement(who: Person, **changes: Any) -> RegistrationStatement:
    said = RegistrationStatement(
        person=who.person, branch=who.branch, device=who.device, epoch=who.epoch, key=who.public_key, at=AT
    )
    return msgspec.structs.replace(said, **changes)


def _registration(who: Person, witness: Person, introduction: str | None = None) -> Registration:
    said = _statement(who)
    return Registration(
        statement=make_registration(said, who.signing_key),
        witness=make_witness(said, witness.signing_key),
        introduction=introduction,
    )


def _introduction(by: Person, **changes: Any) -> str:
    said = IntroductionStatement(person="mette", device="odense-1", epoch=1, expires_at=LATER)
    return make_introduction(msgspec.structs.replace(said, **changes), by.signing_key)


def _fault(registration: Registration, witness: Person = JENS, older: tuple[Person, ...] = ()) -> str:
    with pytest.raises(IntegrityFault) as caught:
        verify_registration(registration, key=METTE.public_key, witness=witness, older=older)
    return caught.value.code


def test_a_key_signed_by_itself_and_witnessed_by_a_colleague_at_the_desk_is_registered() -> None:
    said = verify_registration(_registration(METTE, JENS), key=METTE.public_key, witness=JENS, older=())
    assert said == _statement(METTE)


def test_an_independent_library_reads_the_same_statement() -> None:
    token = make_registration(_statement(METTE), METTE.signing_key)
    key = OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": METTE.public_key})
    read = jws.deserialize_compact(token, key, algorithms=["Ed25519"])
    assert (
        read.payload
        == (
            f'{{"v":1,"person":"mette","branch":"odense","device":"odense-1","epoch":1,"key":"{METTE.public_key}",'
            f'"at":"{AT}"}}'
        ).encode()
    )
    assert read.protected == {
        "alg": "Ed25519",
        "kid": key_name(METTE.signing_key),
        "typ": "counterfoil-registration+jws",
    }


def test_nobody_registers_a_key_that_they_do_not_hold() -> None:
    with pytest.raises(ValueError, match="signed by the key"):
        make_registration(_statement(METTE), JENS.signing_key)
    said = _statement(METTE)
    forged = Registration(make_witness(said, JENS.signing_key), make_witness(said, JENS.signing_key), None)
    assert _fault(forged) == "jws_type"
    other = Person("mette", life=2)
    assert _fault(_registration(other, JENS)) == "jws_key"


def test_a_person_is_not_their_own_witness() -> None:
    twin = Person("mette", life=2)
    assert _fault(_registration(METTE, twin), witness=twin) == "witness_same_person"


@pytest.mark.parametrize(
    "witness",
    [Person("jens", branch="aarhus"), Person("jens", device="odense-2"), Person("jens", epoch=2)],
)
def test_a_witness_stands_at_the_same_desk(witness: Person) -> None:
    assert _fault(_registration(METTE, witness), witness=witness) == "witness_elsewhere"


def test_a_witness_signs_what_the_person_signed() -> None:
    good = _registration(METTE, JENS)
    other = make_witness(_statement(METTE, at=LATER), JENS.signing_key)
    assert _fault(msgspec.structs.replace(good, witness=other)) == "witness_statement_differs"


def test_the_person_s_own_signature_does_not_pass_for_a_witness_s() -> None:
    good = _registration(METTE, JENS)
    assert _fault(msgspec.structs.replace(good, witness=good.statement)) == "jws_type"


def test_a_person_with_a_key_elsewhere_must_be_introduced_by_it() -> None:
    assert _fault(_registration(METTE, JENS), older=(METTE_ELSEWHERE,)) == "introduction_missing"
    introduced = _registration(METTE, JENS, _introduction(METTE_ELSEWHERE))
    said = verify_registration(introduced, key=METTE.public_key, witness=JENS, older=(METTE_ELSEWHERE,))
    assert said.person == "mette"


def test_an_introduction_by_any_one_of_several_older_keys_will_do() -> None:
    others = (Person("mette", device="odense-2"), METTE_ELSEWHERE)
    introduced = _registration(METTE, JENS, _introduction(METTE_ELSEWHERE))
    assert verify_registration(introduced, key=METTE.public_key, witness=JENS, older=others).key == METTE.public_key


def test_an_introduction_by_a_stranger_or_an_ended_key_is_none() -> None:
    stranger = Person("karla", device="aarhus-1")
    introduced = _registration(METTE, JENS, _introduction(stranger))
    assert _fault(introduced, older=(METTE_ELSEWHERE, stranger)) == "introduction_unknown_key"
    assert _fault(_registration(METTE, JENS, _introduction(METTE_ELSEWHERE))) == "introduction_unknown_key"


@pytest.mark.parametrize("change", [{"person": "karla"}, {"device": "odense-2"}, {"epoch": 2}])
def test_an_introduction_to_another_place_or_of_another_person_is_refused(change: dict[str, object]) -> None:
    introduced = _registration(METTE, JENS, _introduction(METTE_ELSEWHERE, **change))
    assert _fault(introduced, older=(METTE_ELSEWHERE,)) == "introduction_of_other"


def test_an_introduction_ends() -> None:
    late = _registration(METTE, JENS, _introduction(METTE_ELSEWHERE, expires_at=EARLIER))
    assert _fault(late, older=(METTE_ELSEWHERE,)) == "introduction_expired"


def test_a_key_is_registered_once() -> None:
    assert _fault(_registration(METTE, JENS), older=(METTE,)) == "key_registered_already"


def _founded(
    first: Registration,
    second: Registration,
    other: Person = JENS,
    older: tuple[Person, ...] = (),
) -> tuple[RegistrationStatement, RegistrationStatement]:
    return verify_founding(first, METTE.public_key, second, other.public_key, older)


def test_two_people_found_a_desk_by_witnessing_each_other() -> None:
    said = _founded(_registration(METTE, JENS), _registration(JENS, METTE))
    assert [one.person for one in said] == ["mette", "jens"]


def test_one_person_does_not_found_a_desk_alone_under_two_keys() -> None:
    twin = Person("mette", life=2)
    with pytest.raises(IntegrityFault, match="witness_same_person"):
        _founded(_registration(METTE, twin), _registration(twin, METTE), twin)


def test_a_third_person_s_signature_does_not_found() -> None:
    with pytest.raises(IntegrityFault, match="jws_key"):
        _founded(_registration(METTE, Person("karla")), _registration(JENS, METTE))


def test_founders_of_one_desk_stand_at_one_desk() -> None:
    elsewhere = Person("jens", device="odense-2")
    with pytest.raises(IntegrityFault, match="witness_elsewhere"):
        _founded(_registration(METTE, elsewhere), _registration(elsewhere, METTE), elsewhere)


def test_a_founder_with_a_key_elsewhere_is_introduced_by_it() -> None:
    second = _registration(JENS, METTE)
    with pytest.raises(IntegrityFault, match="introduction_missing"):
        _founded(_registration(METTE, JENS), second, older=(METTE_ELSEWHERE,))
    introduced = _registration(METTE, JENS, _introduction(METTE_ELSEWHERE))
    assert [said.person for said in _founded(introduced, second, older=(METTE_ELSEWHERE,))] == ["mette", "jens"]
    with pytest.raises(IntegrityFault, match="introduction_unknown_key"):
        _founded(introduced, second)


def test_one_founder_s_older_key_does_not_introduce_the_other() -> None:
    jens_elsewhere = Person("jens", branch="aarhus", device="aarhus-1")
    introduced = _registration(METTE, JENS, _introduction(jens_elsewhere))
    with pytest.raises(IntegrityFault, match="introduction_unknown_key"):
        _founded(introduced, _registration(JENS, METTE), older=(METTE_ELSEWHERE, jens_elsewhere))
