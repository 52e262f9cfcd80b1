"""Every problem carries a stable code, and says whether waiting helps."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from core.errors import (
    CentreRefusal,
    EnvironmentProblem,
    IntegrityFault,
    KeyringProblem,
    LineProblem,
    Refusal,
    Refused,
    StoreProblem,
)


@pytest.mark.parametrize(
    ("kind", "code", "retry"),
    [
        (EnvironmentProblem, "environment", False),
        (StoreProblem, "store", False),
        (KeyringProblem, "keyring", False),
        (LineProblem, "line_down", True),
        (CentreRefusal, "centre_refused", False),
    ],
)
def test_each_kind_of_problem_has_its_code_and_its_words(
    kind: type[EnvironmentProblem], code: str, retry: bool
) -> None:
    plain = kind("The disk is full.")
    assert (plain.code, plain.message, plain.retry, str(plain)) == (
        code,
        "The disk is full.",
        retry,
        "The disk is full.",
    )
    nearer = kind("The disk is full.", code="store_disk_full", retry=not retry)
    assert (nearer.code, nearer.retry) == ("store_disk_full", not retry)
    assert (kind.code, kind.retry) == (code, retry)


def test_a_refusal_is_a_value() -> None:
    refusal = Refusal("amount_not_positive", "amount", {"most": 5})
    assert refusal == Refusal("amount_not_positive", "amount", {"most": 5})
    with pytest.raises(FrozenInstanceError):
        refusal.code = "other"  # type: ignore[misc]
    carried = Refused(refusal)
    assert carried.refusal is refusal
    assert str(carried) == "amount_not_positive"


def test_a_fault_names_what_contradicts_itself() -> None:
    assert str(IntegrityFault("chain_forked", "odense-1/1/7")) == "chain_forked: odense-1/1/7"
    assert str(IntegrityFault("jws_signature")) == "jws_signature"


def test_a_fault_is_never_taken_for_a_problem_that_passes() -> None:
    assert not issubclass(IntegrityFault, EnvironmentProblem)
    assert not issubclass(Refused, EnvironmentProblem)
