"""Whatever is sent to the server, the answer is a problem document with a stable code, and never a stack trace."""

import ast
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import msgspec
import psycopg
import pytest
import sqlalchemy.exc
import structlog
from fastapi import APIRouter, Query
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg_pool import PoolTimeout
from starlette.responses import Response

from core.errors import Refusal, Refused
from sync_server.decoding import decoded
from sync_server.problems import PROBLEMS
from sync_server.web.bodies import RawJson, answer, documented
from tests.sync_server.serving import trial

FIELDS = {"type", "title", "status", "detail", "code", "retry"}
HIDDEN = "gull-harbour-7281"
JSON = {"Content-Type": "application/json"}


class Slip(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    amount: int
    name: str = ""


FAILURES: dict[str, Exception] = {
    "away": psycopg.OperationalError(f"password={HIDDEN} refused"),
    "pool": PoolTimeout("none left"),
    "demoted": psycopg.errors.ReadOnlySqlTransaction("standby"),
    "wrapped": sqlalchemy.exc.OperationalError("SELECT 1", {}, psycopg.OperationalError(HIDDEN)),
    "deadlock": psycopg.errors.DeadlockDetected("deadlock"),
    "duplicate": psycopg.errors.UniqueViolation(HIDDEN),
    "wrapped_duplicate": sqlalchemy.exc.IntegrityError("X", {}, psycopg.errors.UniqueViolation(HIDDEN)),
    "revoked": Refused(Refusal("device_revoked")),
    "rule": Refused(Refusal("not_available", "amount", {"account": HIDDEN})),
    "bug": ValueError(HIDDEN),
}


def trial_router() -> APIRouter:
    router = APIRouter()
    decoder = msgspec.json.Decoder(Slip)

    @router.post("/slips", **documented(request=Slip, answer=Slip))
    def slips(raw: RawJson) -> Response:
        return answer(decoded(raw, decoder))

    @router.get("/pages")
    def pages(limit: int = Query(10, ge=1, le=100)) -> dict[str, int]:
        return {"limit": limit}

    @router.get("/failures/{what}")
    def failures(what: str) -> None:
        raise FAILURES[what]

    return router


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with trial(trial_router()) as client:
        yield client


def problem(response: httpx.Response) -> dict[str, object]:
    assert response.headers["content-type"] == "application/problem+json"
    document: dict[str, object] = response.json()
    assert document.keys() >= FIELDS
    assert document["status"] == response.status_code
    kind = PROBLEMS[str(document["code"])]
    assert (document["title"], document["retry"]) == (kind.title, kind.retry)
    return document


@pytest.mark.parametrize(
    ("body", "status", "code", "where"),
    [
        (b"", 400, "json_malformed", None),
        (b"{", 400, "json_malformed", None),
        (b"\xff", 400, "json_malformed", None),
        (b'{"amount": 1, "name": "\xff"}', 400, "json_malformed", None),
        (b'{"amount": 1} trailing', 400, "json_malformed", None),
        (b"null", 422, "request_malformed", "$"),
        (b"[]", 422, "request_malformed", "$"),
        (b"{}", 422, "request_malformed", "$"),
        (b'{"amount": "1"}', 422, "request_malformed", "$.amount"),
        (b'{"amount": 1.5}', 422, "request_malformed", "$.amount"),
        (b'{"amount": 1, "nmae": "x"}', 422, "request_malformed", "$"),
        (b'{"amount": 1, "name": ' + b"[" * 900, 422, "request_malformed", "$.name"),
    ],
)
def test_a_malformed_body_is_answered_by_what_is_wrong_and_where(
    client: httpx.Client, body: bytes, status: int, code: str, where: str | None
) -> None:
    response = client.post("/slips", content=body, headers=JSON)
    assert (response.status_code, problem(response)["code"]) == (status, code)
    assert response.json().get("where") == where


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=200))
def test_no_body_whatever_is_an_internal_error(client: httpx.Client, body: bytes) -> None:
    response = client.post("/slips", content=body, headers=JSON)
    assert response.status_code in {200, 400, 422}


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "application/json; charset=latin-1", ""])
def test_only_json_is_taken(client: httpx.Client, kind: str) -> None:
    response = client.post("/slips", content=b'{"amount": 1}', headers={"Content-Type": kind})
    assert (response.status_code, problem(response)["code"]) == (415, "media_type_unsupported")


def test_json_with_its_charset_named_is_taken(client: httpx.Client) -> None:
    response = client.post(
        "/slips", content=b'{"amount": 1}', headers={"Content-Type": 'Application/JSON; charset="UTF-8"'}
    )
    assert response.json() == {"amount": 1, "name": ""}


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("size", [1001, 1_500, 300_000])
def test_a_body_beyond_the_limit_is_refused_with_its_length_declared_or_in_chunks(
    client: httpx.Client, chunked: bool, size: int
) -> None:
    body = b" " * size
    content = iter([body[:700], body[700:]]) if chunked else body
    response = client.post("/slips", content=content, headers=JSON)
    assert (response.status_code, problem(response)["code"]) == (413, "body_too_large")
    assert response.json()["bytes_max"] == 1000


def test_a_body_at_the_limit_is_read(client: httpx.Client) -> None:
    assert client.post("/slips", content=b'{"amount": 1}'.ljust(1000), headers=JSON).status_code == 200


def test_a_body_that_does_not_arrive_is_not_waited_for(client: httpx.Client) -> None:
    address = urlsplit(str(client.base_url))
    with socket.create_connection((address.hostname, address.port or 0), timeout=10) as line:
        line.sendall(
            b"POST /slips HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 20\r\n\r\n{"
        )
        answered = b"".join(iter(lambda: line.recv(4096), b""))
    assert answered.startswith(b"HTTP/1.1 408 ")
    assert b'"code":"body_too_slow"' in answered


def test_an_unknown_address_and_an_unknown_method_are_named(client: httpx.Client) -> None:
    assert problem(client.get("/nowhere"))["code"] == "not_found"
    response = client.delete("/slips")
    assert problem(response)["code"] == "method_not_allowed"
    assert response.headers["allow"] == "POST"


@pytest.mark.parametrize("limit", ["0", "101", "ten", "", "9" * 400])
def test_a_bad_parameter_is_named_and_not_repeated(client: httpx.Client, limit: str) -> None:
    document = problem(client.get("/pages", params={"limit": limit}))
    assert document["code"] == "request_malformed"
    assert document["errors"][0]["where"] == "query.limit"  # type: ignore[index]
    assert "9" * 100 not in str(document)


@pytest.mark.parametrize("what", ["away", "pool", "demoted", "wrapped"])
def test_while_the_database_is_away_the_caller_is_told_to_come_back(client: httpx.Client, what: str) -> None:
    response = client.get(f"/failures/{what}")
    document = problem(response)
    assert (response.status_code, document["code"], document["retry"]) == (503, "database_unavailable", True)
    assert int(response.headers["retry-after"]) > 0
    assert HIDDEN not in response.text


def test_a_transaction_that_was_broken_off_may_be_tried_again(client: httpx.Client) -> None:
    assert problem(client.get("/failures/deadlock"))["code"] == "database_busy"


@pytest.mark.parametrize(("what", "status", "code"), [("revoked", 403, "device_revoked"), ("rule", 409, "refused")])
def test_what_a_rule_refuses_when_its_turn_comes_is_no_bug(
    client: httpx.Client, what: str, status: int, code: str
) -> None:
    response = client.get(f"/failures/{what}")
    assert (response.status_code, problem(response)["code"]) == (status, code)
    assert HIDDEN not in response.text


@pytest.mark.parametrize("what", ["bug", "duplicate", "wrapped_duplicate"])
def test_a_bug_is_logged_under_a_reference_and_shows_nothing(
    client: httpx.Client, what: str, capfd: pytest.CaptureFixture[str]
) -> None:
    response = client.get(f"/failures/{what}")
    document = problem(response)
    assert (response.status_code, document["code"]) == (500, "internal_error")
    assert document["reference"] == response.headers["x-request-id"]
    assert HIDDEN not in response.text
    assert "Traceback" not in response.text
    logged, pause = "", threading.Event()
    deadline = time.monotonic() + 10
    while str(document["reference"]) not in logged:
        assert time.monotonic() < deadline, logged
        logged += "".join(capfd.readouterr())
        pause.wait(0.02)


def test_a_request_keeps_the_id_it_came_with_if_it_may_stand_in_a_log(client: httpx.Client) -> None:
    kept = client.get("/pages", headers={"X-Request-Id": "branch-7.request_12"})
    assert kept.headers["x-request-id"] == "branch-7.request_12"
    for forged in ("short", "a" * 65, "line\tbreak-and-more", '"quoted"-request'):
        made = client.get("/pages", headers={"X-Request-Id": forged})
        assert made.headers["x-request-id"] != forged


def test_a_log_line_is_short_however_long_what_was_asked_for(client: httpx.Client) -> None:
    """Looking through sixty thousand letters for secrets would keep everybody else waiting for half a minute."""
    with structlog.testing.capture_logs() as lines:
        assert client.get("/" + "x" * 20_000).status_code == 404
        assert client.request("X" * 9_000, "/pages").status_code == 405
        client.get("/pages")
    said = [line for line in lines if line["event"] == "request"]
    assert len(said) >= 2
    assert max(len(line["path"]) + len(line["method"]) for line in said) <= 400


def test_every_problem_has_a_page_of_its_own(client: httpx.Client) -> None:
    for code, kind in PROBLEMS.items():
        page = client.get(kind.type).json()
        assert page == {"code": code, "status": kind.status, "title": kind.title, "retry": kind.retry}
    assert len(client.get("/problems").json()) == len(PROBLEMS)


def test_every_code_that_the_centre_raises_is_registered(pytestconfig: pytest.Config) -> None:
    for path in Path(pytestconfig.rootpath, "sync_server").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(func=ast.Name(id="Problem"), args=[ast.Constant(value=code), *_]):
                    assert code in PROBLEMS, f"{path.name} raises {code!r}"


def test_openapi_says_what_is_really_taken_and_answered(client: httpx.Client) -> None:
    document = client.get("/openapi.json").json()
    slips = document["paths"]["/slips"]["post"]
    assert slips["requestBody"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Slip"}
    assert slips["responses"]["200"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Slip"}
    assert document["components"]["schemas"]["Slip"]["properties"]["amount"] == {"type": "integer"}
    assert set(slips["responses"]) == {"200", "400", "408", "413", "415", "422", "500"}
    for answered in ("400", "422", "500"):
        assert list(slips["responses"][answered]["content"]) == ["application/problem+json"]
    assert set(document["paths"]["/pages"]["get"]["responses"]) == {"200", "422", "500"}
    assert "HTTPValidationError" not in str(document)
    assert "x-structs" not in str(document)
