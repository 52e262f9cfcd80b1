"""What a supervisor is shown before a device is written off, and of what an ended one still brought."""

from __future__ import annotations

from core.book.rows import DeviceEpoch
from core.ids import is_code
from core.sync.messages import BranchDevice, BranchDevices, LateRun
from sync_server.centre.devices import find_device
from sync_server.centre.late import undecided_run
from sync_server.centre.write_offs import exposure_of
from sync_server.exchange.access import Asked, working_device
from sync_server.exchange.exchange import Exchange
from sync_server.problems import Problem
from sync_server.store.home import Home


def branch_devices(exchange: Exchange, asked: Asked) -> BranchDevices:
    """Every device epoch of the branch, with what it may have paid out without having said so."""
    with exchange.database.transaction() as home:
        device = working_device(home, exchange.clock, asked)
        return BranchDevices(tuple(_shown(home, each) for each in home.lookups.epochs_of(device.branch or "")))


def late_run(exchange: Exchange, asked: Asked, device: str, epoch: int) -> LateRun:
    """What an ended epoch of the branch still brought, as far as it is to be decided over at once."""
    with exchange.database.transaction() as home:
        asking = working_device(home, exchange.clock, asked)
        found = find_device(home, device, epoch) if is_code(device) else None
        if found is None or found.branch != asking.branch:
            raise Problem("device_elsewhere")
        run = undecided_run(home.lookups.late((device, epoch)))
        return LateRun(device, epoch, tuple(each.jws for each in run))


def _shown(home: Home, device: DeviceEpoch) -> BranchDevice:
    exposure = exposure_of(home, device.device, device.epoch)
    if exposure is None:
        raise Problem("device_unknown")
    return BranchDevice(
        device=device.device,
        epoch=device.epoch,
        state=device.state,
        head_seq=exposure.head_seq,
        currency=exposure.currency,
        exposure=exposure.amount,
        late=exposure.late,
    )
