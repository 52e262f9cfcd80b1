"""What the centre's refusals mean to the loop, by their codes."""

from __future__ import annotations

NEEDS_A_PERSON = frozenset(
    {
        "device_unknown",
        "device_revoked",
        "device_differs",
        "signature_missing",
        "signature_wrong",
        "feed_not_yours",
        "protocol_unsupported",
    }
)
"""It is not asked again before somebody has seen to it."""

TOO_MUCH_AT_ONCE = frozenset({"body_too_large", "body_too_slow"})
"""Half as much is sent instead."""

ENDS_THE_DEVICE = {"device_revoked": "device_revoked", "device_quarantined": "quarantined"}
"""What the centre answers to a device with which it is done, and why the device has stopped then."""
