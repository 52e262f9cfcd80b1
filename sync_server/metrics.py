"""Figures for Prometheus, over one server process or several that share a folder."""

from __future__ import annotations

import os
from itertools import groupby

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from core.sync.messages import PushAnswer

METRICS_MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SHARED_FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Metrics:
    """The figures of one application, in a registry of its own: others can be made with `registry`.

    With several processes no gauge may be per process unless it says how to merge (`multiprocess_mode`).
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "counterfoil_http_requests",
            "Requests answered, by method, route and status.",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self.request_seconds = Histogram(
            "counterfoil_http_request_seconds",
            "How long requests took.",
            ("method", "route"),
            buckets=_SECONDS,
            registry=self.registry,
        )

        self.operations = Counter(
            "counterfoil_operations",
            "Operations answered, by verdict; `refused` did not verify.",
            ("verdict",),
            registry=self.registry,
        )

    def count_push(self, answer: PushAnswer) -> None:
        """Count the verdicts of one push, those given again included."""
        for name, verdicts in groupby(sorted(verdict.verdict for verdict in answer.verdicts)):
            self.operations.labels(name).inc(sum(1 for _ in verdicts))
        if answer.refused is not None:
            self.operations.labels("refused").inc()

    def observe(self, *, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request. Unknown methods and routes are lumped, so that nobody can fill the memory."""
        method = method if method in _METHODS else "other"
        self.requests.labels(method, route, str(status)).inc()
        self.request_seconds.labels(method, route).observe(seconds)

    def exposition(self) -> bytes:
        """All figures in Prometheus's text format; summed over the processes where they share a folder."""
        folder = os.environ.get(SHARED_FOLDER_VARIABLE)
        if not folder:
            return generate_latest(self.registry)
        registry = CollectorRegistry()
        MultiProcessCollector(registry, path=folder)  # type: ignore[no-untyped-call]
        return generate_latest(registry)
