"""What one person signed in a period, as a folder that they can carry away and that anybody can check."""

from core.audit.work.export import WorkSource, write_work
from core.audit.work.manifest import WORK_FILE, VerdictKnown
from core.audit.work.verification import WorkReport, verify_work

__all__ = ["WORK_FILE", "VerdictKnown", "WorkReport", "WorkSource", "verify_work", "write_work"]
