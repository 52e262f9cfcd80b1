"""What settling is measured with: a durable PostgreSQL, two server processes, pushes signed beforehand."""

from __future__ import annotations

import subprocess
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path

import httpx
import msgspec
import psycopg

from core.sync.messages import Push, PushAnswer
from core.sync.requests import SIGNATURE_HEADER, sign_request
from counterfoil.embedded_postgres import EmbeddedPostgres
from sync_server.policies import LeasePolicy
from tests.sync_server.centre_bank import CentreBank, Desk, found_bank
from tests.sync_server.serving import Program, program

BATCH = 500
_BRANCHES = ("nor", "syd", "ost", "vest")
SPREAD_DESKS = tuple((f"{branch}-{number}", branch) for number in (1, 2) for branch in _BRANCHES)
"""Two devices at each of four branches."""
ONE_BRANCH = tuple((f"nor-{number}", "nor") for number in range(1, len(SPREAD_DESKS) + 1))
"""As many devices, all of them at one branch."""

NO_CEILINGS = LeasePolicy(per_payment=10**12, payments=10**9, paid=10**15)
"""A lease that a day's work at this speed does not use up."""

POSTGRES_SETTINGS = {"shared_buffers": "256MB", "max_wal_size": "4GB", "checkpoint_timeout": "30min"}
"""For bank and baseline alike; what makes it durable (fsync, synchronous_commit) stays as it comes: on."""

TARGET = "/v1/operations"


@dataclass
class Sender:
    """One device's pushes, signed beforehand, and its connection to one of the server's processes."""

    desk: Desk
    accounts: list[str]
    client: httpx.Client
    stock: deque[tuple[bytes, dict[str, str]]] = field(default_factory=deque)

    def sign(self, batches: int) -> None:
        """Make pushes of deposits and withdrawals within rights, in turn over all accounts."""
        desk, clock = self.desk, self.desk.bank.maker.clock
        accounts = cycle(self.accounts)
        while len(self.stock) < batches:
            run: list[str] = []
            while len(run) < BATCH:
                account = next(accounts)
                run.append(desk.make(desk.deposit(account, 200_00)).jws)
                run.append(desk.make(desk.withdrawal(account, 100_00)).jws)
                # A whole day's work in the time of one session.
                clock.advance(-2000)
            desk.pushed = len(desk.chain.operations)
            content = msgspec.json.encode(Push(desk.chain.device, desk.chain.epoch, tuple(run)))
            token = sign_request(
                desk.chain.key,
                device=desk.chain.device,
                epoch=desk.chain.epoch,
                method="POST",
                target=TARGET,
                body=content,
                now_ms=desk.bank.clock.now_ms(),
            )
            self.stock.append((content, {"content-type": "application/json", SIGNATURE_HEADER: token}))

    def push(self, batches: int) -> int:
        """Send that many; how many operations were settled."""
        settled = 0
        for _ in range(batches):
            content, headers = self.stock.popleft()
            response = self.client.post(TARGET, content=content, headers=headers)
            answer = msgspec.json.decode(response.raise_for_status().content, type=PushAnswer)
            assert answer.refused is None, answer.refused
            assert {verdict.verdict for verdict in answer.verdicts} == {"applied"}
            settled += len(answer.verdicts)
        return settled


class Settling:
    """Two processes of the server, and devices that push to them at once.

    `desks` are devices with their branches. Each has `accounts` accounts of its own, or, where that is 0, all of them
    work on the one account that the first of them opened.
    """

    def __init__(
        self, bank: CentreBank, servers: tuple[Program, Program], desks: Sequence[tuple[str, str]], *, accounts: int
    ) -> None:
        self.servers = servers
        self._hot: list[str] = []
        addresses = cycle(server.address for server in servers)
        self.senders = [self._sender(bank, *desk, next(addresses), accounts) for desk in desks]
        self._pool = ThreadPoolExecutor(len(self.senders))

    def _sender(self, bank: CentreBank, device: str, branch: str, address: str, accounts: int) -> Sender:
        desk = bank.desk(device, branch)
        made = [desk.account() for _ in range(accounts)] or self._hot or [desk.account()]
        self._hot = self._hot or made[:1]
        desk.settle(address)
        return Sender(desk, made, httpx.Client(base_url=address, timeout=60, trust_env=False))

    def sign(self, units: int) -> None:
        """Have at least that many operations ready to be pushed."""
        for sender in self.senders:
            sender.sign(-(-units // (BATCH * len(self.senders))) + 1)

    def push(self, units: int) -> int:
        """Push that many, rounded up to whole batches for each device; how many were settled."""
        batches = self._batches(units)
        return sum(self._pool.map(lambda sender: sender.push(batches), self.senders))

    def _batches(self, units: int) -> int:
        return -(-units // (BATCH * len(self.senders)))

    def close(self) -> None:
        """Let go of the connections."""
        self._pool.shutdown()
        for sender in self.senders:
            sender.client.close()


@contextmanager
def durable_postgres(folder: Path) -> Iterator[EmbeddedPostgres]:
    """A PostgreSQL that loses nothing."""
    cluster = EmbeddedPostgres(folder / "postgres", settings=POSTGRES_SETTINGS)
    cluster.start()
    try:
        yield cluster
    finally:
        cluster.discard()


@contextmanager
def settling(
    cluster: EmbeddedPostgres,
    folder: Path,
    *,
    accounts: int,
    desks: Sequence[tuple[str, str]] = SPREAD_DESKS,
    database: str = "bank",
) -> Iterator[Settling]:
    """A bank at work on that PostgreSQL."""
    with psycopg.connect(cluster.url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {database}".encode())
    place = folder / database
    place.mkdir()
    branches = sorted({branch for _, branch in desks})
    bank = found_bank(cluster.url_of(database), place / "secrets", branches, lease=NO_CEILINGS)
    with ExitStack() as stack:
        environment = bank.environment(LOG_LEVEL="warning")
        one = stack.enter_context(program("server", environment, place / "one.log"))
        two = stack.enter_context(program("server", environment, place / "two.log"))
        made = Settling(bank, (one, two), desks, accounts=accounts)
        stack.callback(made.close)
        yield made
        bank.assert_conserved()


class Pgbench:
    """The baseline: pgbench's tpcb-like transactions (`-M prepared`, scale 20) at their best number of clients."""

    _SCALE = 20
    _CLIENTS = (2, 4, 8, 16)
    _TRIAL_SECONDS = 2

    def __init__(self, cluster: EmbeddedPostgres) -> None:
        self._cluster = cluster
        with psycopg.connect(cluster.url, autocommit=True) as connection:
            connection.execute(b"CREATE DATABASE pgbench")
        self._run("-i", "-q", "-s", str(self._SCALE))
        self.clients = max(self._CLIENTS, key=lambda clients: self.rate(clients, "-T", str(self._TRIAL_SECONDS)))

    def rate(self, clients: int, *limit: str) -> float:
        """Transactions a second, the time to connect left out."""
        threads = str(min(2, clients))
        said = self._run("-n", "-M", "prepared", "-c", str(clients), "-j", threads, *limit)
        line = next(line for line in said.splitlines() if line.startswith("tps ="))
        return float(line.split()[2])

    def _run(self, *options: str) -> str:
        command = [str(self._cluster.binaries / "pgbench"), *options, self._cluster.url_of("pgbench")]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout
