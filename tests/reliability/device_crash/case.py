"""What a case is, and the table of them all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from core.device import OpenSession, Performed
from core.operations.kind import Body
from tests.reliability.device_crash.scene import Scene

Step = Callable[[], object]


def _nothing(_scene: Scene) -> None:
    return None


@dataclass(frozen=True)
class Case:
    """`cold` steps begin with the program not started; what `restarts` is whole once the step is taken again."""

    name: str
    arrange: Callable[[Scene], Step]
    stage: Callable[[Scene], None] = _nothing
    cold: bool = False
    restarts: bool = False
    works_after: bool = True


CASES: dict[str, Case] = {}


def case(name: str, **more: Any) -> Callable[[Callable[[Scene], Step]], Callable[[Scene], Step]]:
    """What stands below arranges the case of that name."""

    def add(arrange: Callable[[Scene], Step]) -> Callable[[Scene], Step]:
        CASES[name] = Case(name, arrange, **more)
        return arrange

    return add


def performing(
    scene: Scene, session: OpenSession, body: Body, *, approver: OpenSession | None = None, **more: object
) -> Step:
    """A step that performs what is drafted now; taken again, it performs the very same."""
    draft = scene.desk.draft(session, body, **more)
    approval = scene.device.approve(draft, approver) if approver else None
    return lambda: done(scene.device.perform(draft, approval))


def done(result: object) -> object:
    """The result, which must be that it was done."""
    assert isinstance(result, Performed), result
    return result
