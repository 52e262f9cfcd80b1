"""Short lines that say how far the set-up is, and the one way in which it gives up."""

import sys
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import PIPE, STDOUT, Popen

TAIL_LINES = 15
COUNT_EVERY = 20


class SetUpProblem(Exception):
    """Something about this machine that its owner can mend; the text says what and how."""


@dataclass
class Progress:
    """Numbers the steps of one run and shows what a long step is busy with."""

    steps: int
    quiet: bool = False
    _done: int = field(default=0, init=False)

    def step(self, words: str) -> None:
        """Announce the next step."""
        self._done += 1
        if not self.quiet:
            print(f"[{self._done}/{self.steps}] {words}", flush=True)

    def note(self, words: str) -> None:
        """Say something that is worth knowing and stops nothing."""
        print(f"      {words}", flush=True)

    def count(self, number: int, total: int, name: str) -> None:
        """Show how far a step is: on a terminal in one line that is written over, else now and then."""
        if sys.stdout.isatty():
            print(f"\r      {number} of about {total}: {name[:50]:<50}", end="", flush=True)
        elif number % COUNT_EVERY == 0:
            self.note(f"{number} of about {total}")

    def count_ended(self) -> None:
        """Clear the line that `count` writes over."""
        if sys.stdout.isatty():
            print("\r" + " " * 78 + "\r", end="", flush=True)


@dataclass(frozen=True)
class Outcome:
    """How a program ended, with the end of what it said."""

    exit_code: int
    tail: str


def run_quietly(
    command: Sequence[str | Path],
    *,
    environment: dict[str, str] | None = None,
    directory: Path | None = None,
    progress: Progress | None = None,
    total: int = 0,
) -> Outcome:
    """Run a program without its chatter, keeping the last lines of it; pip's lines feed `progress`."""
    said: deque[str] = deque(maxlen=TAIL_LINES)
    collected: set[str] = set()
    words = [str(word) for word in command]
    try:
        child = Popen(words, stdout=PIPE, stderr=STDOUT, env=environment, cwd=directory, text=True, errors="replace")
    except OSError as problem:
        return Outcome(127, f"{words[0]}: {problem.strerror}")
    with child:
        try:
            for line in child.stdout or ():
                if not line.startswith("Ignoring "):  # markers of other systems
                    said.append(line.rstrip())
                if progress is not None and line.startswith("Collecting "):
                    collected.add(line.split()[1])
                    progress.count(len(collected), total, line.split()[1])
        except BaseException:
            child.terminate()
            raise
        finally:
            if progress is not None:
                progress.count_ended()
    return Outcome(child.returncode, "\n".join(f"      | {line}" for line in said if line))
