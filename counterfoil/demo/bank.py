"""The demo's centre: PostgreSQL (embedded, unless `DATABASE_URL` names one), the sync server, the partner bank."""

from __future__ import annotations

import os
import secrets
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from core.clock import PURPOSE_VARIABLE, SIMULATED_CLOCK_VARIABLE, Clock, SharedClock, SystemClock
from core.errors import EnvironmentProblem, Refusal, Refused
from core.ids import Identifiers, system_randomness
from core.operations.bank import BankFounded, BranchFounded
from counterfoil.demo import world
from counterfoil.demo.processes import Program, free_port, start_child
from counterfoil.demo.world import BranchPlan, DeskPlan, PersonPlan
from counterfoil.embedded_postgres import EmbeddedPostgres
from sync_server.centre.devices import invite_device, trust_device
from sync_server.centre.issue import Centre, issue
from sync_server.centre.keys import make_centre_keys
from sync_server.centre.people import admit_staff
from sync_server.environment import Secret
from sync_server.settings import PartnerSettings, ServerSettings
from sync_server.store.migrate import migrate
from sync_server.store.postgres import PostgresHome

DATABASE = "havnebanken"
APPLICATION_ROLE = "havnebanken_app"
SERVER_PROCESSES = 2
_SETTLES_AFTER_MS = 120_000
Given = TypeVar("Given")


class DemoBank:
    """Starts everything in `directory`; `close` ends all of it. `clock` is shared where it is simulated."""

    def __init__(self, directory: Path, clock: SharedClock | None) -> None:
        self.directory = directory
        self.clock: Clock = clock or SystemClock()
        self._simulated = clock
        self._stack = ExitStack()
        self.server_port = free_port()
        self.partner_port = free_port()
        self._partner_token = secrets.token_urlsafe(24)
        self.settings = self._start_database()
        keys = make_centre_keys(self.settings.secrets_directory, self.settings.secrets_passphrase)
        self.centre = Centre(keys, self.clock, Identifiers(self.clock))
        self.server: Program | None = None

    def close(self) -> None:
        """End the programs and the database."""
        if self.server is not None:
            self.server.stop()
        self._stack.close()

    def connect(self) -> psycopg.Connection:
        """A connection of the application's role; used as a context manager it is one transaction."""
        return psycopg.connect(self.settings.database_url.reveal())

    @contextmanager
    def transaction(self) -> Iterator[PostgresHome]:
        """One transaction of the application's role."""
        with self.connect() as connection:
            yield PostgresHome(connection)

    def _start_database(self) -> ServerSettings:
        given = os.environ.get("DATABASE_URL")
        owner = given or self._embedded()
        application = _make_application_role(owner)
        settings = ServerSettings(
            database_url=Secret(application),
            database_owner_url=Secret(owner),
            secrets_directory=self.directory / "centre-secrets",
            secrets_passphrase=Secret(secrets.token_urlsafe(24)),
            bank_bic=world.BANK_BIC,
            purpose="demo",
            port=self.server_port,
            workers=SERVER_PROCESSES,
            partners=(
                PartnerSettings(
                    world.PARTNER,
                    world.PARTNER_BIC,
                    world.PARTNER_BANK_CODE,
                    f"http://127.0.0.1:{self.partner_port}",
                    Secret(self._partner_token),
                ),
            ),
        )
        migrate(Secret(owner), Secret(application))
        return settings

    def _embedded(self) -> str:
        cluster = EmbeddedPostgres(self.directory / "postgres")
        self._stack.callback(cluster.discard)
        cluster.start()
        with psycopg.connect(cluster.url, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
        return cluster.url_of(DATABASE)

    def found(self) -> None:
        """Found the bank and its branches."""
        with self.transaction() as home:
            body = BankFounded(
                name=world.BANK_NAME,
                country=world.COUNTRY,
                bank_code=world.BANK_CODE,
                bic=world.BANK_BIC,
                currency=world.CURRENCY,
                centre_key=self.centre.keys.public,
            )
            issue(home, self.centre, None, body)
            for branch in world.BRANCHES:
                issue(home, self.centre, None, _founding(branch))

    def admit(self, person: PersonPlan) -> str:
        """Admit a member of staff; answers the activation code."""
        with self.transaction() as home:
            return admit_staff(
                home,
                self.centre,
                system_randomness,
                person=person.code,
                name=person.name,
                branch=person.branch,
                role=person.role,
                currency=world.CURRENCY,
                approval_limit=person.approval_limit,
            )

    def invite(self, desk: DeskPlan) -> str:
        """A one-time code for the desk."""
        with self.transaction() as home:
            code = invite_device(
                home, self.centre, system_randomness, device=desk.device, branch=desk.branch, purpose="desktop"
            )
        return _given(code)

    def trust(self, device: str, fingerprint: str) -> None:
        """A person at the centre has compared the fingerprint."""
        with self.transaction() as home:
            _given(trust_device(home, self.centre, device, fingerprint))

    def start_server(self, *, simulated: bool) -> None:
        """Start the sync server; again, with another clock, after `stop_server`."""
        environment = self._environment(simulated=simulated) | {
            "COUNTERFOIL_DATABASE_URL": self.settings.database_url.reveal(),
            "COUNTERFOIL_SECRETS_DIRECTORY": str(self.settings.secrets_directory),
            "COUNTERFOIL_SECRETS_PASSPHRASE": self.settings.secrets_passphrase.reveal(),
            "COUNTERFOIL_BANK_BIC": self.settings.bank_bic,
            "COUNTERFOIL_PORT": str(self.server_port),
            "COUNTERFOIL_WORKERS": str(self.settings.workers),
            "COUNTERFOIL_PARTNERS": world.PARTNER,
            "COUNTERFOIL_PARTNER_SKOVBANK_BIC": world.PARTNER_BIC,
            "COUNTERFOIL_PARTNER_SKOVBANK_BANK_CODE": world.PARTNER_BANK_CODE,
            "COUNTERFOIL_PARTNER_SKOVBANK_URL": f"http://127.0.0.1:{self.partner_port}",
            "COUNTERFOIL_PARTNER_SKOVBANK_TOKEN": self._partner_token,
        }
        url = f"http://127.0.0.1:{self.server_port}"
        self.server = Program("sync server", ("serve",), environment, self.directory / "server.log", url)
        self.server.wait_ready("/readyz")
        if not simulated:
            self.clock = SystemClock()
            self.centre = replace(self.centre, clock=self.clock, ids=Identifiers(self.clock))

    def stop_server(self) -> None:
        """Stop the sync server."""
        if self.server is not None:
            self.server.stop()
            self.server = None

    def start_partner_bank(self, *, simulated: bool) -> None:
        """Start the partner bank."""
        environment = self._environment(simulated=simulated) | {
            "COUNTERFOIL_PARTNER_BANK_PORT": str(self.partner_port),
            "COUNTERFOIL_PARTNER_BANK_DATABASE": str(self.directory / "partner-bank.sqlite"),
            "COUNTERFOIL_PARTNER_BANK_TOKEN": self._partner_token,
            "COUNTERFOIL_PARTNER_BANK_BIC": world.PARTNER_BIC,
            "COUNTERFOIL_PARTNER_BANK_BANK_CODE": world.PARTNER_BANK_CODE,
            "COUNTERFOIL_PARTNER_BANK_SETTLE_AFTER_MS": str(_SETTLES_AFTER_MS if simulated else 3000),
        }
        url = f"http://127.0.0.1:{self.partner_port}"
        log = self.directory / "partner-bank.log"
        program = self._stack.enter_context(Program("partner bank", ("partner-bank",), environment, log, url))
        program.wait_ready("/healthz")

    def start_desktop(self, environment: dict[str, str], log: Path) -> subprocess.Popen[bytes]:
        """Start a teller's desktop as a program of its own."""
        return start_child(("desktop",), environment, log)

    @property
    def partner_token(self) -> str:
        """What this bank proves itself with at the partner bank."""
        return self._partner_token

    def _environment(self, *, simulated: bool) -> dict[str, str]:
        environment = {PURPOSE_VARIABLE: "demo"}
        if simulated and self._simulated is not None:
            environment[SIMULATED_CLOCK_VARIABLE] = str(self._simulated.path)
        return environment


def _founding(branch: BranchPlan) -> BranchFounded:
    return BranchFounded(branch=branch.code, name=branch.name, address=branch.address, currency=world.CURRENCY)


def _given(value: Given | Refusal) -> Given:
    if isinstance(value, Refusal):
        raise Refused(value)
    return value


def _make_application_role(owner_url: str) -> str:
    """A role that may not change what is booked, in the owner's database; answers its address."""
    password = secrets.token_urlsafe(24)
    role, literal = sql.Identifier(APPLICATION_ROLE), sql.Literal(password)
    try:
        with psycopg.connect(owner_url, autocommit=True) as connection:
            known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (APPLICATION_ROLE,)).fetchone()
            verb = sql.SQL("ALTER" if known else "CREATE")
            connection.execute(sql.SQL("{} ROLE {} LOGIN PASSWORD {}").format(verb, role, literal))
            booked = connection.execute("SELECT to_regclass('operations') IS NOT NULL").fetchone()
    except psycopg.Error as problem:
        raise EnvironmentProblem(
            "The demo needs a database in which it may make a role. See DATABASE_URL, or unset it to use the "
            f"embedded PostgreSQL. PostgreSQL says: {str(problem).splitlines()[0]}",
            code="database_unavailable",
        ) from problem
    if booked and booked[0]:
        raise EnvironmentProblem(
            "The database that DATABASE_URL names holds a bank already. Name an empty one for the demo.",
            code="database_not_empty",
        )
    parts = conninfo_to_dict(owner_url)
    host, port, name = parts.get("host", ""), parts.get("port", "5432"), parts.get("dbname", "")
    return f"postgresql://{APPLICATION_ROLE}:{password}@{host}:{port}/{name}"
