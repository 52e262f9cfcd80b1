"""A desk shows a key that it made itself, and is nobody until a person has compared its fingerprint."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.device import DeviceIdentity
from core.errors import EnvironmentProblem, LineProblem, Refusal
from core.people.stretching import CHEAPEST
from core.secrets.vault import FileVault
from core.signing_in.enrolling import Requested, await_trust, create, enrol, in_groups, look_for_trust, spelled, waiting
from core.sync.transport import Transport
from tests.signing_bank import NOBODY, VAULT_PASSPHRASE, SigningBank


@pytest.fixture
def vault(tmp_path: Path) -> FileVault:
    return FileVault.create(tmp_path / "secrets.vault", VAULT_PASSPHRASE, cost=CHEAPEST)


@pytest.fixture
def line(bank: SigningBank) -> Iterator[Transport]:
    made = Transport(bank.address, bank.clock)
    yield made
    made.close()


def test_a_desk_waits_until_it_is_trusted_and_then_knows_who_it_is(
    bank: SigningBank, vault: FileVault, line: Transport, tmp_path: Path
) -> None:
    branch = bank.found_branch()
    code = bank.invite(f"{branch}-1", branch)
    requested = enrol(line, vault, f" {code.replace('-', ' ').lower()} ")
    assert isinstance(requested, Requested)
    assert enrol(line, vault, code) == requested
    assert await_trust(line, requested, bank.address, pause=lambda: False) is None
    assert waiting(line, vault) == requested
    pauses = []

    def pause() -> bool:
        pauses.append(1)
        bank.trust(requested.device, requested.fingerprint)
        return True

    identity = await_trust(line, requested, bank.address, pause)
    assert isinstance(identity, DeviceIdentity)
    assert (identity.device, identity.branch, identity.epoch) == (f"{branch}-1", branch, 1)
    assert identity.centre_key == bank.centre.keys.public
    assert pauses == [1]
    device = create(tmp_path / "data" / "device.db", vault, bank.clock, identity)
    assert device.identity == identity
    device.close()


def test_a_wrong_code_is_refused_and_a_used_one_serves_no_second_key(
    bank: SigningBank, vault: FileVault, line: Transport, tmp_path: Path
) -> None:
    branch = bank.found_branch()
    wrong = enrol(line, vault, "AAAA-BBBB-CCCC-DDDD")
    assert isinstance(wrong, Refusal)
    assert (wrong.code, wrong.field) == ("enrolment_code_wrong", "code")
    code = bank.invite(f"{branch}-1", branch)
    assert isinstance(enrol(line, vault, code), Requested)
    other = FileVault.create(tmp_path / "other.vault", VAULT_PASSPHRASE, cost=CHEAPEST)
    assert isinstance(enrol(line, other, code), Refusal)
    assert waiting(line, other) is None


def test_a_centre_that_speaks_of_another_key_is_not_believed(
    bank: SigningBank, vault: FileVault, line: Transport
) -> None:
    branch = bank.found_branch()
    requested = enrol(line, vault, bank.invite(f"{branch}-1", branch))
    assert isinstance(requested, Requested)
    other = Requested(requested.device, 1, branch, "desktop", requested.fingerprint, "A" * 43)
    answer = look_for_trust(line, other, bank.address)
    assert isinstance(answer, Refusal)
    assert answer.code == "enrolment_differs"


def test_without_the_line_nothing_is_promised(bank: SigningBank, vault: FileVault) -> None:
    with pytest.raises(LineProblem):
        enrol(Transport(NOBODY, bank.clock), vault, "AAAA-BBBB-CCCC-DDDD")
    with pytest.raises(EnvironmentProblem, match="https"):
        Transport("http://centre.bank.example", bank.clock)


def test_codes_and_fingerprints_are_read_in_groups_of_four() -> None:
    assert spelled(" abcd efgh-jkmn\tPQRS ") == "ABCD-EFGH-JKMN-PQRS"
    assert in_groups("abcdefghij") == "abcd efgh ij"
