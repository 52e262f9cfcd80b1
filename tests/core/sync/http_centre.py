"""The centre in memory behind a real HTTP server on a free port, and a gate before it that can be shut."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import msgspec

from core.book.rows import DepositAccount, DeviceEpoch
from core.canonical import from_base64url
from core.errors import IntegrityFault
from core.operations.rights import available_on, payable_by, right_of
from core.rights import AllowancePolicy, top_up
from core.sync.messages import (
    AllowancesAnswer,
    AllowanceSkipped,
    AllowancesWanted,
    IbanBlockWanted,
    LeaseWanted,
    Push,
    RightsAnswer,
    RightsWanted,
)
from core.sync.requests import SIGNATURE_HEADER, read_request, verify_request
from tests.core.device.memory_centre import MemoryCentre

Answer = tuple[int, bytes]


@dataclass
class HttpCentre:
    """`answers` takes a path to what it is to answer instead; `seen` are the requests that came.

    Of more than `body_max` it reads nothing.
    """

    centre: MemoryCentre
    answers: dict[str, Answer] = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)
    before_answer: Callable[[str], None] = lambda _path: None
    body_max: int = 4 * 1024 * 1024
    allowance: AllowancePolicy | None = None
    """None: this centre knows of no allowances."""
    asked: list[list[str]] = field(default_factory=list)
    """Accounts whose allowance was asked for, in each request."""
    skipped: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.guard = threading.Lock()
        self._start(0)

    def _start(self, port: int) -> None:
        server = ThreadingHTTPServer(("127.0.0.1", port), _handler_of(self))
        server.daemon_threads = True
        self.port = server.server_address[1]
        self._server = server
        self._thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    def cut(self) -> None:
        """Nothing answers any more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def mend(self) -> None:
        """It answers again, at the same place."""
        self._start(self.port)

    def answer(self, method: str, target: str, body: bytes, signature: str) -> Answer:
        """What the centre says."""
        path = urlsplit(target).path
        self.seen.append(f"{method} {path}")
        self.before_answer(path)
        if len(body) > self.body_max:
            return 413, b"<html>Request Entity Too Large</html>"
        if path in self.answers:
            return self.answers[path]
        if path == "/v1/allowances" and self.allowance is None:
            return 404, b'{"code": "not_found", "title": "There is nothing at this address", "status": 404}'
        with self.guard:
            device = self._authenticate(method, target, body, signature)
            if device is None:
                return 401, b'{"code": "signature_wrong", "title": "wrong", "status": 401, "retry": false}'
            return 200, msgspec.json.encode(self._answered(device, path, target, body))

    def _authenticate(self, method: str, target: str, body: bytes, signature: str) -> DeviceEpoch | None:
        try:
            statement = read_request(signature)
            row = self.centre.book.get(DeviceEpoch, statement.device, statement.epoch)
            if row is None:
                return None
            key, now_ms = from_base64url(row.public_key), self.centre.clock.now_ms()
            verify_request(signature, key, method=method, target=target, body=body, now_ms=now_ms)
        except IntegrityFault:
            return None
        return row

    def _answered(self, device: DeviceEpoch, path: str, target: str, body: bytes) -> object:
        if path == "/v1/operations":
            push = msgspec.json.decode(body, type=Push)
            records = {digest: from_base64url(text) for digest, text in push.records.items()}
            return self.centre.push(push.device, push.epoch, push.operations, records)
        if path == "/v1/rights":
            wanted = msgspec.json.decode(body, type=RightsWanted)
            granted = self.centre.grant(wanted.account, device.device, wanted.amount, device.epoch, wanted.holding)
            account = self.centre.book.get(DepositAccount, wanted.account)
            assert account is not None
            return RightsAnswer(granted, available_on(account), self.centre.page(account.branch, wanted.after))
        if path == "/v1/allowances":
            return self._topped_up(device, msgspec.json.decode(body, type=AllowancesWanted))
        if path == "/v1/allowances":
            return self._topped_up(device, msgspec.json.decode(body, type=AllowancesWanted))
        if path == "/v1/leases":
            return self.centre.page(device.branch or "", msgspec.json.decode(body, type=LeaseWanted).after)
        if path == "/v1/iban-blocks":
            self.centre.lease(device.device, device.epoch, 1000)
            return self.centre.page("bank", msgspec.json.decode(body, type=IbanBlockWanted).after)
        query = parse_qs(urlsplit(target).query)
        return self.centre.page(path.rpartition("/")[2], int(query["after"][0]), int(query["limit"][0]))

    def _topped_up(self, device: DeviceEpoch, wanted: AllowancesWanted) -> AllowancesAnswer:
        policy, book, granted = self.allowance or AllowancePolicy(), self.centre.book, 0
        self.asked.append([account for account, _ in wanted.accounts])
        for account, _ in wanted.accounts:
            row = book.get(DepositAccount, account)
            held = payable_by(right_of(account, device.device, device.epoch, book))
            more = top_up(policy, held=held, available_amount=available_on(row)) if row is not None else 0
            granted += bool(more and self.centre.grant(account, device.device, more, device.epoch))
        skipped = tuple(AllowanceSkipped(account, code) for account, code in self.skipped.items())
        return AllowancesAnswer(granted, skipped, policy, self.centre.page(device.branch or "", wanted.after))


def _handler_of(centre: HttpCentre) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_arguments: object) -> None:
            return None

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, content = centre.answer(self.command, self.path, body, self.headers.get(SIGNATURE_HEADER, ""))
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = _serve  # noqa: N815 - the server calls them by these names

    return Handler
