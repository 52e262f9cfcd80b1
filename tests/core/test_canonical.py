"""What signatures rest on has exactly one spelling, and keys have the name that the RFCs give them."""

from __future__ import annotations

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.canonical import base64url, digest, from_base64url, thumbprint
from core.errors import IntegrityFault

# RFC 8037, appendix A.2 and A.3.
RFC_8037_X = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
RFC_8037_THUMBPRINT = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def read(text: str) -> bytes | None:
    """The bytes, or None if the text is refused as no canonical spelling."""
    try:
        return from_base64url(text)
    except IntegrityFault:
        return None


@given(data=st.binary(max_size=200))
def test_bytes_are_spelt_as_the_standard_library_spells_them_and_read_back(data: bytes) -> None:
    spelt = base64url(data)
    assert spelt == base64.urlsafe_b64encode(data).decode().rstrip("=")
    assert from_base64url(spelt) == data


@given(data=st.binary(min_size=1, max_size=60), place=st.integers(0, 200), other=st.characters())
def test_a_changed_character_is_refused_or_means_other_bytes(data: bytes, place: int, other: str) -> None:
    spelt = base64url(data)
    place %= len(spelt)
    changed = spelt[:place] + other + spelt[place + 1 :]
    if changed == spelt:
        return
    assert read(changed) != data


@given(text=st.text(max_size=40))
def test_any_text_is_the_one_spelling_of_its_bytes_or_is_refused(text: str) -> None:
    data = read(text)
    assert data is None or base64url(data) == text


@pytest.mark.parametrize("text", ["QQ==", "QR", "Q", "QQ\n", " QQ", "Q+", "Q/8", "é", "QUI=", "QUJ", "=", "QQ=QQ"])
def test_a_second_spelling_is_refused(text: str) -> None:
    with pytest.raises(IntegrityFault, match="base64url_not_canonical"):
        from_base64url(text)


def test_a_key_is_named_as_rfc_8037_names_its_example() -> None:
    assert thumbprint(from_base64url(RFC_8037_X)) == RFC_8037_THUMBPRINT


@given(data=st.binary(max_size=100))
def test_a_digest_is_sha_256_in_43_characters(data: bytes) -> None:
    assert from_base64url(digest(data)) == hashlib.sha256(data).digest()
    assert len(digest(data)) == 43
