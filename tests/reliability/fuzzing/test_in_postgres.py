"""The centre over PostgreSQL answers hostile pushes as the one in memory does, of which a million are made."""

from collections.abc import Callable

import pytest

from tests.reliability.fuzzing.in_postgres import compare


def test_postgresql_answers_every_push_as_memory_does(make_database: Callable[..., str]) -> None:
    settled, found = compare(make_database(), 200, "suite")
    assert found == []
    assert settled > 20


def test_a_row_that_postgresql_loses_is_found(
    make_database: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sync_server.store.postgres.PostgresHome.keep_unbooked", lambda *_: None)
    assert compare(make_database(), 60, "lost")[1]
