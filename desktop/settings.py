"""How one desk's program is set up: where its data is, how it looks, when it locks itself. From the environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from platformdirs import user_data_path

from core.errors import EnvironmentProblem
from core.secrets.opening import SecretSettings, profile_of, secret_settings
from desktop.theme import THEME_NAMES, ThemeName

DATA_VARIABLE = "COUNTERFOIL_DATA"
CENTRE_VARIABLE = "COUNTERFOIL_CENTRE_URL"
THEME_VARIABLE = "COUNTERFOIL_THEME"
TEXT_SCALE_VARIABLE = "COUNTERFOIL_TEXT_SCALE"
IDLE_VARIABLE = "COUNTERFOIL_IDLE_SECONDS"
LOCALE_VARIABLE = "COUNTERFOIL_LOCALE"
PAPERS_VARIABLE = "COUNTERFOIL_PAPERS"
OFFLINE_SIGN_IN_VARIABLE = "COUNTERFOIL_OFFLINE_SIGN_IN_HOURS"

STORE_FILE = "device.db"
IDLE_SECONDS = 5 * 60
IDLE_SECONDS_MAX = 60 * 60
OFFLINE_SIGN_IN_HOURS = 72
OFFLINE_SIGN_IN_HOURS_MAX = 31 * 24


@dataclass(frozen=True, slots=True)
class DesktopSettings:
    """`theme` None follows the system; `idle_seconds` 0 never locks by itself; `centre_url` is only proposed.

    `papers` is where receipts and statements are kept; among the user's documents unless told.
    For `offline_sign_in_hours` after the centre was last heard people may sign in.
    `desk_name` and `drawer` are this desk's own; the device's code where they are empty.
    """

    data_directory: Path
    centre_url: str = ""
    theme: ThemeName | None = None
    text_scale: float = 1.0
    idle_seconds: int = IDLE_SECONDS
    offline_sign_in_hours: int = OFFLINE_SIGN_IN_HOURS
    locale: str = "en_GB"
    desk_name: str = ""
    drawer: str = ""
    poll_seconds: float = 5.0
    papers: Path | None = None
    secrets: SecretSettings | None = None

    @property
    def store_path(self) -> Path:
        """The device's encrypted file."""
        return self.data_directory / STORE_FILE

    def secret_settings(self) -> SecretSettings:
        """Which secret store this profile uses; the keyring unless another was asked for."""
        return self.secrets or SecretSettings(profile_of(self.data_directory))


def desktop_settings(environment: Mapping[str, str], *, data_directory: Path | None = None) -> DesktopSettings:
    """The settings that the environment asks for.

    Raises `EnvironmentProblem("setting_malformed")`, and `KeyringProblem` for a secret store that can't be meant.
    """
    named = environment.get(DATA_VARIABLE)
    papers = environment.get(PAPERS_VARIABLE)
    directory = data_directory or (Path(named) if named else user_data_path("counterfoil", appauthor=False))
    settings = DesktopSettings(
        data_directory=directory,
        centre_url=environment.get(CENTRE_VARIABLE, ""),
        theme=_theme(environment.get(THEME_VARIABLE, "")),
        text_scale=_number(environment, TEXT_SCALE_VARIABLE, 1.0, 1.0, 2.0),
        idle_seconds=int(_number(environment, IDLE_VARIABLE, IDLE_SECONDS, 0, IDLE_SECONDS_MAX)),
        offline_sign_in_hours=int(
            _number(environment, OFFLINE_SIGN_IN_VARIABLE, OFFLINE_SIGN_IN_HOURS, 1, OFFLINE_SIGN_IN_HOURS_MAX)
        ),
        locale=environment.get(LOCALE_VARIABLE, "en_GB"),
        papers=Path(papers) if papers else None,
    )
    return replace(settings, secrets=secret_settings(directory, environment))


def _theme(name: str) -> ThemeName | None:
    found = next((known for known in THEME_NAMES if known == name), None)
    if name not in {"", "system"} and found is None:
        raise _malformed(THEME_VARIABLE, name, f"system, {', '.join(THEME_NAMES)}")
    return found


def _number(environment: Mapping[str, str], variable: str, plain: float, least: float, most: float) -> float:
    text = environment.get(variable, "")
    if not text:
        return plain
    try:
        number = float(text)
    except ValueError as problem:
        raise _malformed(variable, text, f"a number from {least:g} to {most:g}") from problem
    if not least <= number <= most:
        raise _malformed(variable, text, f"a number from {least:g} to {most:g}")
    return number


def _malformed(variable: str, text: str, wanted: str) -> EnvironmentProblem:
    return EnvironmentProblem(f"{variable} is {text[:40]!r}; it must be {wanted}.", code="setting_malformed")
