"""What happens at the centre: its jobs, what partners send in, and what its people do there."""

from __future__ import annotations

from collections.abc import Callable

from core.errors import Refused
from counterfoil.simulation.centre_host import OWN_BIC, Server
from counterfoil.simulation.counter import AMOUNT_MAX, CURRENCY
from counterfoil.simulation.simulation import PARTNER, Simulation
from sync_server.centre import checkpoints, standing_jobs
from sync_server.centre.issue import Gathering
from sync_server.exchange import partner_payments
from sync_server.partner_bank.messages import Party, Payment
from sync_server.payments.steps import Partner, PaymentDesk, Stepped
from sync_server.problems import Problem
from sync_server.settings import CheckpointPolicy
from sync_server.store.home import Home, MetOthers

_STEPS_AT_ONCE = 4
_CHECKPOINTS = CheckpointPolicy(operations=20, minutes=60)


def jobs(simulation: Simulation) -> None:
    """A server's jobs take payments and whatever else waits a few steps further."""
    work(simulation, _STEPS_AT_ONCE)


def work(simulation: Simulation, most: int) -> None:
    """At most so many steps of the jobs."""

    def step(server: Server) -> None:
        desk = payment_desk(simulation, server)
        database = simulation.centre.database
        for _ in range(most):
            try:
                paid = desk.step(lambda stepped: _tell(simulation, stepped))
                carried = standing_jobs.step(database, server.centre)
                made = checkpoints.step(database, server.centre, _CHECKPOINTS)
                if not (paid or carried or made):
                    return
            except MetOthers:
                return

    simulation.at_centre(lambda: simulation.centre.work(step))


def at_centre(simulation: Simulation, do: Callable[[Home, Server], object]) -> None:
    """Let somebody at the centre do something in a transaction; what the rules refuse is not done."""

    def tried(server: Server) -> None:
        try:
            with simulation.centre.database.transaction() as home:
                do(home, server)
        except Refused as refused:
            simulation.note(f"the centre refuses: {refused.refusal.code}")
        except Gathering:
            simulation.note("the centre gathers what desks know")
        except MetOthers:
            simulation.note("others were at it")

    simulation.at_centre(lambda: simulation.centre.work(tried))


def _tell(simulation: Simulation, stepped: Stepped) -> None:
    simulation.note(f"payment {stepped.transfer_id}: {stepped.before} to {stepped.state}")


def payment_desk(simulation: Simulation, server: Server) -> PaymentDesk:
    """The real jobs of a server."""
    partner = Partner(PARTNER.code, PARTNER.bic, PARTNER.bank_code, simulation.partner)
    chance = simulation.chance
    return PaymentDesk(simulation.centre.database, server.centre, (partner,), OWN_BIC, chance.randbytes)


def money_comes_in(simulation: Simulation) -> None:
    """A partner sends money in, sometimes what it has sent before."""
    chance = simulation.chance
    if simulation.sent_in and chance.happens(40):
        payment = chance.one_of(simulation.sent_in)
    else:
        payment = _payment(simulation)
        simulation.sent_in.append(payment)

    def take(server: Server) -> None:
        try:
            report = partner_payments.take(simulation.centre.exchange(server), PARTNER.code, payment)
        except (Gathering, MetOthers, Problem):
            # It sends it again; so it does to a centre that is recovering.
            return
        if report.status == "ACSC":
            simulation.came_in[payment.end_to_end_id] = payment.amount
            simulation.note(f"{payment.amount} come in for {payment.creditor.iban}")

    simulation.at_centre(lambda: simulation.centre.work(take))


def _payment(simulation: Simulation) -> Payment:
    chance = simulation.chance
    branch = chance.one_of(sorted(simulation.accounts))
    account = chance.one_of(simulation.accounts[branch])
    return Payment(
        end_to_end_id=chance.randbytes(16).hex(),
        amount=chance.amount(AMOUNT_MAX),
        currency=CURRENCY,
        debtor=Party(name="Skovby", iban=chance.one_of(simulation.partner_ibans)),
        debtor_agent=PARTNER.bic,
        creditor=Party(name="Holm", iban=account.iban),
        creditor_agent=OWN_BIC,
    )
