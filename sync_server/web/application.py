"""A FastAPI application with this project's manners: problem documents, limits, request ids, true OpenAPI."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager

import msgspec
from fastapi import APIRouter, FastAPI
from starlette.responses import Response

from core.ids import Identifiers
from sync_server.metrics import Metrics
from sync_server.problems import PROBLEMS, Problem
from sync_server.web.bodies import answer, documented
from sync_server.web.edge import Edge
from sync_server.web.errors import answer_problems
from sync_server.web.limits import BodyLimit
from sync_server.web.openapi import describe_truly


class ProblemPage(msgspec.Struct, frozen=True):
    """What a problem's code means."""

    code: str
    status: int
    title: str
    retry: bool


def web_application(
    *,
    title: str,
    version: str,
    lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]],
    routers: Sequence[APIRouter],
    ids: Identifiers,
    metrics: Metrics,
    seconds: Callable[[], float],
    bytes_max: int,
    seconds_max: float,
) -> FastAPI:
    """The application of some routers. The interactive pages are left out: they fetch from elsewhere."""
    app = FastAPI(
        title=title,
        version=version,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        # A request is signed for one address; it is answered there or not at all.
        redirect_slashes=False,
    )
    for router in (*routers, _problem_router()):
        app.include_router(router)
    answer_problems(app)
    describe_truly(app)
    # The last one added is the outermost.
    app.add_middleware(BodyLimit, bytes_max=bytes_max, seconds_max=seconds_max)
    app.add_middleware(Edge, ids=ids, metrics=metrics, seconds=seconds)
    return app


def _problem_router() -> APIRouter:
    router = APIRouter(prefix="/problems", tags=["problems"])
    pages = {code: ProblemPage(code, kind.status, kind.title, kind.retry) for code, kind in PROBLEMS.items()}

    @router.get("", **documented(answer=list[ProblemPage], description="Every problem this server answers."))
    def all_problems() -> Response:
        return answer(list(pages.values()))

    @router.get("/{code}", **documented(answer=ProblemPage, problems=("not_found",)))
    def one_problem(code: str) -> Response:
        if code not in pages:
            raise Problem("not_found")
        return answer(pages[code])

    return router
