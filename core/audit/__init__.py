"""Chains taken out of the bank as plain files, and their check with no database and no network."""

from core.audit.export import ChainExport, write_chains
from core.audit.report import Fault, Report
from core.audit.verification import verify_chains

__all__ = ["ChainExport", "Fault", "Report", "verify_chains", "write_chains"]
