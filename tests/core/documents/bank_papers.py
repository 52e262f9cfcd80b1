"""What the tests print: `statement_of` books movements one after another on an account."""

from __future__ import annotations

from typing import Any

from core.documents.sheet import Sheet, _Text
from core.documents.statement import CoveredHead, Statement, StatementLine

HASH = "Zk3vQ0lI1O0xPq_-aB9c8d7e6f5g4h3i2j1k0lMnOpQ"


def movement(amount_minor: int, **given: Any) -> dict[str, Any]:
    return {
        "booking_date": "2026-11-20",
        "value_date": "2026-11-20",
        "reference": "OP-1",
        "counterparty": "Ane Holm",
        "text": "Rent",
        "amount_minor": amount_minor,
        **given,
    }


def statement_of(*movements: dict[str, Any], opening: int = 100_000, **given: Any) -> Statement:
    balance = opening
    lines = []
    for each in movements:
        balance += each["amount_minor"]
        lines.append(StatementLine(**{"balance_minor": balance, **each}))
    values: dict[str, Any] = {
        "bank_name": "Counterfoil Bank",
        "bank_address": ("Nørrebrogade 12, 2200 København N",),
        "branch": "Nørrebro",
        "customer_name": "Mikkel Sørensen",
        "customer_address": ("Birkegade 8, 2. th.", "2200 København N"),
        "customer_number": "100482",
        "iban": "DK1850510012030047",
        "bic": "CTFLDKKK",
        "product": "Current account",
        "currency": "DKK",
        "period_from": "2026-11-01",
        "period_to": "2026-11-30",
        "opening_balance_minor": opening,
        "closing_balance_minor": balance,
        "lines": tuple(lines),
        "heads": (CoveredHead("noerrebro-desk-1", 1, 214, HASH),),
        "made_at": "2026-11-30T15:42:10.000Z",
        "made_by": "ane-holm",
        "made_on_device": "noerrebro-desk-1",
    }
    return Statement(**{**values, **given})


Box = tuple[float, float, float, float]


def text_boxes(sheet: Sheet) -> list[Box]:
    """From the height of capitals to a little below the baseline."""
    texts = [mark for mark in sheet.marks if isinstance(mark, _Text) and mark.text.pieces]
    return [(m.x, m.y - 0.73 * m.size, m.x + m.text.width_at(m.size), m.y + 0.2 * m.size) for m in texts]


def overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
