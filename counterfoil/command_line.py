"""The `counterfoil` command: every program of the project by name, with errors that say what to do next."""

from __future__ import annotations

import sys

import click
import typer
from rich.console import Console

from core.clock import SimulatedClockRefused
from core.errors import EnvironmentProblem, Refused
from counterfoil.commands import centre, demo, desk, devices, doctor, staff, verify

app = typer.Typer(
    name="counterfoil",
    help="Branch banking that keeps working when the line is down.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)
for commands in (desk, centre, devices, staff, doctor, demo):
    commands.add_to(app)
app.command()(verify.verify)

PROBLEM_EXIT = 2


def main() -> int:
    """Run the command. Answers 0, or 1 where a check failed, or 2 where something must be put right first."""
    try:
        result = app(standalone_mode=False)
    except EnvironmentProblem as problem:
        return _say(problem.code, problem.message)
    except Refused as refused:
        return _say(refused.refusal.code, _sentence(refused))
    except SimulatedClockRefused as problem:
        return _say("simulated_clock_refused", str(problem))
    except click.ClickException as problem:
        problem.show()
        return problem.exit_code
    except (click.Abort, KeyboardInterrupt):
        return 130
    return result if isinstance(result, int) else 0


def _say(code: str, message: str) -> int:
    Console(stderr=True, highlight=False).print(f"[bold]counterfoil:[/bold] {message} [dim]({code})[/dim]")
    return PROBLEM_EXIT


def _sentence(refused: Refused) -> str:
    detail = ", ".join(f"{name}: {value}" for name, value in refused.refusal.detail.items())
    where = f" at {refused.refusal.field}" if refused.refusal.field else ""
    return f"A rule of the bank speaks against it{where}. {detail}".strip()


if __name__ == "__main__":
    sys.exit(main())
