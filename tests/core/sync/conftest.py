"""A branch at work with a line to its centre."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from core.sync.loop import SyncLoop
from core.sync.transport import Transport
from tests.core.device.conftest import OpenBranch, branch, centre, clock
from tests.core.sync.http_centre import HttpCentre

__all__ = ["branch", "centre", "clock", "line"]


@dataclass
class Line:
    """The branch, the server, and the loop between them."""

    branch: OpenBranch
    server: HttpCentre
    transport: Transport
    loop: SyncLoop


@pytest.fixture
def line(branch: OpenBranch) -> Iterator[Line]:
    server = HttpCentre(branch.centre)
    transport = Transport.of_device(branch.desk.device, server.url)
    loop = SyncLoop(branch.desk.device, transport, randomness=bytes)
    yield Line(branch, server, transport, loop)
    loop.close()
    transport.close()
    server.cut()
