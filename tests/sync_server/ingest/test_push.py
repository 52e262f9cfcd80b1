"""What a push may be, and what the centre makes of it: once, in order, whoever sends it how often by what way."""

from collections.abc import Callable
from itertools import count

import msgspec
import pytest

from core.canonical import base64url, digest, from_base64url
from core.envelope import Signed, sign_compact, sign_operation
from core.operations.accounts import AccountFrozen
from core.operations.drawers import DrawerOpened
from core.people.keys import key_name, new_signing_key
from core.sync.messages import PushAnswer, Refused
from sync_server.centre.devices import revoke_device
from tests.sync_server.centre_bank import CentreBank, Desk, answer_of, at_once

_numbers = count(1)


@pytest.fixture
def desk(bank: CentreBank, address: str) -> Desk:
    """A fresh device of the branch `nor`, all that it made settled."""
    made = bank.desk(f"nor-{next(_numbers)}", "nor")
    assert {verdict.verdict for verdict in made.settle(address)} == {"applied"}
    return made


def codes(answer: PushAnswer) -> list[list[str]]:
    return [[found.code for found in verdict.exceptions] for verdict in answer.verdicts]


def booked(bank: CentreBank, signed: Signed) -> int:
    """How many lines of the ledger an operation has."""
    statement = "SELECT count(*) FROM postings p JOIN operations o ON o.no = p.operation_no WHERE o.id = %s"
    return int(bank.rows(statement, signed.operation.id)[0][0])


def kept(bank: CentreBank, desk: Desk) -> list[tuple[str, str]]:
    """What is kept as bytes of a quarantined chain, with the reason."""
    statement = "SELECT jws, reason FROM quarantined_operations WHERE device = %s ORDER BY seq, hash"
    return [(jws, reason) for jws, reason in bank.rows(statement, desk.chain.device)]


def test_a_repeated_push_has_the_same_answer_and_one_entry(bank: CentreBank, address: str, desk: Desk) -> None:
    account = desk.account(deposit=500_00)
    first = desk.push(address)
    assert desk.push(address).content == first.content
    assert answer_of(first).head_seq == len(desk.chain.operations)
    assert bank.balance(account) == 500_00
    assert booked(bank, desk.unsent[-1]) == 2


def test_a_push_repeated_in_parallel_through_two_processes_counts_once(
    bank: CentreBank, two_addresses: tuple[str, str], desk: Desk
) -> None:
    account = desk.account(deposit=500_00)
    for _ in range(60):
        desk.make(desk.deposit(account, 1_00))
    answers = at_once(*(lambda to=to: desk.push(to) for to in two_addresses * 3))
    assert len({answer.content for answer in answers}) == 1
    assert bank.balance(account) == 560_00
    assert answer_of(answers[0]).head_seq == len(desk.chain.operations)


def test_overlapping_pushes_are_answered_from_where_they_overlap(bank: CentreBank, address: str, desk: Desk) -> None:
    account = desk.account()
    for amount in range(1, 9):
        desk.make(desk.deposit(account, amount))
    run = desk.unsent
    first = answer_of(desk.push(address, run[:8]))
    second = answer_of(desk.push(address, run[4:]))
    assert second.verdicts[:4] == first.verdicts[4:]
    assert bank.balance(account) == sum(range(1, 9))


def test_a_gap_is_answered_with_what_is_expected(bank: CentreBank, address: str, desk: Desk) -> None:
    desk.account(deposit=1_00)
    run = desk.unsent
    answer = answer_of(desk.push(address, run[2:]))
    assert answer == PushAnswer((), run[0].operation.seq - 1, run[0].operation.prev, incarnation=1)
    desk.settle(address)


def test_a_fork_ends_the_epoch_and_nothing_behind_it_is_dropped(bank: CentreBank, address: str, desk: Desk) -> None:
    account = desk.account(deposit=100_00)
    desk.settle(address)
    forked = desk.draft(desk.deposit(account, 7_00))
    desk.make(desk.deposit(account, 1_00))
    desk.settle(address)
    answer = answer_of(desk.push(address, [forked]))
    assert [verdict.verdict for verdict in answer.verdicts] == ["quarantined"]
    assert bank.cases(forked.operation.id) == ["chain_forked"]
    assert bank.balance(account) == 101_00
    behind = [desk.make(desk.deposit(account, amount)) for amount in (2, 3)]
    later = answer_of(desk.push(address))
    assert [verdict.verdict for verdict in later.verdicts] == ["quarantined"] * 2
    assert later.head_seq == behind[0].operation.seq - 1
    assert {jws for jws, _ in kept(bank, desk)} == {forked.jws, *(each.jws for each in behind)}
    assert desk.push(address).content == desk.push(address).content
    assert len(kept(bank, desk)) == 3
    assert bank.balance(account) == 101_00


def test_an_operation_that_follows_another_than_the_head_is_a_fork(bank: CentreBank, address: str, desk: Desk) -> None:
    account = desk.account(deposit=100_00)
    desk.settle(address)
    elsewhere = desk.draft(desk.deposit(account, 7_00), prev=digest(b"another history"))
    answer = answer_of(desk.push(address, [elsewhere]))
    assert [verdict.verdict for verdict in answer.verdicts] == ["quarantined"]
    assert kept(bank, desk) == [(elsewhere.jws, "chain_forked")]


def test_what_another_key_signed_is_refused_and_stops_nothing(bank: CentreBank, address: str, desk: Desk) -> None:
    account = desk.account(deposit=100_00)
    desk.settle(address)
    honest = desk.draft(desk.deposit(account, 5_00))
    stranger = new_signing_key(bank.maker.randomness)
    unknown = sign_operation(honest.operation, stranger, key_name(stranger))
    pretending = sign_operation(honest.operation, stranger, honest.kid)
    for forged, code in ((unknown, "key_unknown"), (pretending, "jws_signature")):
        assert answer_of(desk.push(address, [forged])).refused == Refused(0, code)
    assert answer_of(desk.push(address, [honest])).verdicts[0].verdict == "applied"
    assert bank.balance(account) == 105_00


def test_a_poisonous_operation_does_not_fail_those_before_it(bank: CentreBank, address: str, desk: Desk) -> None:
    account = desk.account(deposit=100_00)
    good = desk.make(desk.deposit(account, 5_00))
    bad = desk.draft(desk.deposit(account, 5_00))
    forged = msgspec.structs.replace(bad, jws=bad.jws[:-8] + "AAAAAAAA")
    answer = answer_of(desk.push(address, [*desk.unsent, forged]))
    assert answer.refused is not None
    assert (answer.refused.seq, answer.head_seq) == (bad.operation.seq, good.operation.seq)
    assert bank.balance(account) == 105_00


def signed_by_hand(desk: Desk, body: bytes, **changes: object) -> Signed:
    """An operation whose payload was put together by hand, signed by the teller's session."""
    template = desk.draft(DrawerOpened(currency="DKK", amount=0))
    operation = msgspec.structs.replace(template.operation, body=msgspec.Raw(b"{}"), **changes)
    payload = msgspec.json.encode(operation).replace(b'"body":{}', b'"body":' + body)
    jws = sign_compact(payload, desk.teller.key, key_name(desk.teller.key), "counterfoil+jws")
    return Signed(jws, operation, "", "")


@pytest.mark.parametrize(
    ("body", "changes", "code"),
    [
        (b"{}", {"kind": "loan.disbursed"}, "kind_unknown"),
        (b"{}", {"kind_version": 9}, "kind_unknown"),
        (b"{}", {}, "body_malformed"),
        (b'{"currency":"DKK","amount":1,"more":1}', {}, "body_malformed"),
        (b'{"currency":"DKK","amount":"1"}', {}, "body_malformed"),
        (b'{"currency":"DKK","amount":1.5}', {}, "body_malformed"),
        (b'{"currency":"DKK","amount":-1}', {}, "body_malformed"),
        (b'{"currency":"DKK","amount":1000000000001}', {}, "body_malformed"),
        (b'{"currency":"kr","amount":1}', {}, "body_malformed"),
        (b'{"currency":"\xff","amount":1}', {}, "body_malformed"),
        (b'{"currency":"DKK","amount":1', {}, "operation_malformed"),
        (b"[" * 9000, {}, "operation_malformed"),
        (b'{"currency":"DKK", "amount":1}', {}, "body_malformed"),
        (b'{"currency":"DKK","amount":1,"amount":2,"counts":null}', {}, "body_malformed"),
        (b'{"currency":"DKK","amount":0,"counts":null}', {"actor": "staff:\x00"}, "actor_malformed"),
        (b'{"currency":"DKK","amount":0,"counts":null}', {"actor": "somebody"}, "actor_malformed"),
        (b'{"currency":"DKK","amount":0,"counts":null}', {"actor": "centre"}, "actor_not_allowed"),
        (b'{"currency":"DKK","amount":0,"counts":null}', {"device": "nor-999"}, "chain_differs"),
        (b'{"currency":"DKK","amount":0,"counts":null}', {"epoch": 2}, "chain_differs"),
        (b'{"currency":"DKK","amount":0,"counts":null}', {"id": "x"}, "operation_malformed"),
        (b'{"currency":"DKK","amount":0,"counts":null}', {"business_date": "2026-02-30"}, "operation_malformed"),
    ],
)
def test_what_can_not_be_read_is_refused_with_a_code(
    bank: CentreBank, address: str, desk: Desk, body: bytes, changes: dict[str, object], code: str
) -> None:
    answer = answer_of(desk.push(address, [signed_by_hand(desk, body, **changes)]))
    assert answer.head_seq == len(desk.chain.operations)
    assert (answer.refused and answer.refused.code) == code
    desk.make(desk.deposit(desk.account(), 1_00))
    assert all(verdict.verdict == "applied" for verdict in desk.settle(address))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda jws: jws + "=",
        lambda jws: jws.replace(".", "..", 1),
        lambda jws: jws + "\n",
        lambda jws: "é" + jws[1:],
        lambda jws: jws.partition(".")[2],
        lambda jws: jws[:0],
        lambda jws: ".".join((base64url(b'{"alg":"none","kid":"x","typ":"y"}'), *jws.split(".")[1:])),
        lambda jws: ".".join((base64url(b"\xff\xfe"), *jws.split(".")[1:])),
        lambda jws: ".".join((jws.split(".")[0], base64url(b"null"), jws.split(".")[2])),
        lambda jws: jws[:-1] + chr(ord(jws[-1]) + 1),
    ],
)
def test_a_malformed_jws_is_refused_and_nothing_is_kept(
    bank: CentreBank, address: str, desk: Desk, spoil: Callable[[str], str]
) -> None:
    honest = desk.draft(desk.deposit(desk.account(), 1_00))
    desk.settle(address)
    spoilt = msgspec.structs.replace(honest, jws=spoil(honest.jws))
    answer = answer_of(desk.push(address, [spoilt]))
    assert answer.verdicts == ()
    assert answer.refused is not None
    assert kept(bank, desk) == []


def test_a_device_sends_only_its_own_operations(bank: CentreBank, address: str, desk: Desk) -> None:
    other = bank.desk(f"nor-{next(_numbers)}", "nor")
    run = tuple(each.jws for each in other.unsent)
    message = msgspec.json.encode({"device": other.chain.device, "epoch": 1, "operations": run})
    assert desk.request(address, "POST", "/v1/operations", message).json()["code"] == "device_differs"
    smuggled = desk.push(address, other.unsent)
    assert answer_of(smuggled).refused == Refused(0, "chain_differs")
    other.settle(address)


def test_a_batch_that_is_too_long_is_refused_whole(bank: CentreBank, address: str, desk: Desk) -> None:
    account = desk.account()
    for _ in range(501):
        desk.make(desk.deposit(account, 1))
    response = desk.push(address)
    assert (response.status_code, response.json()["code"]) == (422, "request_malformed")
    assert all(verdict.verdict == "applied" for verdict in desk.settle(address))
    assert bank.balance(account) == 501


def test_an_id_that_stands_for_another_operation_ends_the_epoch(bank: CentreBank, address: str, desk: Desk) -> None:
    victim = desk.make(desk.deposit(desk.account(), 9_00))
    desk.settle(address)
    other = bank.desk(f"nor-{next(_numbers)}", "nor")
    account = other.account(deposit=1_00)
    copied = other.make(other.deposit(account, 50_00), id=victim.operation.id)
    other.make(other.deposit(account, 2_00))
    verdicts = answer_of(other.push(address)).verdicts
    assert [verdict.verdict for verdict in verdicts[-3:]] == ["applied", "quarantined", "quarantined"]
    assert bank.balance(account) == 1_00
    assert kept(bank, other)[0] == (copied.jws, "id_reused")
    assert bank.cases(victim.operation.id) == ["id_reused"]
    assert booked(bank, victim) == 2


def test_cash_beyond_the_rights_is_booked_with_an_exception_and_a_case(
    bank: CentreBank, address: str, desk: Desk
) -> None:
    account = desk.account(deposit=100_00)
    beyond = desk.make(desk.withdrawal(account, 150_00))
    *_, verdict = desk.settle(address)
    assert verdict.verdict == "applied_with_exception"
    assert [found.code for found in verdict.exceptions] == ["rights_exceeded", "free_below_zero"]
    assert bank.cases(beyond.operation.id) == ["rights_exceeded", "free_below_zero"]
    assert bank.balance(account) == -50_00
    # The repeated answer says so too.
    again = answer_of(desk.push(address, [beyond])).verdicts
    assert again == (verdict,)


def test_from_a_frozen_account_nothing_leaves_without_a_case(bank: CentreBank, address: str, desk: Desk) -> None:
    account = desk.account(deposit=100_00)
    desk.make(AccountFrozen(account=account, reason="police"))
    paid = desk.make(desk.withdrawal(account, 1_00))
    taken = desk.make(desk.deposit(account, 1_00))
    verdicts = desk.settle(address)
    assert [found.code for found in verdicts[-2].exceptions] == ["account_frozen"]
    assert verdicts[-1].verdict == "applied"
    assert (bank.cases(paid.operation.id), bank.cases(taken.operation.id)) == (["account_frozen"], [])


def test_what_a_closed_session_signs_ends_the_epoch(bank: CentreBank, address: str, desk: Desk) -> None:
    account = desk.account(deposit=100_00)
    bank.maker.sign_out(desk.teller)
    late = desk.make(desk.deposit(account, 1_00))
    *_, verdict = desk.settle(address)
    assert verdict.verdict == "quarantined"
    assert kept(bank, desk) == [(late.jws, "session_closed")]
    assert bank.balance(account) == 100_00


def test_what_a_revoked_device_still_says_is_kept_and_not_booked(bank: CentreBank, address: str, desk: Desk) -> None:
    account = desk.account(deposit=100_00)
    desk.settle(address)
    last = desk.make(desk.deposit(account, 1_00))
    with bank.transaction() as home:
        assert revoke_device(home, bank.centre, desk.chain.device, 1) is None
    assert [verdict.verdict for verdict in desk.settle(address)] == ["quarantined"]
    assert kept(bank, desk) == [(last.jws, "chain_quarantined")]
    assert bank.balance(account) == 100_00
    assert desk.request(address, "GET", "/v1/feeds/nor?after=0").json()["code"] == "device_revoked"


def test_a_record_counts_only_with_the_digest_that_was_signed(bank: CentreBank, address: str, desk: Desk) -> None:
    good = desk.record(narrative="for the boat")
    forged, missing = desk.record(narrative="true"), desk.record(narrative="gone")
    desk.records[forged] = base64url(from_base64url(desk.records[forged]) + b" ")
    unnamed = desk.record(narrative="named by nobody")
    del desk.records[missing]
    account = desk.account()
    made = [
        desk.make(msgspec.structs.replace(desk.deposit(account, 1), details=details))
        for details in (good, forged, missing)
    ]
    assert all(verdict.verdict == "applied" for verdict in desk.settle(address))
    assert [bank.cases(each.operation.id) for each in made] == [[], ["record_missing"], ["record_missing"]]
    found = bank.rows("SELECT digest FROM records WHERE digest = ANY(%s)", [good, forged, missing, unnamed])
    assert found == [(good,)]


def test_too_long_a_record_stops_no_operation(bank: CentreBank, address: str, desk: Desk) -> None:
    long = desk.record(**{f"line-{number}": "x" * 2000 for number in range(9)})
    made = desk.make(msgspec.structs.replace(desk.deposit(desk.account(), 1), details=long))
    assert all(verdict.verdict == "applied" for verdict in desk.settle(address))
    assert bank.cases(made.operation.id) == ["record_missing"]
    assert bank.rows("SELECT 1 FROM records WHERE digest = %s", long) == []


def test_the_head_never_stands_without_its_verdicts(bank: CentreBank, address: str, desk: Desk) -> None:
    """While pushes run, whatever a reader sees of chain, operations and ledger belongs together."""
    account = desk.account()
    for _ in range(400):
        desk.make(desk.deposit(account, 1))
    seen: set[int] = set()

    def push() -> None:
        while desk.unsent:
            desk.pushed += len(answer_of(desk.push(address, desk.unsent[:25])).verdicts)

    def look() -> None:
        while desk.unsent:
            (row,) = bank.rows(_ONE_VIEW, desk.chain.device, desk.chain.device, f"deposit:{account}", account)
            seq, operations, booked, posted = row
            assert seq == operations
            assert booked == (posted or 0)
            seen.add(seq)

    at_once(push, look)
    assert seen


_ONE_VIEW = """
SELECT (SELECT seq FROM chains WHERE device = %s), (SELECT count(*) FROM operations WHERE device = %s),
    (SELECT coalesce(-sum(amount), 0) FROM postings WHERE account = %s),
    (SELECT posted FROM deposit_accounts WHERE id = %s)
"""
