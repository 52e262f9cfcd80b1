"""What a person types to show who they are."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, repr=False)
class Credentials:
    """Staff code, password and one-time code. Has no repr, so that none of it reaches a log."""

    person: str
    password: str
    code: str
