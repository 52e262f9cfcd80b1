"""JSON decoded strictly by msgspec, with a problem that says where it does not hold."""

from __future__ import annotations

import re
from typing import TypeVar

import msgspec

from sync_server.problems import Problem

_WHERE = re.compile(r" - at `(?:key in )?(\$[^`]*)`$")
_DETAIL_LENGTH_MAX = 300

Decoded = TypeVar("Decoded")


def decoded(raw: bytes, decoder: msgspec.json.Decoder[Decoded]) -> Decoded:
    """The body as its type. Raises `Problem` with `json_malformed` or `request_malformed` (and `where`)."""
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError as problem:
        text = str(problem)
        found = _WHERE.search(text)
        detail = _WHERE.sub("", text)[:_DETAIL_LENGTH_MAX]
        raise Problem("request_malformed", detail, where=found[1] if found else "$") from problem
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise Problem("json_malformed", str(problem)[:_DETAIL_LENGTH_MAX]) from problem
