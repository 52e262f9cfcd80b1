"""Which libraries and programs of the system are missing, and installing them on Debian and Ubuntu."""

import ctypes
import os
import shutil
import sys
from collections.abc import Mapping, Sequence

from installer.environment.progress import Outcome, Progress, SetUpProblem, run_quietly

# Debian's package, and the library in it that shows whether it is there.
QT_LIBRARIES: Mapping[str, str] = {
    "libgl1": "libGL.so.1",
    "libegl1": "libEGL.so.1",
    "libxkbcommon0": "libxkbcommon.so.0",
    "libglib2.0-0": "libglib-2.0.so.0",
    "libfreetype6": "libfreetype.so.6",
    "libfontconfig1": "libfontconfig.so.1",
    "libdbus-1-3": "libdbus-1.so.3",
}
WINDOW_LIBRARIES: Mapping[str, str] = {
    "libxkbcommon-x11-0": "libxkbcommon-x11.so.0",
    "libxcb-cursor0": "libxcb-cursor.so.0",
    "libxcb-icccm4": "libxcb-icccm.so.4",
    "libxcb-keysyms1": "libxcb-keysyms.so.1",
    "libxcb-shape0": "libxcb-shape.so.0",
}
# Debian's package, and the program in it.
TEST_PROGRAMS: Mapping[str, str] = {
    "poppler-utils": "pdftoppm",
    "qpdf": "qpdf",
    "gnome-keyring": "gnome-keyring-daemon",
    "dbus-x11": "dbus-launch",
    "libsecret-tools": "secret-tool",
}


def library_loads(name: str) -> bool:
    """Whether the system's loader finds a shared library."""
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True


def missing_libraries(wanted: Mapping[str, str]) -> list[str]:
    """The packages whose library does not load; none on systems where Qt brings its own."""
    if not sys.platform.startswith("linux"):
        return []
    return [package for package, library in wanted.items() if not library_loads(library)]


def missing_programs(wanted: Mapping[str, str]) -> list[str]:
    """The packages whose program is not on the PATH; they are only looked for on Linux."""
    if not sys.platform.startswith("linux"):
        return []
    return [package for package, program in wanted.items() if shutil.which(program) is None]


def is_debian() -> bool:
    """Whether packages come from apt here (Debian, Ubuntu and what is made from them)."""
    return shutil.which("apt-get") is not None and shutil.which("dpkg") is not None


def root_prefix() -> list[str] | None:
    """What makes a command run as root without asking anybody: nothing, sudo, or None where neither works."""
    if not hasattr(os, "geteuid"):
        return None
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") and run_quietly(["sudo", "-n", "true"]).exit_code == 0:
        return ["sudo", "-n"]
    return None


def apt_install(packages: Sequence[str], progress: Progress) -> Outcome | None:
    """Install packages with apt; None where this user may not."""
    prefix = root_prefix()
    if prefix is None or not is_debian():
        return None
    as_root = [*prefix, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-y", "-q"]
    progress.note(f"apt-get install {' '.join(packages)}")
    updated = run_quietly([*as_root, "update"])
    installed = run_quietly([*as_root, "install", "--no-install-recommends", *packages])
    if installed.exit_code and updated.exit_code:
        return Outcome(installed.exit_code, f"{updated.tail}\n{installed.tail}")
    return installed


def how_to_install(packages: Sequence[str]) -> str:
    """What a person with the right to do so would type, as a sentence."""
    if is_debian():
        return f"Install with: sudo apt-get update && sudo apt-get install {' '.join(packages)}"
    return f"Install the packages of your system that correspond to Debian's {', '.join(packages)}"


def has_display() -> bool:
    """Whether a real window can be opened on this Linux machine."""
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def ensure_libraries(progress: Progress, *, for_tests: bool) -> bool:
    """Install what is missing where this user may.

    What the window cannot do without raises `SetUpProblem`; the rest is named, and gives False as the answer.
    """
    needed = missing_libraries(QT_LIBRARIES)
    useful = missing_libraries(WINDOW_LIBRARIES) + (missing_programs(TEST_PROGRAMS) if for_tests else [])
    if not needed and not useful:
        return True
    outcome = apt_install([*needed, *useful], progress)
    if outcome is not None and outcome.exit_code and needed and useful:
        outcome = apt_install(needed, progress)
    window = missing_libraries(WINDOW_LIBRARIES)
    needed = missing_libraries(QT_LIBRARIES) + (window if has_display() else [])
    if needed:
        reason = outcome.tail if outcome is not None else "      (this user may not install system packages here)"
        raise SetUpProblem(
            f"These system packages are missing: {' '.join(needed)}\n{reason}\n" + how_to_install(needed)
        )
    useful = window + (missing_programs(TEST_PROGRAMS) if for_tests else [])
    if useful:
        progress.note(f"Missing, but not needed to go on: {' '.join(useful)}")
        progress.note(how_to_install(useful))
    return not useful
