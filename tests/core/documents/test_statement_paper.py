"""What a customer can read, count on and check on the printed statement."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
from datetime import timedelta, timezone
from itertools import combinations, pairwise
from pathlib import Path

import pytest
from pypdf import PdfReader

from core.documents.statement import CoveredHead, Statement
from core.documents.statement_paper import _LEFT, _RIGHT, _StatementPaper, render_statement
from core.documents.typefaces import Typefaces
from core.documents.typesetting import Typesetter
from core.documents.wording import DANISH, ENGLISH
from core.money import Money, format_amount
from tests.core.documents.bank_papers import HASH, movement, overlap, statement_of, text_boxes

LONG = "Maximilian-Alexander von und zu Hohenstein-Wartenberg " * 8
HOSTILE = statement_of(
    movement(10**12, counterparty="W" * 400, text="\x1b[31m" + "x" * 500, reference="R" * 90),
    movement(-(10**12), counterparty="👩‍👩‍👧 Z" + "\u0301" * 40, text="\u202eexe.fdp 漢字", booked_late=True),
    movement(-7, counterparty="مرحبا " * 60, text="שלום" * 60),
    opening=10**15 - 10**12,
    bank_name=LONG,
    bank_address=(LONG,) * 6,
    branch="B" * 300,
    product=LONG,
    customer_name=LONG,
    customer_address=("q" * 200, "תל אביב", "line\nbreak", *"123456789"),
    iban="MT84MALT011000012345MTLCAST001S",
    heads=tuple(CoveredHead(f"device-{number}-{'long-' * 8}", 1, number * 7919, HASH) for number in range(70)),
)


def printed(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)


def busy(count: int) -> Statement:
    return statement_of(
        *(movement((-1) ** number * (100 + number), reference=f"OP-{number:05d}") for number in range(count))
    )


def test_every_amount_and_balance_is_on_the_paper(typefaces: Typefaces) -> None:
    statement = statement_of(movement(250_000), movement(-780_005), movement(10**12), movement(-1))
    text = printed(render_statement(statement, typefaces, "en_GB").pdf)
    expected = [format_amount(Money(line.amount_minor, "DKK"), "en_GB", sign=True) for line in statement.lines]
    expected += [format_amount(Money(line.balance_minor, "DKK"), "en_GB") for line in statement.lines]
    assert [amount for amount in expected if amount not in text] == []
    assert "\N{MINUS SIGN}7,800.05" in text


def test_opening_in_out_and_closing_stand_together(typefaces: Typefaces) -> None:
    text = printed(render_statement(statement_of(movement(2_550), movement(-50)), typefaces, "en_GB").pdf)
    for figure in ("1,000.00", "+25.50", "\N{MINUS SIGN}0.50", "1,025.00", "1 movement"):
        assert figure in text


def test_every_page_is_numbered_and_carries_the_balance(typefaces: Typefaces) -> None:
    statement = busy(100)
    document = render_statement(statement, typefaces, "en_GB")
    pages = [page.extract_text() for page in PdfReader(io.BytesIO(document.pdf)).pages]
    assert len(pages) == document.pages > 3
    for number, page in enumerate(pages, 1):
        assert f"Page {number} of {document.pages}" in page
        assert "DK18 5051 0012 0300 47" in page
    balance_after = {
        line.reference: format_amount(Money(line.balance_minor, "DKK"), "en_GB") for line in statement.lines
    }
    for before, after in pairwise(pages):
        if "Brought forward" in after:
            last = re.findall(r"OP-\d{5}", before)[-1]
            assert before.split("Carried forward")[1].split()[0] == balance_after[last]
            assert after.split("Brought forward")[1].split()[0] == balance_after[last]
            assert "Balance, DKK" in after
    assert all(any(line.reference in page for page in pages) for line in statement.lines)


def test_a_period_without_movements_says_so(typefaces: Typefaces) -> None:
    document = render_statement(statement_of(), typefaces, "en_GB")
    assert ENGLISH["no_movements"] in printed(document.pdf)
    assert document.pages == 1


def test_the_same_statement_gives_the_same_bytes(typefaces: Typefaces) -> None:
    assert render_statement(HOSTILE, typefaces).pdf == render_statement(HOSTILE, typefaces).pdf


def test_it_names_the_chain_heads_and_how_to_check_them(typefaces: Typefaces) -> None:
    text = printed(render_statement(statement_of(movement(5)), typefaces).pdf)
    for part in ("noerrebro-desk-1", "214", HASH[:16], "counterfoil verify"):
        assert part in text
    assert HASH not in text


def test_a_late_arrival_is_marked_and_explained(typefaces: Typefaces) -> None:
    late = printed(render_statement(statement_of(movement(5, booked_late=True)), typefaces).pdf)
    assert late.count("† Booked late") == 2
    assert "Booked late" not in printed(render_statement(statement_of(movement(5)), typefaces).pdf)


def test_a_missing_glyph_is_reported_and_visible(typefaces: Typefaces) -> None:
    document = render_statement(statement_of(movement(5, text="Tak 😀")), typefaces)
    assert document.missing_glyphs == ("U+1F600",)
    assert "U+1F600" in printed(document.pdf)


@pytest.mark.parametrize("name", ["Ελένη Παπαδοπούλου", "Дмитрий Шостакович", "משה כהן", "محمد الأحمد"])
def test_names_of_other_scripts_can_be_read_and_found(typefaces: Typefaces, name: str) -> None:
    document = render_statement(statement_of(movement(5, counterparty=name)), typefaces)
    assert document.missing_glyphs == ()
    assert sorted(name.replace(" ", "")) == sorted(
        character for character in printed(document.pdf) if ord(character) >= 0x370 and character in name
    )


def test_the_words_are_danish_for_a_danish_customer(typefaces: Typefaces) -> None:
    text = printed(render_statement(statement_of(movement(5)), typefaces, "da_DK").pdf)
    assert "Kontoudtog" in text
    assert "Side 1 af 1" in text
    assert "1. nov. 2026" in text
    assert "1.000,05" in text


def test_both_languages_have_the_same_words() -> None:
    assert DANISH.keys() == ENGLISH.keys()


def test_a_bank_may_pass_its_own_words(typefaces: Typefaces) -> None:
    own = {**ENGLISH, "statement": "Account extract"}
    assert "Account extract" in printed(render_statement(statement_of(), typefaces, wording=own).pdf)


def test_the_pdf_says_what_it_is(typefaces: Typefaces) -> None:
    reader = PdfReader(io.BytesIO(render_statement(statement_of(), typefaces, "da_DK").pdf))
    assert reader.metadata is not None
    assert reader.metadata.title == "Kontoudtog DK18 5051 0012 0300 47"
    assert reader.metadata.author == "Counterfoil Bank"
    assert str(reader.metadata.creation_date) == "2026-11-30 15:42:10+00:00"
    assert str(reader.root_object["/Lang"]) == "da-DK"


def test_every_typeface_is_embedded(typefaces: Typefaces) -> None:
    for page in PdfReader(io.BytesIO(render_statement(HOSTILE, typefaces).pdf)).pages:
        fonts = page["/Resources"]["/Font"]  # type: ignore[index]
        for font in fonts.values():
            (descendant,) = font.get_object()["/DescendantFonts"]
            assert "/FontFile2" in descendant.get_object()["/FontDescriptor"]


@pytest.mark.parametrize("statement", [HOSTILE, busy(60), statement_of()], ids=["hostile", "busy", "empty"])
@pytest.mark.parametrize("locale", ["en_GB", "da_DK"])
def test_nothing_runs_off_the_page_or_over_another_text(
    typefaces: Typefaces, statement: Statement, locale: str
) -> None:
    flow = _StatementPaper(statement, Typesetter(typefaces), locale, DANISH).compose()
    for sheet in flow.sheets:
        boxes = text_boxes(sheet)
        for left, top, right, bottom in boxes:
            assert left >= _LEFT - 0.01
            assert right <= _RIGHT + 0.01
            assert top > 30
            assert bottom < 815
        for one, other in combinations(boxes, 2):
            assert not overlap(one, other)


@pytest.mark.skipif(shutil.which("qpdf") is None, reason="qpdf is not installed")
def test_an_independent_checker_finds_no_fault(typefaces: Typefaces, tmp_path: Path) -> None:
    paper = tmp_path / "statement.pdf"
    paper.write_bytes(render_statement(HOSTILE, typefaces).pdf)
    checked = subprocess.run(["qpdf", "--check", paper], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="poppler's tools are not installed")
def test_an_independent_reader_finds_the_amounts_and_names(typefaces: Typefaces, tmp_path: Path) -> None:
    paper = tmp_path / "statement.pdf"
    statement = statement_of(movement(123_456), movement(-5, counterparty="משה"), movement(9, counterparty="Дмитрий"))
    paper.write_bytes(render_statement(statement, typefaces, "en_GB").pdf)
    read = subprocess.run(["pdftotext", "-layout", paper, "-"], capture_output=True, text=True, check=True)
    assert read.stderr == ""
    for part in ("+1,234.56", "\N{MINUS SIGN}0.05", "2,234.60", "משה", "Дмитрий"):
        assert part in read.stdout


def test_an_ordinary_month_fits_one_sheet(typefaces: Typefaces) -> None:
    movements = [movement(-100 * number, booked_late=number == 3) for number in range(1, 7)]
    heads = tuple(CoveredHead(f"norrebro-desk-{number}", 1, 200 + number, HASH) for number in range(4))
    address = ("N\u00f8rrebrogade 12", "2200 K\u00f8benhavn N")
    statement = statement_of(*movements, heads=heads, bank_address=address)
    assert render_statement(statement, typefaces).pages == 1


@pytest.mark.parametrize("count", range(6, 20))
def test_no_line_of_what_closes_the_statement_stands_alone(typefaces: Typefaces, count: int) -> None:
    statement = statement_of(*(movement(-100) for _ in range(count)))
    last = PdfReader(io.BytesIO(render_statement(statement, typefaces).pdf)).pages[-1].extract_text()
    assert "What this statement covers" in last
    assert "Made 30 Nov 2026" in last


def test_times_are_said_in_the_branchs_zone_with_their_distance_from_utc(typefaces: Typefaces) -> None:
    zone = timezone(timedelta(hours=1))
    pdf = render_statement(statement_of(movement(5)), typefaces, "en_GB", zone=zone).pdf
    text = " ".join(PdfReader(io.BytesIO(pdf)).pages[-1].extract_text().split())
    assert "16:42:10 UTC+01:00" in text
