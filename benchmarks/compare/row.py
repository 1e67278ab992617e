"""One figure of the report."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Row:
    """One figure: median and extremes over the pairs or rounds, and what it should be."""

    figure: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    unit: str = "x"
    at_least: float | None = None
    at_most: float | None = None
    steps_per_second: float | None = None
    peer_steps_per_second: float | None = None
    errors: dict[str, float] | None = None
    peer_errors: dict[str, float] | None = None
    note: str = ""
    bound: bool = False  # whether the true ratio is larger, since the peer was stopped

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None where there is none, or no figure."""
        if self.value is None or (self.at_least is None and self.at_most is None):
            return None
        return bool(self.value >= self.at_least if self.at_least is not None else self.value <= self.at_most)

    def as_dict(self) -> dict:
        return {**asdict(self), "met": self.met}
