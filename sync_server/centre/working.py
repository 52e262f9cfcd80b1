"""What the centre carries further by itself, beside the requests: what waits at it, and its checkpoints."""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import partial

from sync_server.beside import beside
from sync_server.centre import checkpoints, standing_jobs
from sync_server.services import Services

_STANDING_SECONDS = 0.5
_CHECKPOINT_SECONDS = 5.0


def carry_on(services: Services) -> AbstractContextManager[None]:
    """Carry requests, limits, write-offs and visits further."""
    return beside("standing", partial(standing_jobs.step, services.database, services.centre), _STANDING_SECONDS)


def make_checkpoints(services: Services) -> AbstractContextManager[None]:
    """Make a checkpoint whenever one is due."""
    policy = services.settings.checkpoints
    step = partial(checkpoints.step, services.database, services.centre, policy)
    return beside("checkpoints", step, _CHECKPOINT_SECONDS)
