"""Signing in at a desk: proving who one is, arriving at a new desk, approving, introducing; and enrolling the desk."""

from core.signing_in.approving import Approval
from core.signing_in.arriving import NewSeed
from core.signing_in.line import EnrolmentLine, StaffLine
from core.signing_in.people_here import KeyShown, KnownPerson, Stage, Standing
from core.signing_in.proving import Proven
from core.signing_in.service import HOUR_MS, SignedIn, SigningIn

__all__ = [
    "HOUR_MS",
    "Approval",
    "EnrolmentLine",
    "KeyShown",
    "KnownPerson",
    "NewSeed",
    "Proven",
    "SignedIn",
    "SigningIn",
    "StaffLine",
    "Stage",
    "Standing",
]
