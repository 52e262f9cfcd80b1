"""The notes and coins of each currency that a drawer is counted by, as data: values in minor units, largest first."""

from __future__ import annotations

NOTES_AND_COINS: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {
    "DKK": (
        (1000_00, 500_00, 200_00, 100_00, 50_00),
        (20_00, 10_00, 5_00, 2_00, 1_00, 50),
    ),
    "EUR": (
        (500_00, 200_00, 100_00, 50_00, 20_00, 10_00, 5_00),
        (2_00, 1_00, 50, 20, 10, 5, 2, 1),
    ),
}
"""Notes and then coins by currency. The 500 euro note is no longer issued and still legal tender (ECB, 2019)."""


def notes(currency: str) -> tuple[int, ...]:
    """The currency's notes; empty where none are known, so that amounts are then counted as a sum alone."""
    return NOTES_AND_COINS.get(currency, ((), ()))[0]


def coins(currency: str) -> tuple[int, ...]:
    """The currency's coins; empty where none are known."""
    return NOTES_AND_COINS.get(currency, ((), ()))[1]


def denominations(currency: str) -> tuple[int, ...]:
    """Notes and coins together, largest first."""
    return notes(currency) + coins(currency)
