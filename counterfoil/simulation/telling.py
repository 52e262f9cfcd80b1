"""What is said of a broken seed: the promise, the commit, a shortened trace, and how to see it again."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

from counterfoil.simulation.narrating import PROMISES, with_short_names
from counterfoil.simulation.running import Outcome, run
from counterfoil.simulation.shrinking import shortened

_CHECKOUT = Path(__file__).resolve().parents[2]
_UNKNOWN = "unknown commit"


def commit() -> str:
    """The commit of the checkout that runs, with a `+` where files differ from it."""
    git = shutil.which("git")
    if git is None or not (_CHECKOUT / ".git").exists():
        return _UNKNOWN
    head = _asked(git, "rev-parse", "HEAD")
    return head + ("+" if _asked(git, "status", "--porcelain", "--untracked-files=no") else "") if head else _UNKNOWN


def _asked(git: str, *question: str) -> str:
    found = subprocess.run([git, *question], cwd=_CHECKOUT, capture_output=True, text=True, check=False)
    return found.stdout.strip()


def explained(outcome: Outcome, steps: int, variant: str | None = None) -> Iterator[str]:
    """The lines that say what broke, with the shortest plan found that still breaks it. Call it where the seed ran."""
    broken = outcome.broken
    if broken is None:
        return
    when = "after all was mended" if broken.place is None else f"after step {broken.place}"
    yield f"seed {outcome.seed} breaks {broken.invariant} {when}: {PROMISES[broken.invariant]}"
    yield from with_short_names([f"  but {broken.seen}"])
    yield f"  commit {commit()}"
    places = shortened(outcome, steps)
    again = run(outcome.seed, steps, places=frozenset(places), journal=True)
    yield f"  {len(places)} of {steps} steps are enough; amounts are in minor units, #1 and so on are ids:"
    seen = [] if again.broken is None else [f"{again.broken.invariant}: {again.broken.seen}"]
    yield from with_short_names(f"    {line}" for line in (*again.journal, *seen))
    yield "  again, and these steps alone with whole ids:"
    yield f"    counterfoil simulate {_options(outcome.seed, steps, variant)}"
    yield f"    counterfoil simulate {_options(outcome.seed, steps, variant)} --only {_joined(places)}"


def _options(seed: int, steps: int, variant: str | None) -> str:
    named = f" --variant {variant}" if variant else ""
    return f"--seeds {seed}:{seed} --steps {steps}{named}"


def _joined(places: Iterable[int]) -> str:
    return ",".join(map(str, places))
