"""Devices on their way to being trusted, in memory."""

from __future__ import annotations

from collections.abc import Sequence

from sync_server.store.home import MetOthers
from sync_server.store.memory.overlay import Overlay
from sync_server.store.memory.tables import ENROLMENTS, FINGERPRINTS
from sync_server.store.values import Enrolment


class MemoryEnrolments:
    """The table of enrolments, inside an open transaction."""

    def __init__(self, overlay: Overlay) -> None:
        self._overlay = overlay

    def invite(self, enrolment: Enrolment) -> None:
        """Keep an invitation in place of any for that device epoch that nobody has trusted."""
        self._overlay.statement("enrolments")
        named = (enrolment.device, enrolment.epoch)
        self._overlay.lock("enrolment of", named)
        for code_digest, other in list(self._overlay.items(ENROLMENTS)):
            if (other.device, other.epoch) != named:
                continue
            if other.state not in ("issued", "waiting"):
                raise MetOthers("the device was invited meanwhile")
            self._withdraw(code_digest)
        self._overlay.put(ENROLMENTS, enrolment.code_digest, enrolment)

    def _withdraw(self, code_digest: str) -> None:
        self._overlay.lock(ENROLMENTS, code_digest)
        self._overlay.remove(ENROLMENTS, code_digest)
        for fingerprint, shown_under in list(self._overlay.items(FINGERPRINTS)):
            if shown_under == code_digest:
                self._overlay.remove(FINGERPRINTS, fingerprint)

    def lock(self, code_digest: str) -> Enrolment | None:
        """The invitation with that code, locked."""
        if self._overlay.get(ENROLMENTS, code_digest) is not None:
            self._overlay.lock(ENROLMENTS, code_digest)
        return self._overlay.get(ENROLMENTS, code_digest)

    def show_key(self, code_digest: str, public_key: str, fingerprint: str) -> bool:
        """Keep the key shown under an invitation, which waits from here on; False if it came under another code."""
        self._overlay.statement("enrolments")
        self._overlay.lock(ENROLMENTS, code_digest)
        self._overlay.lock(FINGERPRINTS, fingerprint)
        enrolment = self._overlay.get(ENROLMENTS, code_digest)
        if self._overlay.get(FINGERPRINTS, fingerprint) not in (None, code_digest):
            return False
        if enrolment is not None:
            self._overlay.put(FINGERPRINTS, fingerprint, code_digest)
            shown = enrolment._replace(public_key=public_key, state="waiting")
            self._overlay.put(ENROLMENTS, code_digest, shown)
        return True

    def find(self, fingerprint: str) -> Enrolment | None:
        """The enrolment whose key has that thumbprint."""
        code_digest = self._overlay.get(FINGERPRINTS, fingerprint)
        return self._overlay.get(ENROLMENTS, code_digest) if code_digest is not None else None

    def waiting(self) -> Sequence[Enrolment]:
        """Those that wait to be trusted, by device."""
        waiting = (each for _, each in self._overlay.items(ENROLMENTS) if each.state == "waiting")
        return sorted(waiting, key=lambda each: each.device)

    def lock_waiting(self, device: str) -> Enrolment | None:
        """That device's enrolment that waits to be trusted, locked."""
        for enrolment in self.waiting():
            if enrolment.device == device:
                locked = self.lock(enrolment.code_digest)
                return locked if locked is not None and locked.state == "waiting" else None
        return None

    def trust(self, device: str, epoch: int) -> None:
        """Write that it is trusted, which stays."""
        self._overlay.statement("enrolments")
        for code_digest, enrolment in list(self._overlay.items(ENROLMENTS)):
            if (enrolment.device, enrolment.epoch) == (device, epoch):
                self._overlay.lock(ENROLMENTS, code_digest)
                self._overlay.put(ENROLMENTS, code_digest, enrolment._replace(state="trusted"))
