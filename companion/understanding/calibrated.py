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
        0.305, 2.293, -3.574, -1.136, -0.488, 1.375, 2.115, -3.292, -0.297, 1.341, 0.39, 0.209, 0.116,
        0.927, 0.777, 1.428, 2.81, -4.422, -1.104, -0.317, 0.763, 1.693,
    ),
    pair=(
        1.339, 0.835, -3.578, -0.243, -0.177, 1.097, 1.896, -2.072, -0.16, 0.717, 0.401, 0.253, -0.137,
        1.548, 1.423, 0.562, 1.633, -5.002, -1.285, 0.301, -0.175, 1.564,
    ),
    answer=0.85,
    sure=0.75,
    offer=0.06,
)

ALONE = Calibration(
    first=(
        1.135, 2.624, -2.493, 1.392, -0.61, 2.117, 2.521, -3.415, -0.287, 0.934, 1.033, 1.339, 0.535, 0.0,
        1.135, 0.0, 2.624, 0.0, -2.493, 0.0, 0.0, -1.09,
    ),
    pair=(
        2.807, 0.392, -2.968, 1.648, -0.641, 1.889, 2.667, -2.83, -0.094, -0.044, 1.352, 1.634, 0.124, 0.0,
        2.807, 0.0, 0.392, 0.0, -2.968, 0.0, 0.0, -0.579,
    ),
    answer=0.95,
    sure=0.75,
    offer=0.17,
)
