"""Whatever a line does, the loop ends in its time, says so, and loses and repeats nothing once the line is well."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.sync.line import LineState
from core.sync.loop import SyncLoop
from counterfoil.line_proxy import ANSWER_LOST, DEAF, HALF_OPEN, REQUEST_LOST, Fault
from tests.reliability.centre_site import ServeProcess
from tests.reliability.real_desk import RealDesk, real_desk
from tests.sync_server.centre_bank import CentreBank, found_bank

SILENT_SECONDS, EXCHANGE_SECONDS = 0.4, 0.8
"""What an impatient loop waits; production's limits are in `core.sync.transport`."""
SLACK_SECONDS = 5.0

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")


@pytest.fixture(scope="module")
def bank(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> CentreBank:
    return found_bank(postgres, tmp_path_factory.mktemp("centre") / "secrets")


@pytest.fixture(scope="module")
def server(bank: CentreBank, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServeProcess]:
    made = ServeProcess(bank.environment(), tmp_path_factory.mktemp("server"), workers=1)
    made.start()
    made.wait_ready()
    yield made
    made.stop()
    bank.assert_conserved()


@pytest.fixture(scope="module")
def at_work(bank: CentreBank, server: ServeProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealDesk]:
    with real_desk(bank, tmp_path_factory.mktemp("desk"), server.port, "nor-1") as made:
        yield made


@pytest.fixture
def desk(at_work: RealDesk) -> Iterator[RealDesk]:
    """The desk on a line that is well, everything sent, before and after."""
    yield at_work
    at_work.line.mend()
    state = at_work.loop.step()
    assert state.all_sent, state


def timed_step(loop: SyncLoop) -> tuple[LineState, float]:
    began = time.monotonic()
    state = loop.step()
    return state, time.monotonic() - began


def entries_of(bank: CentreBank, account: str) -> int:
    return int(bank.rows("SELECT count(*) FROM postings WHERE account = %s", f"deposit:{account}")[0][0])


DRIPS = {
    "the answer drips": Fault("down", "drip", seconds=0.1),
    "the end of the answer drips": Fault("down", "drip", after=150, seconds=0.1),
    "the request drips": Fault("up", "drip", after=300, seconds=0.1, piece=8),
    "the connection is half open": HALF_OPEN,
    "no answer comes": DEAF,
    "no end of the answer comes": Fault("down", "swallow", after=100),
}


@pytest.mark.parametrize("fault", DRIPS.values(), ids=DRIPS.keys())
def test_a_line_that_carries_next_to_nothing_is_given_up_in_time(
    bank: CentreBank, desk: RealDesk, fault: Fault
) -> None:
    account = desk.account(1_000_00)
    desk.line.spoil_always(fault)
    with desk.impatient(SILENT_SECONDS, EXCHANGE_SECONDS) as loop:
        state, seconds = timed_step(loop)
        assert (state.online, state.problem, state.sending) == (False, "line_too_slow", None)
        assert state.offline_since_ms is not None
        assert seconds < EXCHANGE_SECONDS + SLACK_SECONDS
        again, seconds = timed_step(loop)
        assert again.offline_since_ms == state.offline_since_ms
        assert seconds < EXCHANGE_SECONDS + SLACK_SECONDS
    desk.line.mend()
    assert desk.loop.step().all_sent
    assert (bank.balance(account), entries_of(bank, account)) == (1_000_00, 1)


BREAKS = {
    "the answer is lost after the commit": ANSWER_LOST,
    "the request is lost": REQUEST_LOST,
    "the request is cut in the middle": Fault("up", "close", after=2_000),
    "the answer is cut in its head": Fault("down", "close", after=20),
    "the answer is cut in its body": Fault("down", "reset", after=250),
}


@pytest.mark.parametrize("fault", BREAKS.values(), ids=BREAKS.keys())
def test_what_breaks_is_repeated_and_counts_once(bank: CentreBank, desk: RealDesk, fault: Fault) -> None:
    account = desk.account()
    sum_ = desk.deposit(account, 20)
    desk.line.spoil(fault)
    state = desk.loop.step()
    assert (state.online, state.problem) == (False, "line_down")
    assert state.waiting > 0
    assert desk.loop.step().all_sent
    assert (bank.balance(account), entries_of(bank, account)) == (sum_, 20)


def test_a_late_answer_is_waited_for(desk: RealDesk) -> None:
    desk.account(1_00)
    desk.line.spoil(Fault("down", "delay", seconds=SILENT_SECONDS))
    assert desk.loop.step().all_sent


def test_a_cut_in_each_exchange_of_a_step_is_gone_on_from(bank: CentreBank, desk: RealDesk) -> None:
    account = desk.account()
    sum_, steps = 0, 0
    for spoilt in range(5):
        sum_ += desk.deposit(account, 3)
        desk.line.spoil(*[None] * spoilt, ANSWER_LOST)
        while not desk.loop.step().all_sent:
            steps += 1
            assert steps < 20
        desk.line.mend()
    assert steps >= 3
    assert (bank.balance(account), entries_of(bank, account)) == (sum_, 15)


def test_a_thin_line_is_sent_less_at_once(bank: CentreBank, desk: RealDesk) -> None:
    account = desk.account()
    sum_ = desk.deposit(account, 120)
    desk.line.spoil_always(Fault("up", "drip", seconds=0.01, piece=700))
    with desk.impatient(SILENT_SECONDS, EXCHANGE_SECONDS) as loop:
        assert loop.step().problem == "line_too_slow"
        waiting = desk.loop.state.waiting
        assert any(loop.step().waiting < waiting for _ in range(8))
    desk.line.mend()
    assert desk.loop.step().all_sent
    assert (bank.balance(account), entries_of(bank, account)) == (sum_, 120)


def test_a_server_killed_and_started_again_in_mid_batch_is_gone_on_with(
    bank: CentreBank, server: ServeProcess, desk: RealDesk
) -> None:
    account = desk.account()
    sum_ = desk.deposit(account, 60)
    holding = threading.Thread(target=desk.loop.step)
    before = desk.line.exchanges
    desk.line.spoil(Fault("up", "delay", after=3_000, seconds=0.2))
    holding.start()
    while desk.line.exchanges == before:
        assert holding.is_alive()
    server.kill()
    holding.join(20)
    assert not holding.is_alive()
    assert (desk.loop.state.online, desk.loop.state.waiting > 0) == (False, True)
    assert desk.loop.step().problem == "line_down"
    server.start()
    server.wait_ready()
    assert desk.loop.step().all_sent
    assert (bank.balance(account), entries_of(bank, account)) == (sum_, 60)


def test_the_program_starts_again_anywhere_and_sends_the_rest(
    bank: CentreBank, server: ServeProcess, tmp_path: Path
) -> None:
    with real_desk(bank, tmp_path, server.port, "nor-2") as desk:
        account = desk.account()
        sum_ = desk.deposit(account, 10)
        desk.line.spoil(ANSWER_LOST)
        assert not desk.loop.step().online
        desk.loop.close()
        desk.desk.reopen()
        sum_ += 100
        teller = desk.desk.sign_in("nor-2-t")
        desk.desk.perform(teller, desk.desk.deposited(account, 100))
        again = type(desk.loop)(desk.desk.device, desk.transport, randomness=bytes)
        assert again.step().all_sent
        again.close()
        assert (bank.balance(account), entries_of(bank, account)) == (sum_, 11)
