"""The secret store is the one that was asked for, and nothing else if that one fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import KeyringProblem
from core.people.stretching import CHEAPEST
from core.secrets.opening import SecretSettings, open_secret_store, profile_of, secret_settings
from core.secrets.vault import FileVault

PASSPHRASE = "a passphrase for tests"


def _code(folder: Path, environment: dict[str, str]) -> str | None:
    try:
        open_secret_store(secret_settings(folder, environment))
    except KeyringProblem as problem:
        return problem.code
    return None


def test_the_keyring_is_used_unless_something_else_is_asked_for(tmp_path: Path) -> None:
    FileVault.create(tmp_path / "secrets.vault", PASSPHRASE, cost=CHEAPEST)
    settings = secret_settings(tmp_path, {"COUNTERFOIL_VAULT_PASSPHRASE": PASSPHRASE})
    assert settings == SecretSettings(profile_of(tmp_path))
    assert settings.store == "keyring"


def test_a_vault_is_opened_where_it_is_asked_for_by_name(tmp_path: Path) -> None:
    FileVault.create(tmp_path / "secrets.vault", PASSPHRASE, cost=CHEAPEST).put("device-key", b"k")
    asked = {"COUNTERFOIL_SECRETS": "vault", "COUNTERFOIL_VAULT_PASSPHRASE": PASSPHRASE}
    assert open_secret_store(secret_settings(tmp_path, asked)).get("device-key") == b"k"


def test_the_passphrase_may_stand_in_a_file_and_the_vault_elsewhere(tmp_path: Path) -> None:
    place, note = tmp_path / "kept" / "my.vault", tmp_path / "passphrase"
    place.parent.mkdir()
    FileVault.create(place, PASSPHRASE, cost=CHEAPEST)
    note.write_text(PASSPHRASE + "\n")
    asked = {"COUNTERFOIL_SECRETS": "vault", "COUNTERFOIL_VAULT": str(place)}
    assert _code(tmp_path, {**asked, "COUNTERFOIL_VAULT_PASSPHRASE_FILE": str(note)}) is None
    assert _code(tmp_path, {**asked, "COUNTERFOIL_VAULT_PASSPHRASE_FILE": "/no/such"}) == "vault_passphrase_unreadable"


@pytest.mark.parametrize(
    ("environment", "code"),
    [
        ({"COUNTERFOIL_SECRETS": "plain"}, "secret_store_unknown"),
        ({"COUNTERFOIL_SECRETS": ""}, "secret_store_unknown"),
        ({"COUNTERFOIL_SECRETS": "vault"}, "vault_passphrase_missing"),
        ({"COUNTERFOIL_SECRETS": "vault", "COUNTERFOIL_VAULT_PASSPHRASE": ""}, "vault_passphrase_missing"),
        ({"COUNTERFOIL_SECRETS": "vault", "COUNTERFOIL_VAULT_PASSPHRASE": PASSPHRASE}, "vault_missing"),
    ],
)
def test_what_was_asked_for_and_can_t_be_had_is_refused_and_nothing_is_made(
    tmp_path: Path, environment: dict[str, str], code: str
) -> None:
    assert _code(tmp_path, environment) == code
    assert list(tmp_path.iterdir()) == []


def test_a_passphrase_does_not_show_when_settings_are_printed(tmp_path: Path) -> None:
    asked = {"COUNTERFOIL_SECRETS": "vault", "COUNTERFOIL_VAULT_PASSPHRASE": PASSPHRASE}
    assert PASSPHRASE not in repr(secret_settings(tmp_path, asked))


def test_every_data_directory_is_a_profile_of_its_own(tmp_path: Path) -> None:
    first, second = tmp_path / "one" / "device", tmp_path / "two" / "device"
    assert profile_of(first) != profile_of(second)
    assert profile_of(first) == profile_of(tmp_path / "two" / ".." / "one" / "device")
    assert profile_of(tmp_path / "Ærø /..").isascii()
