"""The simulated line between desks and centre: messages cross as bytes, and may be lost, late, doubled or one-sided.

The real `Transport` makes and reads the messages; only the exchange of bytes is replaced here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from core.errors import LineProblem
from core.sync.transport import Transport
from counterfoil.simulation.chance import Chance
from counterfoil.simulation.conversations import Conversations


class Request(NamedTuple):
    """A message to the centre, of the device epoch whose key has signed it, made at `at_ms` by the device's clock."""

    device: str
    epoch: int
    method: str
    target: str
    body: bytes
    at_ms: int


class Answer(NamedTuple):
    """An HTTP status and the bytes of an answer or of a problem document."""

    status: int
    body: bytes


Answerer = Callable[[Request], Answer]
"""The centre's side. Raises `LineProblem` where no server is up or the one that worked on it died."""


class DeskGone(BaseException):
    """The desk died while its request was on the way: nobody is there to read the answer."""


@dataclass
class Line:
    """How the line of one desk is: `trouble_percent` of its messages fare badly; either way may be cut."""

    trouble_percent: int
    requests_cut: bool = False
    answers_cut: bool = False

    def mend(self, trouble_percent: int) -> None:
        """Make it as good as it gets."""
        self.trouble_percent = trouble_percent
        self.requests_cut = False
        self.answers_cut = False


_FATES = ("lost", "answer lost", "slow", "answer slow", "late", "repeated", "copied")
_FATE_WEIGHTS = (2, 3, 3, 3, 1, 2, 1)
_LATE_MAX = 50
ANSWER_PATIENCE_PERCENT = 75
"""How often a desk still waits when a slow message comes at last."""


class Network:
    """All lines, and what is still under way on them."""

    def __init__(self, conversations: Conversations, answer: Answerer, chance: Callable[[], Chance]) -> None:
        self.conversations = conversations
        self._answer = answer
        self._chance = chance
        self.lines: dict[str, Line] = {}
        self.late: list[Request] = []
        self.gone: set[object] = set()

    def line(self, device: str) -> Line:
        """A desk's line."""
        return self.lines[device]

    def exchange(self, request: Request, user: object) -> Answer:
        """Carry a request and its answer, or fail as lines fail. `user` is the running desk that asks.

        Raises `LineProblem`, and `DeskGone` where the desk died meanwhile.
        """
        line, chance = self.lines[request.device], self._chance()
        if line.requests_cut:
            raise LineProblem("The centre can't be reached.")
        fate = ""
        if chance.happens(line.trouble_percent):
            fate = chance.choices(_FATES, weights=_FATE_WEIGHTS)[0]
        if fate == "lost":
            raise _too_slow()
        if fate == "late":
            self._keep(request)
            raise _too_slow()
        if fate == "slow" and not self._wait("the request", user):
            self._keep(request)
            raise _too_slow()
        answer = self._answer(request)
        if fate == "repeated":
            answer = self._answer(request)
        if fate == "copied":
            self._keep(request)
        if user in self.gone:
            raise DeskGone
        if fate == "answer lost" or line.answers_cut:
            raise _too_slow()
        if fate == "answer slow" and not self._wait("the answer", user):
            raise _too_slow()
        return answer

    def _wait(self, what: str, user: object) -> bool:
        """Let others go on; whether the desk is still waiting when the message comes."""
        self.conversations.pause(what)
        if user in self.gone:
            raise DeskGone
        return self._chance().happens(ANSWER_PATIENCE_PERCENT)

    def _keep(self, request: Request) -> None:
        if len(self.late) < _LATE_MAX:
            self.late.append(request)

    def deliver_late(self, place: int) -> None:
        """Let a message arrive that nobody waits for any more. Its answer goes nowhere."""
        request = self.late.pop(place)
        try:
            self._answer(request)
        except LineProblem:
            return


def _too_slow() -> LineProblem:
    return LineProblem("The centre did not answer in time.", code="line_too_slow")


class SimulatedTransport(Transport):
    """The real transport over the simulated line, for one running desk."""

    def __init__(self, network: Network, device: str, epoch: int, now_ms: Callable[[], int]) -> None:
        self._network = network
        self._name = (device, epoch)
        self._now_ms = now_ms

    def close(self) -> None:
        """Nobody reads answers here any more."""
        self._network.gone.add(self)

    def _exchange(self, method: str, target: str, body: bytes, seconds: float | None) -> tuple[int, bytes]:  # noqa: ARG002
        # How long a desk waits is for the simulated line to say.
        request = Request(*self._name, method, target, body, self._now_ms())
        return self._network.exchange(request, self)
