"""Two processes on one payment: whoever was paused too long has no say, and nobody gives back what may be paid."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import pytest
from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from core.clock import FixedClock, SystemClock
from core.iban import make_iban
from sync_server.database import Pool, connection_pool
from sync_server.environment import Secret
from sync_server.metrics import Metrics
from sync_server.payments.jobs import PaymentJobs
from sync_server.services import Services
from sync_server.settings import PartnerSettings
from sync_server.store.postgres import PostgresDatabase
from sync_server.store.values import PaymentStep
from tests.sync_server.centre_bank import CentreBank, Desk
from tests.sync_server.serving import served


@dataclass
class Partner:
    """A partner's interface that does what a test says while a payment is submitted, and then fails."""

    address: str = ""
    asked: str = "ACSP"
    submitted: list[str] = field(default_factory=list)
    meanwhile: Callable[[], object] = lambda: None

    def app(self) -> FastAPI:
        """Both addresses of the interface."""
        return FastAPI(
            routes=[
                Route("/payments", self._submit, methods=["POST"]),
                Route("/payments/{id}", self._ask),
            ]
        )

    async def _submit(self, request: Request) -> JSONResponse:
        self.submitted.append((await request.json())["end_to_end_id"])
        await run_in_threadpool(self.meanwhile)
        return JSONResponse({}, status_code=500)

    async def _ask(self, request: Request) -> JSONResponse:
        report = {"end_to_end_id": request.path_params["id"], "status": self.asked, "amount": 60_00, "currency": "DKK"}
        report |= {"received_at": "2026-01-01T00:00:00.000Z"}
        if self.asked == "ACSC":
            report |= {"settled_at": "2026-01-01T00:00:01.000Z"}
        return JSONResponse(report)


@pytest.fixture
def partner() -> Iterator[Partner]:
    made = Partner()
    with served(made.app()) as made.address:
        yield made


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(SystemClock().now_ms() + 3_600_000)


@pytest.fixture
def pool(centre_bank: CentreBank) -> Iterator[Pool]:
    with connection_pool(Secret(centre_bank.app_url), 4) as pool:
        yield pool


@pytest.fixture
def jobs_with(
    centre_bank: CentreBank, clock: FixedClock, pool: Pool
) -> Iterator[Callable[[tuple[PartnerSettings, ...]], PaymentJobs]]:
    """The jobs of one process, with those partners in its settings."""
    made: list[PaymentJobs] = []

    def make(partners: tuple[PartnerSettings, ...]) -> PaymentJobs:
        settings = centre_bank.settings(partners=partners)
        centre = replace(centre_bank.centre, clock=clock)
        services = Services(settings, PostgresDatabase(pool), clock, centre.ids, Metrics(), centre)
        made.append(PaymentJobs(services))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def skov(partner: Partner) -> tuple[PartnerSettings, ...]:
    return (PartnerSettings("skov", "SKOVDKKK", "9570", partner.address, Secret("skov-token")),)


@pytest.fixture(scope="module")
def desk(centre_bank: CentreBank, address: str) -> Desk:
    made = centre_bank.desk("nor-1", "nor")
    made.settle(address)
    return made


@pytest.fixture
def account(desk: Desk) -> str:
    return desk.account(deposit=100_00)


@pytest.fixture
def transfer(centre_bank: CentreBank, address: str, desk: Desk, account: str) -> Iterator[str]:
    """A transfer of 60.00 to an account at the partner, not sent on yet; nothing else is due."""
    made = desk.make(desk.transfer(account, 60_00, make_iban("DK", "9570", 1234567), "partner")).operation.id
    desk.settle(address)
    yield made
    with centre_bank.connection() as connection:
        connection.execute(b"UPDATE payments SET next_attempt_ms = 2^53 - 1 WHERE transfer_id = %s", (made,))


def state_of(bank: CentreBank, transfer: str) -> str:
    return str(bank.rows("SELECT state FROM payments WHERE transfer_id = %s", transfer)[0][0])


JobsWith = Callable[[tuple[PartnerSettings, ...]], PaymentJobs]


def test_a_payment_that_was_sent_is_not_given_back_because_its_partner_left_the_settings(
    centre_bank: CentreBank,
    jobs_with: JobsWith,
    skov: tuple[PartnerSettings, ...],
    clock: FixedClock,
    account: str,
    transfer: str,
) -> None:
    with_partner, without = jobs_with(skov), jobs_with(())
    for _ in range(2):
        assert with_partner.step()
        clock.advance(120_000)
    assert state_of(centre_bank, transfer) == "accepted"
    for _ in range(2):
        assert without.step()
        clock.advance(3_600_000)
    assert state_of(centre_bank, transfer) == "accepted"
    assert centre_bank.balance(account) == 40_00
    assert centre_bank.rows("SELECT detail FROM cases WHERE operation_id = %s", transfer) == [
        ('{"why":"partner_not_configured"}',)
    ]


def test_a_late_answer_does_not_undo_what_another_process_has_finished(
    centre_bank: CentreBank,
    jobs_with: JobsWith,
    skov: tuple[PartnerSettings, ...],
    partner: Partner,
    clock: FixedClock,
    account: str,
    transfer: str,
) -> None:
    late, other = jobs_with(skov), jobs_with(skov)
    partner.asked = "ACSC"

    def overtake() -> None:
        clock.advance(61_000)
        assert other.step()

    partner.meanwhile = overtake
    assert late.step()
    assert state_of(centre_bank, transfer) == "settled"
    clock.advance(3_600_000)
    assert not other.step()
    assert len(partner.submitted) == 1
    assert centre_bank.balance(account) == 40_00


def test_who_was_overtaken_before_sending_may_neither_send_nor_book(
    pool: Pool, clock: FixedClock, centre_bank: CentreBank, transfer: str
) -> None:
    database, now_ms = PostgresDatabase(pool), clock.now_ms()
    sent = PaymentStep("sent", reason=None, partner="skov", next_attempt_ms=0, updated_at="x")
    with database.transaction() as home:
        paused = home.payments.claim(now_ms, now_ms + 60_000)
        overtaker = home.payments.claim(now_ms + 61_000, now_ms + 121_000)
        assert paused is not None
        assert overtaker is not None
        assert paused.transfer_id == overtaker.transfer_id == transfer
        assert home.payments.lock(paused) is None
        assert [home.payments.update(each, sent) for each in (paused, overtaker)] == [False, True]
    with database.transaction() as home:
        assert home.payments.update(overtaker, sent._replace(state="settled", partner=None))
        assert not home.payments.update(overtaker, sent)
