"""What Prometheus is told: how much comes in, how long a turn takes, what goes out, what waits."""

from __future__ import annotations

from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
TURN_SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 10)
SEND_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """One process's figures, in a registry of their own."""

    def __init__(self) -> None:
        """Start every figure at nothing."""
        self.registry = CollectorRegistry()
        self._stored = Counter("ownerline_events_stored", "Raw events stored", ["channel"], registry=self.registry)
        self._turns = Histogram(
            "ownerline_turn_seconds",
            "Time to work one event, by how it ended",
            ["outcome"],
            buckets=TURN_SECONDS,
            registry=self.registry,
        )
        self._dead = Counter(
            "ownerline_events_dead", "Events set aside after failing", ["channel"], registry=self.registry
        )
        self._sends = Counter(
            "ownerline_sends", "Letters by channel and outcome", ["channel", "outcome"], registry=self.registry
        )
        self._send_seconds = Histogram(
            "ownerline_send_seconds",
            "Time a provider takes for a letter",
            ["channel"],
            buckets=SEND_SECONDS,
            registry=self.registry,
        )
        self._waiting = Gauge("ownerline_queue_waiting", "Rows that wait", ["queue"], registry=self.registry)
        self._age = Gauge(
            "ownerline_queue_oldest_seconds", "Age of the oldest row that waits", ["queue"], registry=self.registry
        )

    def stored(self, channel: str, count: int = 1) -> None:
        """Count raw events stored."""
        self._stored.labels(channel).inc(count)

    def turn(self, outcome: str, seconds: float) -> None:
        """Note how long a turn took."""
        self._turns.labels(outcome).observe(seconds)

    def dead(self, channel: str) -> None:
        """Count an event set aside."""
        self._dead.labels(channel).inc()

    def sent(self, channel: str, outcome: str, seconds: float) -> None:
        """Count a letter and note how long the provider took."""
        self._sends.labels(channel, outcome).inc()
        self._send_seconds.labels(channel).observe(seconds)

    def queue(self, name: str, *, waiting: int, oldest: datetime | None, now: datetime) -> None:
        """Set how much waits in a queue, and since when."""
        self._waiting.labels(name).set(waiting)
        self._age.labels(name).set(max(0.0, (now - oldest).total_seconds()) if oldest else 0.0)

    def render(self) -> bytes:
        """Write all figures as Prometheus reads them."""
        return generate_latest(self.registry)
