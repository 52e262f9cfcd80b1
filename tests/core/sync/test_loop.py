"""The loop keeps device and centre in step, tells the truth about the line, and is patient but not for ever."""

import threading

import msgspec
import pytest

from core.book.rows import DepositAccount
from core.errors import LineProblem
from core.signing_in import HOUR_MS
from core.store.store import Store
from core.sync.line import LineState
from core.sync.loop import SyncLoop
from core.sync.messages import ProblemDocument, PushAnswer, Refused
from core.sync.transport import CentreProblem
from tests.core.sync.conftest import Line


def account(line: Line, amount: int = 1_000_00) -> str:
    desk, teller = line.branch.desk, line.branch.teller
    made = desk.account(teller, desk.customer(teller, line.branch.supervisor))
    desk.perform(teller, desk.deposited(made, amount))
    return made


def test_one_step_sends_everything_and_reads_everything(line: Line) -> None:
    waiting = line.loop.state.waiting
    assert waiting > 0
    assert not line.loop.state.all_sent
    state = line.loop.step()
    assert state.all_sent
    assert (state.online, state.waiting, state.problem) == (True, 0, None)
    assert line.branch.desk.device.feed_position("odense") == waiting + 1, "the lease was there before"
    assert state.last_heard_ms == line.branch.clock.now_ms()


def test_work_done_after_a_step_is_seen_to_wait_at_once(line: Line) -> None:
    line.loop.step()
    made = account(line)
    assert line.loop.state.waiting == 4
    assert line.loop.state.oldest_waiting_at is not None
    assert not line.loop.state.all_sent
    assert line.loop.step().all_sent
    assert line.branch.desk.device.payable_here(made) == 1_000_00


def test_a_cut_line_is_said_and_work_goes_on_until_it_is_back(line: Line) -> None:
    line.loop.step()
    line.server.cut()
    made = account(line)
    state = line.loop.step()
    assert (state.online, state.problem, state.waiting) == (False, "line_down", 4)
    assert state.offline_since_ms is not None
    since = state.offline_since_ms
    line.branch.clock.advance(60_000)
    line.branch.desk.perform(line.branch.teller, line.branch.desk.withdrawn(made, 1_00))
    state = line.loop.step()
    assert (state.offline_since_ms, state.waiting) == (since, 5)
    line.server.mend()
    state = line.loop.step()
    assert state.all_sent
    assert state.offline_since_ms is None
    row = line.branch.centre.book.get(DepositAccount, made)
    assert row is not None
    assert row.posted == 999_00


def test_an_answer_that_was_lost_is_asked_for_again_and_counts_once(line: Line) -> None:
    line.loop.step()
    made = account(line)
    run = line.branch.desk.device.next_run(500)
    assert run is not None
    line.transport.push(run)
    line.loop.step()
    assert line.loop.state.all_sent
    row = line.branch.centre.book.get(DepositAccount, made)
    assert row is not None
    assert row.posted == 1_000_00


def test_waiting_grows_while_the_line_is_down_and_shrinks_when_it_is_back(line: Line) -> None:
    line.loop.step()
    usual = line.loop.pause_seconds()
    line.server.cut()
    pauses = []
    for _ in range(12):
        line.loop.step()
        pauses.append(line.loop.pause_seconds())
    assert pauses == sorted(pauses)
    assert 7 < pauses[-1] <= 15
    line.server.mend()
    line.loop.step()
    assert line.loop.pause_seconds() == usual


def test_pauses_differ_from_device_to_device(line: Line) -> None:
    early = SyncLoop(line.branch.desk.device, line.transport, randomness=lambda count: b"\x00" * count)
    late = SyncLoop(line.branch.desk.device, line.transport, randomness=lambda count: b"\xff" * count)
    assert early.pause_seconds() == 2.5
    assert 4.9 < late.pause_seconds() < 5
    early.close()
    late.close()


def test_a_device_that_is_not_known_stops_asking_until_a_person_has_seen_to_it(line: Line) -> None:
    document = b'{"code": "device_unknown", "title": "There is no such device", "status": 403, "retry": false}'
    for asked_of in ("/v1/operations", "/v1/incarnation"):
        line.server.answers[asked_of] = (403, document)
    state = line.loop.step()
    assert (state.problem, state.stopped, state.online) == ("device_unknown", True, True)
    assert not state.all_sent
    asked = len(line.server.seen)
    line.loop.step()
    assert len(line.server.seen) == asked
    line.server.answers.clear()
    line.loop.resume()
    assert line.loop.step().all_sent


def test_a_device_that_hears_it_is_revoked_stays_stopped_whoever_tries_again(line: Line) -> None:
    document = b'{"code": "device_revoked", "title": "The device was revoked", "status": 403, "retry": false}'
    line.server.answers["/v1/operations"] = (403, document)
    assert line.loop.step().device_stopped == "device_revoked"
    line.server.answers.clear()
    line.loop.resume()
    state = line.loop.step()
    assert (state.problem, state.waiting, state.device_stopped) == (None, 0, "device_revoked")
    assert not state.all_sent
    later = SyncLoop(line.branch.desk.device, line.transport)
    assert later.state.device_stopped == "device_revoked"
    later.close()


def test_a_device_whose_chain_is_in_quarantine_learns_it_when_it_asks_for_rights(line: Line) -> None:
    made = account(line)
    line.loop.step()
    document = b'{"code": "device_quarantined", "title": "The chain does not hold", "status": 403, "retry": false}'
    line.server.answers["/v1/rights"] = (403, document)
    with pytest.raises(CentreProblem):
        line.loop.fetch_rights(made, 1, 1)
    assert line.loop.state.device_stopped == "quarantined"
    refused = line.branch.desk.refused(line.branch.teller, line.branch.desk.withdrawn(made, 1))
    assert refused == ["device_stopped"]
    assert not line.loop.step().all_sent


def test_a_centre_that_speaks_another_version_is_asked_no_more_and_the_work_is_kept(line: Line) -> None:
    made = account(line)
    document = b'{"code": "protocol_unsupported", "title": "Not spoken", "status": 426, "retry": false}'
    line.server.answers["/v1/operations"] = (426, document)
    waiting = line.loop.state.waiting
    state = line.loop.step()
    assert (state.problem, state.stopped, state.device_stopped) == ("protocol_unsupported", True, None)
    assert state.waiting == waiting > 0
    asked = len(line.server.seen)
    line.branch.desk.perform(line.branch.teller, line.branch.desk.withdrawn(made, 200_00))
    line.loop.step()
    assert (line.loop.state.waiting, len(line.server.seen)) == (waiting + 1, asked)
    line.server.answers.clear()
    updated = SyncLoop(line.branch.desk.device, line.transport)
    assert updated.step().all_sent, "a newer program sends what an older one has done"
    updated.close()


def test_for_how_long_nothing_was_heard_survives_a_start_and_a_clock_that_was_set_back(line: Line) -> None:
    device, clock = line.branch.desk.device, line.branch.clock
    line.loop.step()
    assert device.silent_ms() == 0
    clock.advance(HOUR_MS)
    line.server.answers["/v1/operations"] = (503, b'{"code": "database_unavailable", "status": 503, "retry": true}')
    account(line)
    line.loop.step()
    assert device.silent_ms() >= HOUR_MS, "a centre that can't answer has said nothing of its people"
    line.branch.desk.reopen()
    reopened = line.branch.desk.device
    silent = reopened.silent_ms()
    assert silent >= HOUR_MS
    clock.advance(-HOUR_MS)
    assert reopened.silent_ms() == silent


def test_a_busy_centre_is_tried_again(line: Line) -> None:
    line.server.answers["/v1/operations"] = (
        503,
        b'{"code": "database_busy", "title": "", "status": 503, "retry": true}',
    )
    state = line.loop.step()
    assert (state.problem, state.stopped) == ("database_busy", False)
    line.server.answers.clear()
    assert line.loop.step().all_sent


def test_a_portal_that_answers_instead_of_the_centre_is_no_line(line: Line) -> None:
    line.server.answers["/v1/operations"] = (200, b"<html>Please sign in to the wireless network</html>")
    state = line.loop.step()
    assert (state.online, state.problem) == (False, "answer_malformed")
    assert state.waiting > 0


def test_a_refused_operation_stops_pushing_but_not_reading(line: Line) -> None:
    refused = PushAnswer((), 0, None, Refused(1, "jws_signature"))
    line.server.answers["/v1/operations"] = (200, msgspec.json.encode(refused))
    state = line.loop.step()
    assert state.push_refused == "jws_signature"
    assert not state.all_sent
    assert "GET /v1/feeds/odense" in line.server.seen


def test_a_feed_that_contradicts_itself_is_read_no_further(line: Line) -> None:
    line.loop.step()
    account(line)
    items = line.branch.centre.feeds["odense"]
    good = items[-1]
    line.loop.step()
    items.append(msgspec.structs.replace(good, position=len(items) + 5))
    state = line.loop.step()
    assert dict(state.feed_faults) == {"odense": "feed_gap"}
    assert state.online
    assert not state.all_sent
    asked = line.server.seen.count("GET /v1/feeds/odense")
    line.loop.step()
    assert line.server.seen.count("GET /v1/feeds/odense") == asked
    items.pop()
    line.loop.resume()
    assert line.loop.step().all_sent


def test_rights_are_fetched_when_a_payment_needs_them(line: Line) -> None:
    made = account(line)
    line.loop.step()
    assert line.branch.desk.device.hand_back_surplus(0) == 1
    line.loop.step()
    assert line.branch.desk.device.payable_here(made) == 0
    assert line.loop.ensure_rights(made, 300_00) >= 300_00
    line.branch.desk.perform(line.branch.teller, line.branch.desk.withdrawn(made, 300_00))
    line.server.cut()
    here = line.branch.desk.device.payable_here(made)
    assert line.loop.ensure_rights(made, here + 1, seconds=1.0) == here
    with pytest.raises(LineProblem):
        line.loop.fetch_rights(made, 1, 1, seconds=1.0)
    assert not line.loop.state.online
    line.server.mend()


def test_account_numbers_are_leased_before_they_run_out(line: Line) -> None:
    line.loop.step()
    assert "POST /v1/iban-blocks" not in line.server.seen
    store = line.branch.desk.device._workings.store
    assert isinstance(store, Store)
    store.cursor.execute("UPDATE iban_blocks SET last = first + 3")
    line.loop.step()
    assert "POST /v1/iban-blocks" in line.server.seen
    assert not line.branch.desk.device.wants_iban_block()


def test_every_state_that_is_told_is_true(line: Line) -> None:
    """Never "all sent" while something waits, at any moment, from any thread."""
    told: list[LineState] = []
    loop = SyncLoop(line.branch.desk.device, line.transport, on_state=told.append, randomness=bytes, poll_seconds=0.05)
    all_sent = threading.Event()

    def listen(state: LineState) -> None:
        told.append(state)
        if state.all_sent:
            all_sent.set()

    loop._on_state = listen
    stop = threading.Event()
    thread = threading.Thread(target=loop.run, args=(stop,))
    thread.start()
    made = account(line)
    for _ in range(20):
        line.branch.desk.perform(line.branch.teller, line.branch.desk.withdrawn(made, 1))
    all_sent.clear()
    loop.wake()
    assert all_sent.wait(20)
    stop.set()
    loop.wake()
    thread.join(20)
    assert not thread.is_alive()
    loop.close()
    assert line.branch.desk.device.outbox().length == 0
    assert all(state.waiting == 0 for state in told if state.all_sent)
    assert any(state.sending is not None for state in told)


def test_the_centres_reason_is_carried(line: Line) -> None:
    document = b'{"code": "refused", "title": "No", "status": 409, "retry": false, "reason": "account_frozen"}'
    line.server.answers["/v1/rights"] = (409, document)
    with pytest.raises(CentreProblem) as raised:
        line.loop.fetch_rights(account(line), 1, 1)
    assert raised.value.code == "refused"
    assert raised.value.members["reason"] == "account_frozen"


def test_a_clock_that_was_set_right_is_believed_again_once_the_line_confirms_it(line: Line) -> None:
    branch, clock, desk = line.branch, line.branch.clock, line.branch.desk
    account = desk.account(branch.teller, desk.customer(branch.teller, branch.supervisor))
    clock.advance(2 * 60 * 60_000)
    desk.perform(branch.teller, desk.deposited(account, 1_00))
    clock.advance(-2 * 60 * 60_000)
    assert desk.refused(branch.teller, desk.withdrawn(account, 1_00)) == ["clock_went_back"]
    state = line.loop.step()
    assert (state.all_sent, state.clock_wrong) == (True, False)
    desk.perform(branch.teller, desk.withdrawn(account, 1_00))


def test_a_centre_that_speaks_to_no_wrong_clock_says_what_time_it_is(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    centre_ms = line.branch.clock.now_ms() + 20 * 60_000

    def refuse(*_asked: object) -> None:
        raise CentreProblem(ProblemDocument("clock_wrong", status=401), {"server_time_ms": centre_ms})

    monkeypatch.setattr(line.transport, "push", refuse)
    state = line.loop.step()
    assert (state.problem, state.clock_wrong_by) == ("clock_wrong", -20)
