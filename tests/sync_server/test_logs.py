"""Nothing secret reaches a log, by whatever name or in whatever text it comes."""

import io
import json
import logging
import sys

import psycopg
import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from schwifty import IBAN

from sync_server.environment import Secret
from sync_server.logs import configure_logs, redact, without_secrets
from sync_server.settings import LogSettings

IBAN_DK = "DK5000400440116243"
JWS = "eyJhbGciOiJFZDI1NTE5In0.eyJraW5kIjoiY2FzaC5kZXBvc2l0ZWQifQ.c2lnbmF0dXJlLW9mLXRoaXM"


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    written = io.StringIO()
    monkeypatch.setattr(sys, "stderr", written)
    configure_logs(LogSettings("debug", "json"))
    return written


def lines(log: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "staff_password",
        "pin",
        "token",
        "partner_token",
        "totp",
        "totp_seed",
        "seed",
        "key",
        "session_key",
        "Authorization",
        "passphrase",
        "jws",
        "private",
        "database_url",
        "secret",
    ],
)
def test_what_has_a_secret_name_is_left_out_however_deep_it_lies(name: str) -> None:
    event = redact(None, "info", {"event": "x", "outer": [{"inner": {name: "gull-harbour"}}], name: "gull-harbour"})
    assert "gull-harbour" not in json.dumps(event)


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        (f"refused: {JWS}", "c2lnbmF0dXJl"),
        ("sent Authorization: Bearer abc.def-123", "abc.def-123"),
        ("connection to postgresql://app:gull-harbour@db/x failed", "gull-harbour"),
        ("connection failed: host=db user=app password=gull-harbour dbname=x", "gull-harbour"),
        ("connection failed: password='gull harbour' host=db", "gull harbour"),
        (f"account {IBAN_DK} is closed", "0040044011"),
        (f"account {IBAN_DK.lower()} is closed", "0040044011"),
        (f"account\\n{IBAN_DK.lower()}\\n is closed", "0040044011"),
        ("account DK50 0040 0440 1162 43 is closed", "0040 0440"),
        ('violates "chk"\nDETAIL:  Failing row contains (zz, Zelda\nHemmelig, $argon2id$x).', "Hemmelig"),
        ('missing data\nCONTEXT:  COPY operations, line 1: "7\tZelda Hemmelig"', "Hemmelig"),
        ("account DK5100400440116243 (mistyped) is unknown", "0040044011"),
    ],
)
def test_what_has_the_shape_of_a_secret_is_left_out_of_any_text(text: str, secret: str) -> None:
    assert secret not in without_secrets(text)


@given(st.sampled_from(["DK", "DE", "NO", "GB", "FR", "NL"]), st.randoms(use_true_random=False))
def test_no_full_iban_survives(country: str, random: object) -> None:
    number = str(IBAN.random(country_code=country, random=random))  # type: ignore[arg-type]
    assert number not in without_secrets(f"paid to {number}.")


def test_what_helps_to_find_things_again_is_kept() -> None:
    kid = "q9Y1aB3kZl0Vd5s2Wn8Rt4Xy7Ue6Io1Pm_-AbCdEfGh"
    text = f"operation 0193a5c0-7c1e-7abc-8def-0123456789ab by kid {kid} of branch aarhus"
    assert without_secrets(text) == text


def test_every_line_is_one_object_also_those_of_libraries_and_of_bugs(log: io.StringIO) -> None:
    structlog.get_logger("sync_server").info("till.opened", drawer="a1", key=Secret("gull-harbour"), amount=5)
    logging.getLogger("uvicorn.error").warning("to %s", f"postgresql://app:gull-harbour@db/x and {IBAN_DK}")
    try:
        int(f"{JWS} of\n{IBAN_DK}")
    except ValueError:
        structlog.get_logger("sync_server").exception("failed")
    written = lines(log)
    assert written[0]["event"] == "till.opened"
    assert written[0]["drawer"] == "a1"
    assert written[0]["amount"] == 5
    assert "ValueError" in str(written[2]["exception"])
    for secret in ("gull-harbour", IBAN_DK, JWS):
        assert secret not in log.getvalue()


def test_a_row_that_the_database_refuses_is_not_quoted(log: io.StringIO, postgres: str) -> None:
    row = ("Zelda\nHemmelig", "$argon2id$x")
    try:
        try:
            with psycopg.connect(postgres) as connection:
                connection.execute("CREATE TEMP TABLE people (name text, hash text CHECK (hash IS NULL))")
                connection.execute("INSERT INTO people VALUES (%s, %s)", row)
        except psycopg.Error as problem:
            raise RuntimeError("it was not written") from problem
    except RuntimeError:
        structlog.get_logger("sync_server").exception("failed")
    written = log.getvalue()
    assert "people_hash_check" in written
    assert "it was not written" in written
    for secret in ("Zelda", "Hemmelig", "argon2id"):
        assert secret not in written
