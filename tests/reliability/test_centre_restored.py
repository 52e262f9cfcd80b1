"""A centre restored from yesterday's backup, as processes: desks give back what it lost, nobody is paid twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from core.iban import make_iban
from core.operations.transfers import TransferSent
from core.records import make_record
from counterfoil.demo.processes import free_port
from tests.reliability.centre_site import SteadyClock, wait_until
from tests.reliability.real_desk import RealDesk, real_desk
from tests.reliability.test_centre_backup import command, in_database
from tests.sync_server.centre_bank import CentreBank, found_bank
from tests.sync_server.payments.conftest import TOKEN
from tests.sync_server.serving import Program, program

ABROAD = make_iban("DK", "9570", 1234567)


@dataclass
class Site:
    """The bank, its partner, and whichever server stands at its address."""

    bank: CentreBank
    partner: Program
    folder: Path
    port: int

    def server(self, stack: ExitStack) -> Program:
        """Start the centre's server on its port."""
        environment = self.bank.environment(
            PORT=str(self.port),
            PARTNERS="skov",
            PARTNER_SKOV_BIC="SKOVDKKK",
            PARTNER_SKOV_BANK_CODE="9570",
            PARTNER_SKOV_URL=self.partner.address,
            PARTNER_SKOV_TOKEN=TOKEN,
            PARTNER_SKOV_INBOUND_TOKEN="skov-0123456789-inbound",
        )
        return stack.enter_context(program("server", environment, self.folder / "server.log"))

    def states(self) -> list[str]:
        """How the bank's outgoing payments stand."""
        return [state for (state,) in self.bank.rows("SELECT state FROM payments ORDER BY transfer_id")]

    def at_partner(self) -> list[int]:
        """What the partner has booked for this bank, in minor units."""
        headers = {"Authorization": f"Bearer {TOKEN}"}
        answer = httpx.get(f"{self.partner.address}/payments?limit=500", headers=headers, trust_env=False)
        return sorted(each["amount"] for each in answer.json()["payments"])


@pytest.fixture
def site(make_database: Callable[..., str], tmp_path: Path) -> Iterator[Site]:
    """A bank on the machine's own time, and a partner bank that settles at once."""
    bank = found_bank(make_database(), tmp_path / "secrets", clock=SteadyClock())
    settings = {
        "COUNTERFOIL_PURPOSE": "test",
        "COUNTERFOIL_PARTNER_BANK_PORT": "0",
        "COUNTERFOIL_PARTNER_BANK_DATABASE": str(tmp_path / "partner" / "bank.sqlite"),
        "COUNTERFOIL_PARTNER_BANK_TOKEN": TOKEN,
        "COUNTERFOIL_PARTNER_BANK_SETTLE_AFTER_MS": "0",
    }
    with program("partner_bank", settings, tmp_path / "partner.log") as partner:
        yield Site(bank, partner, tmp_path, free_port())


def send_abroad(desk: RealDesk, account: str, amount: int) -> None:
    fields = {"payee_iban": ABROAD, "payee_name": "Bo Fjord", "payer_name": "Ane Holm", "remittance": "Rent"}
    details, data = make_record(fields, desk.desk.randomness)
    body = TransferSent(account=account, route="partner", currency="DKK", amount=amount, details=details)
    desk.desk.perform(desk.teller, body, records={details: data})


def test_what_was_lost_comes_back_and_a_payment_is_made_once(
    site: Site, make_database: Callable[..., str], tmp_path: Path
) -> None:
    with ExitStack() as desks:
        with ExitStack() as before:
            site.server(before)
            one = desks.enter_context(real_desk(site.bank, tmp_path, site.port, "nor-1"))
            two = desks.enter_context(real_desk(site.bank, tmp_path, site.port, "nor-2"))
            account = one.account(deposit=500_00)
            one.loop.step()
            command(site.bank, "backup", "centre", str(tmp_path / "backup")).done()
            send_abroad(one, account, 70_00)
            one.desk.device.hand_back_surplus(100_00)
            one.loop.step()
            two.loop.step()
            assert two.loop.fetch_rights(account, 50_00, 50_00).granted == 50_00
            two.desk.perform(two.teller, two.desk.withdrawn(account, 20_00))
            two.loop.step()
            wait_until(lambda: site.states() == ["settled"], "the payment to be settled")
            held = site.bank.rows("SELECT posted, rights FROM deposit_accounts WHERE id = %s", account)
        site.bank = in_database(site.bank, make_database())
        command(site.bank, "restore", "centre", str(tmp_path / "backup")).done()
        assert "incarnation_missing" in command(site.bank, "doctor").out
        assert "2 devices are awaited" in command(site.bank, "incarnation", "begin").done()
        assert command(site.bank, "incarnation", "status").done().count("awaited") == 3
        with ExitStack() as after:
            site.server(after)
            assert one.loop.step().recovering
            assert not two.loop.step().recovering
            assert one.loop.step().all_sent
            wait_until(lambda: site.states() == ["settled"], "the payment to be settled again")
            assert site.bank.rows("SELECT posted, rights FROM deposit_accounts WHERE id = %s", account) == held
            assert site.at_partner() == [70_00]
            assert site.bank.rows("SELECT code FROM cases") == []
            assert "0 devices are awaited" in command(site.bank, "incarnation", "status").done()
            one.loop.step()
        said = command(site.bank, "verify", "--database")
        assert said.exit_code == 0, said
        command(site.bank, "backup", "centre", str(tmp_path / "second")).done()
