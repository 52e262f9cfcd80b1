"""A real device on a real file, enrolled at a real centre, with the real loop and transport over a line of our own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nacl.signing import SigningKey

from core.canonical import from_base64url, thumbprint
from core.device import OpenSession
from core.ids import system_randomness
from core.sync.loop import SyncLoop
from core.sync.transport import Transport
from counterfoil.line_proxy import Line
from sync_server.centre.devices import invite_device, request_enrolment, trust_device
from sync_server.centre.people import admit_staff
from tests.core.device.desk import Desk
from tests.reliability.centre_site import SteadyClock
from tests.sync_server.centre_bank import CentreBank


class AtCentre:
    """What a desk under test asks of its centre as it is made."""

    def __init__(self, bank: CentreBank, branch: str) -> None:
        self._bank = bank
        self._branch = branch
        self.key: SigningKey = bank.keys.signing

    def enrol(self, device: str, branch: str, public_key: str) -> None:
        """Invite, show the key, trust it."""
        bank = self._bank
        with bank.transaction() as home:
            code = invite_device(home, bank.centre, system_randomness, device=device, branch=branch, purpose="desktop")
            assert isinstance(code, str), code
            request_enrolment(home, bank.centre, code, public_key)
            state = trust_device(home, bank.centre, device, thumbprint(from_base64url(public_key)))
            assert getattr(state, "state", "") == "trusted", state


@dataclass
class RealDesk:
    """The desk, its people's sessions, the line, and the loop that keeps it in step."""

    desk: Desk
    line: Line
    transport: Transport
    loop: SyncLoop
    teller: OpenSession
    supervisor: OpenSession

    @contextmanager
    def impatient(self, answer_seconds: float, exchange_seconds: float) -> Iterator[SyncLoop]:
        """Another loop of this device, which waits for less long than desks do."""
        limits = {"answer_seconds": answer_seconds, "exchange_seconds": exchange_seconds}
        transport = Transport.of_device(self.desk.device, self.line.address, **limits)
        loop = SyncLoop(self.desk.device, transport, randomness=bytes)
        try:
            yield loop
        finally:
            loop.close()
            transport.close()

    def account(self, deposit: int = 0) -> str:
        """An account of a new customer, with money in it."""
        made = self.desk.account(self.teller, self.desk.customer(self.teller, self.supervisor))
        if deposit:
            self.desk.perform(self.teller, self.desk.deposited(made, deposit))
        return made

    def deposit(self, account: str, times: int) -> int:
        """That many deposits; what they come to."""
        for number in range(times):
            self.desk.perform(self.teller, self.desk.deposited(account, 100 + number))
        return sum(100 + number for number in range(times))


@contextmanager
def real_desk(
    bank: CentreBank, folder: Path, server_port: int, device: str, branch: str = "nor", **limits: float
) -> Iterator[RealDesk]:
    """A desk at work, everything sent."""
    clock: Any = SteadyClock()
    desk = Desk(folder, AtCentre(bank, branch), clock, device, branch)  # type: ignore[arg-type]
    people = (f"{device}-s", f"{device}-t")
    with bank.transaction() as home:
        for person, role in zip(people, ("supervisor", "teller"), strict=True):
            admit_staff(
                home,
                bank.centre,
                system_randomness,
                person=person,
                name=person.title(),
                branch=branch,
                role=role,
                currency="DKK",
                approval_limit=10**9,
            )
    line = Line(server_port)
    transport = Transport.of_device(desk.device, line.address)
    loop = SyncLoop(desk.device, transport, randomness=bytes)
    try:
        assert loop.step().online
        desk.found(*people)
        made = RealDesk(desk, line, transport, loop, desk.sign_in(people[1]), desk.sign_in(people[0]))
        desk.open_day(made.teller, made.supervisor, device)
        state = loop.step()
        assert state.all_sent, state
        yield made
    finally:
        loop.close()
        transport.close()
        line.close()
        desk.device.close()
