#!/usr/bin/env python3
"""From a bare checkout to a running bank: `python3 run.py demo`, and `test`, `lint`, `bench`, `setup`, `pin`.

This file is read by whatever Python a machine has, so it keeps to a syntax that older ones understand; the
work is done in installer/environment/.
"""

import os
import shutil
import sys

OLDEST = (3, 11)
NEWEST_LOOKED_FOR = 20


def newer_python():
    # type: () -> str | None
    """The path of a Python that is new enough, when the one that runs this file is not."""
    for minor in range(NEWEST_LOOKED_FOR, OLDEST[1] - 1, -1):
        found = shutil.which("python3.%d" % minor)
        if found:
            return found
    return None


def main():
    # type: () -> int
    """Hand over to installer/environment/, under a Python that is new enough."""
    if sys.version_info >= OLDEST:
        from installer.environment.commands import main as run

        return run(sys.argv[1:])
    found = newer_python()
    if found:
        arguments = [found, os.path.abspath(__file__)] + sys.argv[1:]
        os.execv(found, arguments)
    sys.stderr.write(
        "Counterfoil needs Python 3.11 or later; this is Python %d.%d, and no later one is on the PATH.\n"
        "Install it (Debian 12 and Ubuntu 24.04 have it as python3) and start again with it.\n" % sys.version_info[:2]
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
