"""What the parts of the device share: the open file, the book kept in memory, the keys, and the one lock around them.

This process alone writes the file, so rows that were read stay true until a transaction is rolled back.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import msgspec
from nacl.signing import SigningKey

from core.book import Book
from core.book.rows import Day, Drawer, Right
from core.clock import Clock, instant_ms
from core.device.anchor import Anchor, Mooring
from core.device.door import Door
from core.device.timekeeping import Timekeeper
from core.device.values import Changed, DeviceIdentity
from core.envelope import read_operation
from core.errors import StoreProblem
from core.ids import Identifiers, Randomness
from core.store.home import DeviceHome
from core.store.log import ChainHead
from core.store.state import Head

_OPERATIONS_PER_BOOK = 20_000
"""After so many the rows in memory are dropped, so that they never grow without end."""

_STOPPED = "stopped"
"""The setting that says why the device has stopped."""

_HANDED_OVER = "handed-over"
"""The setting that says up to which `seq` the centre keeps what a stopped device has done."""

Listener = Callable[[Changed], None]


class Workings:
    """Used under `lock`. `own` is the head of the device's chain, `head` its line in the file.

    `rights_moved` names accounts on which this device's rights have moved since surplus was last looked for (None:
    not known; `surplus_tolerated` says with what measure), `desk_state` remembers which day and drawer are open.
    `stopped` is why the device may do nothing any more, `handed_seq` up to where the centre keeps what it had done
    then, `time` how far its clock is believed, `mooring` the anchor that
    its home is held to. `line_up` is whether the centre answered the last time it was spoken to.
    """

    def __init__(
        self,
        store: DeviceHome,
        key: SigningKey,
        clock: Clock,
        randomness: Randomness,
        anchor: Anchor | None = None,
    ) -> None:
        self.store = store
        self.key = key
        self.clock = clock
        self.randomness = randomness
        self.identifiers = Identifiers(clock, randomness)
        self.lock = Door(store.explained)
        self.listeners: list[Listener] = []
        head = store.head()
        if head is None:
            raise StoreProblem("This file belongs to no device. Enrol the device anew.", code="store_empty")
        self.head: Head = head
        store.rows.own = (head.device, head.epoch)
        with store.transaction():
            self.own: ChainHead = store.log.own_head(head.device, head.epoch, head.acked_no)
        self.book = Book(store.rows)
        self.stopped = store.setting(_STOPPED)
        self.handed_seq = int(store.setting(_HANDED_OVER) or 0)
        last = store.log.last_text(self.own.no, head.acked_no - 1) if self.own.seq else None
        last_at_ms = instant_ms(read_operation(last).operation.at) if last is not None else 0
        self.time = Timekeeper(store, clock, last_at_ms)
        self.mooring = Mooring(anchor)
        # Not kept in the file: should the right file be put back, it is gone on with.
        self.stopped = self.mooring.fault(store, head, self.own) or self.stopped
        self.rights_moved: set[str] | None = None
        self.surplus_tolerated = 0
        self.line_up = False
        self.desk_state: dict[tuple[str | None, ...], str | None] = {}
        self._until_fresh = _OPERATIONS_PER_BOOK

    @property
    def identity(self) -> DeviceIdentity:
        """Who this device is."""
        head = self.head
        return DeviceIdentity(
            head.device, head.epoch, head.branch, head.purpose, head.kid, head.centre_key, head.centre_url
        )

    def now_ms(self) -> int:
        """The time by which things are done here: the clock's, but never before what was done last."""
        return self.time.now_ms()

    def stop(self, why: str) -> None:
        """Do nothing any more, durably; the first reason stays. Only enrolling anew, in another file, ends it."""
        if self.stopped is not None:
            return
        with self.store.transaction():
            self.store.put_setting(_STOPPED, why)
        self.stopped = why
        self.tell(Changed(own=True))

    def note_handed_over(self, seq: int) -> None:
        """The centre keeps the chain up to here, whether or not it has booked it; inside `writing`."""
        if seq != self.handed_seq:
            self.store.put_setting(_HANDED_OVER, str(seq))
            self.handed_seq = seq

    def put_back(self, seq: int, no: int) -> None:
        """Have everything behind this operation handed over again; `no` is its number here, 0 before the first."""
        with self.writing():
            if self.head.acked_seq > seq:
                self.head = msgspec.structs.replace(self.head, acked_seq=seq, acked_no=no)
            self.note_handed_over(min(self.handed_seq, seq))

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """One durable transaction with the book written at its end; if anything is raised, nothing has happened."""
        own, head, handed_seq = self.own, self.head, self.handed_seq
        try:
            with self.store.transaction():
                yield
                self.store.rows.write(self.book)
                if self.head is not head:
                    self.store.put_head(self.head)
        except BaseException:
            self.own, self.head, self.handed_seq = own, head, handed_seq
            self.book = Book(self.store.rows)
            raise
        if self.own is not own and self.stopped is None:
            self.mooring.keep(self.head, self.own)
        self._note_changes()
        self.book.written()
        self._until_fresh -= 1
        if not self._until_fresh:
            self.book = Book(self.store.rows)
            self._until_fresh = _OPERATIONS_PER_BOOK

    def remembered(self, key: tuple[str | None, ...], find: Callable[[], str | None]) -> str | None:
        """What `find` says of the desk's day and drawers, asked for once until one of them changes."""
        if key not in self.desk_state:
            self.desk_state[key] = find()
        return self.desk_state[key]

    def _note_changes(self) -> None:
        changes = self.book.changes
        if Day in changes or Drawer in changes:
            self.desk_state.clear()
        if self.rights_moved is not None and Right in changes:
            own = (self.head.device, self.head.epoch)
            self.rights_moved.update(str(key[0]) for key in changes[Right] if key[1:] == own)

    def tell(self, changed: Changed) -> None:
        """Let those who listen know; they are called in the thread that made the change, after it is on the disk."""
        for listener in tuple(self.listeners):
            listener(changed)
