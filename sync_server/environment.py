"""Settings as environment variables: how one is declared, read strictly, and shown in the documented example.

Every problem is noted before any is raised, so that an operator sees all of them at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from core.errors import EnvironmentProblem

PREFIX = "COUNTERFOIL_"
FILE_SUFFIX = "_FILE"
_SECRET_FILE_BYTES_MAX = 4096

Choice = TypeVar("Choice", bound=str)


@dataclass(frozen=True, slots=True)
class Secret:
    """A text that never shows itself in a log, a repr or an error; `reveal()` gives it where it is used."""

    _text: str = field(repr=False)

    def reveal(self) -> str:
        """The text itself."""
        return self._text

    def __str__(self) -> str:
        return "[secret]"


@dataclass(frozen=True, slots=True)
class Variable:
    """One setting. `name` lacks the prefix; a `default` of None with `optional` false makes it required.

    A `secret` may be given as a file instead: the same name with `_FILE` behind it holds the path.
    """

    name: str
    about: str
    example: str
    default: str | None = None
    optional: bool = False
    secret: bool = False

    @property
    def full_name(self) -> str:
        """The name as it stands in the environment."""
        return PREFIX + self.name


class SettingProblem(EnvironmentProblem):
    """Settings are missing or malformed; `variables` names them, `message` has a line for each.

    `code` is `setting_missing` or `setting_malformed`, by the first of them.
    """

    def __init__(self, found: list[tuple[str, str, str]]) -> None:
        super().__init__("\n".join(f"{name}: {text}" for _, name, text in found), code=found[0][0])
        self.variables = tuple(name for _, name, _ in found)


class Reading:
    """Reads variables and notes what is wrong with them; `finish` raises it all as one `SettingProblem`."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._found: list[tuple[str, str, str]] = []

    def malformed(self, variable: Variable, text: str) -> None:
        """Note that the variable's value can't be used; `text` says what is expected."""
        self._found.append(("setting_malformed", variable.full_name, text))

    def finish(self) -> None:
        """Raise `SettingProblem` if anything was noted."""
        if self._found:
            raise SettingProblem(self._found)

    def text(self, variable: Variable) -> str:
        """The value or the default; empty if it is optional and not set."""
        value = self._environment.get(variable.full_name, "").strip()
        if variable.secret:
            value = self._from_file(variable, value)
        if value:
            if variable.secret and value == variable.example:
                self.malformed(variable, "still has the example's value.")
                return ""
            if not value.isprintable():
                self.malformed(variable, "has control characters in it.")
                return ""
            return value
        if variable.default is not None:
            return variable.default
        if not variable.optional and not self._noted(variable):
            self._found.append(("setting_missing", variable.full_name, f"is not set. {variable.about}"))
        return ""

    def secret(self, variable: Variable) -> Secret:
        """The value as a secret."""
        return Secret(self.text(variable))

    def token(self, variable: Variable, length_min: int = 16) -> Secret:
        """A secret that can go into an HTTP header, and is too long to guess."""
        token = self.text(variable)
        if token and not (token.isascii() and " " not in token and len(token) >= length_min):
            self.malformed(variable, f"must have at least {length_min} characters, ASCII without spaces.")
        return Secret(token)

    def choice(self, variable: Variable, choices: tuple[Choice, ...]) -> Choice:
        """One of a few words."""
        value = self.text(variable)
        for choice in choices:
            if value == choice:
                return choice
        if not self._noted(variable):
            self.malformed(variable, f"must be one of {', '.join(choices)}.")
        return choices[0]

    def whole(self, variable: Variable, least: int, most: int) -> int:
        """A whole number within limits, in plain digits."""
        value = self.text(variable)
        if self._noted(variable):
            return least
        if not (value.isascii() and value.isdigit() and len(value) <= 18 and least <= int(value) <= most):
            self.malformed(variable, f"must be a whole number from {least} to {most}.")
            return least
        return int(value)

    def words(self, variable: Variable) -> tuple[str, ...]:
        """Words between commas, each once."""
        words = tuple(word.strip() for word in self.text(variable).split(",") if word.strip())
        if len(set(words)) != len(words):
            self.malformed(variable, "names something twice.")
        return words

    def web_address(self, variable: Variable, *, encrypted: bool) -> str:
        """An http(s) address without its last slash; `encrypted` insists on https beyond this machine."""
        value = self.text(variable)
        if not value:
            return ""
        try:
            parts = urlsplit(value)
            host, _ = parts.hostname, parts.port
        except ValueError:
            host, parts = None, urlsplit("")
        beside = parts.username or parts.query or parts.fragment
        if parts.scheme not in {"http", "https"} or not host or beside:
            self.malformed(variable, "must be an address such as https://bank.example/api.")
        elif encrypted and parts.scheme == "http" and not is_loopback(host):
            self.malformed(variable, "must begin with https:// when it leaves this machine.")
        return value.rstrip("/")

    def _noted(self, variable: Variable) -> bool:
        return any(name == variable.full_name for _, name, _ in self._found)

    def _from_file(self, variable: Variable, value: str) -> str:
        path = self._environment.get(variable.full_name + FILE_SUFFIX, "").strip()
        if not path:
            return value
        if value:
            self.malformed(variable, f"is set twice: by itself and by {variable.full_name}{FILE_SUFFIX}.")
            return ""
        try:
            with Path(path).open("rb") as file:
                return file.read(_SECRET_FILE_BYTES_MAX).decode("utf-8").strip()
        except (OSError, ValueError) as problem:
            name = f"{variable.full_name}{FILE_SUFFIX}"
            self.malformed(variable, f"can't be read from the file that {name} names ({type(problem).__name__}).")
            return ""


def is_loopback(host: str) -> bool:
    """Whether the host is this machine itself."""
    return host in {"localhost", "::1"} or host.startswith("127.")


def documented(title: str, variables: Iterable[Variable]) -> str:
    """The variables as a section of `.env.example`: optional ones are commented out at their default."""
    lines = [f"# --- {title} ---", ""]
    for variable in variables:
        lines += [f"# {line}" for line in variable.about.splitlines()]
        if variable.secret:
            lines.append(f"# Secret: may be given as a file by {variable.full_name}{FILE_SUFFIX} instead.")
        required = variable.default is None and not variable.optional
        value = variable.example if variable.default is None else variable.default
        lines += [f"{'' if required else '# '}{variable.full_name}={value}", ""]
    return "\n".join(lines)
