"""JSON bodies in and out, and how endpoints say in OpenAPI what they take and give by msgspec types.

    decoder = msgspec.json.Decoder(Push)

    @router.post("/v1/push", **documented(request=Push, answer=PushAnswer, problems=("gap",)))
    def push(raw: RawJson) -> Response:
        return answer(book(decoded(raw, decoder)))

The body is read on the event loop and decoded in the endpoint's thread.
"""

from __future__ import annotations

import re
from typing import Annotated, Any

import msgspec
from fastapi import Depends, Request
from starlette.responses import Response

from sync_server.problems import PROBLEM_MEDIA_TYPE, Problem, problem_answers

JSON_MEDIA_TYPE = "application/json"
STRUCTS = "x-structs"
"""Where `documented` leaves the schemas for `sync_server.web.openapi`, which takes them out again."""

_MEDIA_TYPE = re.compile(r'application/json\s*(;\s*charset\s*=\s*"?utf-8"?\s*)?', re.IGNORECASE)


async def raw_json(request: Request) -> bytes:
    """The body's bytes; `media_type_unsupported` unless it is declared as JSON in UTF-8."""
    if not _MEDIA_TYPE.fullmatch(request.headers.get("content-type", "").strip()):
        raise Problem("media_type_unsupported", headers={"Accept": JSON_MEDIA_TYPE})
    return await request.body()


RawJson = Annotated[bytes, Depends(raw_json)]


def answer(value: Any, *, status: int = 200) -> Response:
    """The value as a JSON answer."""
    return Response(msgspec.json.encode(value), status_code=status, media_type=JSON_MEDIA_TYPE)


def answer_problem(problem: Problem) -> Response:
    """The problem as an HTTP answer."""
    return Response(
        msgspec.json.encode(problem.document()),
        status_code=problem.status,
        headers=problem.headers,
        media_type=PROBLEM_MEDIA_TYPE,
    )


def documented(
    *,
    request: Any = None,
    answer: Any = None,
    status: int = 200,
    description: str = "Done.",
    problems: tuple[str, ...] = (),
    tags: tuple[str, ...] = (),
) -> dict[str, Any]:
    """Arguments for a route's decorator that describe what it takes and gives by msgspec types.

    `problems` are the codes beyond those that follow from a body, parameters and a token.
    """
    kinds = [kind for kind in (request, answer) if kind is not None]
    schemas, components = msgspec.json.schema_components(kinds, ref_template="#/components/schemas/{name}")
    by_kind = dict(zip(map(id, kinds), schemas, strict=True))
    structs = {
        "request": by_kind.get(id(request)),
        "answer": by_kind.get(id(answer)),
        "status": status,
        "components": components,
    }
    extra: dict[str, Any] = {STRUCTS: structs}
    return {
        "openapi_extra": extra,
        "responses": {status: {"description": description}, **problem_answers(problems)},
        "status_code": status,
        "response_class": Response,
        "response_model": None,
        "tags": list(tags) or None,
    }
