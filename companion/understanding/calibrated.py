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
        0.273, 2.92, -3.352, -2.021, -0.231, 2.4, 1.808, -3.008, -0.91, 0.951, 0.683, 0.206, 1.174, 0.813,
        1.759, 2.693, 1.68, -3.577, -0.167, -0.505, 0.809, 1.263,
    ),
    pair=(
        0.971, 0.464, -3.331, -1.155, 0.295, 2.487, 2.35, -2.391, -0.39, 0.148, 0.704, -0.488, 1.08, 2.358,
        1.542, 1.344, 1.596, -4.606, -0.965, -0.127, -0.732, 1.764,
    ),
    answer=0.92,
    sure=0.75,
    offer=0.1,
)

ALONE = Calibration(
    first=(
        1.267, 2.624, -2.253, 1.278, -0.645, 3.096, 2.9, -3.852, -0.164, 1.11, 0.861, 1.069, 2.694, 0.0,
        1.267, 0.0, 2.624, 0.0, -2.253, 0.0, 0.0, -1.278,
    ),
    pair=(
        3.051, 0.293, -2.663, 1.26, -0.266, 2.513, 3.308, -3.501, -0.051, 0.219, 1.096, 1.14, 1.606, 0.0,
        3.051, 0.0, 0.293, 0.0, -2.663, 0.0, 0.0, -0.974,
    ),
    answer=0.96,
    sure=0.75,
    offer=0.26,
)
