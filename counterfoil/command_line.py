"""The `counterfoil` command: every program of the project by name, with errors that say what to do next."""

from __future__ import annotations

import sys

import typer
from rich.console import Console
from rich.markup import escape
from typer.exceptions import TyperException

from core.clock import SimulatedClockRefused
from core.errors import EnvironmentProblem, IntegrityFault, Refused
from counterfoil.commands import (
    accounts,
    backup,
    cases,
    centre,
    checkpoint,
    demo,
    desk,
    devices,
    doctor,
    epochs,
    evidence,
    incarnation,
    payments,
    simulate,
    staff,
    verify,
    work,
)
from counterfoil.commands.wording import say_fault, say_refusal

app = typer.Typer(
    name="counterfoil",
    help="Branch banking that keeps working when the line is down.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)
for commands in (desk, centre, devices, staff, accounts, payments, cases, backup, epochs, incarnation, doctor, demo):
    commands.add_to(app)
app.command()(verify.verify)
app.command("export-work")(work.export_work)
app.command("export-evidence")(evidence.export_evidence)
app.command()(checkpoint.checkpoint)
app.command()(simulate.simulate)

PROBLEM_EXIT = 2
INTERRUPTED_EXIT = 130


def main() -> int:
    """Run the command. Answers 0, or 1 where a check failed, or 2 where something must be put right first."""
    if not all(_is_text(argument) for argument in sys.argv[1:]):
        return _say("option_malformed", "The command line has bytes in it that are no text. Write it in UTF-8.")
    try:
        result = app(standalone_mode=False)
    except EnvironmentProblem as problem:
        return _say(problem.code, problem.message)
    except Refused as refused:
        return _say(refused.refusal.code, say_refusal(refused.refusal))
    except IntegrityFault as fault:
        return _say(fault.code, say_fault(fault))
    except SimulatedClockRefused as problem:
        return _say("simulated_clock_refused", str(problem))
    except TyperException as problem:
        return _say_usage(problem)
    except OSError as problem:
        return _say("file_unusable", f"{problem.filename or 'A file or address'}: {problem.strerror or problem}.")
    except (typer.Abort, KeyboardInterrupt):
        return INTERRUPTED_EXIT
    return result if isinstance(result, int) else 0


def _is_text(argument: str) -> bool:
    """Whether the argument is whole: what the shell gave that is no UTF-8 comes as lone surrogates."""
    return not any("\ud800" <= letter <= "\udfff" for letter in argument)


def _say_usage(problem: TyperException) -> int:
    """What was typed wrongly, and where to read how it is typed; a command without its arguments shows its help."""
    said = problem.format_message().strip()
    context = getattr(problem, "ctx", None)
    if not said:  # the help has been shown
        return PROBLEM_EXIT
    if context is None:
        return _say("usage", said)
    return _say("usage", f"{said.rstrip('.')}. See `{context.command_path} --help`.")


def _say(code: str, message: str) -> int:
    """One sentence on standard error. What a person typed is shown as it is, without control characters."""
    shown = escape("".join(letter if letter.isprintable() or letter == "\n" else "\ufffd" for letter in message))
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    console.print(f"[bold]counterfoil:[/bold] {shown} [dim]({code})[/dim]")
    return PROBLEM_EXIT


if __name__ == "__main__":
    sys.exit(main())
