"""A desk: the real device and the real sync loop over a home in memory, a clock that may be wrong, and its people."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from nacl.signing import SigningKey

from core.clock import instant
from core.device import Device, DeviceIdentity, OpenSession
from core.device.anchor import MemoryAnchor
from core.device.workings import Workings
from core.ids import Randomness
from core.store.memory import MemoryHome
from core.sync.loop import SyncLoop
from counterfoil.simulation.clocks import DeskClock
from counterfoil.simulation.network import Network, SimulatedTransport

ALLOWANCE = 20_000
"""What a desk keeps payable on an account without the line, in minor units: little, so that rights are in demand."""


class DeskDied(BaseException):
    """The machine stopped at this write: nothing runs after it."""


@dataclass(frozen=True)
class Person:
    """Somebody who works at a desk, with their staff key there."""

    code: str
    key: SigningKey = field(repr=False)


@dataclass
class Desk:
    """One device epoch on one machine. `device` is None while the machine is off.

    `copy_of` is set on a machine that is a clone of another, `kept` are copies of the file that somebody may put back;
    `file` counts how often somebody has.
    `is_open` once its first day has begun; `is_lost` when the machine is gone for good,
    `is_replaced` when its device's next epoch is on another machine.
    """

    name: str
    branch: str
    epoch: int
    key: SigningKey = field(repr=False)
    home: MemoryHome
    clock: DeskClock
    randomness: Randomness
    network: Network
    tellers: Person
    supervisors: Person
    seconds: Person
    drawer: str
    next_step: int
    device: Device | None = None
    loop: SyncLoop | None = None
    teller: OpenSession | None = None
    supervisor: OpenSession | None = None
    second: OpenSession | None = None
    anchor: MemoryAnchor = field(default_factory=MemoryAnchor)
    file: int = 1
    copy_of: str | None = None
    is_open: bool = False
    is_lost: bool = False
    is_replaced: bool = False
    recent: list[str] = field(default_factory=list)
    kept: list[MemoryHome] = field(default_factory=list)

    @property
    def chain(self) -> tuple[str, int]:
        """The name of its chain."""
        return self.name, self.epoch

    @property
    def title(self) -> str:
        """What the machine is called: no two have the same."""
        return f"{self.name}/{self.epoch}{'*' if self.copy_of else ''}"

    @property
    def on(self) -> bool:
        """Whether the machine runs."""
        return self.device is not None

    def start(self, identity: DeviceIdentity | None = None) -> None:
        """Switch the machine on: what a crash left open is closed."""
        over = Device.over(self.home, self.key, self.clock, self.randomness, identity=identity, anchor=self.anchor)
        self._run(over)
        self.teller = self.supervisor = self.second = None

    def go_on(self) -> None:
        """Run on a copied home as if nothing had happened, people still signed in."""
        self._run(Device(Workings(self.home, self.key, self.clock, self.randomness, self.anchor)))

    def _run(self, device: Device) -> None:
        self.device = device
        transport = SimulatedTransport(self.network, self.name, self.epoch, self.clock.now_ms)
        self.loop = SyncLoop(device, transport, randomness=self.randomness, allowance=ALLOWANCE)
        self.transport = transport

    def die(self) -> None:
        """The machine is off: what it had in memory is gone."""
        self.home.on_write = None
        if self.loop is not None:
            self.transport.close()
        self.device = self.loop = self.teller = self.supervisor = self.second = None

    def die_at_write(self, writes: int) -> None:
        """Let the machine stop at that many writes from now: before one, in the middle, or just after it."""
        left = writes

        def count(_place: str) -> None:
            nonlocal left
            left -= 1
            if left <= 0:
                raise DeskDied

        self.home.on_write = count

    def put_back(self, home: MemoryHome) -> MemoryHome:
        """Put another file in the place of the one that is there, and give that one away. The machine is off."""
        before, self.home = self.home, home
        self.file += 1
        return before

    def live_on(self) -> None:
        """Take back a death that has not come."""
        self.home.on_write = None

    def sign_in(self) -> bool:
        """See to it that teller and supervisor are signed in; False where the desk refuses that."""
        device = self.device
        if device is None:
            return False
        now = instant(device.clock.now_ms())
        if self.supervisor is None or self.supervisor.ends_at <= now:
            self.supervisor = self._open(device, self.supervisors)
        if self.teller is None or self.teller.ends_at <= now:
            self.teller = self._open(device, self.tellers)
        return self.teller is not None and self.supervisor is not None

    def sign_in_second(self) -> bool:
        """See to it that a second supervisor is signed in too."""
        device = self.device
        if device is None or not self.sign_in():
            return False
        if self.second is None or self.second.ends_at <= instant(device.clock.now_ms()):
            self.second = self._open(device, self.seconds)
        return self.second is not None

    def _open(self, device: Device, person: Person) -> OpenSession | None:
        self.next_step += 1
        opened = device.open_session(person.code, person.key, self.next_step)
        return opened if isinstance(opened, OpenSession) else None

    def copy(self, clock: DeskClock, network: Network, randomness: Randomness) -> Desk:
        """The same desk in a world of its own, not running yet."""
        return replace(
            self,
            home=self.home.copy(),
            anchor=MemoryAnchor(self.anchor.head),
            clock=clock,
            network=network,
            randomness=randomness,
            device=None,
            loop=None,
            recent=list(self.recent),
            kept=[],
        )
