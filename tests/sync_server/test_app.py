"""The server as a program: several processes on one port, a clean end, clear words when it can't begin."""

import os
import re
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psutil
import pytest
from fastapi import APIRouter, Depends
from starlette.responses import Response

from core.errors import EnvironmentProblem, KeyringProblem
from sync_server.app import serve
from sync_server.centre.keys import make_centre_keys
from sync_server.environment import Secret
from sync_server.partner_bank import app as partner_bank
from sync_server.partner_bank.settings import PartnerBankSettings
from sync_server.problems import Problem
from sync_server.settings import ServerSettings
from sync_server.web.bodies import answer
from sync_server.web.serving import run
from sync_server.web.tokens import BearerTokens
from tests.sync_server.conftest import NOWHERE
from tests.sync_server.serving import Program, program, trial


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    make_centre_keys(tmp_path / "secrets", Secret("gulls over the harbour"))
    return {
        "COUNTERFOIL_PURPOSE": "test",
        "COUNTERFOIL_DATABASE_URL": NOWHERE,
        "COUNTERFOIL_SECRETS_DIRECTORY": str(tmp_path / "secrets"),
        "COUNTERFOIL_SECRETS_PASSPHRASE": "gulls over the harbour",
        "COUNTERFOIL_BANK_BIC": "CFOLDKKK",
        "COUNTERFOIL_PORT": "0",
    }


@pytest.fixture
def two_processes(environment: dict[str, str], tmp_path: Path) -> Iterator[Program]:
    with program("server", {**environment, "COUNTERFOIL_WORKERS": "2"}, tmp_path / "log") as server:
        yield server


def ask(server: Program, path: str) -> httpx.Response:
    return httpx.get(server.address + path, timeout=20, trust_env=False)


def family(process_id: int) -> list[psutil.Process]:
    return psutil.Process(process_id).children(recursive=True)


def test_one_process_serves_and_ends_cleanly_when_it_is_told_to(environment: dict[str, str], tmp_path: Path) -> None:
    with program("server", environment, tmp_path / "log") as server:
        assert ask(server, "/healthz").status_code == 200
        assert server.stop() == 0
        assert "Traceback" not in server.log
        assert "gulls" not in server.log


def test_ctrl_c_ends_it_cleanly_too(environment: dict[str, str], tmp_path: Path) -> None:
    with program("server", environment, tmp_path / "log") as server:
        assert ask(server, "/healthz").status_code == 200
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(20) == 0
        assert "Traceback" not in server.log


def test_two_processes_serve_one_port_and_count_together(two_processes: Program) -> None:
    for _ in range(20):
        assert ask(two_processes, "/healthz").status_code == 200
    figures = ask(two_processes, "/metrics").text
    counted = re.search(r'requests_total\{method="GET",route="/healthz",status="200"\} (\d+)', figures)
    assert counted is not None
    assert counted[1] == "20"
    workers = family(two_processes.process.pid)
    assert two_processes.stop() == 0
    psutil.wait_procs(workers, timeout=10)
    assert not any(worker.is_running() for worker in workers)
    assert "Traceback" not in two_processes.log


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_no_process_outlives_the_one_that_started_it(two_processes: Program) -> None:
    assert ask(two_processes, "/healthz").status_code == 200
    workers = family(two_processes.process.pid)
    two_processes.process.kill()
    gone, alive = psutil.wait_procs(workers, timeout=20)
    for worker in alive:
        worker.kill()
    assert gone
    assert not alive


@pytest.mark.parametrize("workers", [1, 2])
def test_a_server_without_its_keys_says_so_and_does_not_begin(
    settings_of: Callable[..., ServerSettings], workers: int
) -> None:
    with pytest.raises(KeyringProblem, match="no vault"):
        serve(settings_of(port=0, workers=workers))


def test_a_partner_bank_whose_file_can_not_be_used_says_so(tmp_path: Path) -> None:
    (tmp_path / "bank.sqlite").write_text("no database", encoding="utf-8")
    with pytest.raises(EnvironmentProblem, match=r"bank\.sqlite") as caught:
        partner_bank.serve(PartnerBankSettings(database=tmp_path / "bank.sqlite", token=Secret("t" * 16), port=0))
    assert caught.value.code == "partner_bank_file"


def test_a_port_in_use_is_said_in_plain_words() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(EnvironmentProblem, match=f"port {port}") as caught:
            run(lambda: answer, host="127.0.0.1", port=port)  # type: ignore[arg-type, return-value]
    assert caught.value.code == "address_in_use"


@pytest.mark.parametrize("host", ["192.0.2.1", "no.such.host.invalid", "x" * 70])
def test_an_address_that_is_not_here_is_said_in_plain_words(host: str) -> None:
    with pytest.raises(EnvironmentProblem) as caught:
        run(lambda: answer, host=host, port=0)  # type: ignore[arg-type, return-value]
    assert caught.value.code == "address_unusable"


def guarded_router() -> APIRouter:
    router = APIRouter()
    tokens = BearerTokens({"skovbank": Secret("skov-0123456789"), "nobody": Secret("")})

    @router.get("/who")
    def who(holder: str = Depends(tokens)) -> Response:
        return answer({"holder": holder})

    return router


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (None, "token_missing"),
        ("Basic c2tvdg==", "token_missing"),
        ("Bearer x", "token_wrong"),
        ("Bearer skov-012345678", "token_wrong"),
        ("Bearer skov-01234567890", "token_wrong"),
        ("Bearer \u00e6\u00f8\u00e5", "token_wrong"),
    ],
)
def test_without_the_right_token_nothing_is_answered(given: str | None, code: str) -> None:
    headers = {} if given is None else {"Authorization": given.encode("latin-1")}
    with trial(guarded_router()) as client:
        response = client.get("/who", headers=headers)  # type: ignore[arg-type]
        assert response.status_code == 401
        assert response.json()["code"] == code
        assert response.headers["www-authenticate"].startswith("Bearer")
        known = client.get("/who", headers={"Authorization": "Bearer skov-0123456789"})
        assert known.json() == {"holder": "skovbank"}


def test_a_problem_with_an_unknown_code_is_a_bug() -> None:
    with pytest.raises(KeyError):
        Problem("no_such_code")
