"""Devices that are trusted and have no file yet, and a branch that has worked a day for them to start from."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from core.device import Device, DeviceIdentity
from core.device.keys import device_key
from core.errors import IntegrityFault
from core.ids import system_randomness
from core.operations import bank as bank_operations
from core.people.stretching import CHEAPEST
from core.secrets.vault import FileVault
from core.signing_in import enrolling
from core.signing_in.enrolling import Requested
from core.sync.transport import RequestSigner, Transport
from sync_server.centre.checkpoints import make_checkpoint
from tests.core.signing_in.worked_desk import WorkedDesk
from tests.signing_bank import VAULT_PASSPHRASE, SigningBank


@dataclass
class Trusted:
    """A device that is trusted and has no file yet."""

    bank: SigningBank
    folder: Path
    vault: FileVault
    identity: DeviceIdentity

    @contextlib.contextmanager
    def line(self) -> Iterator[Transport]:
        """Its line to the centre, from before it has a file."""
        signer = RequestSigner(self.identity.device, self.identity.epoch, device_key(self.vault, system_randomness))
        made = Transport(self.bank.address, self.bank.clock, signer)
        try:
            yield made
        finally:
            made.close()

    def lines(self) -> list[bytes]:
        """The centre's snapshot for it."""
        with self.line() as line, line.snapshot() as lines:
            return list(lines)

    def start(self, lines: Sequence[bytes] | Iterator[bytes], name: str = "device.db", **more: Any) -> Device:
        """A device from these lines."""
        return Device.create_from_snapshot(
            self.folder / name, self.vault, self.bank.clock, identity=self.identity, lines=lines, **more
        )

    def refused(self, lines: Sequence[bytes], **more: Any) -> str:
        """The code with which these lines are refused; nothing of them is kept."""
        with pytest.raises(IntegrityFault) as fault:
            self.start(lines, **more)
        assert [path.name for path in self.folder.iterdir() if "device.db" in path.name] in ([], ["device.db.lock"])
        return fault.value.code


def trusted(bank: SigningBank, folder: Path, device: str, branch: str) -> Trusted:
    folder.mkdir(parents=True)
    vault = FileVault.create(folder / "secrets.vault", VAULT_PASSPHRASE, cost=CHEAPEST)
    line = Transport(bank.address, bank.clock)
    requested = enrolling.enrol(line, vault, bank.invite(device, branch))
    assert isinstance(requested, Requested)
    bank.trust(device, requested.fingerprint)
    identity = enrolling.look_for_trust(line, requested, bank.address)
    line.close()
    assert isinstance(identity, DeviceIdentity)
    return Trusted(bank, folder, vault, identity)


@dataclass
class Worked:
    """A branch with one desk that has worked a day, and another branch that has too."""

    bank: SigningBank
    branch: str
    desk: WorkedDesk
    accounts: tuple[str, ...]
    numbers: Iterator[int] = field(default_factory=lambda: count(10))

    def next_device(self) -> str:
        """A device's code that nobody has."""
        return f"{self.branch}-{next(self.numbers)}"


@contextlib.contextmanager
def worked_bank(bank: SigningBank, folder: Path) -> Iterator[Worked]:
    """Two branches at work; the first of them."""
    with contextlib.ExitStack() as stack:
        made = []
        for _ in range(2):
            branch = bank.found_branch()
            real = stack.enter_context(bank.desk(folder, f"{branch}-1", branch))
            real.found(f"kb-{branch}", f"ah-{branch}", branch)
            desk = WorkedDesk(real, branch, f"kb-{branch}", f"ah-{branch}")
            made.append(Worked(bank, branch, desk, desk.work()))
        here = made[0]
        # Work that the centre books with an exception, and a clock that ran ahead: verdicts that say more.
        with bank.centre.transaction() as home:
            make_checkpoint(home, bank.centre.centre)
        bank.centre.issue(None, bank_operations.StaffSuspended(person=here.desk.teller_code))
        here.desk.deposit(here.accounts[0], 55_00)
        here.desk.desk.sync()
        bank.centre.issue(None, bank_operations.StaffReinstated(person=here.desk.teller_code))
        here.desk.desk.sync()
        yield here
