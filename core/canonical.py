"""Canonical forms that signatures rest on: base64url without padding (RFC 7515), SHA-256 digests, key thumbprints."""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode

from core.errors import IntegrityFault


def base64url(data: bytes) -> str:
    """Base64url without padding."""
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def from_base64url(text: str) -> bytes:
    """The bytes of canonical base64url text.

    Raises `IntegrityFault("base64url_not_canonical")` for padding, other characters or unused bits that are set: each
    value has exactly one spelling, so that a changed character always changes what was signed.
    """
    try:
        data = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except ValueError as problem:
        raise IntegrityFault("base64url_not_canonical") from problem
    if base64url(data) != text:
        raise IntegrityFault("base64url_not_canonical")
    return data


def digest(data: bytes) -> str:
    """SHA-256 as base64url."""
    return base64url(hashlib.sha256(data).digest())


def thumbprint(public_key: bytes) -> str:
    """The RFC 7638 thumbprint of an Ed25519 public key (32 bytes), as RFC 8037 appendix A.3 has it."""
    return digest(b'{"crv":"Ed25519","kty":"OKP","x":"' + base64url(public_key).encode("ascii") + b'"}')
