"""What came after a desk's end and was booked word for word proves its maker, in exports and in a person's own work."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import psycopg
import pytest

from core.audit import Fault, verify_chains
from core.audit.export import ChainExport, write_chains
from core.audit.report import Report
from core.audit.trust import Trust
from core.audit.work import WorkReport, verify_work, write_work
from core.envelope import read_operation, sign_operation
from core.operations import rules
from core.operations.ended import CARRYING, OperationBooked, carried
from sync_server.audit.reading import one_view
from sync_server.centre.exporting import export
from sync_server.centre.work import CentreWork
from sync_server.database import connection_pool
from sync_server.environment import Secret
from sync_server.store.migrate import migrate
from sync_server.store.postgres import PostgresDatabase
from tests.sync_server.audit.played_day import played_day
from tests.sync_server.home_bank import HomeBank

ROLE = "counterfoil_late_booked"
AT = "2026-11-20T18:00:00.000Z"


@pytest.fixture(scope="module")
def url(make_database: Callable[..., str]) -> str:
    made = make_database()
    with psycopg.connect(made, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {ROLE} LOGIN".encode())
    migrate(Secret(made), Secret(f"postgresql://{ROLE}@127.0.0.1/{ROLE}"))
    return made


@pytest.fixture(scope="module")
def bank(url: str) -> Iterator[HomeBank]:
    """After a day in which a desk was lost, written off, found, and what it had done was booked."""
    with connection_pool(Secret(url), 2) as pool:
        yield played_day(PostgresDatabase(pool))


@pytest.fixture
def chains(bank: HomeBank, url: str, tmp_path: Path) -> Path:
    with psycopg.connect(url) as connection:
        export(connection, bank.centre, tmp_path / "chains")
    return tmp_path / "chains"


def carrying(folder: Path) -> tuple[int, str]:
    """The first line of the branch's chain that carries another operation."""
    lines = (folder / "centre-nor-1.jws").read_text("ascii").splitlines()
    return next((number, line) for number, line in enumerate(lines) if read_operation(line).operation.kind == CARRYING)


def test_an_export_with_late_operations_holds(chains: Path) -> None:
    found = verify_chains(chains)
    assert isinstance(found, Report), found
    assert found.to_look_at == ()
    body = rules.decode(read_operation(carrying(chains)[1])).body
    assert isinstance(body, OperationBooked)
    assert carried(body).operation.actor == "staff:nor-1-t"


def test_a_late_operation_that_its_maker_never_signed_is_named_by_its_line(
    bank: HomeBank, chains: Path, tmp_path: Path
) -> None:
    number, line = carrying(chains)
    body = json.loads(bytes(read_operation(line).operation.body))
    header, payload, signature = body["jws"].split(".")
    inside = json.loads(base64.urlsafe_b64decode(payload + "=="))
    inside["body"]["amount"] += 1
    forged = base64.urlsafe_b64encode(json.dumps(inside, separators=(",", ":")).encode()).decode().rstrip("=")
    body["jws"] = f"{header}.{forged}.{signature}"
    colluded(bank, chains, tmp_path / "forged", number, json.dumps(body, separators=(",", ":")).encode())
    found = verify_chains(tmp_path / "forged")
    assert isinstance(found, Fault)
    assert (found.file, found.line, found.code) == ("centre-nor-1.jws", number + 1, "jws_signature")


def colluded(bank: HomeBank, chains: Path, folder: Path, number: int, body: bytes) -> None:
    """The same export, in which the centre carries something else, and has signed all that follows and the heads."""
    exported = []
    for path in sorted(chains.glob("*.jws")):
        lines = path.read_text("ascii").splitlines()
        device, _, epoch = path.stem.rpartition("-")
        if path.name == "centre-nor-1.jws":
            prev = read_operation(lines[number]).operation.prev
            for place in range(number, len(lines)):
                operation = msgspec.structs.replace(read_operation(lines[place]).operation, prev=prev)
                if place == number:
                    operation = msgspec.structs.replace(operation, body=msgspec.Raw(body))
                signed = sign_operation(operation, bank.centre.keys.signing, bank.centre.keys.kid)
                lines[place], prev = signed.jws, signed.hash
        exported.append(ChainExport(device, int(epoch), lines))
    write_chains(folder, exported, at=AT, centre_key=bank.centre.keys.signing)


def test_a_persons_own_work_has_what_was_booked_late(bank: HomeBank, url: str, tmp_path: Path) -> None:
    del bank
    folder = tmp_path / "work"
    with psycopg.connect(url) as connection, one_view(connection):
        write_work(
            folder,
            CentreWork(connection, "nor-1-t"),
            person="nor-1-t",
            first_day=None,
            last_day=None,
            made_at=AT,
            made_from="the bank's centre",
        )
        late = connection.execute(b"SELECT count(*) FROM late_answers WHERE booked").fetchone()
        (end,) = connection.execute(b"SELECT seq FROM chains WHERE device = 'nor-1'").fetchone() or (0,)
    report = verify_work(folder, Trust())
    assert isinstance(report, WorkReport), report
    (part,) = report.work.chains
    assert late == (part.last - end,)
    assert report.verdicts == sum(report.made.values())
