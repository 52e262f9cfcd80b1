"""What a customer takes home from the counter."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import timedelta, timezone
from itertools import combinations
from typing import Any

import pytest
from pypdf import PdfReader

from core.documents.receipt import Receipt, ReceiptKind, ReceiptStatus, _Slip, check_receipt, render_receipt
from core.documents.typefaces import Typefaces
from core.documents.typesetting import Typesetter
from core.documents.wording import ENGLISH
from core.errors import Refused
from tests.core.documents.bank_papers import HASH, overlap, text_boxes

DEPOSIT = Receipt(
    bank_name="Counterfoil Bank",
    branch="Nørrebro",
    device="noerrebro-desk-1",
    drawer="drawer-1",
    teller="ane-holm",
    kind=ReceiptKind.DEPOSIT,
    amount_minor=325_000,
    currency="DKK",
    iban="DK1850510012030047",
    balance_minor=1_137_450,
    balance_as_of="2026-11-20T09:41:30.000Z",
    made_at="2026-11-20T09:42:00.000Z",
    operation_id="0192f0c4-7a11-7cc3-98c4-dc0c0c07398f",
    seq=214,
    hash=HASH,
    status=ReceiptStatus.RECORDED,
)
TRANSFER = replace(DEPOSIT, kind=ReceiptKind.TRANSFER, to_iban="DK5000400440116243", to_name="משה כהן")
HOSTILE = replace(
    TRANSFER,
    bank_name="Bank " * 70,
    branch="W" * 300,
    teller="\u202e😀" * 20,
    to_name="مرحبا " * 60,
    customer_name="Ø" * 200,
    text="\u202e words " * 60,
    amount_minor=10**12,
    balance_minor=-(10**15),
    status=ReceiptStatus.QUEUED,
    reprint=True,
)


def printed(receipt: Receipt, typefaces: Typefaces, locale: str = "en_GB") -> str:
    return PdfReader(io.BytesIO(render_receipt(receipt, typefaces, locale).pdf)).pages[0].extract_text()


def test_it_says_what_was_done_and_by_whom(typefaces: Typefaces) -> None:
    text = printed(DEPOSIT, typefaces)
    for part in ("Cash deposit", "3,250.00", "DKK", "11,374.50", "Nørrebro", "ane-holm", "drawer-1", "214"):
        assert part in text
    assert HASH in text.replace("\n", "")


def test_the_account_is_masked(typefaces: Typefaces) -> None:
    text = printed(TRANSFER, typefaces)
    assert "DK18 •••• 0047" in text
    assert "DK50 •••• 6243" in text
    assert "5051" not in text


def test_work_that_has_not_reached_the_centre_is_never_called_recorded(typefaces: Typefaces) -> None:
    queued = printed(replace(DEPOSIT, status=ReceiptStatus.QUEUED), typefaces)
    assert "Queued for the centre" in queued
    assert "Recorded" not in queued
    assert "Recorded by the centre" in printed(DEPOSIT, typefaces)


def test_a_reprint_can_not_pass_for_the_first(typefaces: Typefaces) -> None:
    assert "printed again" in printed(replace(DEPOSIT, reprint=True), typefaces)
    assert "printed again" not in printed(DEPOSIT, typefaces)


def test_the_same_receipt_gives_the_same_bytes(typefaces: Typefaces) -> None:
    assert render_receipt(HOSTILE, typefaces).pdf == render_receipt(HOSTILE, typefaces).pdf


def test_it_is_as_wide_as_the_roll_and_as_long_as_it_needs_to_be(typefaces: Typefaces) -> None:
    page = PdfReader(io.BytesIO(render_receipt(DEPOSIT, typefaces).pdf)).pages[0]
    assert float(page.mediabox.width) == pytest.approx(80 * 72 / 25.4, abs=0.1)
    assert 200 < float(page.mediabox.height) < 400


@pytest.mark.parametrize("receipt", [DEPOSIT, TRANSFER, HOSTILE], ids=["deposit", "transfer", "hostile"])
@pytest.mark.parametrize("locale", ["en_GB", "da_DK"])
def test_nothing_runs_off_the_roll_or_over_another_text(typefaces: Typefaces, receipt: Receipt, locale: str) -> None:
    boxes = text_boxes(_Slip(receipt, Typesetter(typefaces), locale, ENGLISH).compose())
    assert all(left >= 11 and right <= 216 for left, _, right, _ in boxes)
    assert not any(overlap(one, other) for one, other in combinations(boxes, 2))


def test_a_missing_glyph_is_reported(typefaces: Typefaces) -> None:
    assert render_receipt(HOSTILE, typefaces).missing_glyphs == ("U+202E", "U+1F600")


@pytest.mark.parametrize(
    ("code", "wrong"),
    [
        ("currency_unknown", {"currency": "XQQ"}),
        ("amount_not_positive", {"amount_minor": 0}),
        ("amount_too_large", {"amount_minor": 10**12 + 1}),
        ("balance_too_large", {"balance_minor": 10**15 + 1}),
        ("instant_malformed", {"made_at": "noon"}),
        ("destination_missing", {"kind": ReceiptKind.TRANSFER}),
    ],
)
def test_a_receipt_that_can_not_be_true_is_refused(typefaces: Typefaces, code: str, wrong: dict[str, Any]) -> None:
    receipt = replace(DEPOSIT, **wrong)
    refusal = check_receipt(receipt)
    assert refusal is not None
    assert refusal.code == code
    with pytest.raises(Refused):
        render_receipt(receipt, typefaces)


def test_it_says_whose_account_it_is_what_for_and_when_by_the_branchs_clock(typefaces: Typefaces) -> None:
    receipt = replace(DEPOSIT, customer_name="Mikkel S\u00f8rensen", text="Birthday money")
    pdf = render_receipt(receipt, typefaces, "en_GB", zone=timezone(timedelta(hours=1))).pdf
    text = " ".join(PdfReader(io.BytesIO(pdf)).pages[0].extract_text().split())
    for part in ("Mikkel S\u00f8rensen", "Birthday money", "10:42:00 UTC+01:00", "11,374.50 DKK"):
        assert part in text
