"""An enrolled desk at work below the window: the device's file, the line to the centre, and the loop between them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from core.clock import Clock
from core.device import Device
from core.errors import EnvironmentProblem
from core.ids import Randomness
from core.people.stretching import Stretching
from core.secrets.store import SecretStore
from core.signing_in import HOUR_MS, SigningIn
from core.sync.fetched import FetchedRights
from core.sync.line import LineState
from core.sync.loop import SyncLoop
from core.sync.messages import BranchDevice, LateRun
from core.sync.transport import Transport
from desktop.settings import DesktopSettings

LineOf = Callable[[Device], Transport]
_STOP_SECONDS = 3.0


class RunningDesk:
    """Owns what it opened. `fetch_rights` and `wake` are what screens ask of the line (`desktop.desk.Line`)."""

    def __init__(
        self,
        device: Device,
        transport: Transport,
        loop: SyncLoop,
        signing_in: SigningIn,
    ) -> None:
        self.device = device
        self.transport = transport
        self.loop = loop
        self.signing_in = signing_in
        self._stop = threading.Event()
        name = f"line-{device.identity.device}"
        self._thread = threading.Thread(target=loop.run, args=(self._stop,), name=name, daemon=True)

    def start(self) -> None:
        """Begin to push and to read the feeds."""
        self._thread.start()

    def wake(self) -> None:
        """Send and fetch at once."""
        self.loop.wake()

    def fetch_rights(self, account: str, least: int, amount: int) -> FetchedRights:
        """Ask the centre for spending rights, in minor units; answers once they are here.

        An allowance beyond the amount is asked for too: whoever comes once may come again when the line is down.
        """
        return self.loop.fetch_rights(account, least, amount + self.loop.allowance)

    def ask_for_file(self, iban: str) -> str:
        """Ask the centre for the file of an account of another branch; its id once it is here."""
        return self.loop.ask_for_file(iban)

    def hold_allowance(self, account: str) -> None:
        """Ask the centre for what the allowance on the account lacks, if it lacks any."""
        lacking = self.loop.allowance - self.device.payable_here(account)
        if lacking > 0:
            self.loop.fetch_rights(account, 0, lacking)

    def try_now(self) -> str:
        """Speak to the centre at once, also where it had refused; what is in the way, or nothing."""
        self.loop.resume()
        state = self.loop.step()
        return (state.message or state.problem or "") if state.problem else ""

    def branch_devices(self) -> Sequence[BranchDevice]:
        """Every device epoch of the branch as the centre has it."""
        return self.transport.branch_devices()

    def late_run(self, device: str, epoch: int) -> LateRun:
        """What an ended epoch still brought, and is not booked."""
        return self.transport.late_run(device, epoch)

    def close(self) -> None:
        """Stop the loop, then let go of the line and the file. What was not sent is sent after the next start."""
        self._stop.set()
        self.loop.wake()
        if self._thread.is_alive():
            self._thread.join(_STOP_SECONDS)
        # A request that is still under way ends with its connection.
        self.transport.close()
        if self._thread.is_alive():
            self._thread.join(_STOP_SECONDS)
        self.loop.close()
        self.device.close()


def open_desk(
    settings: DesktopSettings,
    secrets: SecretStore,
    clock: Clock,
    *,
    on_state: Callable[[LineState], None],
    on_bug: Callable[[Exception], None],
    randomness: Randomness,
    cost: Stretching,
    line_of: LineOf,
) -> RunningDesk:
    """Open what the desk was enrolled with. Raises `StoreProblem`, `KeyringProblem`, `EnvironmentProblem`."""
    device = Device.open(settings.store_path, secrets, clock, randomness)
    try:
        transport = line_of(device)
        offline_ms = settings.offline_sign_in_hours * HOUR_MS
        signing_in = SigningIn(device, secrets, transport, randomness=randomness, cost=cost, offline_ms=offline_ms)
        loop = SyncLoop(device, transport, on_state=on_state, on_bug=on_bug, poll_seconds=settings.poll_seconds)
    except EnvironmentProblem:
        device.close()
        raise
    return RunningDesk(device, transport, loop, signing_in)
