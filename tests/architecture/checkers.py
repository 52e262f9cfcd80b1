"""Runs the programs that read code without running it."""

import subprocess
import sys
from pathlib import Path


def complaints(checkout: Path, program: str, *arguments: str) -> str:
    """What a checker from this environment has to say; nothing when it is content."""
    command = [str(Path(sys.executable).with_name(program)), *arguments]
    ended = subprocess.run(
        command, cwd=checkout, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    return ended.stdout or f"{program} ended with {ended.returncode}" if ended.returncode else ""
