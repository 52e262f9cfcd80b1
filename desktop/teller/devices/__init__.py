"""The branch's desks for a supervisor: how they stand, writing one off, and what an ended one still brought."""

from __future__ import annotations

from core.operations.kind import SUPERVISOR
from desktop.desk import Desk
from desktop.screens import ScreenEntry
from desktop.teller.devices.late import LateScreen
from desktop.teller.devices.overview import DevicesScreen
from desktop.teller.devices.write_off import WriteOffScreen


def device_screens(desk: Desk, section: str) -> list[ScreenEntry]:
    """The entries `devices` (9005; on a supervisor's rail), `write_off` and `late_operations`."""
    title = desk.tr("Devices") if desk.role == SUPERVISOR else ""
    return [
        ScreenEntry("devices", lambda: DevicesScreen(desk), title, section, code="9005"),
        ScreenEntry("write_off", lambda: WriteOffScreen(desk)),
        ScreenEntry("late_operations", lambda: LateScreen(desk)),
    ]
