"""Whatever is sent to the centre, the answer says what is wrong and whether to retry, and honest work goes on.

Here is what is pushed; `test_hostile_table.py` comes to every door. What bodies of operations may not be is in
`ingest/test_push.py`, the edge's own limits are in `web/`.
"""

import gzip
import json
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import msgspec
import pytest

from core.envelope import Signed, sign_operation
from core.people.keys import key_name, new_signing_key
from core.sync.messages import Push, PushAnswer, Refused
from core.sync.requests import SIGNATURE_HEADER
from tests.sync_server.api.hostility import NOBODYS_ACCOUNT, new_desk, problem, send, signature, work_on
from tests.sync_server.centre_bank import CentreBank, Desk, answer_of, at_once

MEBIBYTE = 1024 * 1024


@pytest.fixture(scope="module")
def address(centre_bank: CentreBank) -> Iterator[str]:
    """The bank's server, which waits a second for a body."""
    with centre_bank.served(body_seconds_max=1) as address:
        yield address


@pytest.fixture(scope="module")
def desk(bank: CentreBank, address: str) -> Desk:
    """A device of the branch `nor` with money in an account, all that it made settled."""
    return new_desk(bank, address)


@pytest.fixture(autouse=True)
def honest_work_goes_on(bank: CentreBank, address: str, desk: Desk) -> Iterator[None]:
    """Right after anything hostile, the honest device's next operation is applied and its feed is read."""
    yield
    work_on(bank, address, desk)


PUSH = "/v1/operations"


def test_a_replayed_push_is_answered_alike_and_counts_once(bank: CentreBank, address: str, desk: Desk) -> None:
    account = next(iter(desk.iban_of))
    before = bank.balance(account)
    made = desk.make(desk.deposit(account, 5_00))
    body = msgspec.json.encode(Push(desk.chain.device, 1, (made.jws,)))
    token = signature(desk, "POST", PUSH, body)
    answers = [send(address, "POST", PUSH, body, token) for _ in range(3)]
    desk.pushed += 1
    assert {answer.content for answer in answers} == {answers[0].content}
    assert answer_of(answers[0]).verdicts[0].verdict == "applied"
    assert bank.balance(account) == before + 5_00
    assert problem(send(address, "POST", PUSH, body + b" ", token)) == "signature_wrong"
    assert problem(send(address, "POST", "/v1/rights", body, token)) == "signature_wrong"


def test_a_replayed_request_for_rights_grants_once(bank: CentreBank, address: str) -> None:
    desk = new_desk(bank, address)
    taker = new_desk(bank, address)
    account = next(iter(desk.iban_of))
    (holder,) = bank.rows("SELECT granted + minted - used - returned FROM rights WHERE account = %s", account)
    body = json.dumps({"account": account, "least": 0, "amount": 40_00, "after": 0, "holding": 0}).encode()
    token = signature(taker, "POST", "/v1/rights", body)
    answers = [send(address, "POST", "/v1/rights", body, token) for _ in range(3)]
    assert {answer.status_code for answer in answers} == {200}
    granted = bank.rows("SELECT granted FROM rights WHERE account = %s AND device = %s", account, taker.chain.device)
    assert sum(amount for (amount,) in granted) <= 100_00 - holder[0]


# What is said. Signed by the device itself, so that nothing but the reading of it can refuse it.


@cache
def bomb() -> bytes:
    """Sixty-four mebibytes of nothing in sixty-four kibibytes."""
    return gzip.compress(b" " * 64 * MEBIBYTE, compresslevel=1)


Pushed = Callable[..., bytes]
HOSTILE_BODIES: dict[str, tuple[Callable[[Pushed], bytes], str]] = {
    "nothing": (lambda _push: b"", "json_malformed"),
    "cut off": (lambda push: push()[:-9], "json_malformed"),
    "with something behind it": (lambda push: push() + b"{}", "json_malformed"),
    "in UTF-16": (lambda push: push().decode().encode("utf-16"), "json_malformed"),
    "with a byte order mark": (lambda push: b"\xef\xbb\xbf" + push(), "json_malformed"),
    "of broken characters": (lambda push: push().replace(b"nor", b"n\xffr", 1), "json_malformed"),
    "half a surrogate": (lambda push: push().replace(b"nor", b"\\ud800", 1), "json_malformed"),
    "compressed": (lambda push: gzip.compress(push()), "json_malformed"),
    "a bomb": (lambda _push: bomb(), "json_malformed"),
    "brackets without end": (lambda _push: b"[" * 2 * MEBIBYTE, "request_malformed"),
    "brackets in an unknown member": (lambda _push: b'{"more":' + b"[" * MEBIBYTE, "json_malformed"),
    "objects without end": (lambda _push: b'{"records":' * 100_000, "request_malformed"),
    "null": (lambda _push: b"null", "request_malformed"),
    "a list": (lambda _push: b"[]", "request_malformed"),
    "no operations": (lambda push: push(operations=[]), "request_malformed"),
    "too many operations": (lambda push: push(operations=["x"] * 501), "request_malformed"),
    "an operation without end": (lambda push: push(operations=["x" * 64 * 1024]), "request_malformed"),
    "an operation that is a number": (lambda push: push(operations=[1]), "request_malformed"),
    "a record without end": (lambda push: push(records={"x": "y" * 32 * 1024}), "request_malformed"),
    "a record without digest": (lambda push: push(records={"x" * 99: "y"}), "request_malformed"),
    "records in a list": (lambda push: push(records=["x"]), "request_malformed"),
    "an endless number": (lambda push: push().replace(b'"epoch":1', b'"epoch":' + b"9" * 5000), "request_malformed"),
    "infinity": (lambda push: push().replace(b'"epoch":1', b'"epoch":1e999'), "request_malformed"),
    "not a number": (lambda push: push().replace(b'"epoch":1', b'"epoch":NaN'), "json_malformed"),
    "a number before the first": (lambda push: push(epoch=-1), "request_malformed"),
    "another epoch": (lambda push: push(epoch=2), "device_differs"),
    "another device": (lambda push: push(device="syd-1"), "device_differs"),
    "a device of SQL": (lambda push: push(device="'; DROP TABLE operations; --"), "request_malformed"),
    "a member twice, the last another device": (lambda push: push()[:-1] + b',"device":"syd-1"}', "device_differs"),
}
"""Made from a push that is good but for the changes it is given, and the code that each is answered with."""


@pytest.mark.parametrize("which", HOSTILE_BODIES)
def test_a_hostile_body_is_refused_whole_by_its_code(bank: CentreBank, address: str, desk: Desk, which: str) -> None:
    good = desk.draft(desk.deposit(NOBODYS_ACCOUNT, 5)).jws

    def push(**changes: Any) -> bytes:
        whole = {"device": desk.chain.device, "epoch": 1, "operations": [good], "records": {}}
        return msgspec.json.encode({**whole, **changes})

    spoil, code = HOSTILE_BODIES[which]
    before = bank.rows("SELECT count(*) FROM operations")
    assert problem(desk.request(address, "POST", PUSH, spoil(push))) == code
    assert bank.rows("SELECT count(*) FROM operations") == before


@contextmanager
def open_line(address: str, head: bytes) -> Iterator[socket.socket]:
    host, _, port = address.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=20) as line:
        line.sendall(head)
        yield line


def rest_of(line: socket.socket) -> bytes:
    return b"".join(iter(lambda: line.recv(65536), b""))


@pytest.mark.parametrize(
    "length",
    [b"Transfer-Encoding: chunked", b"Content-Length: 4000000"],
    ids=["chunks without end", "a length never met"],
)
def test_a_body_without_an_end_is_not_waited_for(address: str, desk: Desk, length: bytes) -> None:
    token = signature(desk, "POST", PUSH).encode()
    head = (
        b"POST /v1/operations HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n%s\r\n%s: %s\r\n\r\n1\r\n{\r\n"
    )
    with open_line(address, head % (length, SIGNATURE_HEADER.encode(), token)) as line:
        answer = rest_of(line)
    assert answer.startswith(b"HTTP/1.1 408 ")
    document = json.loads(answer.partition(b"\r\n\r\n")[2])
    assert (document["code"], document["retry"]) == ("body_too_slow", True)


# What is pushed: forged, out of order, repeated, poisonous.


def long_run(desk: Desk, length: int) -> list[Signed]:
    account = next(iter(desk.iban_of))
    return [desk.make(desk.deposit(account, 1)) for _ in range(length)]


def verdict_names(answer: PushAnswer) -> set[str]:
    return {verdict.verdict for verdict in answer.verdicts}


def test_of_five_hundred_the_forged_one_is_refused_and_those_before_it_stand(bank: CentreBank, address: str) -> None:
    desk = new_desk(bank, address)
    run = long_run(desk, 500)
    forged = msgspec.structs.replace(run[249], jws=run[249].jws[:-9] + "AAAAAAAAA")
    answer = answer_of(desk.push(address, [*run[:249], forged, *run[250:]]))
    assert answer.refused == Refused(forged.operation.seq, "jws_signature")
    assert len(answer.verdicts) == 249
    assert answer.head_seq == run[248].operation.seq
    desk.pushed += len(answer.verdicts)
    assert {verdict.verdict for verdict in desk.settle(address)} == {"applied"}
    assert bank.balance(next(iter(desk.iban_of))) == 100_00 + 500


@pytest.mark.parametrize(
    ("reorder", "code"),
    [
        (lambda run: run[::-1], "seq_not_contiguous"),
        (lambda run: [run[0], run[2], run[1]], "seq_not_contiguous"),
        (lambda run: [run[0], run[0], run[1]], "seq_not_contiguous"),
        (lambda run: [run[0], *run[2:]], "seq_not_contiguous"),
    ],
    ids=["backwards", "two swapped", "one twice", "one left out"],
)
def test_operations_out_of_their_order_stop_nothing(
    bank: CentreBank, address: str, reorder: Callable[[list[Signed]], list[Signed]], code: str
) -> None:
    desk = new_desk(bank, address)
    run = long_run(desk, 4)
    answer = answer_of(desk.push(address, reorder(run)))
    assert answer.refused is None or answer.refused.code == code
    assert verdict_names(answer) <= {"applied"}
    assert bank.rows("SELECT state FROM chains WHERE device = %s", desk.chain.device) == [("living",)]
    desk.pushed += len(answer.verdicts)
    assert {verdict.verdict for verdict in desk.settle(address)} == {"applied"}
    assert bank.balance(next(iter(desk.iban_of))) == 100_00 + 4


def test_pushes_that_arrive_in_another_order_end_alike(bank: CentreBank, address: str) -> None:
    desk = new_desk(bank, address)
    run = long_run(desk, 9)
    early = answer_of(desk.push(address, run[6:]))
    assert (early.verdicts, early.head_seq) == ((), run[0].operation.seq - 1)
    for part in (run[:3], run[3:6], run[:3], run[6:]):
        assert verdict_names(answer_of(desk.push(address, part))) == {"applied"}
    desk.pushed += len(run)
    assert bank.balance(next(iter(desk.iban_of))) == 100_00 + 9


def test_one_poisonous_device_does_not_fail_its_neighbours(bank: CentreBank, address: str) -> None:
    """One forks, one forges, one reuses an id, one pays what it has not: all at once with one that works."""
    good, forks, forges, reuses, overspends = (new_desk(bank, address) for _ in range(5))
    account = next(iter(forks.iban_of))
    forked = forks.draft(forks.deposit(account, 7_00))
    long_run(forks, 1)
    forks.settle(address)
    stranger = new_signing_key(bank.maker.randomness)
    forged = sign_operation(long_run(forges, 1)[0].operation, stranger, key_name(stranger))
    taken = good.chain.operations[-1].operation.id
    reused = reuses.make(reuses.deposit(next(iter(reuses.iban_of)), 1_00), id=taken)
    beyond = overspends.make(overspends.withdrawal(next(iter(overspends.iban_of)), 900_00))
    long_run(good, 50)
    answers = at_once(
        lambda: good.push(address),
        lambda: forks.push(address, [forked]),
        lambda: forges.push(address, [forged]),
        lambda: reuses.push(address, [reused]),
        lambda: overspends.push(address, [beyond]),
    )
    worked, fork, forgery, reuse, overspending = (answer_of(answer) for answer in answers)
    assert verdict_names(worked) == {"applied"}
    assert len(worked.verdicts) == 50
    assert verdict_names(fork) == verdict_names(reuse) == {"quarantined"}
    assert (forgery.verdicts, forgery.refused) == ((), Refused(0, "key_unknown"))
    assert verdict_names(overspending) == {"applied_with_exception"}
    kept = {jws for (jws,) in bank.rows("SELECT jws FROM quarantined_operations")}
    assert {forked.jws, reused.jws} <= kept
    good.pushed = len(good.chain.operations)
    assert bank.balance(next(iter(good.iban_of))) == 100_00 + 50
    assert bank.balance(account) == 100_00 + 1
