"""Requests: what a desk may not decide. They post nothing, show as waiting, and the centre answers by naming them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

import msgspec

from core.book import Book, Key
from core.book.rows import DepositAccount, Request
from core.envelope import Operation
from core.errors import Refusal
from core.operations.kind import BY_CENTRE, Body, Decoded, Identifier, Kind

CLOSURE = "account.closure_requested"


Reason = Annotated[str, msgspec.Meta(pattern=r"^([A-Z]{2}[0-9A-Z]{2}|[a-z][a-z0-9_]{0,31})\Z")]
"""An external status reason code of ISO 20022 (AM04, AC06 ...), or a code of the bank's own (`balance_left`)."""


class RequestDeclined(Body, frozen=True):
    """The request is not granted."""

    request: Identifier
    reason: Reason


class RequestCarriedOut(Body, frozen=True):
    """The request is granted: `operation`, of the centre's chain too, is what was asked for."""

    request: Identifier
    operation: Identifier


def note_request(
    decoded: Decoded[Any],
    book: Book,
    *,
    account: str | None = None,
    currency: str | None = None,
    amount: int = 0,
) -> None:
    """Keep it as waiting; `amount` in minor units."""
    operation = decoded.operation
    known = book.get(Request, operation.id)
    asked = Request(
        operation.id, operation.branch or "", operation.kind, account, currency, amount, "waiting", None, None
    )
    if known is None:
        book.put(asked)
    elif not known.kind:
        answer = {"state": known.state, "reason": known.reason, "decided_by": known.decided_by}
        book.put(msgspec.structs.replace(asked, **answer))


def check_waiting(request_id: str, kind: str | None, book: Book) -> Iterable[Refusal]:
    """What speaks against deciding it now."""
    request = book.get(Request, request_id)
    if request is None or (kind is not None and request.kind != kind):
        yield Refusal("request_unknown", "request")
    elif request.state != "waiting":
        yield Refusal("request_already_decided", "request", {"state": request.state})


def decide(request_id: str, state: str, operation: Operation, book: Book, reason: str | None = None) -> None:
    """Note the centre's answer; the first answer stays.

    One that is heard of before what it answers, which stands in another feed, is remembered by the request's id.
    """
    request = book.get(Request, request_id)
    if request is None:
        book.put(Request(request_id, operation.branch or "", "", None, None, 0, state, reason, operation.id))
        return
    if request.state != "waiting":
        return
    book.put(msgspec.structs.replace(request, state=state, reason=reason, decided_by=operation.id))
    if request.kind == CLOSURE and request.account is not None:
        add_closing(request.account, -1, book)


def add_closing(account_id: str, difference: int, book: Book) -> None:
    """Count the requests to close the account that wait."""
    account = book.get(DepositAccount, account_id)
    if account is not None:
        book.put(msgspec.structs.replace(account, closings=account.closings + difference))


def _check_declined(decoded: Decoded[RequestDeclined], book: Book) -> Iterable[Refusal]:
    yield from check_waiting(decoded.body.request, None, book)


def _decline(decoded: Decoded[RequestDeclined], book: Book) -> None:
    decide(decoded.body.request, "declined", decoded.operation, book, decoded.body.reason)


def _check_carried_out(decoded: Decoded[RequestCarriedOut], book: Book) -> Iterable[Refusal]:
    yield from check_waiting(decoded.body.request, None, book)


def _carry_out(decoded: Decoded[RequestCarriedOut], book: Book) -> None:
    decide(decoded.body.request, "done", decoded.operation, book)


def _touches_answered(_operation: Operation, body: RequestDeclined | RequestCarriedOut) -> Iterable[Key]:
    yield Request, (body.request,)


KINDS = (
    Kind(
        name="request.declined",
        version=1,
        body=RequestDeclined,
        signers=BY_CENTRE,
        check=_check_declined,
        apply=_decline,
        touches=_touches_answered,
    ),
    Kind(
        name="request.carried_out",
        version=1,
        body=RequestCarriedOut,
        signers=BY_CENTRE,
        check=_check_carried_out,
        apply=_carry_out,
        touches=_touches_answered,
    ),
)
