"""The subcommands of run.py: each makes sure of the environment, then hands over to a program in it."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from installer.environment.progress import SetUpProblem
from installer.environment.set_up import DEVELOPMENT, RUNTIME, ensure_environment
from installer.environment.stamp import interpreter_of

CHECKOUT = Path(__file__).resolve().parents[2]
INTERRUPTED = 130

USAGE = """\
usage: python3 run.py COMMAND [ARGUMENTS]

  demo    a bank to try: the sync server, a partner bank and a teller's window
          --headless --out DIR   plays one branch day by itself and leaves its results in DIR
  test    every test and check; arguments go to pytest (-k NAME, -n 0, ...)
  lint    ruff, mypy and the import contracts alone
  bench   speed as ratios against a baseline; --only NAME, --json FILE
  setup   make or check the environment in .venv/ and stop; --development for what tests need, too
  pin     write requirements/*.txt anew from requirements/*.in

The first start makes .venv/ in this folder and installs what is pinned; that takes some minutes.
"""


def command_of(environment: Path) -> Path:
    """The `counterfoil` command in the environment."""
    return interpreter_of(environment).with_name("counterfoil.exe" if sys.platform == "win32" else "counterfoil")


def hand_over(command: Sequence[str | Path]) -> int:
    """Become the program; where a process cannot (Windows), wait for it, leaving Ctrl+C to it."""
    words = [str(word) for word in command]
    sys.stdout.flush()
    if os.name != "nt":
        os.execv(words[0], words)
    return run_to_the_end(words)


def run_to_the_end(words: Sequence[str]) -> int:
    """Run a program that has the terminal's Ctrl+C for itself, and answer with its exit code."""
    with subprocess.Popen(words, cwd=CHECKOUT) as child:
        interrupted = False
        while child.returncode is None:
            try:
                child.wait()
            except KeyboardInterrupt:
                interrupted = True
    return INTERRUPTED if interrupted else child.returncode


def workers(arguments: Sequence[str]) -> list[str]:
    """Two test processes, unless the arguments choose a number or need one process."""
    chosen = ("-n", "--numprocesses", "-p", "--pdb", "--dist", "--collect-only", "--co")
    if any(argument.startswith(chosen) for argument in arguments):
        return []
    return ["-n", "2", "--dist", "loadscope"]


def demo(arguments: Sequence[str]) -> int:
    """Start the demo."""
    environment = ensure_environment(CHECKOUT, RUNTIME)
    return hand_over([command_of(environment), "demo", *arguments])


def test(arguments: Sequence[str]) -> int:
    """Run pytest; linters, types and import contracts are tests in tests/architecture/."""
    environment = ensure_environment(CHECKOUT, DEVELOPMENT)
    os.chdir(CHECKOUT)
    return hand_over([interpreter_of(environment), "-m", "pytest", *workers(arguments), *arguments])


def lint(arguments: Sequence[str]) -> int:
    """Run every checker that reads the code without running it, all of them even when one complains."""
    python = str(interpreter_of(ensure_environment(CHECKOUT, DEVELOPMENT)))
    worst = 0
    for command in (
        [python, "-m", "ruff", "check", *arguments],
        [python, "-m", "ruff", "format", "--check", *arguments],
        [python, "-m", "mypy"],
        [str(Path(python).with_name("lint-imports"))],
    ):
        print(f"== {' '.join([Path(command[0]).name, *command[1:]])}", flush=True)
        exit_code = run_to_the_end(command)
        if exit_code == INTERRUPTED:
            return INTERRUPTED
        worst = max(worst, abs(exit_code))
    return worst


def bench(arguments: Sequence[str]) -> int:
    """Measure."""
    environment = ensure_environment(CHECKOUT, RUNTIME)
    return hand_over([interpreter_of(environment), "-m", "benchmarks", *arguments])


def setup(arguments: Sequence[str]) -> int:
    """Make or check the environment and stop."""
    if set(arguments) - {"--development"}:
        print(f"setup knows only --development\n\n{USAGE}", file=sys.stderr)
        return 2
    environment = ensure_environment(CHECKOUT, DEVELOPMENT if arguments else RUNTIME, check_again=True)
    print(f"Ready. The command is {command_of(environment)}")
    return 0


def pin(arguments: Sequence[str]) -> int:
    """Write the pinned files anew; they name hashes, never an address."""
    python = interpreter_of(ensure_environment(CHECKOUT, DEVELOPMENT))
    os.chdir(CHECKOUT / "requirements")
    options = [
        "--quiet",
        "--universal",
        "--python-version",
        "3.11",
        "--generate-hashes",
        "--no-emit-index-url",
    ]
    # Only the command that num2words brings, and nobody calls, needs docopt, which comes as source alone.
    options += [
        "--no-annotate",
        "--no-emit-package",
        "docopt",
        "--custom-compile-command",
        "python3 run.py pin",
    ]
    for name, constraints in (
        ("runtime", []),
        ("server", ["--constraint", "runtime.txt"]),
        ("development", ["--constraint", "runtime.txt"]),
    ):
        files = [f"{name}.in", "--output-file", f"{name}.txt", *constraints]
        exit_code = run_to_the_end([str(python), "-m", "uv", "pip", "compile", *options, *files, *arguments])
        if exit_code:
            return exit_code
    return 0


COMMANDS: Mapping[str, Callable[[Sequence[str]], int]] = {
    "demo": demo,
    "test": test,
    "lint": lint,
    "bench": bench,
    "setup": setup,
    "pin": pin,
}


def main(arguments: Sequence[str]) -> int:
    """Run one subcommand; whatever its user can mend is told in words."""
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(USAGE)
        return 0 if arguments else 2
    command = COMMANDS.get(arguments[0])
    if command is None:
        print(f"run.py has no command {arguments[0]!r}\n\n{USAGE}", file=sys.stderr)
        return 2
    try:
        return command(arguments[1:])
    except SetUpProblem as problem:
        print(f"\n{problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(
            "\nStopped. Start again whenever you like; what was begun is finished or made anew.",
            file=sys.stderr,
        )
        return INTERRUPTED
