"""The schemas that a device's file may have, oldest first; each is one file in `versions`."""

REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008", "0009")
HEAD = REVISIONS[-1]
