"""Wrong rules about what a desk writes, remembers and believes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import msgspec

from core.device import feeds, performing, pushes, standing
from core.device.anchor import Mooring
from core.device.values import PushRun
from core.device.workings import Workings
from core.envelope import Signed, read_operation
from core.errors import Refusal
from core.operations import rules
from core.operations.kind import Decoded
from core.store.log import Stored
from counterfoil.simulation.replacing import replaced, swapped
from counterfoil.simulation.variants.variant import Variant

_BEHIND = frozenset({"device_behind", "own_operation_differs"})


def _nothing(*_arguments: Any, **_named: Any) -> None:
    return None


def _no_refusals(*_arguments: Any) -> Iterable[Refusal]:
    return ()


@contextmanager
def rolled_back_spends() -> Iterator[None]:
    """A desk on an older file goes on as if nothing were wrong: neither its anchor nor the centre's head stops it."""
    stop = Workings.stop

    def go_on(workings: Workings, why: str) -> None:
        if why not in _BEHIND:
            stop(workings, why)

    with swapped(Mooring, "fault", _nothing), swapped(Workings, "stop", go_on):
        yield


@contextmanager
def outbox_after_commit() -> Iterator[None]:
    """What an operation does is written first; the operation takes its place in the outbox in a transaction after."""
    true = performing._write  # noqa: SLF001 - the rule itself

    def write(workings: Workings, decoded: Decoded[Any], records: Mapping[str, bytes]) -> None:
        with workings.writing():
            rules.apply(decoded, workings.book)
        with swapped(rules, "apply", _nothing):
            true(workings, decoded, records)

    with replaced(true, write):
        yield


@contextmanager
def acknowledged_when_sent() -> Iterator[None]:
    """A desk takes for acknowledged what it has sent, whether or not an answer comes."""
    true = pushes.next_run

    def send(workings: Workings, limit: int) -> PushRun | None:
        run = true(workings, limit)
        if run is not None:
            last = read_operation(run.operations[-1])
            found = workings.store.log.at_seq(workings.own.no, last.operation.seq)
            with workings.writing():
                workings.head = msgspec.structs.replace(
                    workings.head, acked_seq=last.operation.seq, acked_no=found[0] if found else 0
                )
        return run

    with replaced(true, send):
        yield


@contextmanager
def own_applied_twice() -> Iterator[None]:
    """A desk's own operation counts once more when the feed brings it back."""
    true = feeds._accept_known  # noqa: SLF001 - the rule itself

    def accept(workings: Workings, feed: str, signed: Signed, known: Stored) -> None:
        true(workings, feed, signed, known)
        rules.apply(rules.decode(signed), workings.book)

    with replaced(true, accept):
        yield


@contextmanager
def lease_end_ignored() -> Iterator[None]:
    """A desk goes on paying after its lease has ended."""
    with swapped(standing, "_lease_ended", _no_refusals):
        yield


VARIANTS = (
    Variant("rolled-back-spends", "a rolled-back device may spend", 200, rolled_back_spends),
    Variant("outbox-after-commit", "the outbox is advanced after the commit", 60, outbox_after_commit),
    Variant(
        "acknowledged-when-sent", "a desk takes for acknowledged what it has only sent", 60, acknowledged_when_sent
    ),
    Variant("own-applied-twice", "a desk applies its own operation again when it comes back", 60, own_applied_twice),
    Variant("lease-end-ignored", "the end of a lease does not stop a device", 60, lease_end_ignored),
)
