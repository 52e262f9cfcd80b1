"""What the server does by itself goes on whatever one step of it meets, and ends with the server."""

import threading
from collections.abc import Iterator

import psycopg
import pytest

from sync_server.beside import Step, beside
from sync_server.store.home import MetOthers

NEVER = 3600.0
SOON = 0.001
PATIENCE = 30.0


def steps(*met: bool | Exception, then: threading.Event) -> Step:
    """A job that comes upon these one after another, and has nothing more to do."""
    coming: Iterator[bool | Exception] = iter(met)

    def step() -> bool:
        this = next(coming, None)
        if this is None:
            then.set()
            return False
        if isinstance(this, Exception):
            raise this
        return this

    return step


@pytest.mark.parametrize("met", [psycopg.OperationalError("away"), MetOthers("at it"), ValueError("a bug")])
def test_a_step_that_fails_is_followed_by_another(met: Exception) -> None:
    done = threading.Event()
    with beside("trying", steps(met, met, then=done), SOON):
        assert done.wait(PATIENCE)


def test_where_something_was_done_the_next_step_follows_at_once() -> None:
    done = threading.Event()
    # With a pause behind each step, they would take longer than is waited for.
    with beside("busy", steps(*[True] * 100, then=done), PATIENCE / 50):
        assert done.wait(PATIENCE)


def test_it_ends_with_the_server_also_in_the_middle_of_a_pause() -> None:
    before = threading.active_count()
    with beside("idle", lambda: False, NEVER):
        assert threading.active_count() == before + 1
    assert threading.active_count() == before
