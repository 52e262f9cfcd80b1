"""The typefaces that the product prints with."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.documents.typefaces import Typefaces, typefaces_in


@pytest.fixture(scope="session")
def typefaces() -> Typefaces:
    return typefaces_in(Path(__file__).resolve().parents[3] / "resources" / "fonts")
