"""A branch that has opened, for statements about what may be done there."""

import pytest

from tests.bank import BranchDay, open_branch


@pytest.fixture
def day() -> BranchDay:
    """A device, an open day and drawer, a teller and a supervisor signed in."""
    return open_branch()
