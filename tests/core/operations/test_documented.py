"""`docs/operations.md` says what the program has, all of it and nothing else."""

import re
from pathlib import Path

from core.operations.registry import KINDS
from tests.core.operations_page import general_findings, read_page

PAGE = read_page()
OPERATIONS = Path(__file__).resolve().parents[3] / "core" / "operations"
APPROVALS = {"_one_person": "no", "_always": "yes", "_differs": "where", "_above_limit": "above"}


def test_every_kind_in_every_version_has_its_section_in_order() -> None:
    assert list(PAGE) == list(KINDS)


def test_every_member_of_every_body_is_there_in_its_place() -> None:
    assert {key: kind.members for key, kind in PAGE.items()} == {
        key: kind.body.__struct_fields__ for key, kind in KINDS.items()
    }


def test_who_makes_a_kind_and_who_else_is_asked_is_said() -> None:
    for key, kind in KINDS.items():
        said = PAGE[key]
        assert said.signers == {signer.value for signer in kind.signers}, key
        assert said.role == (None if len(kind.roles) == 2 else next(iter(kind.roles))), key
        assert said.bank_wide is kind.bank_wide, key
        assert ("day" in said.needs, "drawer" in said.needs) == (kind.needs_day, kind.needs_drawer), key
        assert said.approval.startswith(APPROVALS[kind.second_person.__name__]), key


def test_every_finding_is_explained_and_no_other() -> None:
    written = "".join(path.read_text(encoding="utf-8") for path in OPERATIONS.glob("*.py"))
    raised = set(re.findall(r'Refusal\(\s*"([a-z_]+)"', written))
    raised.update(re.findall(r'_above\("([a-z_]+)"', written))
    raised.update(re.findall(r'"(day_already_[a-z]+)"', written))
    assert raised == general_findings().union(*(kind.findings for kind in PAGE.values()))
