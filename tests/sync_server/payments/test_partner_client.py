"""Whatever happens on the way to the partner bank, a payment counts once and nobody guesses what became of it."""

import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync_server.environment import Secret
from sync_server.partner_bank.messages import Party, Payment, PaymentReport
from sync_server.payments.partner_client import (
    Accepted,
    NotFound,
    PartnerClient,
    Rejected,
    Settled,
    Unknown,
)
from tests.sync_server.payments.conftest import TOKEN
from tests.sync_server.serving import Program, program

CREDITOR = "DK0495700000012345"
NUMBERS = count(1)


def payment(**changes: object) -> Payment:
    base = Payment(
        end_to_end_id=f"0193a5c07c1e7abc8def{next(NUMBERS):012d}",
        amount=125_000,
        currency="DKK",
        debtor=Party("Ane Holm", "DK5000400440116243"),
        debtor_agent="CFOLDKKK",
        creditor=Party("שרה כהן", CREDITOR),
        creditor_agent="SKOVDKKK",
        remittance="Husleje november",
    )
    return msgspec.structs.replace(base, **changes)


def booked(admin: httpx.Client, end_to_end_id: str) -> int:
    """How often the bank has booked it."""
    found, after = 0, 0
    while True:
        page: dict[str, Any] = admin.get("/payments", params={"after": after, "limit": 500}).json()
        found += len([report for report in page["payments"] if report["end_to_end_id"] == end_to_end_id])
        if page["next_after"] is None:
            return found
        after = page["next_after"]


def test_a_payment_is_accepted_then_settled(client: PartnerClient, admin: httpx.Client) -> None:
    sent = payment()
    assert client.ask(sent.end_to_end_id) == NotFound()
    accepted = client.submit(sent)
    assert isinstance(accepted, Accepted)
    assert client.ask(sent.end_to_end_id) == accepted
    assert admin.post("/admin/settle").json()["settled"] >= 1
    settled = client.ask(sent.end_to_end_id)
    assert isinstance(settled, Settled)
    assert settled.settled_at >= accepted.received_at


def test_a_payment_to_a_closed_account_is_rejected_with_its_reason(client: PartnerClient, admin: httpx.Client) -> None:
    closed = next(account for account in admin.get("/admin/accounts").json() if account["status"] == "closed")
    sent = payment(creditor=Party(closed["name"], closed["iban"]))
    rejected = client.submit(sent)
    assert isinstance(rejected, Rejected)
    assert (rejected.reason, "closed" in rejected.reason_text) == ("AC04", True)
    assert client.ask(sent.end_to_end_id) == rejected


def test_the_same_payment_again_has_the_same_answer_and_counts_once(client: PartnerClient, admin: httpx.Client) -> None:
    sent = payment()
    answers = {client.submit(sent) for _ in range(3)}
    assert len(answers) == 1
    admin.post("/admin/settle")
    assert {client.submit(sent)} == answers
    assert booked(admin, sent.end_to_end_id) == 1


def test_the_same_id_for_another_payment_is_refused(client: PartnerClient, admin: httpx.Client) -> None:
    sent = payment()
    client.submit(sent)
    for other in ({"amount": 125_001}, {"creditor": Party("Other", CREDITOR)}, {"remittance": ""}):
        answer = client.submit(msgspec.structs.replace(sent, **other))
        assert answer == Unknown("refused", "end_to_end_id_reused", retry=False)
    assert booked(admin, sent.end_to_end_id) == 1


def test_many_at_once_with_one_id_book_one_payment(bank: Program, admin: httpx.Client) -> None:
    at_once = 12
    for _ in range(5):
        sent = payment()
        answers: list[object] = []
        together = threading.Barrier(at_once)

        def submit(client: PartnerClient, sent: Payment = sent, together: threading.Barrier = together) -> object:
            together.wait(10)
            return client.submit(sent)

        with PartnerClient(bank.address, Secret(TOKEN)) as client, ThreadPoolExecutor(at_once) as threads:
            answers = list(threads.map(submit, [client] * at_once))
        assert len(set(answers)) == 1
        assert isinstance(answers[0], Accepted)
        assert booked(admin, sent.end_to_end_id) == 1


@pytest.mark.parametrize(
    ("fault", "why", "booked_already"),
    [
        ("silent_before_booking", "timed_out", False),
        ("silent_after_booking", "timed_out", True),
        ("error_before_booking", "server_error", False),
        ("error_after_booking", "server_error", True),
        ("slow_drip", "timed_out", True),
        ("garbled", "garbled", True),
        ("cut_off", "broken_off", True),
    ],
)
def test_when_no_answer_arrives_nobody_guesses_and_asking_tells(
    client: PartnerClient,
    admin: httpx.Client,
    switch: Callable[..., None],
    fault: str,
    why: str,
    booked_already: bool,
) -> None:
    sent = payment()
    switch(fault)
    unknown = client.submit(sent)
    assert unknown == Unknown(why)
    found = client.ask(sent.end_to_end_id)
    assert isinstance(found, Accepted) if booked_already else found == NotFound()
    assert isinstance(client.submit(sent), Accepted)
    assert booked(admin, sent.end_to_end_id) == 1


@pytest.mark.parametrize("fault", ["silent_before_booking", "error_before_booking", "slow_drip", "garbled", "cut_off"])
def test_asking_too_may_find_no_answer(client: PartnerClient, switch: Callable[..., None], fault: str) -> None:
    sent = payment()
    client.submit(sent)
    switch(fault, at="ask")
    assert isinstance(client.ask(sent.end_to_end_id), Unknown)
    assert isinstance(client.ask(sent.end_to_end_id), Accepted)


def test_faults_last_as_often_as_they_are_told(client: PartnerClient, switch: Callable[..., None]) -> None:
    switch("error_before_booking", times=2)
    sent = payment()
    kinds = [type(client.submit(sent)) for _ in range(3)]
    assert kinds == [Unknown, Unknown, Accepted]


def test_a_bank_that_is_not_there_was_certainly_not_paid() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with PartnerClient(f"http://127.0.0.1:{port}", Secret(TOKEN)) as client:
        assert client.submit(payment()) == Unknown("unreachable", left=False)
        assert client.ask("x") == Unknown("unreachable", left=False)


def test_a_wrong_token_is_refused_and_books_nothing(bank: Program, client: PartnerClient) -> None:
    sent = payment()
    with PartnerClient(bank.address, Secret("another-0123456789")) as stranger:
        assert stranger.submit(sent) == Unknown("refused", "token_wrong", retry=False)
        assert stranger.ask(sent.end_to_end_id) == Unknown("refused", "token_wrong", retry=False)
    assert client.ask(sent.end_to_end_id) == NotFound()


@pytest.mark.parametrize(
    "changes",
    [
        {"amount": 0},
        {"amount": -1},
        {"amount": 10**12 + 1},
        {"amount": "125"},
        {"currency": "dkk"},
        {"end_to_end_id": ""},
        {"end_to_end_id": "a" * 36},
        {"end_to_end_id": "a b"},
        {"remittance": "line\nbreak"},
        {"remittance": "x" * 141},
        {"creditor": {"name": "", "iban": CREDITOR}},
        {"creditor": {"name": "  ", "iban": CREDITOR}},
        {"creditor": {"name": "A\x85B", "iban": CREDITOR}},
        {"creditor": {"name": "A", "iban": "dk04 9570"}},
        {"unexpected": 1},
    ],
)
def test_a_payment_of_the_wrong_form_is_answered_by_where_it_is_wrong(
    admin: httpx.Client, changes: dict[str, object]
) -> None:
    message = {**msgspec.to_builtins(payment()), **changes}
    response = admin.post("/payments", json=message)
    assert (response.status_code, response.json()["code"]) == (422, "request_malformed")


@pytest.mark.parametrize("query", [{"after": -1}, {"after": "x"}, {"limit": 0}, {"limit": 501}, {"after": 2**70}])
def test_a_list_asked_for_wrongly_is_refused(admin: httpx.Client, query: dict[str, object]) -> None:
    response = admin.get("/payments", params=query)  # type: ignore[arg-type]
    assert response.json()["code"] == "request_malformed"


@pytest.mark.parametrize(
    "query", [{}, {"date": "20-11-2026"}, {"date": "2026-02-30"}, {"date": "2026-11-20", "currency": "kr"}]
)
def test_a_statement_asked_for_wrongly_is_refused(admin: httpx.Client, query: dict[str, str]) -> None:
    assert admin.get("/statement", params=query).json()["code"] == "request_malformed"


def test_what_the_bank_took_outlives_it_and_needs_no_clean_end(
    bank_environment: dict[str, str], tmp_path: Path
) -> None:
    environment = {**bank_environment, "COUNTERFOIL_PARTNER_BANK_DATABASE": str(tmp_path / "bank.sqlite")}
    sent = payment()
    with program("partner_bank", environment, tmp_path / "log") as first:
        with PartnerClient(first.address, Secret(TOKEN)) as client:
            accepted = client.submit(sent)
        first.process.kill()
    with program("partner_bank", environment, tmp_path / "log") as second:
        with PartnerClient(second.address, Secret(TOKEN)) as client:
            assert client.ask(sent.end_to_end_id) == accepted
            assert client.submit(sent) == accepted
        assert second.stop() == 0
        assert TOKEN not in second.log
        assert CREDITOR not in second.log
        assert "Traceback" not in second.log


def test_in_production_there_are_no_switches(bank_environment: dict[str, str], tmp_path: Path) -> None:
    environment = {
        **bank_environment,
        "COUNTERFOIL_PURPOSE": "production",
        "COUNTERFOIL_PARTNER_BANK_DATABASE": str(tmp_path / "bank.sqlite"),
    }
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with program("partner_bank", environment, tmp_path / "log") as running:
        response = httpx.post(
            f"{running.address}/admin/faults", headers=headers, json={"kind": "garbled"}, trust_env=False
        )
    assert response.json()["code"] == "not_found"


@contextmanager
def answering(raw: bytes) -> Iterator[str]:
    """A bank that answers one request with exactly these bytes."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            line, _ = listening.accept()
            with line:
                line.settimeout(10)
                while b"\r\n\r\n" not in line.recv(65536):
                    pass
                line.sendall(raw)

        thread = threading.Thread(target=answer)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        thread.join(10)


def http(body: bytes, status: int = 200) -> bytes:
    return b"HTTP/1.1 %d X\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (status, len(body), body)


def report(**changes: object) -> bytes:
    base = PaymentReport("x", "ACSP", 100, "DKK", "2026-11-20T09:42:00.000Z")
    return msgspec.json.encode(msgspec.structs.replace(base, **changes))


def asked(raw: bytes) -> object:
    with answering(raw) as address, PartnerClient(address, Secret(TOKEN), answer_seconds=3) as client:
        return client.ask("x")


@pytest.mark.parametrize(
    ("raw", "outcome"),
    [
        (http(report()), Accepted("2026-11-20T09:42:00.000Z")),
        (http(report(end_to_end_id="y")), Unknown("mismatched", retry=False)),
        (http(report(status="RJCT")), Unknown("garbled")),
        (http(report(status="RJCT", reason="AC04")), Rejected("AC04", "")),
        (http(report(status="ACSP", reason="AC04")), Unknown("garbled")),
        (http(report(status="ACSC")), Unknown("garbled")),
        (http(report(status="PDNG")), Unknown("garbled")),
        (http(report(amount=-5)), Unknown("garbled")),
        (http(b""), Unknown("garbled")),
        (http(b"[" * 60_000), Unknown("garbled")),
        (http(b" " * 70_000), Unknown("garbled")),
        (http(b"<html>not found</html>", 404), Unknown("refused", retry=False)),
        (http(b'{"code":"not_found"}', 404), Unknown("refused", "not_found", retry=False)),
        (http(b'{"code":"payment_unknown"}', 404), NotFound()),
        (http(b"", 302), Unknown("server_error")),
        (http(b"", 429), Unknown("server_error")),
        (http(b'{"code":"database_busy"}', 503), Unknown("server_error", "database_busy")),
        (b"SSH-2.0-OpenSSH\r\n", Unknown("broken_off")),
        (b"", Unknown("broken_off")),
    ],
)
def test_only_the_documented_answer_is_believed(raw: bytes, outcome: object) -> None:
    assert asked(raw) == outcome


@settings(max_examples=60, deadline=None)
@given(st.one_of(st.binary(max_size=300), st.binary(max_size=200).map(http)))
def test_no_answer_whatever_raises_or_is_taken_for_a_decision(raw: bytes) -> None:
    assert isinstance(asked(raw), Unknown)
