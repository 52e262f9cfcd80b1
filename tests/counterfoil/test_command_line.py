"""The command line answers in plain sentences with stable codes, and a bank is founded and staffed by it."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from unittest import mock
from urllib.parse import urlsplit

import psycopg
import pytest
import typer

from core.canonical import thumbprint
from core.clock import SystemClock
from core.ids import Identifiers, system_randomness
from core.people.keys import key_name, new_signing_key, public_text
from counterfoil.command_line import app, main
from sync_server.centre.devices import request_enrolment
from sync_server.centre.issue import Centre
from sync_server.centre.keys import VAULT_NAME, open_centre_keys
from sync_server.environment import Secret
from sync_server.store.postgres import PostgresHome

CHECKOUT = Path(__file__).resolve().parents[2]
PASSPHRASE = "gulls over the harbour"
ROLE, PASSWORD = "counterfoil_cli", "gulls-over-the-harbour"
SECONDS = 60


class Said:
    """What a command answered."""

    def __init__(self, exit_code: int, out: str, err: str) -> None:
        self.exit_code, self.out, self.err = exit_code, out, err
        assert "Traceback" not in err + out, err

    def refused_with(self, code: str) -> str:
        """It is refused: one message on standard error that ends with the code, nothing on standard output."""
        assert (self.exit_code, self.out) == (2, ""), (self.out, self.err)
        assert re.fullmatch(rf"counterfoil: .+ \({code}\)\n", self.err, re.DOTALL), self.err
        assert all(letter.isprintable() or letter == "\n" for letter in self.err), self.err
        return self.err

    def done(self) -> str:
        """It was done; what it said."""
        assert self.exit_code == 0, self.err
        return self.out


Command = Callable[..., Said]


def run(environment: Mapping[str, str], *arguments: str | bytes) -> Said:
    """The command in this process, with no settings but these."""
    kept = {**unset(), **environment}
    typed = ["counterfoil", *map(os.fsdecode, arguments)]
    out, err = io.StringIO(), io.StringIO()
    with (
        mock.patch.dict(os.environ, kept, clear=True),
        mock.patch.object(sys, "argv", typed),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        exit_code = main()
    return Said(exit_code, out.getvalue(), err.getvalue())


def unset() -> dict[str, str]:
    """The environment without any of our settings, and without a display."""
    ours = ("COUNTERFOIL_", "DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


def run_process(environment: Mapping[str, str], *arguments: str) -> Said:
    """The command in a process of its own, as an operator runs it."""
    done = subprocess.run(
        [sys.executable, "-m", "counterfoil", *arguments],
        cwd=CHECKOUT,
        env={**unset(), **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=SECONDS,
        check=False,
    )
    return Said(done.returncode, done.stdout, done.stderr)


def settings_of(database_url: str, folder: Path, **more: str) -> dict[str, str]:
    """The centre's settings, as an operator gives them."""
    given = {
        "DATABASE_URL": database_url,
        "SECRETS_DIRECTORY": str(folder / "secrets"),
        "SECRETS_PASSPHRASE": PASSPHRASE,
        "BANK_BIC": "FJORDK22",
        "PURPOSE": "test",
    }
    return {f"COUNTERFOIL_{name}": value for name, value in {**given, **more}.items()}


def as_role(url: str) -> str:
    """The address as the application's role has it."""
    return urlsplit(url)._replace(netloc=f"{ROLE}:{PASSWORD}@{url.rpartition('@')[2].partition('/')[0]}").geturl()


@pytest.fixture(scope="module")
def own_url(make_database: Callable[..., str]) -> str:
    """An empty database, and the application's role."""
    url = make_database()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {ROLE} LOGIN PASSWORD '{PASSWORD}'".encode())
    return url


@pytest.fixture(scope="module")
def settings(own_url: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The centre's settings, with the owner's address beside the application's."""
    folder = tmp_path_factory.mktemp("centre")
    return settings_of(as_role(own_url), folder, DATABASE_OWNER_URL=own_url)


@pytest.fixture(scope="module")
def founded(settings: dict[str, str]) -> Command:
    """The command, at a centre that commands alone have founded, with one branch."""

    def command(*arguments: str | bytes) -> Said:
        return run(settings, *arguments)

    def process(*arguments: str) -> Said:
        return run_process(settings, *arguments)

    bank = ("found-bank", "--name", "Fjordbanken", "--bank-code", "7654", "--bic", "FJORDK22")
    assert "counterfoil migrate" in process(*bank).refused_with("database_empty")
    assert "schema" in process("migrate").done()
    early = process("found-branch", "odense", "--name", "Odense", "--address", "Vestergade 1")
    assert "found-bank" in early.refused_with("bank_not_founded")
    keys = open_centre_keys(Path(settings["COUNTERFOIL_SECRETS_DIRECTORY"]), Secret(PASSPHRASE))
    assert keys.kid in process(*bank).done()
    process("found-branch", "odense", "--name", "Odense", "--address", "Vestergade 1, 5000 Odense C").done()
    return command


# What needs no centre


def every_command() -> list[tuple[str, ...]]:
    """The names of all commands, as they are typed."""
    plain: list[tuple[str, ...]] = [
        (found.name or found.callback.__name__.replace("_", "-"),)
        for found in app.registered_commands
        if found.callback
    ]
    for group in app.registered_groups:
        inner: typer.Typer | None = group.typer_instance
        assert inner is not None
        assert group.name
        names = [
            found.name or (found.callback.__name__ if found.callback else "") for found in inner.registered_commands
        ]
        plain += [(group.name, name) for name in names]
    return plain


def test_every_command_says_what_it_is_for() -> None:
    from typer.testing import CliRunner

    commands = every_command()
    assert {("serve",), ("device", "trust"), ("staff", "admit"), ("verify",)} <= set(commands)
    for command in ((), *commands):
        shown = CliRunner().invoke(app, [*command, "--help"])
        assert shown.exit_code == 0, command
        assert "Usage:" in shown.output
        described = shown.output.split("\n\n")[0] if command == () else shown.output
        assert len(described.split()) > 6, command


@pytest.mark.parametrize(
    ("typed", "part"),
    [
        (("frobnicate",), "frobnicate"),
        (("demo", "--theme", "pink"), "light, dark or contrast"),
        (("device", "revoke", "odense-1", "--epoch", "-1"), "--epoch"),
        (("device", "revoke", "odense-1", "--epoch", "9" * 40), "--epoch"),
        (("device", "invite", "odense-1", "--branch", "odense", "--purpose", "toaster"), "--purpose"),
        (("staff", "admit", "ane", "--name", "A", "--branch", "b", "--approval-limit", "-1"), "--approval-limit"),
        (("staff", "admit", "ane", "--name", "A", "--branch", "b", "--approval-limit", "1.5"), "--approval-limit"),
        (("found-branch", "odense"), "--name"),
        (("verify", "--\x1b[31mred"), "See `"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else None,
)
def test_what_is_typed_wrongly_is_named_with_the_way_to_the_help(typed: tuple[str, ...], part: str) -> None:
    said = run({}, *typed).refused_with("usage")
    assert part in said
    assert "--help`" in said


def test_a_real_process_answers_with_a_sentence_and_an_exit_code(tmp_path: Path) -> None:
    run_process({}, "frobnicate").refused_with("usage")
    run_process({}, "serve").refused_with("setting_missing")
    run_process({}, "found-branch", "Bad Code!", "--name", "x", "--address", "x").refused_with("option_malformed")
    assert run_process({}, "verify", str(tmp_path / "nowhere")).exit_code == 1


def test_no_command_at_all_shows_the_help() -> None:
    said = run({})
    assert said.exit_code == 2
    assert "Usage:" in said.out


@pytest.mark.parametrize("typed", [("serve",), ("migrate",), ("partner-bank",), ("checkpoint",)])
def test_missing_settings_are_all_named(typed: tuple[str, ...]) -> None:
    said = run({}, *typed).refused_with("setting_missing")
    assert said.count("is not set") >= 2


def test_a_setting_that_cannot_be_meant_is_named_without_its_secret(tmp_path: Path) -> None:
    wrong = settings_of("http://app:hunter2@nowhere/x", tmp_path, PORT="-1")
    said = run(wrong, "serve").refused_with("setting_malformed")
    assert "COUNTERFOIL_DATABASE_URL" in said
    assert "COUNTERFOIL_PORT" in said
    assert "hunter2" not in said


def test_migrations_need_the_owners_address(tmp_path: Path) -> None:
    settings = settings_of("postgresql://app:none@127.0.0.1:9/nowhere", tmp_path)
    assert "COUNTERFOIL_DATABASE_OWNER_URL" in run(settings, "migrate").refused_with("setting_missing")


def test_a_database_that_is_not_there_is_said_without_its_password(tmp_path: Path) -> None:
    url = "postgresql://app:hunter2@127.0.0.1:9/nowhere"
    said = run(settings_of(url, tmp_path, DATABASE_OWNER_URL=url), "migrate").refused_with("migration_failed")
    assert "hunter2" not in said


@pytest.mark.parametrize(
    ("typed", "part"),
    [
        (("found-branch", "Bad Code!", "--name", "Odense", "--address", "x"), "branch must be a short code"),
        (("found-branch", "b" * 33, "--name", "Odense", "--address", "x"), "branch must be a short code"),
        (("found-branch", "odense", "--name", "Ode\x1b[31mnse", "--address", "x"), "control character"),
        (("found-branch", "odense", "--name", "x" * 141, "--address", "x"), "140 characters"),
        (("found-branch", "odense", "--name", "Odense", "--address", ""), "140 characters"),
        (("found-branch", "odense", "--name", "Odense", "--address", "x", "--currency", "kr"), "currency must be"),
        (("staff", "admit", "ane", "--name", "A\nB", "--branch", "odense"), "control character"),
        (("staff", "admit", "ane", "--name", "x" * 5000, "--branch", "odense"), "140 characters"),
        (("staff", "admit", "Åne", "--name", "Åne", "--branch", "odense"), "person must be"),
        (("staff", "suspend", "../ane"), "person must be"),
        (("found-bank", "--name", "B", "--bank-code", "7654", "--bic", "no"), "bic must be"),
        ((b"found-branch", b"odense\xff", b"--name", b"x", b"--address", b"x"), "UTF-8"),
    ],
    ids=lambda value: str(value[1]) if isinstance(value, tuple) else None,
)
def test_what_no_operation_could_say_is_refused_before_anything_is_opened(
    typed: tuple[str | bytes, ...], part: str
) -> None:
    assert part in run({}, *typed).refused_with("option_malformed")


def test_a_currency_or_a_bank_code_that_does_not_exist_is_refused() -> None:
    place = ("--name", "Odense", "--address", "x")
    run({}, "found-branch", "odense", *place, "--currency", "XQQ").refused_with("currency_unknown")
    bank = ("found-bank", "--name", "B", "--bic", "FJORDK22")
    run({}, *bank, "--bank-code", "76543").refused_with("bank_code_malformed")
    run({}, *bank, "--bank-code", "7654", "--country", "ZZ").refused_with("bank_code_malformed")


def test_a_window_without_a_display_is_refused_in_words() -> None:
    if sys.platform != "linux":
        pytest.skip("other systems always have a display")
    assert "display" in run({}, "desktop").refused_with("display_missing")


def test_a_desk_does_not_begin_with_settings_that_cannot_be_meant() -> None:
    offscreen = {"QT_QPA_PLATFORM": "offscreen"}
    assert "pink" in run(offscreen, "desktop", "--theme", "pink").refused_with("setting_malformed")
    run(offscreen, "desktop", "--text-size", "9").refused_with("usage")


def test_the_demo_does_not_touch_what_is_not_its_own(tmp_path: Path) -> None:
    screens = tmp_path / "screens"
    screens.mkdir()
    for path in (tmp_path / "thesis.odt", screens / "holiday.png"):
        path.write_text("years of work")
    said = run({}, "demo", "--headless", "--out", str(tmp_path)).refused_with("folder_not_empty")
    assert "thesis.odt" in said
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["holiday.png", "screens", "thesis.odt"]
    run({}, "demo", "--headless", "--out", str(tmp_path / "thesis.odt")).refused_with("folder_not_empty")
    run({}, "demo", "--headless", "--out", str(tmp_path / "thesis.odt" / "out")).refused_with("file_unusable")


def test_a_demo_code_needs_a_demo(tmp_path: Path) -> None:
    run({}, "demo-code", "ane", "--in", str(tmp_path)).refused_with("demo_not_running")


def test_verify_of_a_folder_that_is_not_there_fails(tmp_path: Path) -> None:
    said = run({}, "verify", str(tmp_path / "nowhere"))
    assert (said.exit_code, said.out) == (1, "")
    assert "directory_missing" in said.err


def test_doctor_fails_where_something_is_missing_and_says_what() -> None:
    simulated = {"COUNTERFOIL_SIMULATED_CLOCK": "/nowhere/clock"}
    said = run(simulated, "doctor")
    assert said.exit_code == 1
    assert "simulated_clock_refused" in said.out
    assert "SQLCipher" in said.out
    assert all(name in said.out for name in ("Python", "Keyring", "Window", "Centre"))


# A centre by commands


def test_a_bank_is_founded_once(founded: Command, settings: dict[str, str], own_url: str) -> None:
    again = founded("found-bank", "--name", "Another", "--bank-code", "7654", "--bic", "FJORDK22")
    again.refused_with("bank_founded_already")
    with psycopg.connect(own_url) as connection:
        assert connection.execute("SELECT name FROM bank").fetchall() == [("Fjordbanken",)]


def test_a_branch_code_names_one_branch(founded: Command) -> None:
    place = ("--name", "Odense", "--address", "x")
    founded("found-branch", "odense", *place).refused_with("branch_code_taken")
    founded("found-branch", "b" * 32, *place).refused_with("branch_code_too_long")


def test_names_that_look_like_markup_or_run_from_right_to_left_are_names(founded: Command, own_url: str) -> None:
    founded("found-branch", "ribe", "--name", "[/bold] Ribe [red]", "--address", "רחוב 1").done()
    assert "[link=x]" in founded("staff", "admit", "lea", "--name", "ليلى [link=x]", "--branch", "ribe").done()
    with psycopg.connect(own_url) as connection:
        named = connection.execute("SELECT name, address FROM branches WHERE code = 'ribe'").fetchall()
    assert named == [("[/bold] Ribe [red]", "רחוב 1")]


def test_staff_are_admitted_suspended_and_reinstated_by_command(founded: Command) -> None:
    ane = ("staff", "admit", "ane", "--name", "Ane Holm", "--branch", "odense")
    said = founded(*ane, "--role", "supervisor", "--approval-limit", "1000000").done()
    assert re.search(r"Ane Holm, for their first sign-in: [A-Z0-9-]{8,}\n", said)
    founded(*ane).refused_with("staff_code_taken")
    founded("staff", "admit", "bo", "--name", "Bo", "--branch", "nowhere").refused_with("branch_unknown")
    founded("staff", "suspend", "nobody").refused_with("staff_unknown")
    assert "suspended" in founded("staff", "suspend", "ane").done()
    assert "reinstated" in founded("staff", "reinstate", "ane").done()


def test_a_device_is_invited_shown_trusted_by_its_fingerprint_and_revoked(
    founded: Command, settings: dict[str, str], own_url: str
) -> None:
    founded("device", "invite", "odense-1", "--branch", "nowhere").refused_with("branch_unknown")
    founded("device", "invite", "Odense 1", "--branch", "odense").refused_with("device_code_malformed")
    founded("device", "invite", "centre", "--branch", "odense").refused_with("device_code_malformed")
    code = founded("device", "invite", "odense-1", "--branch", "odense").done().split()[-1]
    fingerprint = key_shown(settings, code)
    assert fingerprint in founded("device", "list").done()
    wrong = thumbprint(bytes(32))
    assert "Nothing was trusted" in founded("device", "trust", "odense-1", "--fingerprint", wrong).refused_with(
        "fingerprint_differs"
    )
    founded("device", "trust", "nobody", "--fingerprint", fingerprint).refused_with("enrolment_unknown")
    read_aloud = " ".join(fingerprint[start : start + 4] for start in range(0, len(fingerprint), 4))
    assert "epoch 1" in founded("device", "trust", "odense-1", f"--fingerprint={read_aloud}").done()
    founded("device", "trust", "odense-1", f"--fingerprint={fingerprint}").refused_with("enrolment_unknown")
    assert re.search(r"odense-1 +1 +odense +living", founded("device", "list").done())
    assert "pays nothing out" in founded("device", "end-lease", "odense-1", "--epoch", "1").done()
    assert "has its next lease" in founded("device", "renew-lease", "odense-1", "--epoch", "1").done()
    assert "will do" in founded("device", "renew-lease", "odense-1", "--epoch", "1").done()
    founded("device", "end-lease", "odense-1", "--epoch", "2").refused_with("device_unknown")
    founded("device", "revoke", "odense-1", "--epoch", "2").refused_with("device_unknown")
    founded("device", "revoke", "centre", "--epoch", "1").refused_with("device_code_of_centre")
    founded("device", "revoke", "odense-1", "--epoch", "1").done()
    founded("device", "revoke", "odense-1", "--epoch", "1").refused_with("device_revoked_already")
    founded("device", "end-lease", "odense-1", "--epoch", "1").refused_with("device_revoked_already")


def key_shown(settings: Mapping[str, str], code: str) -> str:
    """A device shows its key under the code, as it would over the line; its fingerprint."""
    keys = open_centre_keys(Path(settings["COUNTERFOIL_SECRETS_DIRECTORY"]), Secret(PASSPHRASE))
    clock = SystemClock()
    key = new_signing_key(system_randomness)
    with psycopg.connect(settings["COUNTERFOIL_DATABASE_URL"]) as connection:
        request_enrolment(PostgresHome(connection), Centre(keys, clock, Identifiers(clock)), code, public_text(key))
    return key_name(key)


def test_what_commands_did_is_exported_and_verifies(founded: Command, tmp_path: Path) -> None:
    out = tmp_path / "chains"
    assert "operations" in founded("export-chains", str(out)).done()
    assert "odense" not in founded("verify", str(out)).err
    assert founded("verify", str(out)).exit_code == 0
    founded("export-chains", str(out)).refused_with("export_not_empty")


def test_doctor_looks_at_the_centre_too(founded: Command) -> None:
    assert re.search(r"Centre +schema \S+, centre's key", founded("doctor").out)


def test_a_vault_of_another_bank_signs_nothing_here(founded: Command, settings: dict[str, str], tmp_path: Path) -> None:
    place = ("--name", "Vejle", "--address", "x")
    missing = {**settings, "COUNTERFOIL_SECRETS_DIRECTORY": str(tmp_path / "other")}
    run(missing, "found-branch", "vejle", *place).refused_with("vault_missing")
    wrong = {**settings, "COUNTERFOIL_SECRETS_PASSPHRASE": "quite another phrase"}
    run(wrong, "found-branch", "vejle", *place).refused_with("vault_passphrase_wrong")
    bank = ("found-bank", "--name", "B", "--bank-code", "7654", "--bic", "FJORDK22")
    run(missing, *bank).refused_with("centre_key_other")
    assert (tmp_path / "other" / VAULT_NAME).exists()
    run(missing, "found-branch", "vejle", *place).refused_with("centre_key_other")
