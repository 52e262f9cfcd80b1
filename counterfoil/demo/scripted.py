"""The demo without a display: the scripted day through the real windows and processes, and its closing account."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import msgspec
from rich.console import Console
from rich.table import Table

from core.audit import Fault, verify_chains
from core.clock import SystemClock
from core.errors import EnvironmentProblem, StoreProblem
from counterfoil.demo import world
from counterfoil.demo.accounting import (
    Promises,
    centre_figures,
    check_books,
    check_chains,
    check_partner,
    check_replicas,
    check_standins,
    device_figures,
    partner_payments,
)
from counterfoil.demo.bank import DemoBank
from counterfoil.demo.partner import partner_accounts
from counterfoil.demo.preparing import Prepared, prepare
from sync_server.centre.exporting import export

_OPENING_HOUR = 8
_OUR_FOLDERS = {"chains": (".jws", ".json"), "screens": (".png",), "papers": (".pdf",)}
"""What a run makes beside its summary and statement, and the only files in each."""


def play(out: Path, *, theme: str, asked: bool) -> int:
    """Play the day; 0 only if every promise that can be checked here held. Everything it made is in `out`."""
    console = Console(highlight=False, soft_wrap=True)
    if not asked:
        console.print("There is no display here, so the scripted day is played off the screen.\n")
    _make_room(out)
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    os.environ.setdefault("QT_LOGGING_RULES", "qt.qpa.*=false;default.warning=false")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="counterfoil-demo-")))
        prepared = prepare(stack, folder, _opening_ms(), lambda text: console.print(f"[dim]{text} …[/dim]"))
        for desk in prepared.desks.values():
            desk.close()
        console.print()
        summary, promises = _play(stack, prepared, folder, out, theme, console)
    (out / "summary.json").write_bytes(msgspec.json.format(msgspec.json.encode(summary), indent=1) + b"\n")
    _tell(console, summary, promises, out)
    return 0 if not promises.broken else 1


def _make_room(out: Path) -> None:
    """Results of an earlier run are replaced; anything else that lies there is not touched."""
    if out.exists() and not out.is_dir():
        raise StoreProblem(f"{out} is not a folder. Name another one.", code="folder_not_empty")
    out.mkdir(parents=True, exist_ok=True)
    foreign = sorted(path.name for path in out.iterdir() if not _is_ours(path))
    if foreign:
        raise StoreProblem(
            f"{out} holds something else already ({', '.join(foreign[:3])}). Name another folder.",
            code="folder_not_empty",
        )
    for name in _OUR_FOLDERS:
        if (out / name).is_dir():
            shutil.rmtree(out / name)


def _is_ours(path: Path) -> bool:
    """Whether an earlier run may have made it: a file by its name, a folder by its name and what alone is in it."""
    suffixes = _OUR_FOLDERS.get(path.name)
    if suffixes is None or path.is_symlink() or not path.is_dir():
        return path.name in ("summary.json", "statement.pdf")
    return all(inside.is_file() and inside.suffix in suffixes for inside in path.iterdir())


def _opening_ms() -> int:
    """Opening time of today, or of the Friday before a weekend, on a clock that all processes share."""
    today = datetime.fromtimestamp(SystemClock().now_ms() / 1000, UTC).date()
    opening = datetime(today.year, today.month, today.day, _OPENING_HOUR, 0, tzinfo=UTC)
    back = max(0, opening.weekday() - 4)
    return int(opening.timestamp() * 1000) - back * 24 * 60 * 60 * 1000


def _play(
    stack: ExitStack, prepared: Prepared, folder: Path, out: Path, theme: str, console: Console
) -> tuple[dict[str, Any], Promises]:
    from PySide6.QtWidgets import QApplication  # the platform is chosen above

    from counterfoil.demo.day import Day, Stage
    from counterfoil.demo.hands import NothingHappened
    from counterfoil.demo.player import Player
    from desktop.app import dress
    from desktop.settings import DesktopSettings
    from desktop.theme import THEME_NAMES

    instance = QApplication.instance()
    application = instance if isinstance(instance, QApplication) else QApplication(["counterfoil"])
    application.setQuitOnLastWindowClosed(False)
    chosen = next(name for name in THEME_NAMES if name == theme)
    dress(application, DesktopSettings(folder, theme=chosen))
    players = {}
    for plan in world.DESKS:
        player = Player(plan, folder / plan.device, prepared.clock, prepared.people, out / "papers", chosen)
        stack.callback(player.close)
        players[plan.device] = player
    open_account, closed_account = partner_accounts(prepared.bank)
    day = Day(
        Stage(
            players=players,
            accounts=prepared.accounts,
            lines=prepared.lines,
            clock=prepared.clock,
            pictures=out / "screens",
            tell=console.print,
            partner_open=open_account,
            partner_closed=closed_account,
            payments_final=lambda: _payments_final(prepared.bank),
        )
    )
    try:
        account = day.play()
    except NothingHappened as nothing:
        for code, player in players.items():
            player.picture(out / "screens" / f"stopped-{code}.png")
        raise EnvironmentProblem(
            f"The scripted day stopped: {nothing}. {out}/screens shows what stood on the screens.", code="day_stopped"
        ) from nothing
    promises = Promises()
    if account.statement is not None:
        shutil.copyfile(account.statement, out / "statement.pdf")
    promises.check("a statement was printed, and its figures add up", held=account.statement is not None)
    promises.check("a payment beyond the rights was refused while the line was cut", held=bool(account.refused))
    with prepared.bank.connect() as connection:
        export(connection, prepared.bank.centre, out / "chains")
    with prepared.bank.connect() as connection:
        check_books(promises, connection)
        check_standins(promises, connection, account.stood_in)
        converged = check_replicas(promises, connection, players.values())
        payments = partner_payments(connection)
        centre = centre_figures(connection)
    check_partner(promises, payments, _partner_payments(prepared.bank))
    verified = verify_chains(out / "chains", prepared.bank.centre.keys.kid)
    if isinstance(verified, Fault):
        console.print(str(verified))
    check_chains(promises, verified)
    summary: dict[str, Any] = {
        "bank": world.BANK_NAME,
        "simulated_clock": True,
        "converged": converged,
        "devices": {code: device_figures(player) for code, player in players.items()},
        "centre": centre,
        "partner_payments": payments,
        "operations_made_offline": len(account.offline),
        "operations_offline": account.offline,
        "paid_at_the_banks_risk": account.stood_in,
        "payments_refused": len(account.refused),
        "refusals": account.refused,
        "centre_key": prepared.bank.centre.keys.kid,
        "promises": [{"promise": promise, "held": held} for promise, held in promises.kept],
    }
    return summary, promises


def _payments_final(bank: DemoBank) -> bool:
    with bank.connect() as connection:
        row = connection.execute(
            "SELECT count(*), count(*) FILTER (WHERE state IN ('settled', 'returned', 'completed')) FROM payments"
        ).fetchone()
    return row is not None and row[0] > 0 and row[0] == row[1]


def _partner_payments(bank: DemoBank) -> list[Mapping[str, Any]]:
    """What the partner bank itself says it has."""
    answer = httpx.get(
        f"http://127.0.0.1:{bank.partner_port}/payments",
        headers={"Authorization": f"Bearer {bank.partner_token}"},
        trust_env=False,
    )
    answer.raise_for_status()
    payments: list[Mapping[str, Any]] = answer.json()["payments"]
    return payments


def _tell(console: Console, summary: Mapping[str, Any], promises: Promises, out: Path) -> None:
    """A short readable account."""
    table = Table("", "Operations", "Debit balances", "Credit balances", "Waiting", box=None, header_style="bold")
    homes = {**summary["devices"], "centre": summary["centre"]}
    for name, figures in homes.items():
        debits = sum(line["debits"] for line in figures["trial_balance"])
        credits_ = sum(line["credits"] for line in figures["trial_balance"])
        table.add_row(
            name, str(figures["operations"]), f"{debits / 100:,.2f}", f"{credits_ / 100:,.2f}", str(figures["outbox"])
        )
    console.print()
    console.print(table)
    payments = ", ".join(f"{count} {state}" for state, count in summary["partner_payments"].items())
    console.print(
        f"\nPartner payments: {payments}. Made without the line: {summary['operations_made_offline']} operations. "
        f"Refused: {summary['payments_refused']}.\n"
    )
    for promise, held in promises.kept:
        console.print(f"  {'[green]kept[/green]  ' if held else '[bold red]BROKEN[/bold red]'}  {promise}")
    console.print(f"\nIn {out}: summary.json, statement.pdf, screens/, chains/. Check them without the bank:")
    console.print(f"  counterfoil verify {out}/chains --centre {summary['centre_key']}")
