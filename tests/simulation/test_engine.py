"""The parts that the simulator is made of: conversations, plans, clocks, lines."""

import pytest

from core.errors import LineProblem
from counterfoil.simulation.chance import Chance, generator
from counterfoil.simulation.clocks import DeskClock, TrueTime
from counterfoil.simulation.conversations import Conversations
from counterfoil.simulation.network import Answer, DeskGone, Line, Network, Request
from counterfoil.simulation.shrinking import smallest
from counterfoil.simulation.steps import only, plan


class _Killed(BaseException):
    pass


def test_work_stops_where_it_pauses_and_goes_on_when_it_is_resumed() -> None:
    conversations, said = Conversations(), list[str]()

    def work(name: str) -> None:
        said.append(f"{name} begins")
        conversations.pause("the other")
        said.append(f"{name} ends")

    first = conversations.begin("a", lambda: work("a"))
    second = conversations.begin("b", lambda: work("b"))
    conversations.resume(second)
    conversations.resume(first)
    assert said == ["a begins", "b begins", "b ends", "a ends"]
    assert (first.done, second.done, conversations.paused) == (True, True, [])


def test_work_that_is_killed_lets_go_of_what_it_holds_and_does_nothing_more() -> None:
    conversations, said = Conversations(), list[str]()

    def work() -> None:
        try:
            conversations.pause("for ever")
            said.append("went on")
        finally:
            said.append("let go")

    conversations.begin("a", work)
    conversations.kill("a", _Killed())
    assert said == ["let go"]
    assert conversations.of("a") is None


def test_work_inside_work_pauses_alone() -> None:
    conversations, said = Conversations(), list[str]()

    def inner() -> None:
        conversations.pause("a lock")
        said.append("inner ends")

    def outer() -> None:
        conversations.begin("inner", inner)
        said.append("outer ends")

    conversations.begin("outer", outer)
    assert said == ["outer ends"]
    conversations.resume(conversations.paused[0])
    assert said == ["outer ends", "inner ends"]


def test_a_plan_is_the_same_for_a_seed_and_steps_can_be_left_out_of_it() -> None:
    weights = {"a": 1, "b": 2, "c": 3}
    steps = plan(5, 50, weights, frozenset({"a"}))
    assert steps == plan(5, 50, weights, frozenset({"a"}))
    assert steps != plan(6, 50, weights, frozenset({"a"}))
    assert only(steps, frozenset({3, 7})) == (steps[3], steps[7])


def test_the_shortest_plan_is_found_by_leaving_steps_out() -> None:
    assert smallest(list(range(100)), lambda kept: {17, 83} <= set(kept)) == [17, 83]


def test_a_desks_clock_may_be_wrong_while_the_true_time_goes_on() -> None:
    time = TrueTime(1_000_000)
    clock = DeskClock(time)
    clock.offset_ms = -500
    assert clock.now_ms() == 999_500
    clock.stop()
    time.advance(10_000)
    assert clock.now_ms() == 999_500
    clock.set_right()
    assert clock.now_ms() == 1_010_000


def _network(line: Line, heard: list[Request]) -> Network:
    def answer(request: Request) -> Answer:
        heard.append(request)
        return Answer(200, b"{}")

    chance = generator("network")
    network = Network(Conversations(), answer, lambda: chance)
    network.lines["nor-1"] = line
    return network


_REQUEST = Request("nor-1", 1, "GET", "/v1/feeds/bank", b"", 0)


def test_a_line_may_be_cut_one_way() -> None:
    heard: list[Request] = []
    network = _network(Line(0, answers_cut=True), heard)
    with pytest.raises(LineProblem):
        network.exchange(_REQUEST, object())
    assert heard == [_REQUEST]
    network = _network(Line(0, requests_cut=True), heard)
    with pytest.raises(LineProblem):
        network.exchange(_REQUEST, object())
    assert heard == [_REQUEST]


def test_messages_on_a_bad_line_arrive_once_twice_late_or_never() -> None:
    heard: list[Request] = []
    network = _network(Line(100), heard)
    counts = set[int]()
    for _ in range(200):
        heard.clear()
        conversation = network.conversations.begin("nor-1", lambda: _try(network))
        if not conversation.done:
            network.conversations.resume(conversation)
        counts.add(len(heard))
    assert counts == {0, 1, 2}
    assert network.late
    heard.clear()
    network.deliver_late(0)
    assert len(heard) == 1


def _try(network: Network) -> None:
    try:
        network.exchange(_REQUEST, object())
    except LineProblem:
        return


def test_a_desk_that_died_meanwhile_hears_no_answer() -> None:
    network = _network(Line(0), [])
    user = object()
    network.gone.add(user)
    with pytest.raises(DeskGone):
        network.exchange(_REQUEST, user)


def test_amounts_are_never_nothing_and_never_more_than_asked() -> None:
    chance = Chance(1)
    amounts = [chance.amount(5_000) for _ in range(1_000)]
    assert min(amounts) >= 1
    assert max(amounts) == 5_000
