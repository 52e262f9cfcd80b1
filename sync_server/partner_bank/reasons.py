"""External status reason codes of ISO 20022, and their words."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

REASONS: Mapping[str, str] = MappingProxyType(
    {
        "AC01": "Account number is invalid or missing",
        "AC04": "Account number specified has been closed",
        "AC06": "Account specified is blocked, prohibiting posting of transactions against it",
        "AM02": "Specific transaction amount is greater than allowed maximum",
        "AM03": "Specified message amount is in a non processable currency outside of existing agreement",
        "BE04": "Specification of creditor's address, which is required for payment, is missing or not correct",
        "RC01": "Bank identifier code specified in the message has an incorrect format or is unknown here",
    }
)
