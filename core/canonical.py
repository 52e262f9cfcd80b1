"""Canonical forms that signatures rest on: base64url without padding (RFC 7515), SHA-256 digests, key thumbprints."""

from __future__ import annotations

import hashlib
from binascii import a2b_base64, b2a_base64

from core.errors import IntegrityFault

_TO_URL = bytes.maketrans(b"+/", b"-_")
_FROM_URL = bytes.maketrans(b"-_", b"+/")


def base64url(data: bytes) -> str:
    """Base64url without padding."""
    return _encoded(data).decode("ascii")


def _encoded(data: bytes) -> bytes:
    return b2a_base64(data, newline=False).translate(_TO_URL, b"=")


def from_base64url(text: str) -> bytes:
    """The bytes of canonical base64url text.

    Raises `IntegrityFault("base64url_not_canonical")` for padding, other characters or unused bits that are set: each
    value has exactly one spelling, so that a changed character always changes what was signed.
    """
    try:
        spelt = text.encode("ascii")
        data = a2b_base64(spelt.translate(_FROM_URL) + b"=" * (-len(spelt) % 4))
    except ValueError as problem:
        raise IntegrityFault("base64url_not_canonical") from problem
    if _encoded(data) != spelt:
        raise IntegrityFault("base64url_not_canonical")
    return data


def digest(data: bytes) -> str:
    """SHA-256 as base64url."""
    return base64url(hashlib.sha256(data).digest())


def thumbprint(public_key: bytes) -> str:
    """The RFC 7638 thumbprint of an Ed25519 public key (32 bytes), as RFC 8037 appendix A.3 has it."""
    return digest(b'{"crv":"Ed25519","kty":"OKP","x":"' + base64url(public_key).encode("ascii") + b'"}')
