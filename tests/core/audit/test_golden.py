"""What was once written out can be checked for ever: an export of each version of the format is kept."""

from pathlib import Path

from core.audit import Report, verify_chains
from tests.core.audit.independent_checker import Checker

V1 = Path(__file__).parent / "golden" / "v1"
CENTRE = "VdL42XhN-7nofbrvuSGUZN59NQVK1gGnvjmq-NquTto"
TOTAL_MINOR = 8754000


def test_an_export_of_version_1_holds() -> None:
    report = verify_chains(V1, CENTRE)
    assert isinstance(report, Report), str(report)
    assert Checker(V1).check() == report.operations
    assert [(total.debits, total.credits) for total in report.totals] == [(TOTAL_MINOR, TOTAL_MINOR)]
