"""The client of a partner bank. What can go wrong on the way is an answer here, never an exception.

A payment is only rejected if the partner says so under our end-to-end id; whatever else happens after the request
may have left is `Unknown`, and the partner is asked again before anybody moves money.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from urllib.parse import quote

import httpx
import msgspec

from sync_server.environment import Secret
from sync_server.partner_bank.messages import Payment, PaymentReport

CONNECT_SECONDS = 3.0
ANSWER_SECONDS = 10.0
_ANSWER_BYTES_MAX = 64 * 1024
_PROBLEM_CODE_LENGTH_MAX = 64


@dataclass(frozen=True, slots=True)
class Accepted:
    """The partner has the payment and will settle it."""

    received_at: str


@dataclass(frozen=True, slots=True)
class Settled:
    """The money has reached the payee's account."""

    received_at: str
    settled_at: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """The partner will not book it: an external status reason code of ISO 20022, and its words."""

    reason: str
    reason_text: str


@dataclass(frozen=True, slots=True)
class NotFound:
    """The partner has never booked that end-to-end id: it may be submitted (again) under the same id."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nobody can say what became of it.

    `why` is stable: `unreachable`, `timed_out`, `broken_off`, `server_error`, `refused`, `garbled`, `mismatched`;
    `code` is the partner's own problem code where it gave one. `left` is false if the request certainly never left
    this machine. `retry` is false if asking again will not help until a person has looked (`refused`, `mismatched`).
    """

    why: str
    code: str = ""
    left: bool = True
    retry: bool = True


Submitted = Accepted | Settled | Rejected | Unknown
Asked = Accepted | Settled | Rejected | NotFound | Unknown


class _Problem(msgspec.Struct, frozen=True):
    code: str = ""


@dataclass(frozen=True, slots=True)
class _Reply:
    status: int
    body: bytes


class PartnerClient:
    """Speaks to one partner bank, whose payments are at `path`; threads may share it.

    `seconds` is a clock that only goes forward.
    """

    def __init__(
        self,
        base_url: str,
        token: Secret,
        *,
        path: str = "/payments",
        connect_seconds: float = CONNECT_SECONDS,
        answer_seconds: float = ANSWER_SECONDS,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path = path
        self._answer_seconds = answer_seconds
        self._seconds = seconds
        self._http = httpx.Client(
            base_url=base_url,
            headers={"Authorization": f"Bearer {token.reveal()}", "Accept-Encoding": "identity"},
            timeout=httpx.Timeout(answer_seconds, connect=connect_seconds),
            # Neither the machine's proxies nor a redirect may see payments and the token.
            trust_env=False,
            follow_redirects=False,
        )
        self._report = msgspec.json.Decoder(PaymentReport)
        self._problem = msgspec.json.Decoder(_Problem)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def submit(self, payment: Payment) -> Submitted:
        """Send a payment. Sending the same one again is safe: its end-to-end id makes it count once."""
        request = self._http.build_request(
            "POST",
            self._path,
            content=msgspec.json.encode(payment),
            headers={"Content-Type": "application/json"},
        )
        reply = self._exchange(request)
        if isinstance(reply, Unknown):
            return reply
        if reply.status != httpx.codes.OK:
            return self._failed(reply)
        return self._read(reply, payment.end_to_end_id, payment)

    def ask(self, end_to_end_id: str) -> Asked:
        """What became of a payment."""
        reply = self._exchange(self._http.build_request("GET", f"{self._path}/{quote(end_to_end_id, safe='')}"))
        if isinstance(reply, Unknown):
            return reply
        if reply.status == httpx.codes.OK:
            return self._read(reply, end_to_end_id, None)
        failed = self._failed(reply)
        # A plain 404 may come from anything that stands between: only the bank's own word counts.
        if reply.status == httpx.codes.NOT_FOUND and failed.code == "payment_unknown":
            return NotFound()
        return failed

    def _exchange(self, request: httpx.Request) -> _Reply | Unknown:
        try:
            return self._send(request)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol):
            return Unknown("unreachable", left=False)
        except httpx.TimeoutException:
            return Unknown("timed_out")
        except httpx.HTTPError:
            return Unknown("broken_off")

    def _send(self, request: httpx.Request) -> _Reply | Unknown:
        """The whole answer within the time: the timeout of httpx starts anew with every byte."""
        deadline = self._seconds() + self._answer_seconds
        response = self._http.send(request, stream=True)
        try:
            body = b""
            for piece in response.iter_raw():
                body += piece
                if len(body) > _ANSWER_BYTES_MAX:
                    return Unknown("garbled")
                if self._seconds() > deadline:
                    return Unknown("timed_out")
            return _Reply(response.status_code, body)
        finally:
            response.close()

    def _failed(self, reply: _Reply) -> Unknown:
        """An answer other than 200. None of them proves that nothing was booked."""
        try:
            code = self._problem.decode(reply.body).code[:_PROBLEM_CODE_LENGTH_MAX]
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            code = ""
        if httpx.codes.is_client_error(reply.status) and reply.status not in {
            httpx.codes.REQUEST_TIMEOUT,
            httpx.codes.TOO_MANY_REQUESTS,
        }:
            return Unknown("refused", code, retry=False)
        return Unknown("server_error", code)

    def _read(
        self, reply: _Reply, end_to_end_id: str, payment: Payment | None
    ) -> Accepted | Settled | Rejected | Unknown:
        try:
            report = self._report.decode(reply.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return Unknown("garbled")
        if report.end_to_end_id != end_to_end_id:
            return Unknown("mismatched", retry=False)
        if payment is not None and (report.amount, report.currency) != (payment.amount, payment.currency):
            return Unknown("mismatched", retry=False)
        match report:
            case PaymentReport(status="RJCT", reason=str() as reason):
                return Rejected(reason, report.reason_text)
            case PaymentReport(status="ACSC", reason=None, settled_at=str() as settled_at):
                return Settled(report.received_at, settled_at)
            case PaymentReport(status="ACSP", reason=None):
                return Accepted(report.received_at)
            case _:
                return Unknown("garbled")
