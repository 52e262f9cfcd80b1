"""The server is told what to do by its environment alone, and says plainly what is missing or wrong there."""

import re
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

from sync_server.environment import SettingProblem
from sync_server.example_settings import example
from sync_server.partner_bank.settings import partner_bank_settings
from sync_server.settings import server_settings

ENOUGH = {
    "COUNTERFOIL_DATABASE_URL": "postgresql://app:s3cret@127.0.0.1:5432/counterfoil",
    "COUNTERFOIL_SECRETS_DIRECTORY": "/var/lib/counterfoil",
    "COUNTERFOIL_SECRETS_PASSPHRASE": "winter gulls over the harbour",
    "COUNTERFOIL_BANK_BIC": "CFOLDKKK",
}
PARTNER = {
    "COUNTERFOIL_PARTNERS": "skov-bank",
    "COUNTERFOIL_PARTNER_SKOV_BANK_BIC": "SKOVDKKK",
    "COUNTERFOIL_PARTNER_SKOV_BANK_BANK_CODE": "9570",
    "COUNTERFOIL_PARTNER_SKOV_BANK_URL": "https://skov.example/api/",
    "COUNTERFOIL_PARTNER_SKOV_BANK_TOKEN": "0123456789abcdef",
}


def problem_of(environment: dict[str, str]) -> SettingProblem:
    with pytest.raises(SettingProblem) as caught:
        server_settings(environment)
    return caught.value


def test_the_least_that_must_be_said_is_enough() -> None:
    settings = server_settings(ENOUGH)
    assert (settings.host, settings.port, settings.workers) == ("127.0.0.1", 8600, 1)
    assert settings.purpose == "production"
    assert settings.partners == ()


def test_all_that_is_missing_is_named_at_once() -> None:
    problem = problem_of({})
    assert problem.code == "setting_missing"
    assert set(problem.variables) == set(ENOUGH)
    assert all(name in problem.message for name in ENOUGH)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("COUNTERFOIL_PORT", "eighty"),
        ("COUNTERFOIL_PORT", "65536"),
        ("COUNTERFOIL_PORT", "-1"),
        ("COUNTERFOIL_PORT", "8_600"),
        ("COUNTERFOIL_PORT", "٨٦"),
        ("COUNTERFOIL_PORT", "9" * 5000),
        ("COUNTERFOIL_WORKERS", "0"),
        ("COUNTERFOIL_PURPOSE", "prod"),
        ("COUNTERFOIL_LOG_LEVEL", "loud"),
        ("COUNTERFOIL_HOST", "a b"),
        ("COUNTERFOIL_HOST", "a\x00b"),
        ("COUNTERFOIL_BANK_BIC", "NOT A BIC"),
        ("COUNTERFOIL_DATABASE_URL", "mysql://app:s3cret@127.0.0.1/counterfoil"),
        ("COUNTERFOIL_DATABASE_URL", "postgresql://app:s3cret@127.0.0.1:port/counterfoil?nonsense=1"),
        ("COUNTERFOIL_DATABASE_URL", "postgresql://127.0.0.1/counterfoil"),
        ("COUNTERFOIL_PARTNERS", "Skov Bank"),
        ("COUNTERFOIL_PARTNERS", "bank"),
        ("COUNTERFOIL_PARTNERS", "skov,skov"),
        ("COUNTERFOIL_BODY_BYTES_MAX", "1.5"),
        ("COUNTERFOIL_SIMULATED_CLOCK", "clock"),
    ],
)
def test_a_value_of_the_wrong_form_is_named_and_never_repeated(name: str, value: str) -> None:
    problem = problem_of({**ENOUGH, name: value})
    assert problem.code == "setting_malformed"
    assert name in problem.variables
    assert "s3cret" not in problem.message


def test_a_partner_bank_needs_all_four_of_its_settings() -> None:
    assert server_settings({**ENOUGH, **PARTNER}).partners[0].base_url == "https://skov.example/api"
    for name in list(PARTNER)[1:]:
        without = {key: value for key, value in PARTNER.items() if key != name}
        assert problem_of({**ENOUGH, **without}).variables == (name,)


def test_payments_do_not_leave_this_machine_unencrypted_in_production() -> None:
    plain = {**ENOUGH, **PARTNER, "COUNTERFOIL_PARTNER_SKOV_BANK_URL": "http://skov.example/api"}
    assert problem_of(plain).variables == ("COUNTERFOIL_PARTNER_SKOV_BANK_URL",)
    assert server_settings({**plain, "COUNTERFOIL_PURPOSE": "test"}).partners
    here = {**plain, "COUNTERFOIL_PARTNER_SKOV_BANK_URL": "http://127.0.0.1:8610"}
    assert server_settings(here).partners[0].base_url == "http://127.0.0.1:8610"


def test_of_several_database_hosts_the_one_that_takes_writes_is_used() -> None:
    url = "postgresql://app:s3cret@one.example:5432,two.example:5433/counterfoil"
    parts = conninfo_to_dict(server_settings({**ENOUGH, "COUNTERFOIL_DATABASE_URL": url}).database_url.reveal())
    assert parts["host"] == "one.example,two.example"
    assert parts["port"] == "5432,5433"
    assert parts["target_session_attrs"] == "read-write"


def test_a_secret_may_be_given_as_a_file_but_not_twice(tmp_path: Path) -> None:
    file = tmp_path / "passphrase"
    file.write_text("from a file\n", encoding="utf-8")
    name = "COUNTERFOIL_SECRETS_PASSPHRASE"
    without = {key: value for key, value in ENOUGH.items() if key != name}
    assert server_settings({**without, f"{name}_FILE": str(file)}).secrets_passphrase.reveal() == "from a file"
    assert problem_of({**ENOUGH, f"{name}_FILE": str(file)}).variables == (name,)
    assert problem_of({**without, f"{name}_FILE": str(tmp_path / "none")}).code == "setting_malformed"


def test_secrets_do_not_show_themselves() -> None:
    settings = server_settings({**ENOUGH, **PARTNER})
    shown = f"{settings!r} {settings.database_url} {settings.partners[0]}"
    for secret in ("s3cret", "winter gulls", "0123456789abcdef"):
        assert secret not in shown


def test_the_documented_example_is_what_the_code_says(pytestconfig: pytest.Config) -> None:
    """Mended by `python -m sync_server.example_settings > .env.example`."""
    assert (pytestconfig.rootpath / ".env.example").read_text(encoding="utf-8") == example()


def test_the_documented_example_can_be_filled_in_and_its_secrets_must_be() -> None:
    lines = (line.removeprefix("# ") for line in example().splitlines())
    filled = dict(line.split("=", 1) for line in lines if re.match("COUNTERFOIL_[A-Z_]+=", line))
    problem = problem_of({**filled, "COUNTERFOIL_PURPOSE": "production"})
    assert set(problem.variables) == {
        "COUNTERFOIL_DATABASE_URL",
        "COUNTERFOIL_DATABASE_OWNER_URL",
        "COUNTERFOIL_SECRETS_PASSPHRASE",
        "COUNTERFOIL_PARTNER_SKOVBANK_TOKEN",
        "COUNTERFOIL_PARTNER_SKOVBANK_INBOUND_TOKEN",
        "COUNTERFOIL_SIMULATED_CLOCK",
    }
    secrets = {
        "COUNTERFOIL_PURPOSE": "test",
        "COUNTERFOIL_DATABASE_URL": ENOUGH["COUNTERFOIL_DATABASE_URL"],
        "COUNTERFOIL_DATABASE_OWNER_URL": ENOUGH["COUNTERFOIL_DATABASE_URL"],
        "COUNTERFOIL_SECRETS_PASSPHRASE": "winter gulls over the harbour",
        "COUNTERFOIL_PARTNER_SKOVBANK_TOKEN": "0123456789abcdef",
        "COUNTERFOIL_PARTNER_SKOVBANK_INBOUND_TOKEN": "fedcba9876543210",
        "COUNTERFOIL_PARTNER_BANK_TOKEN": "0123456789abcdef",
    }
    assert server_settings({**filled, **secrets}).partners[0].code == "skovbank"
    assert partner_bank_settings({**filled, **secrets}).currencies == ("DKK", "EUR")
