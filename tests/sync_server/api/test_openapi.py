"""The OpenAPI document says what the server does: every address, every answer, every problem."""

from typing import Any

import httpx
import pytest

from core.ids import system_randomness
from core.people.keys import new_signing_key
from core.sync.messages import BATCH_MAX
from sync_server.problems import PROBLEM_MEDIA_TYPE, PROBLEMS
from tests.sync_server.centre_bank import CentreBank, Desk

ADDRESSES = {
    ("get", "/healthz"),
    ("get", "/readyz"),
    ("get", "/metrics"),
    ("get", "/problems"),
    ("get", "/problems/{code}"),
    ("post", "/v1/enrolments"),
    ("get", "/v1/enrolments/{fingerprint}"),
    ("get", "/v1/snapshot"),
    ("post", "/v1/operations"),
    ("get", "/v1/feeds/{feed}"),
    ("post", "/v1/rights"),
    ("post", "/v1/allowances"),
    ("post", "/v1/iban-blocks"),
    ("post", "/v1/leases"),
    ("post", "/v1/visits"),
    ("post", "/v1/incarnation"),
    ("post", "/v1/given-back"),
    ("post", "/v1/reported"),
    ("get", "/v1/devices"),
    ("get", "/v1/devices/{device}/{epoch}/late-operations"),
    ("post", "/v1/staff/activations"),
    ("post", "/v1/staff/sign-ins"),
    ("post", "/v1/staff/introductions"),
    ("get", "/v1/staff/introductions"),
    ("post", "/v1/partner-payments"),
}


@pytest.fixture(scope="module")
def document(address: str) -> dict[str, Any]:
    return dict(httpx.get(f"{address}/openapi.json", trust_env=False).json())


@pytest.fixture(scope="module")
def desk(bank: CentreBank, address: str) -> Desk:
    made = bank.desk("nor-1", "nor")
    made.settle(address)
    return made


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [(method, path, each) for path, item in document["paths"].items() for method, each in item.items()]


def problems_of(operation: dict[str, Any]) -> set[tuple[int, str]]:
    return {
        (int(status), code)
        for status, answer in operation["responses"].items()
        for code in answer.get("content", {}).get(PROBLEM_MEDIA_TYPE, {}).get("examples", {})
    }


def test_every_address_is_described(document: dict[str, Any]) -> None:
    assert {(method, path) for method, path, _ in operations(document)} == ADDRESSES


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    def references(node: object) -> list[str]:
        if isinstance(node, dict):
            here = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
            return here + [found for value in node.values() for found in references(value)]
        return [found for value in node for found in references(value)] if isinstance(node, list) else []

    for reference in references(document):
        node: Any = document
        for part in reference.removeprefix("#/").split("/"):
            node = node[part]
        assert node


def test_every_problem_that_is_described_is_one_that_is_known(document: dict[str, Any]) -> None:
    for _, _, operation in operations(document):
        for status, code in problems_of(operation):
            assert PROBLEMS[code].status == status


@pytest.mark.parametrize(("method", "path"), sorted(address for address in ADDRESSES if "/v1/" in address[1]))
@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (b"", "application/json"),
        (b"{", "application/json"),
        (b"[]", "application/json"),
        (b'{"\xff":1}', "application/json"),
        (b"{}", "text/plain"),
        (b'"' + b"x" * 100 + b'"', "application/json; charset=utf-16"),
    ],
)
def test_whatever_is_refused_is_refused_as_described(
    bank: CentreBank,
    address: str,
    desk: Desk,
    document: dict[str, Any],
    method: str,
    path: str,
    content: bytes,
    media_type: str,
) -> None:
    described = problems_of(document["paths"][path][method])
    target = path.format(feed="syd", fingerprint="x", device="x", epoch=1)
    headers = {"content-type": media_type}
    body = content if method == "post" else None
    plain = httpx.request(method.upper(), address + target, content=body, headers=headers, trust_env=False)
    answers = [plain, desk.request(address, method.upper(), target, content)]
    stranger = new_signing_key(system_randomness)
    answers.append(desk.request(address, method.upper(), target, content, key=stranger))
    for answered in answers:
        if answered.status_code == 200:
            assert path in ("/v1/staff/introductions", "/v1/devices", "/v1/incarnation")
            continue
        assert answered.headers["content-type"] == PROBLEM_MEDIA_TYPE
        assert (answered.status_code, answered.json()["code"]) in described


def test_the_limits_of_a_push_are_described(document: dict[str, Any]) -> None:
    schema = document["components"]["schemas"]["Push"]["properties"]["operations"]
    assert (schema["minItems"], schema["maxItems"]) == (1, BATCH_MAX)
