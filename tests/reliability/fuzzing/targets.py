"""Every target by its name, with its share of the inputs: the deep ones cost more each and find more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

from tests.reliability.fuzzing.device_targets import DeviceTargets
from tests.reliability.fuzzing.engine import FuzzTarget
from tests.reliability.fuzzing.ingest_targets import IngestTargets
from tests.reliability.fuzzing.operation_targets import OperationTargets
from tests.reliability.fuzzing.people_targets import PeopleTargets
from tests.reliability.fuzzing.wire_targets import WireTargets
from tests.reliability.fuzzing.world import build_world

SHARES: Mapping[str, int] = MappingProxyType(
    {
        "token": 80,
        "changed": 185,
        "invented": 100,
        "run": 60,
        "push": 100,
        "message": 80,
        "request": 50,
        "enrolment": 50,
        "record": 40,
        "amount": 35,
        "iban": 30,
        "word": 40,
        "session": 50,
        "approval": 50,
        "registration": 40,
        "page": 7,
        "answer": 3,
    }
)


@contextmanager
def opened(folder: Path) -> Iterator[Mapping[str, FuzzTarget]]:
    """The targets over a small bank, and over devices whose files lie in the folder."""
    world = build_world()
    devices = DeviceTargets(folder)
    families = (OperationTargets(world), IngestTargets(), WireTargets(world), PeopleTargets(world), devices)
    try:
        yield {name: _found(families, name) for name in SHARES}
    finally:
        devices.close()


def _found(families: tuple[object, ...], name: str) -> FuzzTarget:
    family = next(each for each in families if hasattr(each, name))
    target: FuzzTarget = getattr(family, name)
    return target
