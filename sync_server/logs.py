"""Structured logs: one JSON object a line, with everything secret taken out on the way.

Secrets go by the name they are logged under and by their shape, since a name can be forgotten.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping
from typing import Any

import structlog
from schwifty import IBAN
from schwifty.exceptions import SchwiftyException
from structlog.typing import EventDict, Processor, WrappedLogger

from sync_server.environment import Secret
from sync_server.settings import LogSettings

REDACTED = "[redacted]"

_SECRET_NAMES = re.compile(
    r"(?:^|_)(?:password|passphrase|passwd|pin|secret|seed|token|totp|authorization|cookie|jws|private|signing_key"
    r"|database_url|conninfo|dsn)(?:s|$|_)|(?:^|_)key$",
    re.IGNORECASE,
)
_JWS = re.compile(r"eyJ[\w-]{8,}\.[\w-]*\.[\w-]+")
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]+")
_ADDRESS_PASSWORD = re.compile(r"(\w+://[^\s:/@]*):[^\s@]+@")
_CONNINFO_PASSWORD = re.compile(r"(?i)\bpassword\s*=\s*('(?:[^'\\]|\\.)*'|\S+)")
# PostgreSQL quotes whole rows there; the values may hold line ends, so all goes up to the next error of a chain.
_ROWS = re.compile(
    r"(\b(?:DETAIL|CONTEXT):|\bFailing row contains\b).*?(?=\n\n(?:During handling of|The above exception)|\Z)",
    re.DOTALL,
)
# A repr writes a line end as \\n: a letter just before a number does not make it another word.
_IBAN = re.compile(
    r"(?<![A-Z0-9])[A-Z]{2}\d{2}(?:[A-Z0-9]{11,30}|(?: [A-Z0-9]{4}){2,7}(?: [A-Z0-9]{1,4})?)(?![A-Z0-9])"
)
_IBAN_IN_ANY_CASE = re.compile(r"(?:(?<![A-Za-z0-9])|(?<=\\[nrt]))[A-Za-z]{2}\d{2}[A-Za-z0-9]{11,30}(?![A-Za-z0-9])")


def masked_account(number: str) -> str:
    """An account number with only its country and its last four characters."""
    compact = number.replace(" ", "")
    return f"{compact[:2]}…{compact[-4:]}"


def without_secrets(text: str) -> str:
    """The text without tokens, passwords, signed operations, rows of the database and full account numbers."""
    text = _ROWS.sub(rf"\1 {REDACTED}", text)
    text = _JWS.sub("[jws]", text)
    text = _BEARER.sub(rf"\1 {REDACTED}", text)
    text = _ADDRESS_PASSWORD.sub(rf"\1:{REDACTED}@", text)
    text = _CONNINFO_PASSWORD.sub(f"password={REDACTED}", text)
    text = _IBAN.sub(lambda found: masked_account(found[0]), text)
    return _IBAN_IN_ANY_CASE.sub(lambda found: masked_account(found[0]) if _is_iban(found[0]) else found[0], text)


def _is_iban(text: str) -> bool:
    """Whether it is one by its check digits: identifiers in mixed case can have the shape by chance."""
    try:
        return bool(IBAN(text.upper(), allow_invalid=True).is_valid)
    except SchwiftyException:
        return False


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """The processor that takes secrets out of an event, however deep they lie."""
    return {name: _redacted(name, value) for name, value in event.items()}


def _redacted(name: str, value: Any) -> Any:
    if _SECRET_NAMES.search(name) and value is not None and not isinstance(value, bool):
        return REDACTED
    match value:
        case Secret():
            return REDACTED
        case str():
            return without_secrets(value)
        case bytes():
            return f"[{len(value)} bytes]"
        case Mapping():
            return {str(key): _redacted(str(key), inner) for key, inner in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_redacted(name, inner) for inner in value]
        case int() | float() | None:
            return value
        case _:
            return without_secrets(str(value))


def configure_logs(settings: LogSettings) -> None:
    """Send this process's logs, the libraries' too, to stderr in the form asked for."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    last: Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if settings.format == "json"
        else structlog.dev.ConsoleRenderer(colors=False)
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder()],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            _without_colour,
            structlog.processors.format_exc_info,
            redact,
            last,
        ],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.level.upper())
    # They repeat request lines, which have their own log line, and addresses with queries.
    for name in ("httpx", "httpcore", "uvicorn.access"):
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers = []
        logging.getLogger(name).propagate = True


def _without_colour(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    event.pop("color_message", None)
    return event
