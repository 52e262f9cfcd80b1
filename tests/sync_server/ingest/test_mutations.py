"""Whatever bytes arrive in the place of a push, the answer is a verdict, a refusal or a problem: never a bug's 500."""

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.canonical import base64url
from core.envelope import read_operation, sign_compact
from core.people.keys import key_name
from core.sync.messages import Push
from tests.sync_server.centre_bank import CentreBank, Desk, answer_of

_BOUNDED = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def desk(bank: CentreBank, address: str) -> Desk:
    made = bank.desk("nor-1", "nor")
    made.settle(address)
    return made


def quiet(address: str, desk: Desk, content: bytes) -> None:
    """The answer is none that a bug makes. The chain goes on for the next example, whatever this one did to it."""
    response = desk.request(address, "POST", "/v1/operations", content)
    assert response.status_code in {200, 400, 403, 422}, response.text
    if response.status_code == 200:
        answer = answer_of(response)
        if answer.head_seq > len(desk.chain.operations):
            desk.chain.operations.append(read_operation(msgspec.json.decode(content, type=Push).operations[0]))
        with desk.bank.connection() as connection:
            connection.execute(b"UPDATE chains SET state = 'living' WHERE device = %s", (desk.chain.device,))
    else:
        assert response.json()["code"] in {"json_malformed", "request_malformed", "device_differs"}


@_BOUNDED
@given(data=st.data())
def test_bytes_changed_anywhere_in_a_push(bank: CentreBank, address: str, desk: Desk, data: st.DataObject) -> None:
    draft = desk.draft(desk.deposit("01a1fb12-a58f-7000-aa85-da981a394d9a", 5))
    content = bytearray(msgspec.json.encode(Push(desk.chain.device, 1, (draft.jws,), {"x": "y"})))
    for _ in range(data.draw(st.integers(1, 3))):
        place = len(content) * data.draw(st.integers(0, 999)) // 1000
        content[place : place + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=3))
    quiet(address, desk, bytes(content))


@_BOUNDED
@given(
    payload=st.dictionaries(st.text(max_size=8), _JSON, max_size=3),
    field=st.sampled_from(
        sorted(
            (
                "id",
                "device",
                "epoch",
                "seq",
                "prev",
                "kind",
                "at",
                "seen",
                "business_date",
                "branch",
                "drawer",
                "actor",
                "approver",
                "authority",
                "body",
            )
        )
    ),
    value=_JSON,
)
def test_a_signed_payload_with_any_value_in_any_field(
    bank: CentreBank, address: str, desk: Desk, payload: dict[str, object], field: str, value: object
) -> None:
    """Signed by the right key, so that nothing but the reading of it can refuse it."""
    draft = desk.draft(desk.deposit("01a1fb12-a58f-7000-aa85-da981a394d9a", 5))
    fields = {**msgspec.json.decode(msgspec.json.encode(draft.operation)), **payload, field: value}
    key = desk.teller.key
    jws = sign_compact(msgspec.json.encode(fields), key, key_name(key), "counterfoil+jws")
    if msgspec.json.encode(fields) == msgspec.json.encode(draft.operation):
        return
    quiet(address, desk, msgspec.json.encode(Push(desk.chain.device, 1, (jws,))))


@_BOUNDED
@given(value=_JSON)
def test_any_json_at_all(bank: CentreBank, address: str, desk: Desk, value: object) -> None:
    quiet(address, desk, msgspec.json.encode(value))


@_BOUNDED
@given(approver=st.text(max_size=60) | st.binary(max_size=80).map(base64url).map(lambda text: f"{text}.{text}.{text}"))
def test_any_text_in_the_place_of_an_approval(bank: CentreBank, address: str, desk: Desk, approver: str) -> None:
    draft = desk.draft(desk.deposit("01a1fb12-a58f-7000-aa85-da981a394d9a", 5), approver=None)
    fields = msgspec.structs.replace(draft.operation, approver=approver, seq=draft.operation.seq + 10**6)
    jws = sign_compact(msgspec.json.encode(fields), desk.teller.key, key_name(desk.teller.key), "counterfoil+jws")
    quiet(address, desk, msgspec.json.encode(Push(desk.chain.device, 1, (jws,))))
