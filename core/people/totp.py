"""One-time codes by RFC 6238 (SHA-1, six digits, 30 seconds): seed, QR code to enrol, and a check by step."""

from __future__ import annotations

import io
from base64 import b32encode
from hmac import compare_digest

import pyotp
import segno

from core.errors import Refusal
from core.ids import Randomness

SEED_BYTES = 20
STEP_MS = 30_000
DIGITS = 6
WINDOW_STEPS = 1
"""How many steps a code may be early or late."""

_QUIET_ZONE = 4
_TYPED_LENGTH_MAX = 32


def new_seed(randomness: Randomness) -> bytes:
    """A seed of 160 bits, as RFC 4226 section 4 recommends."""
    return randomness(SEED_BYTES)


def step_at(now_ms: int) -> int:
    """The number of the 30 seconds in which that time lies."""
    return now_ms // STEP_MS


def code_at(seed: bytes, now_ms: int, digits: int = DIGITS) -> str:
    """The code that an authenticator shows at that time."""
    return _code(seed, step_at(now_ms), digits)


def verify_code(seed: bytes, typed: str, now_ms: int, last_step: int | None) -> int | Refusal:
    """The step whose code was typed; the caller keeps it as the person's last step before letting them in.

    Any step at or before `last_step` is refused, so a code works once even while it is still shown.
    Codes: `totp_malformed`, `totp_wrong`, `totp_reused`.
    """
    digits = typed.replace(" ", "") if len(typed) <= _TYPED_LENGTH_MAX else ""
    if len(digits) != DIGITS or not (digits.isascii() and digits.isdigit()):
        return Refusal("totp_malformed", "totp", {"digits": DIGITS})
    middle = step_at(now_ms)
    steps = range(max(0, middle - WINDOW_STEPS), middle + WINDOW_STEPS + 1)
    matching = [step for step in steps if compare_digest(_code(seed, step, DIGITS), digits)]
    if not matching:
        return Refusal("totp_wrong", "totp")
    unused = [step for step in matching if last_step is None or step > last_step]
    return unused[0] if unused else Refusal("totp_reused", "totp")


def provisioning_uri(seed: bytes, person: str, bank: str) -> str:
    """The `otpauth://` address that authenticators read."""
    return _totp(seed, DIGITS).provisioning_uri(name=person, issuer_name=bank)


def qr_matrix(uri: str) -> tuple[tuple[bool, ...], ...]:
    """The QR code as rows of modules (True is dark), with its quiet zone."""
    rows = segno.make_qr(uri, error="m").matrix_iter(border=_QUIET_ZONE)
    return tuple(tuple(bool(module) for module in row) for row in rows)


def qr_svg(uri: str, scale: int = 4) -> bytes:
    """The QR code as an SVG document, dark on white in every theme, since scanners want it so."""
    return _saved(uri, "svg", scale)


def qr_png(uri: str, scale: int = 4) -> bytes:
    """The QR code as a PNG file."""
    return _saved(uri, "png", scale)


def _saved(uri: str, kind: str, scale: int) -> bytes:
    out = io.BytesIO()
    segno.make_qr(uri, error="m").save(out, kind=kind, scale=scale, border=_QUIET_ZONE, dark="#000", light="#fff")
    return out.getvalue()


def _totp(seed: bytes, digits: int) -> pyotp.TOTP:
    return pyotp.TOTP(b32encode(seed).decode("ascii"), digits=digits, interval=STEP_MS // 1000)


def _code(seed: bytes, step: int, digits: int) -> str:
    return _totp(seed, digits).generate_otp(step)
