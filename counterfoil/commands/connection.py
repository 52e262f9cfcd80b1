"""What the centre's commands share: its settings, keys and one transaction on its database."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg.errors import DeadlockDetected, SerializationFailure

from core.clock import clock_from_environment
from core.errors import EnvironmentProblem, IntegrityFault, Refusal, Refused
from core.ids import Identifiers
from sync_server.centre.issue import Centre, Gathering
from sync_server.centre.keys import open_centre_keys
from sync_server.database import Connection
from sync_server.environment import Secret
from sync_server.settings import ServerSettings, reading_url, server_settings
from sync_server.store.home import MetOthers
from sync_server.store.postgres import PostgresHome


@contextmanager
def centre_transaction(settings: ServerSettings | None = None) -> Iterator[tuple[PostgresHome, Centre]]:
    """The centre and one transaction, committed if the block ends well.

    Raises `EnvironmentProblem` where settings, keys or database are not there.
    """
    settings = settings or server_settings(os.environ)
    clock = clock_from_environment()
    keys = open_centre_keys(settings.secrets_directory, settings.secrets_passphrase)
    centre = Centre(keys, clock, Identifiers(clock))
    with _connected(settings.database_url) as connection:
        yield PostgresHome(connection), centre


@contextmanager
def centre_reading() -> Iterator[PostgresHome]:
    """One transaction that only reads, for whoever has COUNTERFOIL_DATABASE_URL and none of the bank's secrets.

    A role that may do nothing but read is enough, and a standby. Raises `EnvironmentProblem`.
    """
    with _connected(reading_url(os.environ)) as connection:
        connection.read_only = True
        yield PostgresHome(connection)


@contextmanager
def _connected(url: Secret) -> Iterator[Connection]:
    try:
        with psycopg.connect(url.reveal(), application_name="counterfoil command") as connection:
            yield connection
    except Gathering as problem:
        raise EnvironmentProblem(
            "The centre was restored, and devices of the branch have yet to report; nothing was done. "
            "`counterfoil incarnation status` says which.",
            code="centre_recovering",
        ) from problem
    except (MetOthers, DeadlockDetected, SerializationFailure) as problem:
        raise EnvironmentProblem(
            "Others were at the same rows of the centre's database; nothing was done. Try again.",
            code="database_busy",
        ) from problem
    except psycopg.OperationalError as problem:
        raise EnvironmentProblem(
            "The centre's database can't be reached. See COUNTERFOIL_DATABASE_URL, and that PostgreSQL runs.",
            code="database_unavailable",
        ) from problem
    except psycopg.errors.UndefinedTable as problem:
        raise EnvironmentProblem(
            "The centre's database has no tables yet. Run `counterfoil migrate` first.", code="database_empty"
        ) from problem
    except psycopg.Error as problem:
        raise EnvironmentProblem(
            f"The centre's database did not take it: {problem.diag.message_primary or type(problem).__name__}.",
            code="database_refused",
        ) from problem
    except IntegrityFault as fault:
        if fault.code == "device_unknown":
            raise EnvironmentProblem(
                "The bank is not founded yet. Run `counterfoil found-bank` first.", code="bank_not_founded"
            ) from fault
        if fault.code == "key_not_of_device":
            raise EnvironmentProblem(
                "The vault's key is not the key that this bank was founded with. See COUNTERFOIL_SECRETS_DIRECTORY.",
                code="centre_key_other",
            ) from fault
        raise


def must(refusal: Refusal | None) -> None:
    """Raise `Refused` if something was refused."""
    if refusal is not None:
        raise Refused(refusal)
