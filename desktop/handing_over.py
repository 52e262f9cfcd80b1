"""What this computer's earlier lives had not sent is handed over in the background, beside the desk at work."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QObject, Signal

from core.clock import Clock
from core.device import Device, lives
from core.device.lives import Life
from core.errors import EnvironmentProblem
from core.secrets.store import SecretStore
from core.sync.line import LineState
from core.sync.loop import SyncLoop
from core.sync.transport import Transport
from desktop.widgets import Tone

LineOf = Callable[[Device], Transport]
_STOP_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Handover:
    """How far the handing over of an earlier life is.

    `unsent` is how many operations the centre does not keep yet, of `total` there were when this began; None before
    the file was looked at. `problem` is why they can't be handed over at all, or `refused` the code with which the
    centre takes no more of them.
    """

    life: Life
    unsent: int | None = None
    total: int = 0
    problem: EnvironmentProblem | None = None
    refused: str = ""

    @property
    def is_done(self) -> bool:
        """Whether the centre keeps all of it."""
        return self.unsent == 0


class HandingOver(QObject):
    """One thread for all of them, one after the other. `changed` carries a tuple of `Handover`, on the UI thread."""

    changed = Signal(object)

    def __init__(
        self,
        path: Path,
        secrets: SecretStore,
        clock: Clock,
        parent: QObject,
        *,
        line_of: LineOf = Transport.of_device,
        on_bug: Callable[[Exception], None],
    ) -> None:
        super().__init__(parent)
        self._secrets, self._clock, self._line_of, self._on_bug = secrets, clock, line_of, on_bug
        self._stop, self._guard = threading.Event(), threading.Lock()
        self._transport: Transport | None = None
        self._handovers = tuple(Handover(life) for life in lives.left_behind(path))
        self._thread = threading.Thread(target=self._run, name="earlier-lives", daemon=True)

    @property
    def handovers(self) -> Sequence[Handover]:
        """Every life that was left behind, and how far it is."""
        with self._guard:
            return self._handovers

    def start(self) -> None:
        """Begin, if there is anything to hand over."""
        if self._handovers:
            self._thread.start()

    def close(self) -> None:
        """Stop; what is left goes on after the next start."""
        self._stop.set()
        with self._guard:
            transport = self._transport
        if transport is not None:
            transport.close()
        if self._thread.is_alive():
            self._thread.join(_STOP_SECONDS)

    def _run(self) -> None:
        for number in range(len(self._handovers)):
            if self._stop.is_set():
                return
            try:
                device = lives.open_left(self._handovers[number].life, self._secrets, self._clock)
            except EnvironmentProblem as problem:
                self._note(number, problem=problem)
                continue
            try:
                self._hand_over(number, device)
            finally:
                device.close()

    def _hand_over(self, number: int, device: Device) -> None:
        waiting = device.outbox().length
        self._note(number, unsent=waiting, total=waiting)
        transport = self._line_of(device)
        loop = SyncLoop(device, transport, on_state=lambda state: self._look(number, state))
        with self._guard:
            self._transport = transport
        try:
            while not self._stop.is_set() and device.outbox().length:
                self._step(loop)
                if device.outbox().length:
                    self._stop.wait(loop.pause_seconds())
        finally:
            with self._guard:
                self._transport = None
            loop.close()
            transport.close()

    def _step(self, loop: SyncLoop) -> None:
        try:
            loop.step()
        except Exception as bug:  # noqa: BLE001 - a thread that died unseen would look like one that is well
            # A step torn from its connection at the end is no bug; anything before that is.
            if not self._stop.is_set():
                self._on_bug(bug)

    def _look(self, number: int, state: LineState) -> None:
        if not self._stop.is_set():
            self._note(number, unsent=state.waiting, refused=state.push_refused or "")

    def _note(self, number: int, **changes: object) -> None:
        with self._guard:
            before = self._handovers
            one = replace(before[number], **changes)  # type: ignore[arg-type]
            self._handovers = (*before[:number], one, *before[number + 1 :])
            after = self._handovers
        if after != before:
            self.changed.emit(after)


def words_of(handovers: Sequence[Handover]) -> tuple[str, str, Tone]:
    """What is said of them at the sign-in: the worst first, and nothing of what was done before this start."""
    for one in handovers:
        if one.problem is not None:
            return _tr("Work of an earlier life of this desk can't be sent."), _why_not(one), "danger"
        if one.refused:
            said = _tr("The centre takes no more of what {name} had done ({code}). Call the bank's office.")
            return "", said.format(name=_name(one.life), code=one.refused), "danger"
    under_way = [one for one in handovers if one.unsent]
    if under_way:
        said = _tr("What {name} had not sent is being handed over: {n} to go. Leave this desk on.")
        return "", said.format(name=_name(under_way[0].life), n=under_way[0].unsent), "warn"
    done = [one for one in handovers if one.is_done and one.total]
    if done:
        said = _tr("The centre keeps everything that {name} had done. Whatever came late waits there for two people.")
        return "", said.format(name=_name(done[0].life)), "ok"
    return "", "", "info"


def _why_not(one: Handover) -> str:
    """In plain words: what is lost is not made up for."""
    kept = _tr("The file is kept: {path}").format(path=one.life.path)
    if one.problem is None:
        return kept
    if not one.life.readable or one.problem.code in {"store_damaged", "store_wrong_key"}:
        why = _tr("Its file can't be read, so what it holds and was not sent can't be sent.")
    elif one.problem.code in {"device_key_missing", "device_key_other"}:
        why = _tr("The key of {name} is gone, and without it nothing can be sent in its name.").format(
            name=_name(one.life)
        )
    else:
        why = one.problem.message
    return f"{why} {kept}"


def _name(life: Life) -> str:
    return _tr("{device} (epoch {epoch})").format(device=life.device, epoch=life.epoch)


def _tr(text: str) -> str:
    return QCoreApplication.translate("handing_over", text)
