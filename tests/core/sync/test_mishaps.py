"""What goes wrong in between costs nothing: runs that are too large, faults of the program, answers that were lost."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import msgspec
import pytest

from core.canonical import base64url
from core.device import pushes
from core.errors import LineProblem
from core.operations.rights import right_of
from core.sync.line import LineState
from core.sync.loop import SyncLoop
from core.sync.messages import BATCH_MAX, FeedPage, Push, RightsAnswer, RightsWanted
from core.sync.transport import Transport
from sync_server.settings import BODY_BYTES_MAX
from tests.core.sync.conftest import Line

ROOM_AROUND = 200
"""For the braces and names around the operations and records of a push."""


def account(line: Line, amount: int = 1_000_00) -> str:
    desk, teller = line.branch.desk, line.branch.teller
    made = desk.account(teller, desk.customer(teller, line.branch.supervisor))
    desk.perform(teller, desk.deposited(made, amount))
    return made


def test_a_run_stays_below_what_the_centre_reads_as_it_travels(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    assert int(BODY_BYTES_MAX.default or 0) > pushes.RUN_BYTES_MAX + ROOM_AROUND
    for _ in range(10):
        account(line)
    most = 12_000
    monkeypatch.setattr(pushes, "RUN_BYTES_MAX", most)
    device, centre = line.branch.desk.device, line.branch.centre
    runs = 0
    while (run := device.next_run(BATCH_MAX)) is not None:
        body = msgspec.json.encode(
            Push(run.device, run.epoch, run.operations, {name: base64url(data) for name, data in run.records.items()})
        )
        assert len(body) <= most + ROOM_AROUND
        assert len(run.operations) > 1 or device.outbox().length == 1
        device.accept_push_answer(centre.push(run.device, run.epoch, run.operations, run.records))
        runs += 1
    assert runs > 3
    assert device.outbox().length == 0


def test_where_less_is_taken_than_agreed_less_is_sent_at_once(line: Line) -> None:
    for _ in range(10):
        account(line)
    line.server.body_max = 20_000
    state = line.loop.step()
    assert state.all_sent
    assert line.server.seen.count("POST /v1/operations") > 3


def test_where_not_even_one_is_taken_it_is_said_and_tried_again(line: Line) -> None:
    line.server.body_max = 100
    state = line.loop.step()
    assert (state.problem, state.stopped, state.sending) == ("body_too_large", False, None)
    assert not state.all_sent
    line.server.body_max = 4 * 1024 * 1024
    assert line.loop.step().all_sent


@contextmanager
def running(loop: SyncLoop) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=loop.run, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        loop.wake()
        thread.join(20)
        loop.close()
    assert not thread.is_alive()


def test_a_fault_of_the_program_is_never_green_and_told_once_and_the_line_recovers(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[LineState] = []
    bugs: list[Exception] = []
    well, thrice, mended = threading.Event(), threading.Event(), threading.Event()
    faults = 0
    whole = Transport.feed_page

    def until_mended(transport: Transport, feed: str, after: int, limit: int = BATCH_MAX) -> FeedPage:
        nonlocal faults
        if mended.is_set():
            return whole(transport, feed, after, limit)
        faults += 1
        if faults == 3:
            thrice.set()
        loop.wake()
        raise RuntimeError("nobody thought of this")

    def listen(state: LineState) -> None:
        told.append(state)
        if state.all_sent:
            well.set()

    loop = SyncLoop(line.branch.desk.device, line.transport, on_state=listen, on_bug=bugs.append, randomness=bytes)
    monkeypatch.setattr(Transport, "feed_page", until_mended)
    with running(loop):
        assert thrice.wait(20)
        during = [state for state in told if state.problem == "bug"]
        well.clear()
        mended.set()
        loop.wake()
        assert well.wait(20)
    assert during
    assert not any(state.online or state.all_sent for state in during)
    assert during[0].message
    assert during[0].offline_since_ms is not None
    assert [str(bug) for bug in bugs] == ["nobody thought of this"]
    assert loop.state.all_sent


def losing(line: Line, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Every answer to a request for rights is lost until it is mended."""
    whole = Transport.rights

    def lost(transport: Transport, wanted: RightsWanted, *, seconds: float = 1.0) -> RightsAnswer:
        whole(transport, wanted, seconds=seconds)
        raise LineProblem("The centre did not answer in time.", code="line_too_slow")

    monkeypatch.setattr(Transport, "rights", lost)
    return lambda: monkeypatch.setattr(Transport, "rights", whole)


def test_rights_whose_grant_was_lost_are_granted_once(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    made = account(line)
    device = line.branch.desk.device
    line.loop.step()
    device.hand_back_surplus(0)
    line.loop.step()
    mend = losing(line, monkeypatch)
    for _ in range(3):
        with pytest.raises(LineProblem):
            line.loop.fetch_rights(made, 200_00, 200_00)
    mend()
    answer = line.loop.fetch_rights(made, 200_00, 200_00)
    assert (answer.granted, answer.available, answer.payable_here) == (200_00, 800_00, 200_00)
    assert right_of(made, "odense-1", 1, line.branch.centre.book).granted == device.granted_here(made) == 200_00
    again = line.loop.fetch_rights(made, 100_00, 100_00)
    assert (again.granted, again.payable_here) == (100_00, 300_00)
