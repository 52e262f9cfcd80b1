"""Brings a checkout's .venv/ to what is pinned: nothing to do, an update in place, or made anew."""

import sys
from dataclasses import replace
from pathlib import Path

from installer.environment.lock import one_at_a_time
from installer.environment.progress import Progress, SetUpProblem
from installer.environment.stamp import (
    BEGUN,
    COMPLETE,
    MADE,
    Stamp,
    fingerprint,
    is_complete,
    read_stamp,
    real_interpreter,
    write_stamp,
)
from installer.environment.system_packages import ensure_libraries
from installer.environment.virtual_environment import (
    create,
    explain_failure,
    install_pinned,
    install_project,
    pinned_count,
    pip_of,
    works,
)

RUNTIME = "runtime"
DEVELOPMENT = "development"
STEPS = 4


def ensure_environment(checkout: Path, wanted_set: str, *, check_again: bool = False) -> Path:
    """Make sure that `.venv/` holds the wanted set, and answer with its path; raises `SetUpProblem`."""
    environment = checkout / ".venv"
    expected = fingerprint(checkout)
    if not check_again and is_complete(environment, wanted_set, expected):
        return environment
    progress = Progress(STEPS)
    try:
        with one_at_a_time(checkout / ".venv.lock", progress):
            if check_again or not is_complete(environment, wanted_set, expected):
                bring_up_to_date(checkout, environment, wanted_set, progress)
    except OSError as problem:
        raise SetUpProblem(f"The environment in {environment} could not be made: {problem}") from problem
    return environment


def bring_up_to_date(checkout: Path, environment: Path, wanted_set: str, progress: Progress) -> None:
    """Go through all steps, under the lock."""
    progress.step("System libraries")
    ensure_libraries(progress, for_tests=wanted_set == DEVELOPMENT)
    version = ".".join(str(part) for part in sys.version_info[:3])
    pip = usable_pip(environment)
    if pip is not None:
        progress.step("Virtual environment in .venv/: there")
    else:
        progress.step(f"Virtual environment in .venv/, with Python {version}")
        pip = create(environment, progress)
    requirements = checkout / "requirements" / f"{wanted_set}.txt"
    progress.step(f"Packages: about {pinned_count(requirements)}, pinned by hash (some minutes the first time)")
    install(pip, environment, checkout, requirements, progress)
    sets = (RUNTIME,) if wanted_set == RUNTIME else (RUNTIME, DEVELOPMENT)
    write_stamp(environment, Stamp(COMPLETE, fingerprint(checkout), real_interpreter(environment), sets))


def usable_pip(environment: Path) -> list[str] | None:
    """The pip of an environment that can be built upon, or None where it has to be made anew."""
    stamp = read_stamp(environment)
    interrupted = stamp is not None and stamp.state == BEGUN
    moved = stamp is not None and stamp.interpreter != real_interpreter(environment)
    if interrupted or moved or not works(environment):
        return None
    return pip_of(environment)


def install(pip: list[str], environment: Path, checkout: Path, requirements: Path, progress: Progress) -> None:
    """Install the pinned packages and the project, so that an interruption is noticed by the next run."""
    made = Stamp(MADE, interpreter=real_interpreter(environment))
    write_stamp(environment, replace(made, state=BEGUN))
    outcome = install_pinned(pip, requirements, progress)
    if outcome.exit_code:
        # pip fetches everything before it changes anything, so what was there still stands.
        write_stamp(environment, made)
        raise explain_failure(outcome)
    progress.step("Counterfoil itself")
    outcome = install_project(pip, checkout)
    if outcome.exit_code:
        write_stamp(environment, made)
        raise SetUpProblem(f"Counterfoil itself could not be installed into .venv/:\n{outcome.tail}")
