"""Weights and thresholds of the decision. Written by ``scripts/calibrate_understanding.py --write``; don't edit."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Calibration:
    """For one way of scoring."""

    first: tuple[float, ...]
    """Logistic weights for "the best topic is right", in the order of ``Evidence.features``, the intercept last."""
    pair: tuple[float, ...]
    """The same for "the right one is among the best two"."""
    answer: float
    """Least chance of an answer given at once."""
    sure: float
    """Least chance at which one topic alone is offered."""
    offer: float
    """Least chance, of the pair, at which topics are offered."""


TOGETHER = Calibration(
    first=(
        0.003, 3.92, -3.483, -0.463, -0.161, 2.547, 1.057, -2.576, -0.155, 0.836, -0.027, -0.313, 1.719,
        -0.357, 0.53, 3.021, 1.716, -4.355, -0.765, -0.923, -0.575, 2.297,
    ),
    pair=(
        2.18, 0.191, -3.31, -0.244, 0.501, 1.68, 1.297, -2.821, -0.026, 0.697, -0.075, -0.573, 1.688, 1.488,
        1.312, 1.808, 1.312, -4.634, -1.508, 0.238, -1.766, 1.871,
    ),
    answer=0.9,
    sure=0.83,
    offer=0.15,
)

ALONE = Calibration(
    first=(
        0.635, 2.512, -3.024, 2.457, -1.983, 3.988, 1.698, -2.44, 0.079, 0.74, 0.385, 0.345, 2.993, 0.0,
        0.635, 0.0, 2.512, 0.0, -3.024, 0.0, 0.0, 0.319,
    ),
    pair=(
        3.494, -0.594, -3.497, 2.472, -1.321, 2.603, 1.97, -2.439, 0.33, 0.5, 0.504, 0.306, 2.245, 0.0,
        3.494, 0.0, -0.594, 0.0, -3.497, 0.0, 0.0, -0.244,
    ),
    answer=0.93,
    sure=0.75,
    offer=0.35,
)
