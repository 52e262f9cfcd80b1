"""OpenAPI that is true to the code: msgspec types as schemas, each operation with the problems it can answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from sync_server.problems import problem_answers, problem_schema
from sync_server.web.bodies import JSON_MEDIA_TYPE, STRUCTS

_BODY_PROBLEMS = (
    "json_malformed",
    "body_too_large",
    "body_too_slow",
    "media_type_unsupported",
    "request_malformed",
)
_TOKEN_PROBLEMS = ("token_missing", "token_wrong")


def describe_truly(app: FastAPI) -> None:
    """Make `app.openapi()` (and `/openapi.json`) say what the endpoints really take and answer."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _described(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _described(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
    schemas: dict[str, Any] = document.setdefault("components", {}).setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas["Problem"] = problem_schema()
    for operation in _operations(document):
        _describe_structs(operation, schemas)
        _describe_problems(operation)
    return document


def _operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path in document.get("paths", {}).values():
        yield from path.values()


def _describe_structs(operation: dict[str, Any], schemas: dict[str, Any]) -> None:
    structs = operation.pop(STRUCTS, None)
    if structs is None:
        return
    schemas.update(structs.get("components", {}))
    if "request" in structs:
        content = {JSON_MEDIA_TYPE: {"schema": structs["request"]}}
        operation["requestBody"] = {"required": True, "content": content}
    answered = operation["responses"][str(structs["status"])]
    answered.pop("content", None)
    if "answer" in structs:
        answered["content"] = {JSON_MEDIA_TYPE: {"schema": structs["answer"]}}


def _describe_problems(operation: dict[str, Any]) -> None:
    responses = operation["responses"]
    # FastAPI's own 422 has a form that this server never answers with.
    if "HTTPValidationError" in str(responses.get("422", "")):
        del responses["422"]
    codes: tuple[str, ...] = ("internal_error",)
    if "requestBody" in operation:
        codes += _BODY_PROBLEMS
    elif "parameters" in operation:
        codes += ("request_malformed",)
    if "security" in operation:
        codes += _TOKEN_PROBLEMS
    for status, described in problem_answers(codes).items():
        known = responses.setdefault(str(status), described)
        if known is not described:
            _merge(known, described)


def _merge(known: dict[str, Any], described: dict[str, Any]) -> None:
    for media_type, media in described["content"].items():
        examples = known["content"][media_type]["examples"]
        if not media["examples"].keys() <= examples.keys():
            known["description"] = f"{known['description']} {described['description']}"
        examples.update(media["examples"])
