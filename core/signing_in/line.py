"""What signing in and enrolling ask of the line to the centre; `core.sync` speaks it over HTTP.

Each call raises `LineProblem` when the centre can't be reached, and `CentreRefusal` where it says no.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from core.errors import CentreRefusal, Refusal
from core.sync.messages import Activation, Enrolment, EnrolmentAnswer, SeedAnswer, SignIn
from core.sync.transport import CentreProblem

_FIELDS = {
    "activation_wrong": "activation_code",
    "password_refused": "password",
    "totp_reused": "totp",
    "staff_elsewhere": "person",
    "staff_suspended": "person",
    "enrolment_code_wrong": "code",
}
ANSWERS = frozenset(_FIELDS) | {
    "sign_in_wrong",
    "sign_in_too_soon",
    "introduction_unknown_key",
    "introduction_malformed",
    "refused",
}
"""What the centre says to the person; any other problem document is about the device or the server."""


class StaffLine(Protocol):
    """People's part of the wire, in requests that this device signs."""

    def activate(self, activation: Activation, /) -> SeedAnswer:
        """A person's own password, given once under their activation code."""
        ...

    def sign_in(self, sign_in: SignIn, /) -> SeedAnswer:
        """Sign in at the centre, which hands the seed of the one-time codes to this device."""
        ...

    def introduce(self, introduction: str, /) -> None:
        """Have an introduction (compact JWS) kept for the device that it names."""
        ...

    def introductions(self) -> Mapping[str, str]:
        """The introductions that wait for this device, by person."""
        ...


class EnrolmentLine(Protocol):
    """A device's first words, before anybody trusts it."""

    def enrol(self, enrolment: Enrolment, /) -> EnrolmentAnswer:
        """Show the key under the one-time code."""
        ...

    def enrolment(self, fingerprint: str, /) -> EnrolmentAnswer:
        """How the enrolment of the key with that thumbprint stands."""
        ...


def answer_of(refused: CentreRefusal) -> Refusal:
    """What the centre said to the person, as a value. Raises the problem again if it is not about them."""
    if refused.code not in ANSWERS:
        raise refused
    members = refused.members if isinstance(refused, CentreProblem) else {}
    reason, waiting = members.get("reason"), members.get("wait_ms")
    code = reason if isinstance(reason, str) and refused.code in {"refused", "password_refused"} else refused.code
    detail = {"wait_ms": waiting} if isinstance(waiting, int) else {}
    return Refusal(code, _FIELDS.get(refused.code), detail)
