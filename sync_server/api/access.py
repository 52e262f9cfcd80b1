"""What an HTTP request of a device says, for `sync_server.exchange.access` to believe or not."""

from __future__ import annotations

from starlette.requests import Request

from core.sync.requests import SIGNATURE_HEADER
from sync_server.exchange.access import SignedRequest


def asked(request: Request, body: bytes = b"") -> SignedRequest:
    """The request with its signature, its path and query as they stood on the request line, and its body."""
    path, query = request.scope["raw_path"], request.scope["query_string"]
    target = (path + b"?" + query if query else path).decode("latin-1")
    return SignedRequest(request.headers.get(SIGNATURE_HEADER), request.method, target, body)
