"""Measured values and their percentiles. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Measure:
    """One thing that was measured several times."""

    name: str
    unit: str
    values: tuple[float, ...]

    @property
    def p50(self) -> float:
        """Median, by nearest rank."""
        return percentile(self.values, 0.5)

    @property
    def p95(self) -> float:
        """95th percentile, by nearest rank."""
        return percentile(self.values, 0.95)

    @property
    def most(self) -> float:
        """The largest."""
        return max(self.values)

    def as_json(self) -> dict[str, object]:
        """Unit, number of values and the three figures."""
        figures = {"p50": self.p50, "p95": self.p95, "max": self.most}
        return {"unit": self.unit, "n": len(self.values)} | {k: round(v, 3) for k, v in figures.items()}

    def as_line(self) -> str:
        """A sentence of figures."""
        if len(self.values) == 1:
            return f"{self.name}: {_short(self.values[0])} {self.unit}"
        figures = f"p50 {_short(self.p50)}, p95 {_short(self.p95)}, max {_short(self.most)} {self.unit}"
        return f"{self.name}: {figures} (n = {len(self.values)})"


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least ``share`` of them don't exceed (nearest rank).

    Raises:
        ValueError: There are none.

    """
    if not values:
        raise ValueError("no values")
    return sorted(values)[max(1, math.ceil(share * len(values))) - 1]


def measures(rows: Mapping[tuple[str, str], Sequence[float]]) -> tuple[Measure, ...]:
    """Those of the rows ((name, unit) to values) that hold anything, in order."""
    return tuple(Measure(name, unit, tuple(values)) for (name, unit), values in rows.items() if values)


def _short(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"
