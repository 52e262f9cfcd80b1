"""The wire: signed, over a protected line only, decoded strictly; whatever goes wrong has a code."""

import threading

import pytest

from core.errors import EnvironmentProblem, LineProblem
from core.sync.messages import RightsWanted
from core.sync.transport import CentreProblem, Transport
from tests.core.sync.conftest import Line

_ACCOUNT = "01934567-89ab-7def-8123-456789abcdef"


@pytest.mark.parametrize(
    "address",
    ["http://bank.example", "ftp://127.0.0.1", "127.0.0.1:80", "", "https://", "http://127.0.0.1.example.org"],
)
def test_an_address_without_encryption_is_refused(line: Line, address: str) -> None:
    with pytest.raises(EnvironmentProblem) as raised:
        Transport(address, line.branch.clock)
    assert raised.value.code == "centre_address_wrong"


def test_a_request_of_nobody_is_refused_by_its_code(line: Line) -> None:
    transport = Transport(line.server.url, line.branch.clock)
    with pytest.raises(CentreProblem) as raised:
        transport.feed_page("bank", 0)
    assert (raised.value.code, raised.value.retry) == ("signature_wrong", False)
    transport.close()


@pytest.mark.parametrize(
    ("status", "content", "code"),
    [
        (200, b"{", "answer_malformed"),
        (200, b'{"granted": "much"}', "answer_malformed"),
        (200, b"\xff\xfe", "answer_malformed"),
        (200, b'{"more": ' + b"[" * 99_999, "answer_malformed"),
        (302, b"", "answer_malformed"),
        (404, b"<html>", "answer_malformed"),
        (404, b'{"more": ' + b"[" * 99_999, "answer_malformed"),
        (502, b"<html>", "line_down"),
    ],
)
def test_what_is_not_the_centre_is_a_problem_of_the_line(line: Line, status: int, content: bytes, code: str) -> None:
    line.server.answers["/v1/rights"] = (status, content)
    with pytest.raises(LineProblem) as raised:
        line.transport.rights(RightsWanted(_ACCOUNT, 0, 1, 0))
    assert raised.value.code == code


def test_a_centre_that_does_not_answer_is_not_waited_for(line: Line) -> None:
    answered = threading.Event()

    def wait(_path: str) -> None:
        answered.wait(20)

    line.server.before_answer = wait
    with pytest.raises(LineProblem) as raised:
        line.transport.rights(RightsWanted(_ACCOUNT, 0, 1, 0), seconds=0.2)
    assert raised.value.code == "line_too_slow"
    answered.set()


def test_a_closed_port_is_a_line_that_is_down(line: Line) -> None:
    line.server.cut()
    with pytest.raises(LineProblem) as raised:
        line.transport.feed_page("bank", 0)
    assert (raised.value.code, raised.value.retry) == ("line_down", True)
    line.server.mend()
