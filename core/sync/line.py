"""How the line stands, as the status strip shows it: never better than it is."""

from __future__ import annotations

import msgspec


class Sending(msgspec.Struct, frozen=True):
    """How far a burst of pushing has come: operations acknowledged, of how many."""

    done: int
    total: int


class LineState(msgspec.Struct, frozen=True):
    """The line and the outbox at one moment; times are milliseconds by the device's clock.

    `online`: the centre answered the last time it was spoken to. `problem` is the code of what is in the way (of the
    line, of the centre's refusal, of the disk, or `bug`), `stopped` that trying again needs a person, `feed_faults`
    which feeds are not read any further, and why, `device_stopped` why the device may do nothing until it is
    enrolled anew. `clock_wrong_by`: the minutes by which the clock is ahead of the centre's (behind: negative), if by
    more than five. `recovering`: the centre was restored, and is told again what it has forgotten.
    """

    online: bool = False
    waiting: int = 0
    oldest_waiting_at: str | None = None
    sending: Sending | None = None
    offline_since_ms: int | None = None
    last_heard_ms: int | None = None
    problem: str | None = None
    message: str | None = None
    stopped: bool = False
    push_refused: str | None = None
    feed_faults: tuple[tuple[str, str], ...] = ()
    device_stopped: str | None = None
    clock_wrong_by: int = 0
    recovering: bool = False

    @property
    def clock_wrong(self) -> bool:
        """Whether the clock is further off than the centre puts up with."""
        return self.clock_wrong_by != 0

    @property
    def all_sent(self) -> bool:
        """Whether everything done here is at the centre and nothing is in the way: the only green there is."""
        trouble = self.problem or self.stopped or self.push_refused or self.feed_faults or self.device_stopped
        return self.online and self.waiting == 0 and not (trouble or self.recovering or self.clock_wrong)
