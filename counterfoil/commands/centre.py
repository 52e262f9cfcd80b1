"""The centre: its schema, its beginning, its server, and the export of its chains."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.markup import escape

from core.errors import EnvironmentProblem, Refusal, Refused
from core.iban import make_iban
from core.operations.bank import BankFounded, BranchFounded
from counterfoil.commands.connection import centre_transaction
from counterfoil.commands.options import held

Currency = Annotated[str, typer.Option(help="ISO 4217 code.")]
_NO_KEY_YET = "A" * 43
_ANY_ACCOUNT_NUMBER = 1_000_000


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(serve)
    app.command("partner-bank")(partner_bank)
    app.command()(migrate)
    app.command("found-bank")(found_bank)
    app.command("found-branch")(found_branch)
    app.command("export-chains")(export_chains)


def serve() -> None:
    """Run the sync server. Its settings come from the environment; see `.env.example`."""
    from sync_server.app import serve as run_server
    from sync_server.settings import server_settings

    console = Console(stderr=True, highlight=False)
    run_server(server_settings(os.environ), ready=lambda address: console.print(f"counterfoil serves at {address}"))


def partner_bank() -> None:
    """Run the mock partner bank, a program of its own with its own file."""
    from sync_server.partner_bank.app import serve as run_bank
    from sync_server.partner_bank.settings import partner_bank_settings

    console = Console(stderr=True, highlight=False)
    run_bank(
        partner_bank_settings(os.environ), ready=lambda address: console.print(f"the partner bank serves at {address}")
    )


def migrate() -> None:
    """Bring the centre's database to this program's schema, as the role that owns it."""
    from sqlalchemy.exc import DBAPIError

    from sync_server.settings import server_settings
    from sync_server.store.migrate import head_revision
    from sync_server.store.migrate import migrate as run_migrations

    settings = server_settings(os.environ)
    if settings.database_owner_url is None:
        raise EnvironmentProblem(
            "Migrations need COUNTERFOIL_DATABASE_OWNER_URL, the role that owns the tables.", code="setting_missing"
        )
    try:
        run_migrations(settings.database_owner_url, settings.database_url)
    except DBAPIError as problem:
        raise EnvironmentProblem(
            f"The migrations did not run: {str(problem.orig).strip().splitlines()[0]}. "
            "See COUNTERFOIL_DATABASE_OWNER_URL, and that both roles exist.",
            code="migration_failed",
        ) from problem
    Console(highlight=False).print(f"The database stands at schema {head_revision()}.")


def found_bank(
    name: Annotated[str, typer.Option(help="The bank's name.")],
    bank_code: Annotated[str, typer.Option(help="The bank code inside every IBAN.")],
    bic: Annotated[str, typer.Option(help="The bank's BIC (ISO 9362).")],
    country: Annotated[str, typer.Option(help="ISO 3166 code of the country whose IBANs it gives.")] = "DK",
    currency: Currency = "DKK",
) -> None:
    """Make the centre's keys in their vault, and found the bank. Once."""
    from sync_server.centre.issue import issue
    from sync_server.centre.keys import VAULT_NAME, make_centre_keys
    from sync_server.settings import server_settings

    body = BankFounded(
        name=name, country=country, bank_code=bank_code, bic=bic, currency=currency, centre_key=_NO_KEY_YET
    )
    held(body)
    _check_ibans(country, bank_code)
    settings = server_settings(os.environ)
    if not (settings.secrets_directory / VAULT_NAME).exists():
        make_centre_keys(settings.secrets_directory, settings.secrets_passphrase)
    with centre_transaction(settings) as (home, centre):
        issue(home, centre, None, msgspec.structs.replace(body, centre_key=centre.keys.public))
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"{escape(name)} is founded. The centre's key has the fingerprint\n  {centre.keys.kid}")
    console.print("Keep it on paper: it is what every device and auditor compares.")


def _check_ibans(country: str, bank_code: str) -> None:
    try:
        make_iban(country, bank_code, _ANY_ACCOUNT_NUMBER)
    except ValueError as problem:
        raise Refused(Refusal("bank_code_malformed", "bank_code", {"country": country})) from problem


def found_branch(
    branch: Annotated[str, typer.Argument(help="A short code: a-z, 0-9 and -.")],
    name: Annotated[str, typer.Option(help="What people call it.")],
    address: Annotated[str, typer.Option(help="Where it is, as it stands on paper.")],
    currency: Currency = "DKK",
) -> None:
    """Found a branch."""
    from sync_server.centre.issue import issue

    body = BranchFounded(branch=branch, name=name, address=address, currency=currency)
    held(body)
    with centre_transaction() as (home, centre):
        issue(home, centre, None, body)
    Console(highlight=False).print(f"{escape(name)} ({branch}) is founded.")


def export_chains(
    directory: Annotated[Path, typer.Argument(help="A new or empty folder.")],
) -> None:
    """Write every chain that the centre has, with keys and signed heads, for `counterfoil verify`."""
    from sync_server.centre.exporting import export

    with centre_transaction() as (home, centre):
        count = export(home.connection, centre, directory)
    Console(highlight=False).print(f"{count} operations are in {escape(str(directory))}.")
