"""What tests of hostile messages share: raw requests, true problem documents, honest work beside them."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from itertools import count
from typing import Any

import httpx

from core.sync.requests import SIGNATURE_HEADER, sign_request
from sync_server.problems import PROBLEMS
from tests.sync_server.centre_bank import CentreBank, Desk

JSON = "application/json"
NOBODYS_ACCOUNT = "01a1fb12-a58f-7000-aa85-da981a394d9a"
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Given to each client, which would otherwise read every certificate authority first."""
_numbers = count(1)


def new_desk(bank: CentreBank, address: str) -> Desk:
    made = bank.desk(f"nor-h{next(_numbers)}", "nor")
    made.account(deposit=100_00)
    made.settle(address)
    return made


def work_on(bank: CentreBank, address: str, desk: Desk) -> None:
    """The device's next operation is applied, and its chain is whole."""
    account = next(iter(desk.iban_of))
    before = bank.balance(account)
    desk.make(desk.deposit(account, 1_00))
    assert [verdict.verdict for verdict in desk.settle(address)] == ["applied"]
    assert bank.balance(account) == before + 1_00
    assert bank.rows("SELECT state FROM chains WHERE device = %s", desk.chain.device) == [("living",)]


def problem(response: httpx.Response) -> str:
    """The code of a problem document that is whole and true."""
    assert response.headers["content-type"] == "application/problem+json", response.text
    document = response.json()
    kind = PROBLEMS[document["code"]]
    assert (document["status"], document["title"], document["retry"]) == (response.status_code, kind.title, kind.retry)
    assert document["type"] == kind.type
    assert document["detail"]
    assert "Traceback" not in response.text
    return kind.code


def signature(desk: Desk, method: str, target: str, body: bytes = b"", /, **changes: Any) -> str:
    """A request signature of the desk's, with something in it changed."""
    parts: dict[str, Any] = {"device": desk.chain.device, "epoch": desk.chain.epoch, "now_ms": desk.bank.clock.now_ms()}
    parts |= {"method": method, "target": target, "body": body, **changes}
    key = parts.pop("key", desk.chain.key)
    return sign_request(key, **parts)


def send(address: str, method: str, target: str, body: bytes | Iterator[bytes], *tokens: str, **headers: str) -> Any:
    """A request with those signature headers, as raw as a client lets it be."""
    named = [("content-type", JSON), *headers.items(), *((SIGNATURE_HEADER, token) for token in tokens)]
    given = {name.replace("_", "-").lower(): value for name, value in named if name.lower() != SIGNATURE_HEADER.lower()}
    lines = [*given.items(), *((SIGNATURE_HEADER, token) for token in tokens)]
    with httpx.Client(base_url=address, timeout=30, trust_env=False, verify=NO_TLS) as client:
        return client.request(method, target, content=body or None, headers=lines)
