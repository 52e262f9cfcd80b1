"""The partner bank's interface over HTTP: payments, what became of them, statements; switches for faults."""

from __future__ import annotations

import os
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import msgspec
from fastapi import APIRouter, Depends, FastAPI, Query
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from core.clock import Clock, clock_from_environment, is_business_date
from core.ids import Identifiers
from sync_server.decoding import decoded
from sync_server.environment import Secret
from sync_server.logs import configure_logs
from sync_server.metrics import METRICS_MEDIA_TYPE, Metrics
from sync_server.partner_bank.bank import Bank
from sync_server.partner_bank.customers import Customer, seeded_customers
from sync_server.partner_bank.faults import Fault, Faults, FaultSwitches
from sync_server.partner_bank.messages import (
    AmountMinor,
    Bic,
    Currency,
    EndToEndId,
    Party,
    Payment,
    PaymentPage,
    PaymentReport,
    Statement,
    Text140,
)
from sync_server.partner_bank.settings import PartnerBankSettings
from sync_server.partner_bank.state import BankFile
from sync_server.problems import Problem
from sync_server.web.application import web_application
from sync_server.web.bodies import RawJson, answer, documented
from sync_server.web.serving import Ready, run
from sync_server.web.tokens import BearerTokens

_BODY_BYTES_MAX = 64 * 1024
_BODY_SECONDS_MAX = 10
_PAGE_MAX = 500
_CURRENCY = re.compile(r"[A-Z]{3}")


class Sending(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A payment from this bank's first customer to another bank, whose interface takes it at `url` under `token`."""

    url: str
    token: str
    end_to_end_id: EndToEndId
    amount: AmountMinor
    currency: Currency
    creditor: Party
    creditor_agent: Bic
    remittance: Text140 = ""


class Sent(msgspec.Struct, frozen=True):
    """What the other bank said: `settled`, `accepted`, `rejected` (with a reason) or `unknown` (with why)."""

    outcome: str
    reason: str | None = None


class Settled(msgspec.Struct, frozen=True):
    """How many payments were settled at once."""

    settled: int


def create_partner_bank(settings: PartnerBankSettings, *, clock: Clock | None = None) -> FastAPI:
    """The application. Its file is made when its lifespan begins."""
    clock = clock or clock_from_environment(dict(os.environ))
    bank = Bank(settings, BankFile(settings.database), clock)
    switches = FaultSwitches()
    metrics = Metrics()
    routers = [_payments(bank), _health(metrics)]
    if settings.purpose != "production":
        routers.append(_admin(bank, switches))

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await run_in_threadpool(bank.open)
        yield

    app = web_application(
        title="Partner bank",
        version="1",
        lifespan=lifespan,
        routers=routers,
        ids=Identifiers(clock),
        metrics=metrics,
        seconds=time.monotonic,
        bytes_max=_BODY_BYTES_MAX,
        seconds_max=_BODY_SECONDS_MAX,
    )
    if settings.purpose != "production":
        app.add_middleware(Faults, switches=switches)
    return app


def serve(settings: PartnerBankSettings, *, ready: Ready | None = None) -> None:
    """Serve until told to stop (SIGINT, SIGTERM). `ready` is told the address, also where the port was 0."""
    configure_logs(settings.log)
    # A file that can't be used is said before anything listens; the lifespan would bury it under its own words.
    BankFile(settings.database).prepare(seeded_customers(settings))
    run(partial(create_partner_bank, settings), host=settings.host, port=settings.port, grace_seconds=2, ready=ready)


def _payments(bank: Bank) -> APIRouter:
    holder = BearerTokens({"sender": bank.settings.token})
    router = APIRouter(tags=["payments"], dependencies=[Depends(holder)])
    decoder = msgspec.json.Decoder(Payment)

    @router.post("/payments", **documented(request=Payment, answer=PaymentReport, problems=("end_to_end_id_reused",)))
    def submit(raw: RawJson) -> Response:
        """Decided and booked before it is answered. The same payment again has the same answer."""
        report = bank.take(decoded(raw, decoder))
        if report is None:
            raise Problem("end_to_end_id_reused")
        return answer(report)

    @router.get("/payments", **documented(answer=PaymentPage))
    def payments(after: int = Query(0, ge=0, le=2**53), limit: int = Query(100, ge=1, le=_PAGE_MAX)) -> Response:
        """All payments in the order in which they came, for reconciling."""
        reports, next_after = bank.file.page(after, limit, bank.clock.now_ms())
        return answer(PaymentPage(reports, next_after))

    @router.get("/payments/{end_to_end_id}", **documented(answer=PaymentReport, problems=("payment_unknown",)))
    def ask(end_to_end_id: str) -> Response:
        """What became of one payment."""
        report = bank.file.report(end_to_end_id, bank.clock.now_ms())
        if report is None:
            raise Problem("payment_unknown")
        return answer(report)

    @router.get("/statement", **documented(answer=Statement))
    def statement(date: str, currency: str = "DKK") -> Response:
        """What settled on one day (UTC) in one currency."""
        if not is_business_date(date):
            raise Problem("request_malformed", "The date must be written YYYY-MM-DD.", where="query.date")
        if not _CURRENCY.fullmatch(currency):
            raise Problem("request_malformed", "The currency must be a code of ISO 4217.", where="query.currency")
        return answer(bank.file.statement(date, currency, bank.clock.now_ms()))

    return router


def _health(metrics: Metrics) -> APIRouter:
    router = APIRouter(tags=["health"])

    @router.get("/healthz", **documented(description="The process lives."))
    async def healthz() -> Response:
        return answer({"status": "alive"})

    @router.get("/metrics", response_class=Response, responses={200: {"content": {METRICS_MEDIA_TYPE: {}}}})
    def figures() -> Response:
        return Response(metrics.exposition(), media_type=METRICS_MEDIA_TYPE)

    return router


def _admin(bank: Bank, switches: FaultSwitches) -> APIRouter:
    """For the demo and the tests only."""
    holder = BearerTokens({"sender": bank.settings.token})
    router = APIRouter(prefix="/admin", tags=["admin"], dependencies=[Depends(holder)])
    decoder = msgspec.json.Decoder(Fault)
    sending_decoder = msgspec.json.Decoder(Sending)

    @router.get("/accounts", **documented(answer=list[Customer]))
    def accounts() -> Response:
        """The bank's customers."""
        return answer(bank.file.customers())

    @router.post("/faults", **documented(request=Fault, answer=list[Fault]))
    def add_fault(raw: RawJson) -> Response:
        """Switch a fault on."""
        return answer(switches.add(decoded(raw, decoder)))

    @router.get("/faults", **documented(answer=list[Fault]))
    def faults() -> Response:
        """The faults that are on."""
        return answer(switches.waiting())

    @router.delete("/faults", **documented(answer=list[Fault]))
    def reset_faults() -> Response:
        """Switch all faults off."""
        switches.reset()
        return answer(switches.waiting())

    @router.post("/send", **documented(request=Sending, answer=Sent))
    def send(raw: RawJson) -> Response:
        """Send money to another bank. Repeated under the same end-to-end id it counts once there."""
        return answer(_send(bank, decoded(raw, sending_decoder)))

    @router.post("/settle", **documented(answer=Settled))
    def settle() -> Response:
        """Settle at once whatever is on its way."""
        with bank.file.booking() as booking:
            return answer(Settled(booking.settle_now(bank.clock.now_ms())))

    return router


def _send(bank: Bank, sending: Sending) -> Sent:
    # The client is this server's own, and it imports the messages of this package.
    from sync_server.payments.partner_client import PartnerClient, Rejected, Unknown

    debtor = seeded_customers(bank.settings)[0]
    payment = Payment(
        end_to_end_id=sending.end_to_end_id,
        amount=sending.amount,
        currency=sending.currency,
        debtor=Party(debtor.name, debtor.iban),
        debtor_agent=bank.settings.bic,
        creditor=sending.creditor,
        creditor_agent=sending.creditor_agent,
        remittance=sending.remittance,
    )
    with PartnerClient(sending.url, Secret(sending.token), path="/v1/partner-payments") as client:
        answered = client.submit(payment)
    match answered:
        case Rejected(reason=reason):
            return Sent("rejected", reason)
        case Unknown(why=why):
            return Sent("unknown", why)
        case _:
            return Sent(type(answered).__name__.lower())
