"""A request counts only for the device that signed it, as it was signed, and for a few minutes."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl.signing import SigningKey

from core.canonical import digest, thumbprint
from core.clock import instant
from core.envelope import OPERATION_TYPE, sign_compact
from core.errors import IntegrityFault
from core.sync.messages import PROTOCOL_VERSION
from core.sync.requests import (
    CLOCK_SKEW_MS_MAX,
    REQUEST_TYPE,
    RequestStatement,
    read_protocol,
    read_request,
    sign_request,
    verify_request,
)

NOW = 1_795_167_720_000
KEY = SigningKey(bytes(range(32)))
OTHER_KEY = SigningKey(bytes(32))
PUBLIC = bytes(KEY.verify_key)
REQUEST: dict[str, Any] = {"method": "POST", "target": "/v1/operations?x=1", "body": b'{"device":"odense-1"}'}
SIGNED = sign_request(KEY, device="odense-1", epoch=2, now_ms=NOW, **REQUEST)


def fault_of(token: str, public: bytes = PUBLIC, now_ms: int = NOW, **changes: Any) -> str:
    """Why the request is not believed."""
    with pytest.raises(IntegrityFault) as caught:
        verify_request(token, public, now_ms=now_ms, **{**REQUEST, **changes})
    return caught.value.code


def test_a_signed_request_says_who_asks_what_and_when() -> None:
    said = verify_request(SIGNED, PUBLIC, now_ms=NOW, **REQUEST)
    assert said == RequestStatement(
        "odense-1", 2, "POST", "/v1/operations?x=1", digest(b'{"device":"odense-1"}'), instant(NOW), PROTOCOL_VERSION
    )
    assert read_request(SIGNED) == said
    assert read_protocol(SIGNED) == PROTOCOL_VERSION


def test_the_version_of_a_later_request_is_read_whatever_else_that_version_says() -> None:
    later = msgspec.json.encode({"protocol": 7, "who": {"device": "odense-1"}})
    assert read_protocol(sign_compact(later, KEY, thumbprint(PUBLIC), REQUEST_TYPE)) == 7


def test_a_request_that_says_no_version_is_of_the_first_and_no_other_is_put_in_its_place() -> None:
    older = msgspec.structs.asdict(read_request(SIGNED))
    del older["protocol"]
    token = sign_compact(msgspec.json.encode(older), KEY, thumbprint(PUBLIC), REQUEST_TYPE)
    assert verify_request(token, PUBLIC, now_ms=NOW, **REQUEST).protocol == 1
    assert read_protocol(token) == 1
    for word in (True, "1", 1.5, None):
        token = sign_compact(msgspec.json.encode({**older, "protocol": word}), KEY, thumbprint(PUBLIC), REQUEST_TYPE)
        assert fault_of(token) == "request_malformed"


@pytest.mark.parametrize(
    "change",
    [
        {"method": "GET"},
        {"method": "post"},
        {"target": "/v1/operations"},
        {"target": "/v1/operations?x=2"},
        {"body": b'{"device":"odense-2"}'},
        {"body": b""},
    ],
)
def test_another_request_does_not_go_by_the_same_signature(change: dict[str, Any]) -> None:
    assert fault_of(SIGNED, **change) == "request_differs"


@given(late=st.integers(-10 * CLOCK_SKEW_MS_MAX, 10 * CLOCK_SKEW_MS_MAX))
def test_a_signature_is_good_for_five_minutes_either_way(late: int) -> None:
    if abs(late) <= CLOCK_SKEW_MS_MAX:
        verify_request(SIGNED, PUBLIC, now_ms=NOW + late, **REQUEST)
    else:
        assert fault_of(SIGNED, now_ms=NOW + late) == "request_clock"


def test_another_devices_key_does_not_sign_for_this_one() -> None:
    assert fault_of(SIGNED, public=bytes(OTHER_KEY.verify_key)) == "jws_key"
    forged = sign_compact(b"{}", OTHER_KEY, thumbprint(PUBLIC), REQUEST_TYPE)
    assert fault_of(forged) == "jws_signature"


def test_a_signed_operation_is_not_taken_for_a_request() -> None:
    assert fault_of(sign_compact(b"{}", KEY, thumbprint(PUBLIC), OPERATION_TYPE)) == "jws_type"


@pytest.mark.parametrize("payload", [b"", b"{}", b"\xff", b"[" * 5000, b'{"device":1}'])
def test_what_is_signed_but_no_request_is_refused_with_a_code(payload: bytes) -> None:
    assert fault_of(sign_compact(payload, KEY, thumbprint(PUBLIC), REQUEST_TYPE)) == "request_malformed"


@pytest.mark.parametrize("at", ["", "2026-11-20", "2026-11-20T09:42:00+01:00", "9999-99-99T99:99:99.999Z"])
def test_a_time_that_is_no_instant_is_refused(at: str) -> None:
    said = RequestStatement("odense-1", 2, "POST", "/v1/operations?x=1", digest(b'{"device":"odense-1"}'), at)
    token = sign_compact(msgspec.json.encode(said), KEY, thumbprint(PUBLIC), REQUEST_TYPE)
    assert fault_of(token) == "request_malformed"


@given(place=st.integers(0, len(SIGNED) - 1), other=st.characters())
def test_any_changed_character_is_refused_with_a_code(place: int, other: str) -> None:
    changed = SIGNED[:place] + other + SIGNED[place + 1 :]
    if changed != SIGNED:
        fault_of(changed)


@given(token=st.text(max_size=200))
def test_any_text_is_refused_with_a_code(token: str) -> None:
    fault_of(token)
    with pytest.raises(IntegrityFault):
        read_request(token)
