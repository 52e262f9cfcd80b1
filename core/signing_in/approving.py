"""A second person signs for one operation, in a short session of their own that ends once it is performed."""

from __future__ import annotations

from dataclasses import dataclass, field

from core.device import Device, Draft, OpenSession, Refusals
from core.errors import Refusal
from core.operations.kind import SUPERVISOR
from core.signing_in.people_here import staff_member
from core.signing_in.proving import Proving

APPROVAL_SESSION_MS = 10 * 60 * 1000


@dataclass(frozen=True, slots=True)
class Approval:
    """The approval (`jws`) for `Device.perform`, and the approver's session, open until `Approving.conclude`."""

    jws: str = field(repr=False)
    session: OpenSession


class Approving:
    """Lets a supervisor of the branch approve a draft of somebody else."""

    def __init__(self, device: Device, proving: Proving) -> None:
        self._device = device
        self._proving = proving

    def approve(self, draft: Draft, person: str, password: str, code: str) -> Approval | Refusal:
        """Sign for exactly this draft. `conclude` must follow once it was performed, or given up: not before, because
        an approval from a closed session is refused.

        Codes: `approval_own`, `approver_not_supervisor`, `approver_suspended`, `staff_unknown`, and those of
        `Proving.prove` and of opening a session.
        """
        refusal = self._may_not(draft, person)
        if refusal is not None:
            return refusal
        proven = self._proving.prove(person, password, code)
        if isinstance(proven, Refusal):
            return proven
        session = self._device.open_session(person, proven.staff_key, proven.totp_step, lasting_ms=APPROVAL_SESSION_MS)
        if isinstance(session, Refusals):
            return session.first
        return Approval(self._device.approve(draft, session), session)

    def conclude(self, approval: Approval) -> None:
        """End the approver's session: what it was opened for is done, or will not be."""
        self._device.close_session(approval.session, "approved")

    def _may_not(self, draft: Draft, person: str) -> Refusal | None:
        """Said before anybody's code is used up."""
        if draft.session is not None and draft.session.person == person:
            return Refusal("approval_own", "person")
        with self._device.reading() as connection:
            staff = staff_member(connection, person)
        if staff is None:
            return Refusal("staff_unknown", "person")
        if staff.suspended:
            return Refusal("approver_suspended", "person")
        if staff.role != SUPERVISOR or staff.branch != self._device.identity.branch:
            return Refusal("approver_not_supervisor", "person")
        return None
