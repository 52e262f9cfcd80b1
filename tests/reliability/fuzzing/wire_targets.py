"""Targets for what comes off the wire or is typed: messages, request signatures, proofs, records, amounts, IBANs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from core.canonical import base64url, digest, from_base64url
from core.clock import instant, instant_ms, is_business_date, is_instant
from core.errors import IntegrityFault, Refusal
from core.iban import account_number, bank_of, is_iban, make_iban, read_iban
from core.ids import is_code, is_identifier
from core.money import AMOUNT_MINOR_MAX, Money, format_amount, format_money, is_currency, parse_amount
from core.people.keys import key_name, new_signing_key
from core.records import make_record, read_record, record_digest
from core.sync import messages
from core.sync.enrolment import make_enrolment, verify_enrolment
from core.sync.requests import REQUEST_TYPE, read_request, sign_request, verify_request
from sync_server.centre.one_time import one_time_digest
from sync_server.decoding import decoded
from sync_server.ingest.verifying import read_records
from tests.bank import BANK_CODE, counted_randomness
from tests.reliability.fuzzing.choices import Choices
from tests.reliability.fuzzing.engine import said
from tests.reliability.fuzzing.invented import invented
from tests.reliability.fuzzing.mutations import (
    changed_data,
    changed_spelling,
    changed_text,
    changed_token,
    changed_value,
)
from tests.reliability.fuzzing.world import World

_NOW_MS = instant_ms("2026-11-20T12:00:00.000Z")
_LOCALES = ("en_GB", "da_DK", "de_CH", "fr_FR", "ar_EG", "hi_IN", "ja_JP")
_CURRENCIES = ("DKK", "JPY", "KWD", "EUR", "XXX", "ZZZ", "")
_AMOUNTS = (
    "1.234,50",
    "1,234.50",
    "0",
    "-1",
    "1e3",
    "١٢٣",
    "9" * 13,
    "1 234,50",
    "1'234.50",
    "0.001",
    "\u066b",
    "½",
    "+1",
)


class WireTargets:
    """The targets over one world."""

    def __init__(self, world: World) -> None:
        self._world = world
        kinds = (
            each for each in vars(messages).values() if isinstance(each, type) and issubclass(each, msgspec.Struct)
        )
        self._decoders = [(kind, msgspec.json.Decoder(kind)) for kind in kinds if kind.__module__ == messages.__name__]
        self._key = new_signing_key(counted_randomness("requests"))
        self._record = make_record({"given_name": "Ane", "family_name": "Holm"}, counted_randomness("record"))[1]
        self._ibans = [make_iban("DK", BANK_CODE, 1_000_000 + each) for each in range(5)]
        self._ibans += [
            "GB82WEST12345698765432",
            "NO9386011117947",
            "DE89370400440532013000",
            "MT84MALT011000012345MTLCAST001S",
        ]

    def message(self, choices: Choices) -> str:
        """Any message of the protocol, made from its types and changed, as the server decodes a body."""
        kind, decoder = choices.pick(self._decoders)
        value = invented(choices, kind, self._world)
        if choices.below(4):
            value = changed_value(choices, value, self._world.pool)
        data = msgspec.json.encode(value)
        if choices.one_in(4):
            data = changed_spelling(choices, data)
        message = decoded(data, decoder)
        assert msgspec.json.decode(msgspec.json.encode(message), type=kind) == message, (
            "a message that changes by reading"
        )
        if isinstance(message, messages.Push):
            for named, record in read_records(message.records).items():
                assert record_digest(record) == named, "a record under another's name"
        if isinstance(message, messages.Enrolment):
            verify_enrolment(message)
        return "read"

    def request(self, choices: Choices) -> str:
        """The signature header of a request: changed, of another request, or signed again."""
        body = choices.data(20)
        signing: dict[str, Any] = {"method": "POST", "target": "/v1/rights", "body": body}
        token = sign_request(self._key, device="odense-1", epoch=1, now_ms=_NOW_MS, **signing)
        way = choices.below(4)
        if way == 0:
            token = changed_token(choices, token)
        elif way == 1:
            token = self._signed_again(choices, token)
        elif way == 2:
            signing[choices.pick(sorted(signing))] = choices.data() if choices.below(2) else choices.text()
            signing["body"] = signing["body"] if isinstance(signing["body"], bytes) else b""
        now_ms = _NOW_MS + (choices.number() if choices.one_in(4) else 0)
        read_request(token)
        said_ = verify_request(token, bytes(self._key.verify_key), now_ms=now_ms, **signing)
        assert abs(instant_ms(said_.at) - now_ms) <= 5 * 60 * 1000
        assert said_.body == digest(signing["body"])
        return "read"

    def _signed_again(self, choices: Choices, token: str) -> str:
        from core.envelope import sign_compact

        fields = msgspec.json.decode(from_base64url(token.split(".")[1]))
        payload = msgspec.json.encode(changed_value(choices, fields, self._world.pool))
        if choices.one_in(3):
            payload = changed_spelling(choices, payload)
        return sign_compact(payload, self._key, key_name(self._key), REQUEST_TYPE)

    def enrolment(self, choices: Choices) -> str:
        """A new device's request with something changed."""
        code = choices.text() if choices.below(2) else "ABCD-EFGH-JKMN-PQRS"
        made = make_enrolment(code, self._key)
        fields = {"code": made.code, "key": made.key, "proof": made.proof, "protocol": 1}
        if choices.below(4):
            fields = changed_value(choices, fields, [*self._world.words["key"], *self._world.words["token"]])
        shown = decoded(msgspec.json.encode(fields), self._decoder_of(messages.Enrolment))
        one_time_digest(shown.code)
        verify_enrolment(shown)
        assert (shown.key, shown.code) == (made.key, made.code), "another key's proof"
        return "read"

    def _decoder_of(self, kind: type[Any]) -> msgspec.json.Decoder[Any]:
        return next(decoder for each, decoder in self._decoders if each is kind)

    def record(self, choices: Choices) -> str:
        """A record's bytes."""
        change: Callable[[Choices, bytes], bytes] = choices.pick((changed_data, changed_spelling))
        data = change(choices, self._record)
        try:
            fields = read_record(data)
        except msgspec.MsgspecError:
            return "fault"
        assert all(isinstance(value, str) for value in fields.values())
        return "read"

    def amount(self, choices: Choices) -> str:
        """What a person types as an amount."""
        text = choices.pick(_AMOUNTS) if choices.below(3) else str(choices.number())
        text = changed_text(choices, text) if choices.below(2) else text
        currency, locale = choices.pick(_CURRENCIES), choices.pick(_LOCALES)
        read = parse_amount(text, currency, locale)
        if isinstance(read, Refusal):
            return said(read)
        assert 0 < read.minor <= AMOUNT_MINOR_MAX
        assert is_currency(currency)
        assert parse_amount(format_amount(read, "en_GB"), currency, "en_GB") == read, (
            "an amount that changes by writing"
        )
        format_money(Money(-read.minor, currency), locale)
        return "read"

    def iban(self, choices: Choices) -> str:
        """What a person types or pastes as an IBAN."""
        text = choices.pick(self._ibans)
        for _ in range(choices.below(3)):
            text = changed_text(choices, text)
        if choices.one_in(4):
            text = " ".join(text[start : start + 4].lower() for start in range(0, len(text), 4))
        is_iban(text)
        bank_of(text)
        account_number(text, "DK", BANK_CODE)
        read = read_iban(text)
        if isinstance(read, str):
            assert is_iban(read), "an IBAN that is read and is none"
            assert read_iban(read) == read
        return said(read)

    def word(self, choices: Choices) -> str:
        """Small values: base64url, instants, dates, codes, identifiers."""
        known = choices.pick([each for each in self._world.pool if isinstance(each, str)])
        text = changed_text(choices, known) if choices.below(3) else choices.text()
        is_code(text)
        is_identifier(text)
        is_business_date(text)
        if is_instant(text):
            assert instant(instant_ms(text)) == text, "an instant of two spellings"
        try:
            data = from_base64url(text)
        except IntegrityFault as fault:
            return f"fault {fault.code}"
        assert base64url(data) == text, "base64url of two spellings"
        return "read"
