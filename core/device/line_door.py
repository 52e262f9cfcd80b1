"""The side of the device that the line speaks to: time, feeds, the outbox, and a centre that was restored."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from core.device import feeds, hearing, incarnations, pushes
from core.device.values import Changed, Outbox, PushRun
from core.device.workings import Workings


class LineDoor:
    """Part of the one door; each call waits for the others as every change does."""

    _workings: Workings

    # Time

    def hear_time(self, centre_ms: int) -> None:
        """The centre has just said that it is this time (milliseconds since 1970 UTC); see `Timekeeper.hear`."""
        with self._workings.lock:
            self._workings.time.hear(centre_ms)

    @property
    def clock_wrong_by(self) -> int:
        """How many minutes the clock is ahead of the centre's (behind: negative), if by more than five; else 0."""
        with self._workings.lock:
            return self._workings.time.wrong_by_minutes

    def note_heard(self) -> None:
        """Both feeds were read to their ends just now; see `hearing`."""
        with self._workings.lock:
            hearing.note(self._workings)

    def silent_ms(self) -> int:
        """For how many milliseconds nothing was heard of the centre; see `hearing`."""
        with self._workings.lock:
            return hearing.silent_ms(self._workings)

    def note_line(self, *, up: bool) -> None:
        """Whether the centre answered just now: with the line up nobody pays at the bank's own risk."""
        with self._workings.lock:
            self._workings.line_up = up

    # The centre restored; see `incarnations`

    @property
    def incarnation(self) -> int:
        """The life of the centre's database that this device is in; 0 before it has heard of any."""
        return self._workings.head.incarnation

    def has_to_report(self) -> bool:
        """Whether this device has yet to say all that it knows to the centre's incarnation."""
        with self._workings.lock:
            return incarnations.has_to_report(self._workings)

    def meet_incarnation(self, answer: incarnations.Answer) -> None:
        """Be in the centre's incarnation from here on. Raises `IntegrityFault`."""
        with self._workings.lock:
            incarnations.meet(self._workings, answer)

    def next_to_give_back(
        self, answer: incarnations.Answer, after: incarnations.Reached | None, limit: int
    ) -> incarnations.Part | None:
        """What comes next of all that stood in the feeds beyond the restored heads."""
        with self._workings.lock:
            return incarnations.next_part(self._workings, answer, after, limit)

    def grants(self) -> list[str]:
        """The newest grant of each account to this device, as the centre signed it."""
        with self._workings.lock:
            return incarnations.grants(self._workings)

    def note_reported(self, incarnation: int) -> None:
        """The centre has all that this device knows."""
        with self._workings.lock:
            incarnations.note_reported(self._workings, incarnation)

    def own_enrolment(self) -> str | None:
        """The centre's word that it trusts this device's key, as it was signed."""
        with self._workings.lock:
            return incarnations.own_enrolment(self._workings)

    # The line

    def accept_feed_page(self, page: feeds.Page) -> Changed:
        """Verify and apply a page; see `feeds.accept_page`. Raises `IntegrityFault`, and then nothing is kept."""
        with self._workings.lock:
            return feeds.accept_page(self._workings, page)

    def feed_position(self, feed: str) -> int:
        """How far a feed (`bank`, or the branch's code) is read."""
        with self._workings.lock:
            return feeds.feed_position(self._workings, feed)

    def outbox(self) -> Outbox:
        """How much is not acknowledged, and since when."""
        with self._workings.lock:
            return pushes.outbox(self._workings)

    def with_outbox(self, take: Callable[[Outbox], None]) -> None:
        """Hand the outbox over at a moment at which nobody performs anything."""
        with self._workings.lock:
            take(pushes.outbox(self._workings))

    def next_run(self, limit: int) -> PushRun | None:
        """What to push next."""
        with self._workings.lock:
            return pushes.next_run(self._workings, limit)

    def accept_push_answer(self, answer: pushes.Answer) -> None:
        """Take the centre's word for what it has; see `pushes.accept_answer`. Raises `IntegrityFault`."""
        with self._workings.lock:
            pushes.accept_answer(self._workings, answer)

    def chain_head(self) -> tuple[int, str | None]:
        """The last `seq` of the device's own chain, and its hash."""
        with self._workings.lock:
            return self._workings.own.seq, self._workings.own.hash

    def export_chain(self, device: str, epoch: int) -> Iterator[str]:
        """The signed text of every operation of a chain that is here, in order, one at a time."""
        return self._workings.store.chain_texts(device, epoch)
