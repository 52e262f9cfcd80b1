"""The jobs that take transfers further. The truth is the payments' table, so they survive any restart."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from core.ids import Randomness, system_randomness
from sync_server.beside import beside
from sync_server.payments.partner_client import PartnerClient
from sync_server.payments.steps import Partner, PaymentDesk, Stepped
from sync_server.services import Services
from sync_server.store.postgres import PostgresDatabase

_IDLE_SECONDS = 0.25
_CONNECTION_SECONDS = 1.0
"""How long a step waits for the database: a server that is told to stop must not wait for one that is away."""


class PaymentJobs:
    """Takes due payments one step further each, in this process; other processes take others."""

    def __init__(self, services: Services, randomness: Randomness = system_randomness) -> None:
        partners = services.settings.partners
        self._clients = [PartnerClient(partner.base_url, partner.token) for partner in partners]
        self._desk = PaymentDesk(
            PostgresDatabase(services.database.pool, _CONNECTION_SECONDS),
            services.centre,
            [
                Partner(partner.code, partner.bic, partner.bank_code, client)
                for partner, client in zip(partners, self._clients, strict=True)
            ],
            services.settings.bank_bic,
            randomness,
        )
        self._log = structlog.get_logger("sync_server.payments")

    def close(self) -> None:
        """Close the connections to the partners."""
        for client in self._clients:
            client.close()

    def step(self) -> bool:
        """Take the payment that is due longest one step further; False if none is due."""
        return self._desk.step(self._tell)

    def _tell(self, stepped: Stepped) -> None:
        self._log.info("payment", transfer=stepped.transfer_id, before=stepped.before, state=stepped.state)


@contextmanager
def payment_jobs(services: Services) -> Iterator[PaymentJobs]:
    """Run the jobs beside the requests."""
    jobs = PaymentJobs(services)
    try:
        with beside("payments", jobs.step, _IDLE_SECONDS):
            yield jobs
    finally:
        jobs.close()
