"""The demo with a display: a real bank in the background, a teller's window to work in, a line that can be cut."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
import threading
from contextlib import ExitStack
from pathlib import Path
from types import FrameType

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from core.clock import PURPOSE_VARIABLE, SystemClock
from core.iban import grouped
from counterfoil.demo import world
from counterfoil.demo.authenticator import code_now, keep_seeds
from counterfoil.demo.desks import VAULT_PASSPHRASE
from counterfoil.demo.partner import PartnerAccounts, partner_accounts
from counterfoil.demo.preparing import Prepared, prepare
from counterfoil.demo.processes import stop_child
from counterfoil.line_proxy import Line
from desktop.settings import DATA_VARIABLE, PAPERS_VARIABLE, THEME_VARIABLE

SHOWN_DESK = world.DESKS[0]
_AN_HOUR_MS = 60 * 60 * 1000
_REFRESH_SECONDS = 0.5
_LOG_TAIL = 2000


def show(*, theme: str) -> int:
    """Prepare the bank, open a teller's window on the sign-in screen, and end all of it when the window closes."""
    console = Console(highlight=False, soft_wrap=True)
    stopped = threading.Event()
    _end_on_signals(stopped)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="counterfoil-demo-")))
        prepared = prepare(
            stack, folder, SystemClock().now_ms() - _AN_HOUR_MS, lambda text: console.print(f"[dim]{text} …[/dim]")
        )
        for desk in prepared.desks.values():
            desk.close()
        prepared.bank.stop_server()
        prepared.bank.start_server(simulated=False)
        keep_seeds(folder, prepared.people.seeds())
        window = _open_window(folder, prepared, theme)
        stack.callback(stop_child, window)
        _explain(console, folder, partner_accounts(prepared.bank))
        _watch(console, folder, prepared.lines[SHOWN_DESK.branch], window, stopped)
        broken = window.poll() not in (None, 0) and not stopped.is_set()
        if broken:
            console.print("[bold red]The window ended by itself.[/bold red] The end of its log:")
            console.print((folder / "desktop.log").read_text(errors="replace")[-_LOG_TAIL:], markup=False)
    console.print("Everything has ended; nothing is left running.")
    return 1 if broken else 0


def _end_on_signals(stopped: threading.Event) -> None:
    def note(_signal: int, _frame: FrameType | None) -> None:
        if stopped.is_set():
            raise KeyboardInterrupt
        stopped.set()

    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, note)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, note)


def _open_window(folder: Path, prepared: Prepared, theme: str) -> subprocess.Popen[bytes]:
    """The teller's desktop as a program of its own, as it would be installed."""
    environment = {
        PURPOSE_VARIABLE: "demo",
        DATA_VARIABLE: str(folder / SHOWN_DESK.device),
        THEME_VARIABLE: theme,
        PAPERS_VARIABLE: str(folder / "papers"),
        "COUNTERFOIL_SECRETS": "vault",
        "COUNTERFOIL_VAULT_PASSPHRASE": VAULT_PASSPHRASE,
    }
    return prepared.bank.start_desktop(environment, folder / "desktop.log")


def _explain(console: Console, folder: Path, partner: PartnerAccounts) -> None:
    users = Table("Sign in as", "Password", "Who", box=None, header_style="bold")
    for code in (*SHOWN_DESK.people,):
        person = world.PEOPLE[code]
        users.add_row(person.code, person.password, f"{person.name}, {person.role}")
    console.print()
    console.print(
        f"[bold]{world.BANK_NAME} is open.[/bold] The window is {SHOWN_DESK.device}, at Nørrebro.\n"
        "Codes are shown below; a code serves once, the next comes within half a minute.\n"
        f"From another terminal: {sys.executable} -m counterfoil demo-code --in {folder} ane\n"
    )
    console.print(users)
    (opened, payee), (closed, gone) = partner
    console.print(
        f"\n{world.PARTNER_NAME}, another bank: {payee} has {grouped(opened)}; {gone}, closed, had {grouped(closed)}.\n"
        f"What you print is kept in {folder / 'papers'} until the demo ends."
    )
    console.print("\n[bold]Enter[/bold] cuts the line, and Enter again mends it. [bold]Ctrl+C[/bold] ends the demo.\n")


def _watch(
    console: Console, folder: Path, line: Line, window: subprocess.Popen[bytes], stopped: threading.Event
) -> None:
    """Show codes and the line until the window closes or somebody ends the demo; Enter cuts and mends."""
    threading.Thread(target=_switch, args=(line, stopped), daemon=True).start()
    try:
        with Live(_standing(folder, line), console=console, refresh_per_second=2, transient=True) as live:
            while window.poll() is None and not stopped.is_set():
                stopped.wait(_REFRESH_SECONDS)
                live.update(_standing(folder, line))
    except KeyboardInterrupt:
        console.print("Ending …")


def _switch(line: Line, stopped: threading.Event) -> None:
    if not sys.stdin.isatty():
        return
    for _ in sys.stdin:
        if stopped.is_set():
            return
        if line.is_whole:
            line.cut()
        else:
            line.mend()


def _standing(folder: Path, line: Line) -> Group:
    codes = Text("Codes  ", style="dim")
    seconds = 0
    for person in SHOWN_DESK.people:
        code, seconds = code_now(folder, person)
        codes.append(f"{person} ", style="default").append(code, style="bold").append("   ")
    codes.append(f"for {seconds} s")
    state = Text("Line   ", style="dim")
    state.append("whole" if line.is_whole else "CUT", style="green" if line.is_whole else "bold yellow")
    return Group(codes, state)
