"""Whether there is a display for a window."""

from __future__ import annotations

import os
import sys


def has_display() -> bool:
    """True on Windows and macOS, and where an X11 or Wayland display is named."""
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
