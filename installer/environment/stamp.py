"""The note in .venv/ that says what was installed there, so that a second start has nothing to do."""

import hashlib
import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

SET_UP_VERSION = 1
STAMP_NAME = "counterfoil-set-up.json"

BEGUN = "begun"  # making the environment or installing into it was interrupted: it cannot be trusted
MADE = "made"  # the environment works; what is in it is not what is wanted
COMPLETE = "complete"


@dataclass(frozen=True)
class Stamp:
    """What is known of an environment."""

    state: str
    fingerprint: str = ""
    interpreter: str = ""
    sets: tuple[str, ...] = ()


def fingerprint(checkout: Path) -> str:
    """A digest of all that decides what an environment of this checkout holds."""
    digest = hashlib.sha256(f"{SET_UP_VERSION}\n{checkout}\n".encode())
    for name in ("requirements/runtime.txt", "requirements/development.txt", "pyproject.toml"):
        digest.update((checkout / name).read_bytes())
    return digest.hexdigest()


def interpreter_of(environment: Path) -> Path:
    """The environment's own Python."""
    return environment / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def real_interpreter(environment: Path) -> str:
    """The file that the environment's Python is in the end; empty where a system upgrade took it away."""
    python = interpreter_of(environment)
    return str(python.resolve()) if python.exists() else ""


def read_stamp(environment: Path) -> Stamp | None:
    """What was noted, or None where nothing legible was."""
    try:
        noted = json.loads((environment / STAMP_NAME).read_text(encoding="utf-8"))
        return Stamp(noted["state"], noted["fingerprint"], noted["interpreter"], tuple(noted["sets"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_stamp(environment: Path, stamp: Stamp) -> None:
    """Note the state in one step, so that a kill leaves the old note or the new one."""
    unfinished = environment / f"{STAMP_NAME}.part"
    unfinished.write_text(json.dumps(asdict(stamp)), encoding="utf-8")
    unfinished.replace(environment / STAMP_NAME)


def is_complete(environment: Path, wanted_set: str, expected_fingerprint: str) -> bool:
    """Whether this environment holds the wanted set and its Python is still the one that it was made with."""
    stamp = read_stamp(environment)
    return (
        stamp is not None
        and stamp.state == COMPLETE
        and stamp.fingerprint == expected_fingerprint
        and wanted_set in stamp.sets
        and bool(stamp.interpreter)
        and stamp.interpreter == real_interpreter(environment)
    )
