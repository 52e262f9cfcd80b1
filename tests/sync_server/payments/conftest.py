"""A partner bank in a process of its own, and a client of it."""

from collections.abc import Callable, Iterator

import httpx
import pytest

from sync_server.environment import Secret
from sync_server.payments.partner_client import PartnerClient
from tests.sync_server.serving import Program, program

TOKEN = "skov-0123456789-abcdef"


@pytest.fixture(scope="module")
def bank_environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return {
        "COUNTERFOIL_PURPOSE": "test",
        "COUNTERFOIL_PARTNER_BANK_PORT": "0",
        "COUNTERFOIL_PARTNER_BANK_DATABASE": str(tmp_path_factory.mktemp("bank") / "state" / "bank.sqlite"),
        "COUNTERFOIL_PARTNER_BANK_TOKEN": TOKEN,
        "COUNTERFOIL_PARTNER_BANK_SETTLE_AFTER_MS": "3600000",
    }


@pytest.fixture(scope="module")
def bank(bank_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    with program("partner_bank", bank_environment, tmp_path_factory.mktemp("log") / "log") as running:
        yield running


@pytest.fixture
def admin(bank: Program) -> Iterator[httpx.Client]:
    """The bank's switches; all off before and after."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with httpx.Client(base_url=bank.address, headers=headers, timeout=10, trust_env=False) as client:
        client.delete("/admin/faults")
        yield client
        client.delete("/admin/faults")


@pytest.fixture
def client(bank: Program) -> Iterator[PartnerClient]:
    with PartnerClient(bank.address, Secret(TOKEN), answer_seconds=1.0) as client:
        yield client


@pytest.fixture
def switch(admin: httpx.Client) -> Callable[..., None]:
    """Switches a fault on."""

    def add(kind: str, at: str = "submit", times: int | None = 1) -> None:
        assert admin.post("/admin/faults", json={"kind": kind, "at": at, "times": times}).status_code == 200

    return add
