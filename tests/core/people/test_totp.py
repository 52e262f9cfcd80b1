"""One-time codes: the RFC's own figures, one use each, and the QR code that enrols an authenticator."""

from __future__ import annotations

import io
import json
import xml.etree.ElementTree as ET
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pyotp
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from PIL import Image

from core.errors import Refusal
from core.ids import system_randomness
from core.people.totp import (
    SEED_BYTES,
    STEP_MS,
    code_at,
    new_seed,
    provisioning_uri,
    qr_matrix,
    qr_png,
    qr_svg,
    step_at,
    verify_code,
)

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "totp_rfc6238.json").read_text())
RFC_SEED = b"12345678901234567890"
NOW = 1_795_000_000_000
STEP = step_at(NOW)

seeds = st.binary(min_size=SEED_BYTES, max_size=SEED_BYTES)


def _code_of(answer: int | Refusal) -> str:
    assert isinstance(answer, Refusal)
    return answer.code


@pytest.mark.parametrize(("seconds", "expected"), VECTORS["rows"])
def test_codes_are_those_of_rfc_6238_appendix_b(seconds: int, expected: str) -> None:
    assert code_at(RFC_SEED, seconds * 1000, digits=8) == expected


@given(seeds, st.integers(-1, 1))
def test_a_code_may_be_one_step_early_or_late(seed: bytes, off: int) -> None:
    # Two steps share a code once in a million: the earlier one is taken then.
    answer = verify_code(seed, code_at(seed, NOW + off * STEP_MS), NOW, None)
    assert isinstance(answer, int)
    assert answer <= STEP + off
    assert code_at(seed, answer * STEP_MS) == code_at(seed, NOW + off * STEP_MS)


@given(seeds, st.sampled_from([-1000, -3, -2, 2, 3, 1000]))
def test_a_code_two_steps_off_is_wrong(seed: bytes, off: int) -> None:
    typed = code_at(seed, NOW + off * STEP_MS)
    assume(typed not in {code_at(seed, NOW + near * STEP_MS) for near in (-1, 0, 1)})
    assert _code_of(verify_code(seed, typed, NOW, None)) == "totp_wrong"


@given(seeds, st.integers(-1, 1), st.integers(0, 5), st.integers(-30_000, 30_000))
def test_every_reuse_of_a_step_is_refused(seed: bytes, off: int, ahead: int, later: int) -> None:
    steps = range(STEP - 2, STEP + 4)
    codes = [code_at(seed, step * STEP_MS) for step in steps]
    assume(len(set(codes)) == len(codes))
    used = STEP + off
    answer = verify_code(seed, code_at(seed, used * STEP_MS), NOW + later, used + ahead)
    assert _code_of(answer) in {"totp_reused", "totp_wrong"}
    if abs(used - step_at(NOW + later)) <= 1:
        assert _code_of(answer) == "totp_reused"


def test_the_same_code_is_refused_the_second_time_and_the_next_one_is_good() -> None:
    first = verify_code(RFC_SEED, code_at(RFC_SEED, NOW), NOW, None)
    assert first == STEP
    assert _code_of(verify_code(RFC_SEED, code_at(RFC_SEED, NOW), NOW, first)) == "totp_reused"
    assert verify_code(RFC_SEED, code_at(RFC_SEED, NOW + STEP_MS), NOW + STEP_MS, first) == STEP + 1


def test_a_clock_that_was_set_back_does_not_make_old_codes_good() -> None:
    hour_ago = NOW - 3_600_000
    assert _code_of(verify_code(RFC_SEED, code_at(RFC_SEED, hour_ago), hour_ago, STEP)) == "totp_reused"


def test_a_code_may_be_typed_with_the_gap_that_authenticators_show() -> None:
    code = code_at(RFC_SEED, NOW)
    assert verify_code(RFC_SEED, f"{code[:3]} {code[3:]} ", NOW, None) == STEP


@pytest.mark.parametrize(
    "typed", ["", "12345", "1234567", "12a456", "-12345", "١٢٣٤٥٦", "²²²²²²", "1" * 10_000, "      "]
)
def test_what_is_not_six_digits_is_malformed(typed: str) -> None:
    assert _code_of(verify_code(RFC_SEED, typed, NOW, None)) == "totp_malformed"


def test_the_first_steps_of_time_do_not_count_below_zero() -> None:
    assert verify_code(RFC_SEED, code_at(RFC_SEED, 0), 0, None) == 0


def test_seeds_are_as_long_as_the_rfc_recommends_and_differ() -> None:
    first, second = new_seed(system_randomness), new_seed(system_randomness)
    assert len(first) == 20
    assert first != second


def test_an_authenticator_that_reads_the_address_shows_the_same_codes() -> None:
    uri = provisioning_uri(RFC_SEED, "mette-holm", "Nordfjord Bank")
    reader = pyotp.parse_uri(uri)
    assert isinstance(reader, pyotp.TOTP)
    assert reader.at(NOW // 1000) == code_at(RFC_SEED, NOW)
    parts = urlsplit(uri)
    assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
    assert unquote(parts.path) == "/Nordfjord Bank:mette-holm"
    assert parse_qs(parts.query)["issuer"] == ["Nordfjord Bank"]


def test_the_png_shows_the_matrix_module_by_module() -> None:
    uri = provisioning_uri(RFC_SEED, "mette-holm", "Nordfjord Bank")
    matrix = qr_matrix(uri)
    with Image.open(io.BytesIO(qr_png(uri, scale=3))) as picture:
        grey = picture.convert("L")
    assert grey.size == (3 * len(matrix), 3 * len(matrix))
    for y, row in enumerate(matrix):
        for x, dark in enumerate(row):
            assert (grey.getpixel((3 * x + 1, 3 * y + 1)) == 0) == dark
    assert not any(matrix[0]), "a scanner needs the quiet zone"


def test_the_svg_is_a_well_formed_picture_of_the_matrix_s_size() -> None:
    uri = provisioning_uri(RFC_SEED, "mette-holm", "Nordfjord Bank")
    root = ET.fromstring(qr_svg(uri, scale=3))  # noqa: S314 - our own output
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert root.attrib["width"] == str(3 * len(qr_matrix(uri)))
