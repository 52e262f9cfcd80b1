"""A desk of the branch as its supervisor sees it, and one of the operations that an ended desk still brought."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication
from sqlalchemy import Connection

from core.envelope import read_operation
from core.errors import IntegrityFault
from core.money import Money
from core.operations import rules
from core.operations.ended import LATE, WRITE_OFF
from core.store.queries.desks import last_heard
from core.store.queries.notes import note_of
from core.store.queries.requests import RequestLine, requests
from core.sync.messages import BranchDevice, LateRun
from desktop.teller.saying import kind_title
from desktop.widgets import Tone


def _tr(text: str) -> str:
    return QCoreApplication.translate("devices", text)


@dataclass(frozen=True, slots=True)
class DeviceView:
    """A device epoch: what the centre says of it, when it was last heard, and what was last asked about it here."""

    found: BranchDevice
    here: bool
    heard_at: str
    asked: RequestLine | None

    @property
    def key(self) -> tuple[str, int]:
        """Device and epoch."""
        return self.found.device, self.found.epoch

    @property
    def exposure(self) -> Money:
        """What it may have paid out without having said so."""
        return Money(self.found.exposure, self.found.currency)

    @property
    def waiting(self) -> bool:
        """Whether something was asked about it that is not answered."""
        return self.asked is not None and self.asked.state == "waiting"


def views(connection: Connection, devices: Sequence[BranchDevice], here: tuple[str, int]) -> tuple[DeviceView, ...]:
    """The centre's list beside what this file knows of each."""
    asked: dict[tuple[str, int], RequestLine] = {}
    lines = (*requests(connection, kind=WRITE_OFF), *requests(connection, kind=LATE))
    for line in sorted(lines, key=lambda each: each.request):
        asked[line.device, line.epoch] = line
    heard = last_heard(connection, ((each.device, each.epoch) for each in devices))
    return tuple(
        DeviceView(each, key == here, heard.get(key, ""), asked.get(key))
        for each in devices
        for key in ((each.device, each.epoch),)
    )


def device_word(view: DeviceView) -> str:
    """How a desk stands."""
    if view.here:
        return _tr("This desk")
    if view.waiting and view.asked is not None:
        return _tr("Being written off") if view.asked.kind == WRITE_OFF else _tr("Being settled")
    words = {"living": _tr("At work"), "revoked": _tr("Revoked"), "written_off": _tr("Written off")}
    return words.get(view.found.state, view.found.state)


def device_tone(view: DeviceView) -> Tone:
    """The colour beside the word."""
    if view.waiting:
        return "info"
    tones: dict[str, Tone] = {"living": "ok", "revoked": "danger", "written_off": "warn"}
    return tones.get(view.found.state, "plain")


@dataclass(frozen=True, slots=True)
class LateLine:
    """One late operation: who did what, when. `amount` None where no money moves."""

    seq: int
    hash: str
    at: str
    person: str
    what: str
    amount: Money | None


def late_lines(run: LateRun) -> tuple[LateLine, ...]:
    """The run in order; what can't be decoded is named as such, never left out."""
    return tuple(_late_line(jws) for jws in run.operations)


def _late_line(jws: str) -> LateLine:
    signed = read_operation(jws)
    operation = signed.operation
    note = note_of(operation)
    try:
        postings = rules.decode(signed).postings
    except IntegrityFault:
        what = _tr("Can't be read ({kind})").format(kind=operation.kind)
        return LateLine(operation.seq, signed.hash, operation.at, note.person or "", what, None)
    debits = [posting for posting in postings if posting.amount > 0]
    amount = Money(sum(each.amount for each in debits), debits[0].currency) if debits else None
    return LateLine(operation.seq, signed.hash, operation.at, note.person or "", kind_title(operation.kind), amount)
