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
        1.389, 3.418, -2.564, -1.236, -0.32, 2.892, 1.48, -2.409, -0.948, 0.898, 0.59, -0.094, 1.574, 0.145,
        -0.087, 1.984, 2.281, -4.126, -1.07, -0.579, 0.247, 1.569,
    ),
    pair=(
        2.494, 1.48, -3.541, -0.527, 0.068, 1.918, 2.361, -2.783, -0.248, 0.644, 0.648, -0.443, 1.769,
        1.978, 0.695, 0.816, 1.594, -3.837, -1.139, -0.199, -1.763, 0.97,
    ),
    answer=0.95,
    sure=0.75,
    offer=0.11,
)

ALONE = Calibration(
    first=(
        0.563, 2.885, -2.804, 1.42, -0.855, 3.383, 1.931, -2.361, -0.579, 0.871, 0.881, 0.669, 3.341, 0.0,
        0.563, 0.0, 2.885, 0.0, -2.804, 0.0, 0.0, -0.33,
    ),
    pair=(
        2.8, 0.082, -3.322, 1.963, -0.055, 1.749, 2.881, -2.548, -0.025, 0.205, 0.968, 0.907, 2.903, 0.0,
        2.8, 0.0, 0.082, 0.0, -3.322, 0.0, 0.0, -0.833,
    ),
    answer=0.97,
    sure=0.75,
    offer=0.24,
)
