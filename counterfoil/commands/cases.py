"""Cases at the centre: what a person must look at, and who says that they have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from core.envelope import read_operation
from core.errors import EnvironmentProblem, Refusal, Refused
from core.ids import is_code, system_randomness
from core.operations import rules
from core.operations.cases import CLOSED, REOPENED
from core.operations.kind import Words
from core.records import read_record
from counterfoil.commands.connection import centre_reading, centre_transaction, must

if TYPE_CHECKING:
    from sync_server.centre.cases import Decision
    from sync_server.database import Connection

cases = typer.Typer(help="Cases: what a person must look at.", no_args_is_help=True)
Number = Annotated[int, typer.Argument(min=1, help="The case's number, as `list` shows it.")]
By = Annotated[str, typer.Option("--by", metavar="PERSON", help="The code of the member of staff who says so.")]
Reason = Annotated[str, typer.Option(help="Why, in 1 to 140 characters; kept as a record beside what is signed.")]

_CASES = (
    b"SELECT c.no, c.opened_at, c.code, c.device, c.operation_id::text, c.detail, c.state, o.jws "
    b"FROM cases c LEFT JOIN operations o ON o.id = c.decided_by "
    b"WHERE (c.state = 'open' OR %(all)s) AND (%(no)s::bigint IS NULL OR c.no = %(no)s) ORDER BY c.no"
)
_DECISIONS = (
    b"SELECT o.jws, r.data FROM operations o LEFT JOIN records r ON r.digest = ANY (o.records) "
    b"WHERE o.kind = ANY (%s) ORDER BY o.no"
)


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(cases, name="case")


@cases.command("list")
def show_list(
    all_: Annotated[bool, typer.Option("--all", help="Those that were closed as well, and who closed them.")] = False,
) -> None:
    """Show the open cases, the oldest first."""
    titles = ("No", "Opened", "Why", "Device", "Operation", "Detail")
    table = Table(*titles, *(("State", "By") if all_ else ()), box=None, header_style="bold")
    with centre_reading() as home:
        for no, opened, code, device, operation, detail, state, jws in home.connection.execute(
            _CASES, {"all": all_, "no": None}
        ):
            cells = (str(no), opened, code, device or "", operation or "", escape(detail))
            table.add_row(*cells, *((state, _who(jws)) if all_ else ()))
    Console(highlight=False, soft_wrap=True).print(table)


def _who(jws: str | None) -> str:
    return rules.decode(read_operation(jws)).body.person if jws is not None else ""


@cases.command("show")
def show(number: Number) -> None:
    """Show one case, and everybody who closed it or opened it again: who, when and why."""
    console = Console(highlight=False, soft_wrap=True)
    with centre_reading() as home:
        row = home.connection.execute(_CASES, {"all": True, "no": number}).fetchone()
        if row is None:
            raise Refused(Refusal("case_unknown", "number"))
        no, opened, code, device, operation, detail, state, _jws = row
        console.print(f"Case {no}, {state}: {code}, opened at {opened}.")
        console.print(f"About: {operation or 'no operation'}, of {device or 'no device'}. {escape(detail)}")
        for line in _decisions(home.connection, number):
            console.print(line)


def _decisions(connection: Connection, number: int) -> Sequence[str]:
    said = []
    for jws, record in connection.execute(_DECISIONS, ([CLOSED, REOPENED],)):
        decoded = rules.decode(read_operation(jws))
        if decoded.body.case == number:
            why = escape(read_record(bytes(record)).get("reason", "")) if record is not None else "(erased)"
            done = "Closed" if decoded.kind.name == CLOSED else "Opened again"
            said.append(f"{done} by {decoded.body.person} at {decoded.operation.at}: {why}")
    return said


@cases.command("close")
def close(number: Number, by: By, reason: Reason) -> None:
    """Say that a case has been looked into. A device that was given no rights for it may be given them again.

    The centre signs who says so; every desk reads it, so that nobody can have it unsaid.
    """
    from sync_server.centre.cases import close_case

    decision = _decision(by, reason)
    with centre_transaction() as (home, centre):
        must(close_case(home, centre, system_randomness, number, decision))
    Console(highlight=False).print(f"Case {number} is closed, as {by} says.")


@cases.command("reopen")
def reopen(number: Number, by: By, reason: Reason) -> None:
    """Say that a case which was closed has to be looked at once more."""
    from sync_server.centre.cases import reopen_case

    decision = _decision(by, reason)
    with centre_transaction() as (home, centre):
        must(reopen_case(home, centre, system_randomness, number, decision))
    Console(highlight=False).print(f"Case {number} is open again, as {by} says.")


def _decision(by: str, reason: str) -> Decision:
    from sync_server.centre.cases import Decision

    if not is_code(by):
        raise EnvironmentProblem("by must be a member of staff's code: a-z, 0-9 and -.", code="option_malformed")
    try:
        return Decision(by, msgspec.convert(reason.strip(), Words))
    except msgspec.ValidationError as problem:
        raise EnvironmentProblem(
            "reason must have 1 to 140 characters, none of them a control character.", code="option_malformed"
        ) from problem
