"""A schema is changed on a copy that is swapped in; the last step ends at the tables; what was there stays."""

import json
import runpy
import shutil
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

import sync_server
from core.canonical import base64url
from core.errors import StoreProblem
from core.records import make_record
from core.store import migrating
from core.store.engine import connect, reading_engine
from core.store.migrating import bring_up_to_date, create, revision_of
from core.store.migrations import HEAD, REVISIONS
from core.store.queries.customers import find_customers
from core.store.tables import metadata
from tests.bank import counted_randomness

KEY = bytes(range(32))


def test_the_revisions_are_those_in_the_folder() -> None:
    scripts = ScriptDirectory(str(migrating._SCRIPTS))
    assert tuple(script.revision for script in reversed(list(scripts.walk_revisions()))) == REVISIONS


def test_the_last_schema_is_the_tables_of_the_program(tmp_path: Path) -> None:
    path = tmp_path / "device.db"
    create(path, KEY)
    engine = reading_engine(path, KEY)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    engine.dispose()


@pytest.mark.parametrize("revision", REVISIONS)
def test_every_schema_goes_up_to_the_last(tmp_path: Path, revision: str) -> None:
    path = tmp_path / "device.db"
    create(path, KEY, to=revision)
    bring_up_to_date(path, KEY)
    assert revision_of(path, KEY) == HEAD
    assert sorted(found.name for found in tmp_path.iterdir()) == ["device.db"]


def test_customers_known_before_there_was_a_search_are_found_after(tmp_path: Path) -> None:
    path = tmp_path / "device.db"
    create(path, KEY, to="0001")
    digest, data = make_record({"given_name": "Søren", "family_name": "Ørsted"}, counted_randomness("x"))
    connection = connect(path, KEY)
    connection.execute("INSERT INTO records (digest, data) VALUES (?, ?)", (digest, data))
    connection.execute("INSERT INTO customers VALUES ('c-1', 'odense', '2026-11-20', 'approved', 1, 'odense-1', NULL)")
    for field in ("given_name", "family_name"):
        connection.execute("INSERT INTO profile_values VALUES ('c-1', ?, 'o-1', '1', ?)", (field, digest))
    connection.close()
    bring_up_to_date(path, KEY)
    engine = reading_engine(path, KEY)
    with engine.connect() as reading:
        assert [hit.name for hit in find_customers(reading, "soren").hits] == ["Søren Ørsted"]
    engine.dispose()


def drawer_text(kind: str, device: str, **body: object) -> str:
    """An operation as far as a migration reads it."""
    said = {
        "kind": f"drawer.{kind}",
        "id": f"{kind}-{device}",
        "branch": "odense",
        "drawer": "kasse-1",
        "device": device,
        "epoch": 1,
        "actor": "staff:jens",
        "business_date": "2026-11-20",
        "body": {"currency": "DKK", **body},
    }
    return f"head.{base64url(json.dumps(said).encode())}.signature"


def test_one_drawer_code_at_two_desks_is_two_sessions_after(tmp_path: Path) -> None:
    path = tmp_path / "device.db"
    create(path, KEY, to="0005")
    texts = [
        drawer_text("opened", "odense-1", amount=5),
        drawer_text("counted", "odense-1", counted=5),
        drawer_text("opened", "odense-2", amount=7),
        drawer_text("closed", "odense-2", counted=7),
    ]
    connection = connect(path, KEY)
    connection.execute("INSERT INTO chains (no, device, epoch, seq, hash) VALUES (1, 'odense-1', 1, 0, NULL)")
    for seq, jws in enumerate(texts, start=1):
        kind = ("drawer.opened", "drawer.counted", "drawer.opened", "drawer.closed")[seq - 1]
        row = (seq, seq.to_bytes(16, "big"), kind, jws)
        connection.execute("INSERT INTO operations (chain, seq, id, kind, jws) VALUES (1, ?, ?, ?, ?)", row)
    connection.close()
    bring_up_to_date(path, KEY)
    connection = connect(path, KEY)
    rows = connection.execute("SELECT device, state, counted FROM drawers ORDER BY device").fetchall()
    codes = connection.execute("SELECT drawer, open_at FROM drawer_codes").fetchall()
    connection.close()
    assert rows == [("odense-1", "open", 5), ("odense-2", "closed", 7)]
    assert codes == [("kasse-1", "odense-1/1")]
    at_desk, at_centre = (
        runpy.run_path(str(folder / name))["sessions_of"](texts)
        for folder, name in (
            (migrating._SCRIPTS / "versions", "0006_drawers_of_devices.py"),
            (Path(sync_server.__file__).parent / "migrations" / "versions", "0007_drawers_of_devices.py"),
        )
    )
    assert at_desk == at_centre


def test_a_migration_that_fails_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "device.db"
    create(path, KEY, to="0001")
    assert revision_of(path, KEY) == "0001"
    before = path.read_bytes()
    scripts = tmp_path / "scripts"
    shutil.copytree(migrating._SCRIPTS, scripts)
    step = scripts / "versions" / "0002_search.py"
    step.write_text(step.read_text().replace("cards_of_all(op.get_bind())", 'raise OSError("the lights went out")'))
    monkeypatch.setattr(migrating, "_SCRIPTS", scripts)
    with pytest.raises(OSError, match="the lights"):
        bring_up_to_date(path, KEY)
    assert revision_of(path, KEY) == "0001"
    assert path.read_bytes() == before
    assert {found.name for found in tmp_path.iterdir()} == {"device.db", "scripts"}


def test_a_damaged_file_is_not_migrated(tmp_path: Path) -> None:
    path = tmp_path / "device.db"
    create(path, KEY, to="0001")
    assert revision_of(path, KEY) == "0001"
    content = bytearray(path.read_bytes())
    content[4096 * 3 + 50] ^= 1
    path.write_bytes(content)
    with pytest.raises(StoreProblem):
        bring_up_to_date(path, KEY)
    assert path.read_bytes() == content
