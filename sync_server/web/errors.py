"""Whatever ends a request early becomes a problem document: what the web layer refuses, what the database does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg
import sqlalchemy.exc
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from psycopg_pool import PoolClosed, PoolTimeout, TooManyRequests
from starlette.exceptions import HTTPException
from starlette.responses import Response

from core.errors import Refused
from sync_server.centre.issue import Gathering
from sync_server.problems import Problem, database_busy, database_unavailable, overtaken
from sync_server.store.home import MetOthers
from sync_server.web.bodies import answer_problem

_BY_STATUS = {
    404: "not_found",
    405: "method_not_allowed",
    413: "body_too_large",
    415: "media_type_unsupported",
}
_BUSY = (
    MetOthers,
    psycopg.errors.SerializationFailure,
    psycopg.errors.DeadlockDetected,
    psycopg.errors.LockNotAvailable,
    psycopg.errors.QueryCanceled,
    psycopg.errors.TooManyConnections,
)
_AWAY = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    # What a server says that was primary a moment ago.
    psycopg.errors.ReadOnlySqlTransaction,
    PoolTimeout,
    PoolClosed,
    TooManyRequests,
    sqlalchemy.exc.TimeoutError,
)
_ERRORS_SHOWN_MAX = 20


def answer_problems(app: FastAPI) -> None:
    """Register the handlers. What none of them takes is a bug, and `sync_server.web.edge` answers it."""
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(Gathering, _gathering)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _validation)
    for kind in (*_AWAY, *_BUSY, sqlalchemy.exc.DBAPIError):
        app.add_exception_handler(kind, _database)


async def _gathering(_request: Request, _gathering: Exception) -> Response:
    return answer_problem(Problem("centre_recovering"))


async def _problem(_request: Request, problem: Exception) -> Response:
    assert isinstance(problem, Problem)  # noqa: S101 - tells the type checker what it was registered for
    return answer_problem(problem)


async def _refused(_request: Request, problem: Exception) -> Response:
    assert isinstance(problem, Refused)  # noqa: S101 - as above
    return answer_problem(overtaken(problem))


async def _http(_request: Request, problem: Exception) -> Response:
    assert isinstance(problem, HTTPException)  # noqa: S101 - as above
    if isinstance(problem.__cause__, Problem):
        # FastAPI wraps whatever stops it reading a body.
        return answer_problem(problem.__cause__)
    code = _BY_STATUS.get(problem.status_code, "http_error")
    return answer_problem(Problem(code, headers=problem.headers, status=problem.status_code))


async def _validation(_request: Request, problem: Exception) -> Response:
    assert isinstance(problem, RequestValidationError)  # noqa: S101 - as above
    errors: Sequence[Any] = problem.errors()
    if any(error["type"] == "json_invalid" for error in errors):
        return answer_problem(Problem("json_malformed"))
    # The input itself is left out: it may be a secret.
    found = [
        {"where": ".".join(str(part) for part in error["loc"]), "message": error["msg"]}
        for error in errors[:_ERRORS_SHOWN_MAX]
    ]
    detail = "; ".join(f"{error['where']}: {error['message']}" for error in found[:3])
    return answer_problem(Problem("request_malformed", detail, errors=found))


async def _database(_request: Request, problem: Exception) -> Response:
    cause: BaseException | None = problem
    if isinstance(problem, sqlalchemy.exc.DBAPIError):
        cause = problem.orig
    if isinstance(cause, _BUSY):
        await structlog.get_logger(__name__).awarning("database.busy", cause=type(cause).__name__)
        return answer_problem(database_busy())
    if isinstance(cause, _AWAY):
        await structlog.get_logger(__name__).awarning("database.unavailable", cause=type(cause).__name__)
        return answer_problem(database_unavailable())
    raise problem
