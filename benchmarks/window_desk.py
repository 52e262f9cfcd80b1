"""An enrolled desk on its file, with a file vault and no line, as `counterfoil desktop` finds it when it starts."""

from __future__ import annotations

from pathlib import Path

from benchmarks.bench_branch import BenchBranch
from core.people.stretching import MODERATE
from core.secrets.opening import PASSPHRASE_VARIABLE, STORE_VARIABLE, VAULT_FILE_NAME
from core.secrets.vault import FileVault
from desktop.settings import DATA_VARIABLE, IDLE_VARIABLE, STORE_FILE

ACCOUNTS = 50
_PASSPHRASE = "a bench keeps no secrets"


def make_desk(folder: Path) -> dict[str, str]:
    """Make the desk in the folder; answers the environment that the program is started with."""
    secrets = FileVault.create(folder / VAULT_FILE_NAME, _PASSPHRASE, cost=MODERATE)
    branch = BenchBranch(folder, accounts=ACCOUNTS, secrets=secrets, file_name=STORE_FILE)
    branch.close()
    return {
        DATA_VARIABLE: str(folder),
        IDLE_VARIABLE: "0",
        STORE_VARIABLE: "vault",
        PASSPHRASE_VARIABLE: _PASSPHRASE,
        "QT_QPA_PLATFORM": "offscreen",
        "QT_LOGGING_RULES": "qt.qpa.*=false;default.warning=false",
    }
