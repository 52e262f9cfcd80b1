"""The demo users' authenticators: their seeds in a file of the running demo, and the codes that follow from them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from core.canonical import base64url, from_base64url
from core.clock import SystemClock
from core.errors import EnvironmentProblem, IntegrityFault
from core.people.totp import code_at

SEEDS_FILE = "authenticators.json"
_STEP_MS = 30_000


def keep_seeds(folder: Path, seeds: Mapping[str, bytes]) -> None:
    """Write the seeds where `counterfoil demo-code` finds them; for the owner's eyes."""
    path = folder / SEEDS_FILE
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.encode({person: base64url(seed) for person, seed in seeds.items()}))


def code_now(folder: Path, person: str) -> tuple[str, int]:
    """The person's code at this moment and how many seconds it is still shown.

    Raises `EnvironmentProblem` (`demo_not_running`, `demo_person_unknown`).
    """
    try:
        kept = msgspec.json.decode((folder / SEEDS_FILE).read_bytes(), type=dict[str, str])
        seeds = {person: from_base64url(text) for person, text in kept.items()}
    except (OSError, UnicodeError, msgspec.MsgspecError, IntegrityFault) as problem:
        raise EnvironmentProblem(
            f"No demo runs in {folder}. Start one with `python3 run.py demo`; it names its folder.",
            code="demo_not_running",
        ) from problem
    if person not in seeds:
        known = ", ".join(sorted(seeds))
        raise EnvironmentProblem(f"The demo has no {person}. It has {known}.", code="demo_person_unknown")
    now_ms = SystemClock().now_ms()
    return code_at(seeds[person], now_ms), (_STEP_MS - now_ms % _STEP_MS) // 1000
