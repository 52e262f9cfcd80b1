"""The three ways something may not work: a business refusal (a value), a problem of the environment, or a bug.

A refusal is answered, never raised through a rule. A problem of the environment (disk, network, keyring) is an
exception with a stable code and a sentence for the person at the screen. Whatever else is raised is a bug.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping


@dataclasses.dataclass(frozen=True, slots=True)
class Refusal:
    """Why something may not be done.

    `code` is stable (`amount_not_positive`); `field` names the input it stands at, if one does; `detail` holds plain
    parameters for the sentence on the screen (amounts in minor units).
    """

    code: str
    field: str | None = None
    detail: Mapping[str, object] = dataclasses.field(default_factory=dict)


class Refused(Exception):
    """Carries a refusal out of a place that can only raise, such as a transaction that must roll back."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.code)
        self.refusal = refusal


class EnvironmentProblem(Exception):
    """Something outside the program is in the way: disk, network, keyring, another copy of the program.

    `code` is stable; `message` says in plain words what is wrong and what to do next; `retry` whether the same call
    may work later without anybody doing anything.
    """

    code = "environment"
    retry = False

    def __init__(self, message: str, *, code: str | None = None, retry: bool | None = None) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code
        if retry is not None:
            self.retry = retry


class StoreProblem(EnvironmentProblem):
    """The local database can't be opened, written or trusted."""

    code = "store"


class KeyringProblem(EnvironmentProblem):
    """No keyring that deserves the name is there, or it is locked."""

    code = "keyring"


class LineProblem(EnvironmentProblem):
    """The centre can't be reached, or its answer did not arrive."""

    code = "line_down"
    retry = True


class CentreRefusal(EnvironmentProblem):
    """The centre answered with a problem document (RFC 9457); `code` is the document's code."""

    code = "centre_refused"


class IntegrityFault(Exception):
    """Signed or stored data contradicts itself: a broken chain, a changed row, a forged signature.

    `code` is stable; `where` names the operation or row.
    """

    def __init__(self, code: str, where: str = "") -> None:
        super().__init__(f"{code}: {where}" if where else code)
        self.code = code
        self.where = where
