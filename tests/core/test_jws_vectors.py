"""Our signatures are those of RFC 8037's example under `alg` Ed25519 (RFC 9864), byte for byte."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from nacl.signing import SigningKey, VerifyKey

from core.canonical import base64url, digest, from_base64url
from core.envelope import check_signature, operation_hash, read_header, verify_compact
from core.errors import IntegrityFault
from core.people.keys import key_name, public_text

VECTOR = msgspec.json.decode(
    (Path(__file__).resolve().parents[1] / "vectors" / "jws_ed25519.json").read_bytes(), type=dict[str, str]
)
KEY = SigningKey(from_base64url(VECTOR["d"]))
TOKEN = VECTOR["jws_Ed25519"]
HEADER = b'{"alg":"Ed25519"}'


def test_the_examples_key_is_the_one_that_is_published() -> None:
    assert public_text(KEY) == VECTOR["x"]


def test_the_example_is_made_byte_for_byte() -> None:
    signing_input = f"{base64url(HEADER)}.{base64url(VECTOR['payload'].encode())}"
    signature = KEY.sign(signing_input.encode()).signature
    assert f"{signing_input}.{base64url(signature)}" == TOKEN
    assert operation_hash(TOKEN) == digest(signing_input.encode())


def test_the_example_verifies_and_a_changed_one_does_not() -> None:
    public = VerifyKey(from_base64url(VECTOR["x"]))
    check_signature(TOKEN, public)
    with pytest.raises(IntegrityFault, match="jws_signature"):
        check_signature(TOKEN.replace("RXhh", "RXhi"), public)
    with pytest.raises(IntegrityFault, match="jws_signature"):
        check_signature(VECTOR["jws_EdDSA"].rpartition(".")[0] + "." + TOKEN.rpartition(".")[2], public)


@pytest.mark.parametrize("name", ["jws_Ed25519", "jws_EdDSA"])
def test_a_signature_that_names_neither_key_nor_type_is_none_of_ours(name: str) -> None:
    with pytest.raises(IntegrityFault, match="jws_header"):
        read_header(VECTOR[name])
    with pytest.raises(IntegrityFault, match="jws_header"):
        verify_compact(VECTOR[name], from_base64url(VECTOR["x"]), "counterfoil+jws")


def test_the_examples_key_is_named_as_rfc_8037_names_it() -> None:
    assert key_name(KEY) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
