"""The one door of a desktop: draft, perform, read the feeds, hand over the outbox."""

from core.device.device import Device
from core.device.values import (
    BalanceChange,
    Changed,
    DeviceIdentity,
    Draft,
    OpenSession,
    Outbox,
    Performed,
    PushRun,
    Refusals,
)

__all__ = [
    "BalanceChange",
    "Changed",
    "Device",
    "DeviceIdentity",
    "Draft",
    "OpenSession",
    "Outbox",
    "Performed",
    "PushRun",
    "Refusals",
]
